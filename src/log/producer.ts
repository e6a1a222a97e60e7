/**
 * A producer: encodes records into batches as they are sent, and writes all of them in one durable commit per flush.
 */
import { type Clock, systemClock } from '../core/clock.ts'
import { MillraceError } from '../core/errors.ts'
import { checkOptions, checkWhole } from '../core/names.ts'
import type { RecordInput } from '../core/record.ts'
import type { Topic } from '../core/topic.ts'
import type { Offset } from '../core/units.ts'
import { type Compression, compressionCodes } from './batch.ts'
import type { EmbeddedLog } from './embedded-log.ts'
import { Outboxes, type Route } from './outboxes.ts'

/** Where a record was written. */
export interface SendResult {
  /** The topic it went to. */
  readonly topic: string
  /** Its partition, from 0. */
  readonly partition: number
  /** Its place in the partition. */
  readonly offset: Offset
}

/** Where the records of one `sendMany` were written: for each partition that got some, the first offset and how many. */
export interface SendManyResult {
  /** The topic they went to. */
  readonly topic: string
  /** How many there were. */
  readonly count: number
  /** Those of a partition lie side by side from `baseOffset` on, in the order in which they were given. */
  readonly partitions: readonly { readonly partition: number; readonly baseOffset: Offset; readonly count: number }[]
}

/** What {@link Log.producer} takes; the defaults suit most programs. */
export interface ProducerOptions {
  /** How long to wait for more records before a flush, in ms. Default 0: until the event loop is free. */
  readonly lingerMs?: number
  /** The size that a batch is closed at, in bytes. Default 131,072. */
  readonly batchBytes?: number
  /** The most bytes that may wait for a flush; a send beyond is refused with `buffer_full`. Default 64 MiB. */
  readonly bufferBytes?: number
  /** How each batch is compressed, `none` or `gzip`. Default `none`. */
  readonly compression?: Compression
  /** Gives records without a timestamp theirs, and times `lingerMs`. Default: the machine's. */
  readonly clock?: Clock
}

interface Waiter {
  readonly settle: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Writes records to topics. Made by {@link Log.producer}.
 *
 * Whatever is sent without an `await` in between is written in one commit, over all partitions and topics: after a crash
 * all of it is there or nothing. A promise resolves when its records are durable. A call that is refused (a record that
 * cannot be encoded, say) is left out of that commit, and does not hold back the others in it.
 *
 * @example
 * ```ts
 * const producer = log.producer()
 * const sent = ['/', '/cart'].map((page) => producer.send(clicks, { key: 'a', value: { page, status: 200, bytes: 0 } }))
 * for (const { partition, offset } of await Promise.all(sent)) console.log(partition, offset)
 * ```
 */
export class Producer implements AsyncDisposable {
  readonly #outboxes: Outboxes
  readonly #lingerMs: number
  readonly #clock: Clock
  #waiters: Waiter[] = []
  #cancelFlush: (() => void) | undefined
  #closed = false
  readonly #onClose: (producer: Producer) => void

