/**
 * The face of a grouped stream: its aggregations. Its class is in ../grouped.ts.
 */
import type { SessionWindows } from '../../core/windows/session-windows.ts'
import type { SlidingWindows } from '../../core/windows/sliding-windows.ts'
import type { AlignedWindows } from '../../core/windows/windows.ts'
import type { CogroupedKStream } from './cogrouped.ts'
import type { AggregateFunctions, Named, Reducer } from './functions.ts'
import type { AggregateSerde, KnownSerdes, KnownValue, NeedsValue, StoreFor, ValueOption } from './known.ts'
import type { SessionWindowedKStream } from './sessions.ts'
import type { KTable } from './table.ts'
import type { TimeWindowedKStream } from './windows.ts'

/** What an aggregation without windows takes, besides its functions. */
export interface InStore<K, A> extends Named {
  /** Names the store, so that it can be queried; default: a store with the operator's name. */
  readonly store?: StoreFor<'keyValueStore', K, A> | undefined
}

/**
 * A stream whose records are grouped by key, to aggregate. Made by `groupByKey` and `groupBy`.
 *
 * Its aggregations keep a row for each key, for ever. Records with a null key or value are dropped and counted
 * (`null_key`, `null_value`). Every record emits its change, with the larger of its own and the row's timestamp: no
 * cache merges updates, as one does in Kafka Streams by default.
 */
export interface KGroupedStream<out K, out V, out Known extends KnownSerdes = KnownSerdes> {
  /**
   * Cuts it into windows over event time.
   *
   * @example grouped.windowedBy(TimeWindows.of({ size: minutes(5), grace: seconds(30) })).count()
   * @throws MillraceError `bad_option` when it is not a window definition
   */
  windowedBy(windows: AlignedWindows | SlidingWindows): TimeWindowedKStream<K, V, Known>
  /**
   * Cuts it into sessions of each key.
   *
   * @example grouped.windowedBy(SessionWindows.of({ gap: minutes(30) })).count()
   * @throws MillraceError `bad_option` when it is not a window definition
   */
  windowedBy(windows: SessionWindows): SessionWindowedKStream<K, V, Known>

  /**
   * Begins a table that several grouped streams fill together, each with its own aggregator. Give the type of the
   * aggregate, or annotate the aggregator's third parameter.
   *
   * @example
   * ```ts
   * grouped
   *   .cogroup<number>((_key, { bytes }, sum) => sum + bytes)
   *   .cogroup(grouped, (_key, { status }, sum) => (status === 200 ? sum : 0))
   *   .aggregate({ initializer: () => 0, value: int64() })
   * ```
   * @throws MillraceError `bad_option`
   */
  cogroup<A>(
    aggregator: (key: K, value: Exclude<V, null>, aggregate: A) => NoInfer<A> | null,
  ): CogroupedKStream<K, V, A>

  /**
   * How many records a key has.
   * @example grouped.count().toStream().to(perAddress)
   */
  count(options?: InStore<K, number>): KTable<K, number, 'both'>

  /**
   * Combines the values of a key. Use {@link aggregate} where the result has another type.
   *
   * @example grouped.reduce((largest, click) => (click.bytes > largest.bytes ? click : largest))
   * @throws MillraceError `topology_invalid` when the serde of the values is missing
   */
  reduce(
    this: NeedsValue<'reduce'>[Known],
    reducer: Reducer<Exclude<V, null>>,
    options?: undefined,
  ): KTable<K, Exclude<V, null>, 'both'>
  /**
   * Combines the values of a key, in a store that says how they are written.
   *
   * @example
   * ```ts
   * const newest = keyValueStore('newest', { key: string(), value: json<Click>() })
   * grouped.reduce((_, click) => click, { store: newest })
   * ```
   */
  reduce(
    reducer: Reducer<Exclude<V, null>>,
    options: InStore<K, Exclude<V, null>> &
      KnownValue<Exclude<V, null>> & {
        readonly store: StoreFor<'keyValueStore', K, Exclude<V, null>>
      },
  ): KTable<K, Exclude<V, null>, 'both'>
  /**
   * Combines the values of a key, with options; values that a function has made need their serde.
   * @example grouped.reduce((_, newest) => newest, { name: 'newest' })
   */
  reduce(
    reducer: Reducer<Exclude<V, null>>,
    options: InStore<K, Exclude<V, null>> & ValueOption<Exclude<V, null>>[Known],
  ): KTable<K, Exclude<V, null>, 'both'>

  /**
   * Folds the values of a key into an aggregate of any type.
   *
   * The aggregator may change the aggregate that it is given and return it. A `store` says how aggregates are written,
   * and without one `value` does.
   *
   * @example
   * ```ts
   * grouped.aggregate({ initializer: () => 0, aggregator: (_key, { bytes }, sum) => sum + bytes, value: int64() })
   * ```
   */
  aggregate<A>(
    options: AggregateFunctions<K, Exclude<V, null>, A> &
      InStore<K, NoInfer<A>> &
      AggregateSerde<'keyValueStore', K, A>,
  ): KTable<K, A, 'both'>
}
