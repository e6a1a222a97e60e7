/**
 * What a consumer reads, and how: topics by constant or by name, all that match a pattern, or single partitions.
 */
import { disown } from '../../core/promises.ts'
import { codecOf, type Serde, topicCodecOf } from '../../core/serde.ts'
import { bytes, nullable } from '../../core/serdes.ts'
import type { TopicConfig } from '../../core/topic-config.ts'
import type { GroupSubscription } from '../group/group.ts'
import type { TopicCodecs } from './lane.ts'
import { nameOf } from '../kept/topic-name.ts'
import type { Outstanding } from '../kept/outstanding.ts'
import type { TopicDescription, Topics } from '../kept/topics.ts'
import { partitionAt, type PartitionId, partitionsOf } from '../format/partition-id.ts'

/** A topic as a consumer is given it: its typed constant, or its name, whose keys and values are read as bytes. */
export type TopicSource = string | ReadableTopic

/** Any {@link Topic}, whatever its types. */
export interface ReadableTopic {
  /** As of {@link Topic}. */
  readonly kind: 'topic'
  /** As of {@link Topic}. */
  readonly name: string
  /** Reads the keys. */
  readonly key: { readonly decode: (bytes: Uint8Array) => unknown }
  /** Reads the values. */
  readonly value: { readonly decode: (bytes: Uint8Array) => unknown }
  /** As of {@link Topic}. */
  readonly partitions: number | undefined
  /** As of {@link Topic}. */
  readonly config: Partial<TopicConfig>
}

const rawBytes = nullable(bytes())
const raw: TopicCodecs = codecsOf({ key: rawBytes, value: rawBytes })

export class Subscription {
  /** Settles when the topics are there that are missing; undefined when none is. */
  readonly created: Promise<unknown> | undefined = undefined
  readonly #topics: Topics
  readonly #constants: readonly ReadableTopic[] = []
  readonly #codecs = new Map<string, TopicCodecs>()
  readonly #pattern: RegExp | undefined

  /**
   * Topics that are given as constants are created where they are missing: at once, or when other processes have
   * committed.
   *
   * @throws MillraceError `topic_unknown`, `partitions_differ`, `bad_option`
   */
  constructor(topics: Topics, source: readonly TopicSource[] | RegExp, outstanding: Outstanding) {
    this.#topics = topics
    if (source instanceof RegExp) {
      // A copy with its own lastIndex, whatever the user does with theirs.
      this.#pattern = new RegExp(source.source, source.flags.replaceAll(/[gy]/g, ''))
      return
    }
    for (const topic of source) this.#codecs.set(nameOf(topic), typeof topic === 'string' ? raw : codecsOf(topic))
    // What no constant creates must be there before anything is created.
    for (const topic of source) {
      if (typeof topic !== 'string') continue
      if (topics.find(topic) === undefined) outstanding.settleNow() // it may be on its way
      topics.describe(topic)
    }
    this.#constants = source.filter((topic) => typeof topic === 'object')
    const ensure = (): unknown => topics.ensure(this.#constants)
    const isMissing = this.#constants.some(({ name }) => topics.find(name) === undefined)
    const created = isMissing ? outstanding.inTurn(ensure) : ensure()
    if (!(created instanceof Promise)) return
    this.created = created
    disown(created) // what cannot be created is told to those who read
  }

  /** Does not wait for {@link created}: blocks while another process commits. */
  createNow(): void {
    this.#topics.ensure(this.#constants)
  }

  /** @throws MillraceError `topic_unknown` when a topic that is read by its name is gone */
  check(): void {
    if (this.#pattern === undefined) for (const name of this.#codecs.keys()) this.#topics.describe(name)
  }

  /** Evaluates the pattern, so do not call it in a transaction. */
  forGroup(): GroupSubscription {
    if (this.#pattern === undefined) return { topics: [...this.#codecs.keys()] }
    const { source, flags } = this.#pattern
    return { topics: this.#read().map(({ name }) => name), pattern: { source, flags } }
  }

  #read(): TopicDescription[] {
    const pattern = this.#pattern
    if (pattern === undefined) return [...this.#codecs.keys()].map((name) => this.#topics.describe(name))
    return this.#topics.shown().filter(({ name }) => pattern.test(name))
  }

  codecs(topic: string): TopicCodecs {
    return this.#codecs.get(topic) ?? raw
  }

  /** All partitions of all topics, as of now. */
  partitions(): PartitionId[] {
    return this.#read().flatMap(partitionsOf)
  }

  /** @throws MillraceError `topic_unknown`, `bad_option` */
  partition(topic: string, partition: number): PartitionId {
    return partitionAt(this.#topics.describe(topic), partition)
  }
}

function codecsOf({ key, value }: Pick<ReadableTopic, 'key' | 'value'>): TopicCodecs {
  return { key: codecOf(key as Serde<unknown>), value: topicCodecOf(value as Serde<unknown>) }
}