  /** @internal made by {@link Log.producer} */
  constructor(log: EmbeddedLog, options: ProducerOptions, onClose: (producer: Producer) => void) {
    this.#onClose = onClose
    checkOptions('a producer', options, ['lingerMs', 'batchBytes', 'bufferBytes', 'compression', 'clock'])
    const { compression = 'none', clock = systemClock } = options
    if (!Object.hasOwn(compressionCodes, compression)) {
      throw new MillraceError(
        'bad_option',
        `compression is ${JSON.stringify(compression)}; expected ${Object.keys(compressionCodes).join(' or ')}`,
      )
    }
    this.#lingerMs = checkWhole('lingerMs', options.lingerMs ?? 0, 0)
    this.#clock = clock
    this.#outboxes = new Outboxes(log, {
      batchBytes: checkWhole('batchBytes', options.batchBytes ?? 131_072, 1),
      bufferBytes: checkWhole('bufferBytes', options.bufferBytes ?? 64 * 1_048_576, 1),
      compression,
      clock,
    })
  }

  /**
   * Sends one record; resolves with its place when it is durable.
   *
   * A topic that does not exist is created. Records of one key keep their order. Awaiting each send costs a commit each: for
   * speed send many, then await all, or use {@link sendMany}.
   *
   * @throws MillraceError `bad_record`, `encode_failed`, `partitions_differ`, `buffer_full`, `closed`, `storage_failed`
   */
  send<K, V>(topic: Topic<K, V>, record: RecordInput<NoInfer<K>, NoInfer<V>>): Promise<SendResult> {
    return new Promise((resolve, reject) => {
      const outbox = this.#outboxes.append(this.#route(topic), record)
      const index = outbox.count - 1
      const { partition } = outbox.partition
      this.#await({
        settle: () => resolve({ topic: topic.name, partition, offset: (outbox.baseOffset + index) as Offset }),
        reject,
      })
    })
  }

  /**
   * Sends many records in one commit: all of them are written or none, also when one of them cannot be encoded.
   *
   * @example
   * ```ts
   * const { count } = await log.producer().sendMany(clicks, [
   *   { key: 'a', value: { page: '/', status: 200, bytes: 512 }, timestamp: 0 },
   *   { key: 'b', value: { page: '/cart', status: 404, bytes: 0 }, headers: [{ key: 'agent', value: 'curl' }] },
   * ])
   * ```
   * @throws MillraceError as {@link send}
   */
  sendMany<K, V>(topic: Topic<K, V>, records: Iterable<RecordInput<NoInfer<K>, NoInfer<V>>>): Promise<SendManyResult> {
    return new Promise((resolve, reject) => {
      // Read to its end first: the iterable may send records of its own.
      const list = Array.isArray(records) ? (records as readonly RecordInput<K, V>[]) : [...records]
      const outboxes = this.#outboxes
      const route = this.#route(topic)
      const before = outboxes.mark(route)
      try {
        for (const record of list) outboxes.append(route, record)
      } catch (error) {
        outboxes.rollback(before)
        throw error
      }
      const written = before.marks
        .map(({ outbox, count }) => ({ outbox, first: count, count: outbox.count - count }))
        .filter(({ count }) => count > 0)
      this.#await({
        settle: () =>
          resolve({
            topic: topic.name,
            count: written.reduce((total, { count }) => total + count, 0),
            partitions: written.map(({ outbox, first, count }) => ({
              partition: outbox.partition.partition,
              baseOffset: (outbox.baseOffset + first) as Offset,
              count,
            })),
          }),
        reject,
      })
    })
  }

  #route<K, V>(topic: Topic<K, V>): Route {
    if (this.#closed) throw new MillraceError('closed', 'the producer is closed')
    return this.#outboxes.route(topic)
  }

  /** Never flushes on the spot: what is sent without an await in between stays together. */
  #await(waiter: Waiter): void {
    this.#waiters.push(waiter)
    if (this.#cancelFlush !== undefined) return
    if (this.#lingerMs === 0) {
      const immediate = setImmediate(() => this.#flushNow())
      this.#cancelFlush = () => clearImmediate(immediate)
    } else {
      this.#cancelFlush = this.#clock.schedule(this.#lingerMs, () => this.#flushNow())
    }
  }

  #flushNow(): void {
    this.#cancelFlush?.()
    this.#cancelFlush = undefined
    const waiters = this.#waiters
    this.#waiters = []
    try {
      this.#outboxes.flush(() => {
        for (const waiter of waiters) waiter.settle()
      })
    } catch (error) {
      for (const waiter of waiters) waiter.reject(error)
    }
  }

  /**
   * Writes what waits, now; resolves when it is durable.
   *
   * @throws MillraceError `storage_failed`
   */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ settle: resolve, reject })
      this.#flushNow()
    })
  }

  /** Writes what waits, and refuses further records with `closed`. Closing the log does it too. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#onClose(this)
    await this.flush()
  }

  /** {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
