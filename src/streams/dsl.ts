/**
 * The face of the DSL: what can be called on a stream, a grouped stream and a table, and what comes out.
 *
 * The interfaces refer to each other, so they stand together; the classes behind them are in stream.ts, grouped.ts and
 * table.ts. Names and semantics are Kafka Streams'.
 */
import type { OperatorFunction } from 'rxjs'
import type { HeaderInput } from '../core/headers.ts'
import type { StreamRecord } from '../core/record.ts'
import type { Serde } from '../core/serde.ts'
import type { KeyValueStore, TopicFor, WindowStore } from '../core/topic.ts'
import type { TimeWindows, Windowed } from '../core/window.ts'

/** Options that every operator takes. */
export interface Named {
  /** What errors and counters call the operator. Of a stateful or regrouping one: where its data is found again. */
  readonly name?: string
}

/** A question about a record; pure, as its record may be worked on again after a crash. */
export type Predicate<K, V> = (record: StreamRecord<K, V>) => boolean

/** Lets an action return anything but a promise, or what may be one: `() => void` would let a promise pass. */
type Synchronous<R> = 0 extends 1 & R
  ? unknown
  : [Extract<R, { readonly then: (...args: never) => unknown }>] extends [never]
    ? unknown
    : { readonly 'the functions of verbs are synchronous: await before the record is sent, or in a consumer': never }

/** What `map`, `flatMap` and `pipe` make: timestamp and headers are those of the record at hand unless they are given. */
export interface RecordOutput<K, V> {
  /** The new key. */
  readonly key: K
  /** The new value. */
  readonly value: V
  /** Event time, whole ms since the epoch from 0. */
  readonly timestamp?: number
  /** They replace those of the record at hand. */
  readonly headers?: readonly HeaderInput[]
}

/** The sides of a record whose serde a stream still knows; what regroups or stores asks for the other ones. */
export type Side = 'key' | 'value'

/** Serdes that must be given because the stream lost them, and that may be given otherwise. */
export type MissingSerdes<K, V, Known extends Side> = MissingKey<K, Known> & MissingValue<V, Known>
type MissingKey<K, Known extends Side> = 'key' extends Known
  ? { readonly key?: SerdeFor<K> }
  : { readonly key: SerdeFor<K> }
type MissingValue<V, Known extends Side> = 'value' extends Known
  ? { readonly value?: SerdeFor<V> }
  : { readonly value: SerdeFor<V> }

/** A serde of T, or of a wider type: what it reads back is what was written. */
export interface SerdeFor<in T> {
  /** As of {@link Serde}. */
  readonly name?: string
  /** As of {@link Serde}. */
  readonly encode: (value: T) => Uint8Array
  /** As of {@link Serde}. */
  readonly decode: (bytes: Uint8Array) => unknown
}

/** Arguments that may be left out when nothing in them is required. */
type OptionalUnlessRequired<T> = object extends T ? [options?: T] : [options: T]

/** Serdes for `groupByKey`, where the stream does not know them any more. */
export type GroupByKeyOptions<K, V, Known extends Side> = Named &
  ('key' extends Known ? { readonly value?: SerdeFor<V> } : MissingSerdes<Exclude<K, null>, V, Known>)

/** The serde of the new key for `groupBy`, and that of the value where the stream does not know it any more. */
export type GroupByOptions<K, V, Known extends Side> = Named & MissingSerdes<K, V, Exclude<Known, 'key'>>

/** What `repartition` takes beside serdes that the stream does not know any more. */
export type RepartitionOptions<K, V, Known extends Side> = Named &
  MissingSerdes<Exclude<K, null>, V, Known> & {
    /** How many it sends records to, 1 to 1,024. Default: as many as the widest input. */
    readonly partitions?: number
  }

/**
 * A stream of records without end. Made by {@link StreamsBuilder.stream}; every verb returns a new one and changes none, so a
 * stream may be used several times. Records of a partition keep their order through all verbs; where a stream goes several
 * ways, each record goes them in the order of the calls. The same complete input always gives the same output.
 *
 * The functions of verbs must be synchronous. One that throws or returns a promise fails its record: the whole turn is
 * undone, and `onError` decides what follows. Every verb throws `bad_option` for an argument that is not a function and
 * for an unknown option, and {@link StreamsBuilder.build} throws `topology_invalid` when a `name` is taken.
 *
 * `Known` says which serdes the stream still knows: a function that makes a new key or value loses that side's serde, and
 * the next verb that regroups or stores asks for it.
 */
