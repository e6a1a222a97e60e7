/**
 * StreamsBuilder: where a topology script begins and ends.
 */
import { MillraceError } from '../core/errors.ts'
import { checkedFunction, checkOptions, isInstance } from '../core/checks.ts'
import type { StreamRecord } from '../core/record.ts'
import { type Codec, codecOf, type Serde, topicCodecOf } from '../core/serde.ts'
import { checkTopic, type Topic } from '../core/topic.ts'
import { checkPattern } from '../plan/matching.ts'
import type { SourceNode, SourceReset, SourceTopic, TopicPattern } from '../plan/node.ts'
import type { Named } from './dsl/functions.ts'
import type { GlobalKTable, GlobalTableOptions, TableTime } from './dsl/global-table.ts'
import type { KStream } from './dsl/stream.ts'
import type { InTableStore, KTable } from './dsl/table.ts'
import { PlanBuilder } from '../plan/plan-builder.ts'
import { faces } from './faces.ts'
import { checkTableOptions, newTable } from './new-table.ts'
import { checkGlobalTableOptions, newGlobalTable } from './global-table.ts'
import { requireCodec } from './parts.ts'
import { checkReset, extracting } from './source-options.ts'
import { checkSourceTopics, sourceTopic } from './source-topics.ts'
import { Topology } from './topology.ts'

/** What {@link StreamsBuilder.stream} takes. */
export interface StreamOptions<K = unknown, V = unknown> extends Named {
  /**
   * Where an application without a position begins: at the first record (default), after the last, at the first record
   * that is at most `ago` ms old, or at the first with at least this `time`, ms since the epoch. Ages and times are
   * those of the log, whatever {@link timestamp} says.
   */
  readonly reset?: SourceReset | undefined
  /**
   * Says the event time of each record, in place of the log's: whole ms since the epoch from 0. What it returns decides
   * the order in which records of several partitions are taken, the windows and the timestamp of what comes of them. It
   * must be pure. A record for which it returns anything else fails with `bad_timestamp`.
   */
  readonly timestamp?: ((record: StreamRecord<K, V>) => number) | undefined
}

/** What {@link StreamsBuilder.stream} takes with a pattern: the serdes of all topics that match. */
export interface PatternOptions<K, V> extends StreamOptions<NoInfer<K>, NoInfer<V>> {
  /** How the keys of all these topics are written. */
  readonly key: Serde<K>
  /** How their values are written. */
  readonly value: Serde<V>
}

/** What {@link StreamsBuilder.table} takes. */
export interface TableOptions<K, V> extends InTableStore<Exclude<K, null>, Exclude<V, null>> {
  /** As of {@link StreamOptions}. */
  readonly reset?: SourceReset | undefined
  /** As of {@link StreamOptions}. It is asked about deletes too, whose value is null. */
  readonly timestamp?: TableTime<K, V> | undefined
  /**
   * How long a row lives after its timestamp, in ms of the table's stream time; by default for ever. An expired row
   * goes on as a delete, with the time at which it expired, before the record that moved time. A record that has
   * expired when it comes is dropped and counted (`expired`). Where no records come, nothing expires. Not together with
   * `versioned`.
   */
  readonly ttlMs?: number | undefined
}

/**
 * Builds a topology: begin with {@link stream} or {@link table}, chain verbs, end with {@link build}. Nothing runs
 * before `startStreams`.
 *
 * Operators that keep or move data find it again by their id, made of the source topics and the stateful and regrouping
 * verbs before them; `{ name }` fixes it, so that a changed script goes on with the data it left.
 *
 * @example
 * ```ts
 * const builder = new StreamsBuilder()
 * builder.stream(clicks).filter(({ value }) => value.status === 404).to(missing)
 * const topology = builder.build()
 * ```
 */
export class StreamsBuilder {
  readonly #plan = new PlanBuilder()
  readonly #sources = new Map<SourceNode, Reads<never, never>>()
  /** The topics that tables are made of. */
  readonly #tables = new Set<string>()

  /**
   * Reads one topic, or several of the same types. The same topics may be asked for more than once. A topic that is
   * missing is created when the application starts.
   *
   * @example
   * ```ts
   * const yesterday = builder.stream(clicks, { reset: { ago: days(1) } })
   * yesterday.foreach(({ value }) => console.error(value.page))
   * ```
   * @throws MillraceError `topology_invalid` when a topic is read in two different ways, `bad_option`
   */
  stream<K, V>(
    topics: Topic<K, V> | readonly Topic<K, V>[],
    options?: StreamOptions<NoInfer<K>, NoInfer<V>>,
  ): KStream<K, V, 'both'>
  /**
   * Reads every topic that exists when the application starts and whose name matches, as `pattern.test(name)` says. A
   * topic that is created later is found at the next start.
   *
   * The pattern is part of the ids of later operators, what it matches is not. No other source may read a topic that
   * matches. `startStreams` refuses a pattern that matches nothing.
   *
   * @example
   * ```ts
   * const all = builder.stream(/^clicks/, { key: string(), value: json<Click>() })
   * all.foreach(({ value }) => console.error(value.page))
   * ```
   * @throws MillraceError `topology_invalid` when a topic is read in two different ways, `bad_option`
   */
  stream<K, V>(pattern: RegExp, options: PatternOptions<K, V>): KStream<K, V, 'both'>
  stream<K, V>(
    from: Topic<K, V> | readonly Topic<K, V>[] | RegExp,
    options: StreamOptions<K, V> | PatternOptions<K, V> = {},
  ): KStream<K, V, 'both'> {
    if (isInstance(from, RegExp)) return this.#matching(from, options as PatternOptions<K, V>)
    return this.#reading(from, options)
  }

