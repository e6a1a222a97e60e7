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

export type Predicate<K, V> = (record: StreamRecord<K, V>) => boolean

/** What `map`, `flatMap` and `pipe` make: timestamp and headers are those of the record at hand unless they are given. */
export interface RecordOutput<K, V> {
  readonly key: K
  readonly value: V
  readonly timestamp?: number
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
  readonly name?: string
  readonly encode: (value: T) => Uint8Array
  readonly decode: (bytes: Uint8Array) => unknown
}

/** Arguments that may be left out when nothing in them is required. */
type OptionalUnlessRequired<T> = object extends T ? [options?: T] : [options: T]

export type GroupByKeyOptions<K, V, Known extends Side> = Named &
  ('key' extends Known ? { readonly value?: SerdeFor<V> } : MissingSerdes<Exclude<K, null>, V, Known>)

export type GroupByOptions<K, V, Known extends Side> = Named & MissingSerdes<K, V, Exclude<Known, 'key'>>

export type RepartitionOptions<K, V, Known extends Side> = Named &
  MissingSerdes<Exclude<K, null>, V, Known> & {
    /** Default: as many as the widest input. */
    readonly partitions?: number
  }

/**
 * A stream of records without end. Made by {@link StreamsBuilder.stream}; every verb returns a new one.
 *
 * `Known` says which serdes the stream still knows: a function that makes a new key or value loses that side's serde, and
 * the next verb that regroups or stores asks for it.
 */
export interface KStream<K, V, Known extends Side = never> {
  /** Keeps the records that the predicate is true for. */
  filter(predicate: Predicate<K, V>, options?: Named): KStream<K, V, Known>

  /** Keeps the records that the predicate is false for. */
  filterNot(predicate: Predicate<K, V>, options?: Named): KStream<K, V, Known>

  /** A new key and value for every record. Prefer {@link mapValues}: a new key means regrouping later. */
  map<K2, V2>(fn: (record: StreamRecord<K, V>) => RecordOutput<K2, V2>, options?: Named): KStream<K2, V2>

  /** A new value for every record. */
  mapValues<V2>(fn: (record: StreamRecord<K, V>) => V2, options?: Named): KStream<K, V2, Exclude<Known, 'value'>>

  /** Any number of records for every record. */
  flatMap<K2, V2>(fn: (record: StreamRecord<K, V>) => Iterable<RecordOutput<K2, V2>>, options?: Named): KStream<K2, V2>

  /** Any number of values for every record, under its key. */
  flatMapValues<V2>(
    fn: (record: StreamRecord<K, V>) => Iterable<V2>,
    options?: Named,
  ): KStream<K, V2, Exclude<Known, 'value'>>

  /** A new key for every record. */
  selectKey<K2>(fn: (record: StreamRecord<K, V>) => K2, options?: Named): KStream<K2, V, Exclude<Known, 'key'>>

  /** Calls the action for every record and passes it on. Side effects of it are not undone and may happen twice. */
  peek(action: (record: StreamRecord<K, V>) => void, options?: Named): KStream<K, V, Known>

  /** Calls the action for every record, and ends there. */
  foreach(action: (record: StreamRecord<K, V>) => void, options?: Named): void

  /** The records of both streams, in the order in which the engine works on them. */
  merge<Known2 extends Side>(other: KStream<K, V, Known2>, options?: Named): KStream<K, V, Known & Known2>

  /**
   * Your own synchronous RxJS operators over the records; what they emit is `{ key, value, timestamp?, headers? }`.
   *
   * An operator that keeps something between records (scan, pairwise, bufferCount …) starts empty after a restart and after
   * a failed record: what depends on it is not exactly once. Key and value count as changed.
   *
   * @example
   * ```ts
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
   * @throws MillraceError `topology_invalid` when a serde is missing
   */
  groupByKey(
    ...options: OptionalUnlessRequired<GroupByKeyOptions<K, V, Known>>
  ): KGroupedStream<Exclude<K, null>, V, 'key' extends Known ? Known : Side>

  /**
   * Groups by another key: every record goes to the partition of that key. Records whose new key is null are dropped and
   * counted.
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
   * Sends every record to the partition of its key, now. Records with a null key are dropped and counted.
   *
   * @throws MillraceError `topology_invalid` when a serde is missing
   */
  repartition(...options: OptionalUnlessRequired<RepartitionOptions<K, V, Known>>): KStream<Exclude<K, null>, V, Side>