export interface KStream<K, V, Known extends Side = never> {
  /**
   * Keeps the records that the predicate is true for.
   * @example stream.filter(({ value }) => value.status === 200)
   */
  filter(predicate: Predicate<K, V>, options?: Named): KStream<K, V, Known>

  /**
   * Keeps the records that the predicate is false for.
   * @example stream.filterNot(({ key }) => key.startsWith('10.'))
   */
  filterNot(predicate: Predicate<K, V>, options?: Named): KStream<K, V, Known>

  /**
   * A new key and value for every record. Prefer {@link mapValues} where the key stays: a new key means regrouping later.
   * @example stream.map(({ key, value }) => ({ key: value.page, value: key }))
   */
  map<K2, V2>(fn: (record: StreamRecord<K, V>) => RecordOutput<K2, V2>, options?: Named): KStream<K2, V2>

  /**
   * A new value for every record, under its key.
   * @example stream.mapValues(({ value }) => value.bytes)
   */
  mapValues<V2>(fn: (record: StreamRecord<K, V>) => V2, options?: Named): KStream<K, V2, Exclude<Known, 'value'>>

  /**
   * Any number of records for every record, in the order of the iterable. Prefer {@link flatMapValues} where the key stays.
   * @example stream.flatMap(({ value }) => value.page.split('/').map((part) => ({ key: part, value: 1 })))
   */
  flatMap<K2, V2>(
    fn: (record: StreamRecord<K, V>) => Iterable<RecordOutput<K2, V2>> & object,
    options?: Named,
  ): KStream<K2, V2>

  /**
   * Any number of values for every record, under its key, in the order of the iterable.
   * @example stream.flatMapValues(({ value }) => value.page.split('/'))
   */
  flatMapValues<V2>(
    fn: (record: StreamRecord<K, V>) => Iterable<V2> & object,
    options?: Named,
  ): KStream<K, V2, Exclude<Known, 'value'>>

  /**
   * A new key for every record. The record stays in its partition until something regroups; to aggregate, use {@link groupBy}.
   * @example stream.selectKey(({ value }) => value.page).repartition({ key: string() })
   */
  selectKey<K2>(fn: (record: StreamRecord<K, V>) => K2, options?: Named): KStream<K2, V, Exclude<Known, 'key'>>

  /**
   * Calls the action for every record and passes it on. Side effects are outside of exactly-once: they are not undone with a
   * turn, and happen again for what is worked on again after a crash.
   * @example stream.peek(({ key, timestamp }) => console.error(key, timestamp))
   */
  peek<R>(action: (record: StreamRecord<K, V>) => R & Synchronous<R>, options?: Named): KStream<K, V, Known>

  /**
   * Calls the action for every record, and ends there. Side effects are as with {@link peek}.
   * @example stream.foreach(({ value }) => console.error(value.page))
   */
  foreach<R>(action: (record: StreamRecord<K, V>) => R & Synchronous<R>, options?: Named): void

  /**
   * The records of both streams, of one builder: by timestamp where they come from different topics, as the engine takes them.
   * @example stream.filter(({ value }) => value.bytes > 0).merge(stream.filter(({ value }) => value.status === 404))
   * @throws MillraceError `topology_invalid` for a stream of another builder
   */
  merge<Known2 extends Side>(other: KStream<K, V, Known2>, options?: Named): KStream<K, V, Known & Known2>

  /**
   * Your own synchronous RxJS operators over the records; they emit `{ key, value, timestamp?, headers? }`. An operator
   * that emits later (delay, a promise), or before any record (startWith), stops the application with
   * `emitted_outside_turn`; one that completes (take) stops it with `stream_completed`.
   *
   * An operator that keeps something between records (scan, pairwise, bufferCount …) starts empty after a restart and after
   * a failed record: what depends on it is not exactly once. Key and value count as changed.
   *
   * @example
   * ```ts
   * import { filter, map } from 'rxjs'
   *
   * stream.pipe(filter(({ value }) => value.bytes > 0), map(({ key, value }) => ({ key, value: value.bytes })))
   * ```
   */
  pipe<K2, V2>(op1: OperatorFunction<StreamRecord<K, V>, RecordOutput<K2, V2>>): KStream<K2, V2>
  pipe<A, K2, V2>(
    op1: OperatorFunction<StreamRecord<K, V>, A>,
    op2: OperatorFunction<A, RecordOutput<K2, V2>>,
  ): KStream<K2, V2>
  pipe<A, B, K2, V2>(
    op1: OperatorFunction<StreamRecord<K, V>, A>,
    op2: OperatorFunction<A, B>,
    op3: OperatorFunction<B, RecordOutput<K2, V2>>,
  ): KStream<K2, V2>
  pipe<A, B, C, K2, V2>(
    op1: OperatorFunction<StreamRecord<K, V>, A>,
    op2: OperatorFunction<A, B>,
    op3: OperatorFunction<B, C>,
    op4: OperatorFunction<C, RecordOutput<K2, V2>>,
  ): KStream<K2, V2>

