/**
 * The log as its user holds it: one directory of topics.
 */
import { MillraceError } from '../core/errors.ts'
import type { Topic } from '../core/topic.ts'
import type { Offset } from '../core/units.ts'
import { Environment } from '../storage/environment.ts'
import { bindContract } from './contract.ts'
import { EmbeddedLog } from './embedded-log.ts'
import { Producer, type ProducerOptions } from './producer.ts'
import { type ReadOptions, TopicReader } from './reader.ts'
import type { TopicDescription } from './topics.ts'

/** A topic by its typed constant, or by its name; a name never creates. */
export type TopicName = string | { readonly name: string }

/**
 * Opens a log in a directory, and creates it where it is missing. Several processes may open one directory, on a local file
 * system (no NFS).
 *
 * @example
 * ```ts
 * const log = await openLog('./data')
 * await log.producer().send(clicks, { key: '10.0.0.1', value: { page: '/', status: 200, bytes: 512 } })
 * for await (const { offset, value } of log.read(clicks)) console.log(offset, value)
 * await log.close()
 * ```
 * @throws MillraceError `storage_failed` when the directory cannot be opened, `format_unknown` when it is not a log of
 *   this format, `bad_option`
 */
export async function openLog(dir: string): Promise<Log> {
  return new Log(new EmbeddedLog(new Environment(checkDir(dir))))
}

function checkDir(dir: string): string {
  if (typeof dir === 'string' && dir !== '') return dir
  throw new MillraceError('bad_option', `openLog takes the path of a directory, not ${JSON.stringify(dir)}`)
}

/**
 * An open log: topics to write, to read and to manage, and what `startStreams` runs on. Made by {@link openLog}.
 *
 * @example
 * ```ts
 * await using log = await openLog('./data')
 * await log.producer().send(clicks, { key: '10.0.0.1', value: { page: '/', status: 200, bytes: 512 } })
 * console.log(await log.admin.endOffsets(clicks))
 * ```
 */
export class Log implements AsyncDisposable {
  /** Topics and their administration. */
  readonly admin: Admin
  readonly #log: EmbeddedLog
  readonly #producers = new Set<Producer>()

  constructor(log: EmbeddedLog) {
    this.#log = log
    bindContract(this, log)
    this.admin = new Admin(log)
  }

  /**
   * A new producer. Programs share one where they can: its flushes are commits.
   *
   * @throws MillraceError `bad_option`
   */
  producer(options: ProducerOptions = {}): Producer {
    const producer = new Producer(this.#log, options, (closed) => this.#producers.delete(closed))
    this.#producers.add(producer)
    return producer
  }

  /**
   * Reads a topic from a place on, without a group and without a position that is kept: for tools, exports and tests.
   *
   * @example
   * ```ts
   * for await (const { key, value } of log.read(clicks, { from: { time: 0 } })) console.log(key, value.page)
   * ```
   * @throws MillraceError `bad_option`; at the first read `topic_unknown` and `position_lost`
   */
  read<K, V>(topic: Topic<K, V>, options: ReadOptions = {}): TopicReader<K, V> {
    return new TopicReader(this.#log, topic, options)
  }

  /**
   * Writes what producers hold and closes the directory. Close applications first: they commit on their own close.
   *
   * @throws what the first producer that cannot write throws; the others are closed, and the directory, nevertheless
   */
  async close(): Promise<void> {
    if (this.#log.environment.isClosed) return
    const flushes = await Promise.allSettled([...this.#producers].map((producer) => producer.close()))
    await this.#log.environment.close()
    for (const flush of flushes) if (flush.status === 'rejected') throw flush.reason
  }

  /** {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/**
 * Topics and their administration: `log.admin`. Programs that use typed constants need it seldom, as these create their topics.
 *
 * @example
 * ```ts
 * for (const { name, partitions } of await log.admin.listTopics()) console.log(name, partitions)
 * ```
 */
export class Admin {
  readonly #log: EmbeddedLog

  constructor(log: EmbeddedLog) {
    this.#log = log
  }

  /**
   * Creates a topic with the partitions that its constant says, or 1.
   *
   * @throws MillraceError `topic_exists`, `bad_option`
   */
  async createTopic(topic: {
    readonly name: string
    readonly partitions?: number | undefined
  }): Promise<TopicDescription> {
    return this.#log.topics.create({ name: topic.name, partitions: topic.partitions })
  }

  /** All topics, by name. */
  async listTopics(): Promise<readonly TopicDescription[]> {
    this.#log.refresh()
    return this.#log.topics.list()
  }

  /**
   * One topic as it is in the log.
   *
   * @throws MillraceError `topic_unknown`
   */
  async describeTopic(topic: TopicName): Promise<TopicDescription> {
    this.#log.refresh()
    return this.#log.topics.describe(nameOf(topic))
  }

  /**
   * Deletes a topic with all its records, for good. Running applications and readers of it fail with `topic_unknown` or
   * `position_lost`.
   *
   * @throws MillraceError `topic_unknown`
   */
  async deleteTopic(topic: TopicName): Promise<void> {
    this.#log.topics.delete(nameOf(topic))
  }

  /**
   * The offset behind the last record of each partition, all as of one moment.
   *
   * @throws MillraceError `topic_unknown`
   */
  async endOffsets(topic: TopicName): Promise<readonly Offset[]> {
    this.#log.refresh()
    const { name, id, partitions } = this.#log.topics.describe(nameOf(topic))
    return Array.from(
      { length: partitions },
      (_, partition) => this.#log.endOffset({ topic: name, topicId: id, partition }) as Offset,
    )
  }
}

function nameOf(topic: TopicName): string {
  return typeof topic === 'string' ? topic : topic.name
}