  /**
   * Writes every record to a topic, which is created when it is missing. A null value is a tombstone.
   *
   * @throws MillraceError `bad_option`
   */
  to(topic: TopicFor<K, V>, options?: Named): void
}

/** Combines the values of a row; the first value of a row stands for itself. Null deletes the row. */
export type Reducer<V> = (aggregate: V, value: V) => V | null

/** Takes a record's value into the aggregate of its key. Null deletes the row; the next record starts it anew. */
export type Aggregator<K, V, A> = (key: K, value: V, aggregate: A) => A | null

/** What an aggregation without windows takes. */
export interface InStore<K, A> extends Named {
  /** Names the store, to query it; default: a store that is called like the operator. */
  readonly store?: KeyValueStore<K, A>
}

/** What an aggregation over windows takes. */
export interface InWindowStore<K, A> extends Named {
  /** Names the store, to query it; default: a store that is called like the operator. */
  readonly store?: WindowStore<K, A>
  /** How long rows are kept, in ms of stream time; default the larger of a day and size + grace, the least allowed. */
  readonly retentionMs?: number
}

export interface AggregateFunctions<K, V, A> {
  /** The aggregate before the first record. */
  readonly initializer: () => A
  readonly aggregator: Aggregator<K, V, A>
  readonly value: Serde<A>
}

/** A stream whose records are together by key. Made by `groupByKey` and `groupBy`. */
export interface KGroupedStream<K, V, Known extends Side> {
  /**
   * Windows over event time.
   *
   * @throws MillraceError `bad_option` when it is no window
   */
  windowedBy(windows: TimeWindows): TimeWindowedKStream<K, V, Known>

  /** How many records a key has. Every record emits the new count. */
  count(options?: InStore<K, number>): KTable<K, number>

  /**
   * Combines the values of a key. Every record emits the new value.
   *
   * @throws MillraceError `topology_invalid` when the serde of the values is missing
   */
  reduce(
    reducer: Reducer<Exclude<V, null>>,
    ...options: OptionalUnlessRequired<InStore<K, Exclude<V, null>> & MissingValue<Exclude<V, null>, Known>>
  ): KTable<K, Exclude<V, null>>

  /**
   * Folds the values of a key into an aggregate of any type. Every record emits the new aggregate.
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
 * Every record updates, and emits, each of its windows. Its verbs throw `bad_option` when `retentionMs` is less than closing
 * a window needs.
 */
export interface TimeWindowedKStream<K, V, Known extends Side> {
  /** How many records a key has in each window. */
  count(options?: InWindowStore<K, number>): KTable<Windowed<K>, number>

  /**
   * Combines the values of a key in each window.
   *
   * @throws MillraceError `topology_invalid` when the serde of the values is missing
   */
  reduce(
    reducer: Reducer<Exclude<V, null>>,
    ...options: OptionalUnlessRequired<InWindowStore<K, Exclude<V, null>> & MissingValue<Exclude<V, null>, Known>>
  ): KTable<Windowed<K>, Exclude<V, null>>

  /** Folds the values of a key in each window into an aggregate of any type, as {@link KGroupedStream.aggregate} does. */
  aggregate<A>(options: AggregateFunctions<K, Exclude<V, null>, A> & InWindowStore<K, A>): KTable<Windowed<K>, A>
}

/**
 * The newest value of every key, as a stream of changes. Made by the aggregations of grouped streams.
 *
 * `Known` says which serdes it still knows, as for {@link KStream}.
 */
export interface KTable<K, V, Known extends Side = Side> {
  /** Keeps the rows that the predicate is true for; a change that makes it false deletes the row downstream. */
  filter(predicate: Predicate<K, V>, options?: Named): KTable<K, V, Known>

  /** Keeps the rows that the predicate is false for. */
  filterNot(predicate: Predicate<K, V>, options?: Named): KTable<K, V, Known>

  /** A new value for every row. Not called for a row that is deleted. */
  mapValues<V2>(fn: (record: StreamRecord<K, V>) => V2, options?: Named): KTable<K, V2, Exclude<Known, 'value'>>

  /** Every change of the table as a record: the new value of the key, or null for a row that was deleted. */
  toStream(): KStream<K, V | null, Known>
}