  /**
   * Groups by the key, for an aggregation. Regroups only when the key was changed before.
   *
   * @example stream.groupByKey().count()
   * @throws MillraceError `topology_invalid` when a serde is missing
   */
  groupByKey(
    ...options: OptionalUnlessRequired<GroupByKeyOptions<K, V, Known>>
  ): KGroupedStream<Exclude<K, null>, V, 'key' extends Known ? Known : Side>

  /**
   * Groups by another key: every record goes to the partition of that key, in memory. Records whose new key is null are dropped
   * and counted (`null_key`).
   *
   * @example
   * ```ts
   * builder.stream(clicks).groupBy(({ value }) => value.page, { key: string() }).count()
   * ```
   * @throws MillraceError `topology_invalid` when a serde is missing
   */
  groupBy<K2>(
    fn: (record: StreamRecord<K, V>) => NoInfer<K2> | null,
    options: GroupByOptions<K2, V, Known>,
  ): KGroupedStream<K2, V, Side>

  /**
   * Sends every record to the partition of its key, now. Aggregations do it themselves; use it to spread work, or to say how many
   * partitions. Records with a null key are dropped and counted (`null_key`).
   *
   * @example stream.selectKey(({ value }) => value.page).repartition({ key: string(), partitions: 8 })
   * @throws MillraceError `topology_invalid` when a serde is missing
   */
  repartition(...options: OptionalUnlessRequired<RepartitionOptions<K, V, Known>>): KStream<Exclude<K, null>, V, Side>

  /**
   * Writes every record to a topic, which is created when it is missing, with its timestamp and headers. A null value is a
   * tombstone. Readers see what a commit wrote at once, exactly once.
   *
   * @example stream.filter(({ value }) => value.status === 404).to(missing)
   * @throws MillraceError `topology_invalid` for windowed keys and a topic of another window size, `bad_option`
   */
  to(topic: TopicFor<K, V>, options?: Named): void
}

/** Combines the values of a row; the first value of a row stands for itself. Null deletes the row. */
export type Reducer<V> = (aggregate: V, value: V) => V | null

/** Takes a record's value into the aggregate of its key. Null deletes the row; the next record starts it anew. */
export type Aggregator<K, V, A> = (key: K, value: V, aggregate: A) => A | null

/** What an aggregation without windows takes, beside its functions. */
export interface InStore<K, A> extends Named {
  /** Names the store, to query it; default: a store that is called like the operator. */
  readonly store?: KeyValueStore<K, A>
}

/** What an aggregation over windows takes, beside its functions. */
export interface InWindowStore<K, A> extends Named {
  /** Names the store, to query it; default: a store that is called like the operator. */
  readonly store?: WindowStore<K, A>
  /** How long rows are kept, in ms of stream time; default the larger of a day and size + grace, the least allowed. */
  readonly retentionMs?: number
}

/** What `aggregate` folds with. The functions are synchronous and pure: they may run again for a record. */
export interface AggregateFunctions<K, V, A> {
  /** The aggregate before the first record. */
  readonly initializer: () => A
  /** The aggregate with one more record in it. */
  readonly aggregator: Aggregator<K, V, A>
  /** How aggregates are written. */
  readonly value: Serde<A>
}

/**
 * A stream whose records are together by key, to aggregate. Made by `groupByKey` and `groupBy`.
 *
 * Its aggregations keep a row for each key, for ever. Records with a null key or value are dropped and counted (`null_key`,
 * `null_value`). Every record emits its change with the larger of its own and the row's timestamp: there is no cache that merges
 * updates, as Kafka Streams has by default.
 */
export interface KGroupedStream<K, V, Known extends Side> {
  /**
   * Cuts it into windows over event time.
   *
   * @example grouped.windowedBy(TimeWindows.of({ size: minutes(5), grace: seconds(30) })).count()
   * @throws MillraceError `bad_option` when it is no window
   */
  windowedBy(windows: TimeWindows): TimeWindowedKStream<K, V, Known>