  #matching<K, V>(given: RegExp, options: PatternOptions<K, V>): KStream<K, V, 'both'> {
    const checked = checkOptions('stream', options, ['reset', 'timestamp', 'key', 'value', 'name'])
    const { key, value, name } = checked
    const reads = checkReads(checked)
    const regExp = checkPattern(given)
    const valueCodec = requireCodec('stream', 'value', value, undefined)
    const pattern = {
      regExp,
      keyCodec: requireCodec('stream', 'key', key, undefined),
      valueCodec: valueCodec.plain,
    }
    const known = [...this.#sources].find(([node]) => String(node.pattern?.regExp) === String(regExp))
    if (known !== undefined && !isReadAlike(known, pattern, reads)) throw readDifferently(`pattern ${String(regExp)}`)
    return faces.stream({
      faces,
      plan: this.#plan,
      node: known?.[0] ?? this.#add(pattern, reads, name),
      keyCodec: pattern.keyCodec,
      valueCodec,
      untouchedKeys: [pattern.keyCodec],
      rekeyed: false,
      newest: false,
    })
  }

  #reading<K, V>(topics: Topic<K, V> | readonly Topic<K, V>[], options: StreamOptions<K, V>): KStream<K, V, 'both'> {
    const given = checkOptions('stream', options, ['reset', 'timestamp', 'name'])
    const reads = checkReads(given)
    const sorted = checkSourceTopics('stream', topics)
    const names = sorted.map((topic) => topic.name)
    this.#refuseTables(names)
    return faces.stream({
      faces,
      plan: this.#plan,
      node: this.#find(names, sorted, reads) ?? this.#add(sorted.map(sourceTopic), reads, given.name),
      keyCodec: codecOf((sorted[0] as Topic<K, V>).key) as Codec<unknown>,
      valueCodec: codecOf((sorted[0] as Topic<K, V>).value) as Codec<unknown>,
      untouchedKeys: sorted.map(({ key }) => codecOf(key) as Codec<unknown>),
      rekeyed: false,
      newest: false,
    })
  }

  /**
   * Reads a topic as a table: the newest value of each key, kept in a store. A null value deletes its row, whether or
   * not the serde of the topic says `nullable`.
   *
   * The newest is the one that comes last: a record with an older timestamp replaces the row too, as in Kafka Streams.
   * A record without a key is dropped and counted (`null_key`). A topic is read once, as a table or as a stream: make
   * the other of it with `toStream()` or `toTable()`.
   *
   * @example
   * ```ts
   * const profiles = topic('profiles', { key: string(), value: json<{ readonly name: string }>() })
   * const names = builder.table(profiles).mapValues(({ value }) => value.name)
   * ```
   * @throws MillraceError `topology_invalid` when the topic is read already, or the store constant does not fit;
   *   `bad_option`
   */
  table<K, V>(
    given: Topic<K, V>,
    options: TableOptions<NoInfer<K>, NoInfer<V>> = {},
  ): KTable<Exclude<K, null>, Exclude<V, null>, 'both'> {
    const checked = checkTableOptions('table', options, ['reset', 'timestamp', 'ttlMs'])
    const { reset = 'earliest', timestamp } = checked
    const timestampOf = extracting('table', timestamp)
    const topic = this.#topicOfTable('table', given)
    const keyCodec = codecOf(topic.key) as Codec<unknown>
    const valueCodec = codecOf(topic.value) as Codec<unknown>
    const source = this.#plan.source([sourceTopic(topic)], checkReset(reset), undefined, 'table', timestampOf)
    this.#tables.add(topic.name)
    const parts = { faces, plan: this.#plan, node: source, keyCodec, valueCodec, untouchedKeys: [keyCodec] }
    return newTable('table', parts, checked)
  }

  /**
   * Reads a topic as a table that every record can look up, whatever its key and its partition: for what is small and
   * referred to from everywhere. A stream is joined with it by any part of the record.
   *
   * All partitions of the topic fill one store. The first start reads what is in the topic before it takes any other
   * record; from then on its records take their place in the one sequence, by timestamp. So a restart changes nothing
   * (in Kafka Streams, what a record finds depends on when it is processed). Otherwise it is as {@link table}.
   *
   * @example
   * ```ts
   * const profiles = topic('profiles', { key: string(), value: json<{ readonly name: string }>() })
   * const names = builder.globalTable(profiles)
   * builder.stream(clicks).join(names, ({ page }, { name }) => `${name} read ${page}`, { tableKey: ({ key }) => key })
   * ```
   * @throws MillraceError `topology_invalid` when the topic is read already, or the store constant does not fit;
   *   `bad_option`
   */
  globalTable<K, V>(
    given: Topic<K, V>,
    options: GlobalTableOptions<NoInfer<K>, NoInfer<V>> = {},
  ): GlobalKTable<Exclude<K, null>, Exclude<V, null>> {
    const { name, store, timestamp } = checkGlobalTableOptions(options)
    const timestampOf = extracting('globalTable', timestamp)
    const topic = this.#topicOfTable('globalTable', given)
    const source = this.#plan.source([sourceTopic(topic)], 'earliest', undefined, 'globalTable', timestampOf)
    this.#tables.add(topic.name)
    const [keyCodec, valueCodec] = [codecOf(topic.key) as Codec<unknown>, codecOf(topic.value) as Codec<unknown>]
    return newGlobalTable(this.#plan, source, keyCodec, valueCodec, name, store)
  }

  /** @throws MillraceError `bad_option`, `topology_invalid` when it is read already */
  #topicOfTable<K, V>(verb: string, given: Topic<K, V>): Topic<K, V> {
    const topic = checkTopic(verb, given)
    this.#refuseTables([topic.name])
    if ([...this.#sources.keys()].some(({ topics }) => topics.some(({ name }) => name === topic.name)))
      throw readTwice(topic.name)
    return topic
  }

  #refuseTables(names: readonly string[]): void {
    for (const name of names) if (this.#tables.has(name)) throw readTwice(name)
  }

  /** The source that reads these topics already: a topic has one reader, whose records go to everyone. */
  #find<K, V>(names: readonly string[], topics: readonly Topic<K, V>[], reads: Reads<K, V>): SourceNode | undefined {
    for (const [source, { reset, timestamp }] of this.#sources) {
      const shared = source.topics.filter((topic) => names.includes(topic.name))
      if (shared.length === 0) continue
      const same =
        shared.length === source.topics.length &&
        shared.length === names.length &&
        isSameReset(reset, reads.reset) &&
        timestamp === reads.timestamp &&
        topics.every(({ name, key, value }) => {
          const known = source.topics.find((topic) => topic.name === name)
          return readsAlike(known?.keyCodec, codecOf(key)) && readsAlike(known?.valueCodec, topicCodecOf(value))
        })
      if (same) return source
      throw readDifferently(`topic "${shared[0]?.name}"`)
    }
    return undefined
  }

  #add<K, V>(from: readonly SourceTopic[] | TopicPattern, reads: Reads<K, V>, name: string | undefined): SourceNode {
    const { reset, timestamp } = reads
    const source = this.#plan.source(from, reset, name, 'stream', extracting('stream', timestamp))
    this.#sources.set(source, reads)
    return source
  }

  /**
   * The finished plan. The builder may go on; later calls do not change what was built.
   *
   * @example
   * ```ts
   * builder.stream(clicks).to(missing)
   * console.log(builder.build().describe())
   * ```
   * @throws MillraceError `topology_invalid`
   */
  build(): Topology {
    if (this.#plan.nodes.length === 0) throw new MillraceError('topology_invalid', 'the topology has no source')
    return new Topology(this.#plan.nodes)
  }
}

function readTwice(topic: string): MillraceError {
  return new MillraceError(
    'topology_invalid',
    `topic "${topic}" is a table here: read it once with table(), keep that in a variable, and make a stream of it with ` +
      'toStream(); or read it once with stream(), and make a table of it with toTable()',
    { topic },
  )
}

/** How a source reads its topics, beside the topics themselves. */
interface Reads<K, V> {
  readonly reset: SourceReset
  readonly timestamp: StreamOptions<K, V>['timestamp']
}

function checkReads<K, V>({ reset = 'earliest', timestamp }: StreamOptions<K, V>): Reads<K, V> {
  return { reset: checkReset(reset), timestamp: timestamp && checkedFunction('timestamp', timestamp) }
}

function isReadAlike<K, V>(
  [{ pattern }, { reset, timestamp }]: readonly [SourceNode, Reads<never, never>],
  { keyCodec, valueCodec }: TopicPattern,
  reads: Reads<K, V>,
): boolean {
  return (
    isSameReset(reset, reads.reset) &&
    timestamp === reads.timestamp &&
    readsAlike(pattern?.keyCodec, keyCodec) &&
    readsAlike(pattern?.valueCodec, valueCodec)
  )
}

function readDifferently(what: string): MillraceError {
  return new MillraceError(
    'topology_invalid',
    `${what} is read twice in different ways: use the same topics, the same constants, the same reset and the same timestamp`,
  )
}

function isSameReset(one: SourceReset, other: SourceReset): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** Whether two codecs give the same value for the same bytes. */
function readsAlike<T>(left: Codec<unknown> | undefined, right: Codec<T>): boolean {
  return left?.wire === right.wire && left.nullable === right.nullable
}