  /**
   * How many records a key has.
   * @example grouped.count().toStream().to(perAddress)
   */
  count(options?: InStore<K, number>): KTable<K, number>

  /**
   * Combines the values of a key. Use {@link aggregate} where the result has another type.
   *
   * @example grouped.reduce((largest, click) => (click.bytes > largest.bytes ? click : largest))
   * @throws MillraceError `topology_invalid` when the serde of the values is missing
   */
  reduce(
    reducer: Reducer<Exclude<V, null>>,
    ...options: OptionalUnlessRequired<InStore<K, Exclude<V, null>> & MissingValue<Exclude<V, null>, Known>>
  ): KTable<K, Exclude<V, null>>

  /**
   * Folds the values of a key into an aggregate of any type.
   *
   * The aggregator may change the aggregate that it is given and return it.
   *
   * @example
   * ```ts
   * grouped.aggregate({ initializer: () => 0, aggregator: (_key, { bytes }, sum) => sum + bytes, value: int64() })
   * ```
   */
  aggregate<A>(options: AggregateFunctions<K, Exclude<V, null>, A> & InStore<K, A>): KTable<K, A>
}

/**
 * A grouped stream cut into windows. Made by {@link KGroupedStream.windowedBy}.
 *
 * Every record updates, and emits, each of its windows. For a window that is closed (see {@link TimeWindows}) it is dropped and
 * counted (`late`). Null values are dropped too: Kafka Streams gives them to the aggregator (deviation D2 in
 * test/conformance/README.md), and retention never decides here what is late. Its verbs throw `bad_option` when `retentionMs` is
 * less than closing a window needs.
 */
export interface TimeWindowedKStream<K, V, Known extends Side> {
  /**
   * How many records a key has in each window.
   * @example grouped.windowedBy(TimeWindows.of({ size: minutes(1) })).count({ store: counts })
   */
  count(options?: InWindowStore<K, number>): KTable<Windowed<K>, number>

  /**
   * Combines the values of a key in each window.
   *
   * @example grouped.windowedBy(TimeWindows.of({ size: hours(1) })).reduce((_, click) => click)
   * @throws MillraceError `topology_invalid` when the serde of the values is missing
   */
  reduce(
    reducer: Reducer<Exclude<V, null>>,
    ...options: OptionalUnlessRequired<InWindowStore<K, Exclude<V, null>> & MissingValue<Exclude<V, null>, Known>>
  ): KTable<Windowed<K>, Exclude<V, null>>

  /**
   * Folds the values of a key in each window into an aggregate of any type, as {@link KGroupedStream.aggregate} does.
   *
   * @example
   * ```ts
   * grouped
   *   .windowedBy(TimeWindows.of({ size: minutes(1) }))
   *   .aggregate({ initializer: () => 0, aggregator: (_key, { bytes }, sum) => sum + bytes, value: int64() })
   * ```
   */
  aggregate<A>(options: AggregateFunctions<K, Exclude<V, null>, A> & InWindowStore<K, A>): KTable<Windowed<K>, A>
}

/**
 * The newest value of every key, as a stream of changes. Made by the aggregations of grouped streams. To look into it while it
 * runs, name its store and ask {@link Application.store}.
 *
 * `Known` says which serdes it still knows, as for {@link KStream}.
 */
export interface KTable<K, V, Known extends Side = Side> {
  /**
   * Keeps the rows that the predicate is true for. A change that makes it false deletes the row downstream, also one that was
   * never there. Not called for a row that is deleted.
   * @example table.filter(({ value }) => value >= 2)
   */
  filter(predicate: Predicate<K, V>, options?: Named): KTable<K, V, Known>

  /**
   * Keeps the rows that the predicate is false for, as {@link filter} does the others.
   * @example table.filterNot(({ key }) => key.startsWith('10.'))
   */
  filterNot(predicate: Predicate<K, V>, options?: Named): KTable<K, V, Known>

  /**
   * A new value for every row. Not called for a row that is deleted.
   * @example table.mapValues(({ value }) => `${value} clicks`)
   */
  mapValues<V2>(fn: (record: StreamRecord<K, V>) => V2, options?: Named): KTable<K, V2, Exclude<Known, 'value'>>

  /**
   * Every change of the table as a record: the new value of the key, or null for a row that was deleted.
   * @example table.toStream().to(perAddress)
   */
  toStream(): KStream<K, V | null, Known>
}
