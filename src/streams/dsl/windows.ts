/**
 * The face of a grouped stream in windows: the aggregations of {@link KGroupedStream}, for each window.
 */
import type { Windowed } from '../../core/windows/window.ts'
import type { AggregateFunctions, LateOption, Named, Reducer } from './functions.ts'
import type { KnownSerdes, KnownValue, NeedsValue, StoreFor, ValueOption } from './known.ts'
import type { KTable } from './table.ts'

/** When an aggregation over windows emits: with every record, or once for each window, when it closes. */
export type EmitStrategy = 'onWindowUpdate' | 'onWindowClose'

/** What an aggregation over windows takes, besides its functions. */
export interface InWindowStore<K, V, A> extends Named, LateOption<K, V> {
  /** Names the store, so that it can be queried; default: a store with the operator's name. */
  readonly store?: StoreFor<'windowStore', K, A> | undefined
  /** How long rows are kept, in ms of stream time; default the larger of a day and size + grace, the least allowed. */
  readonly retentionMs?: number | undefined
}

/**
 * A grouped stream cut into windows. Made by {@link KGroupedStream.windowedBy}.
 *
 * Every record updates each of its windows, and emits each, unless {@link emitStrategy} says otherwise. For a window
 * that is closed (see {@link TimeWindows}) the record is dropped and counted (`late`); one that no window takes may go
 * to a topic of its own instead of nowhere, with the option `late`. Null values are dropped too:
 * Kafka Streams gives them to the aggregator (deviation D2 in test/conformance/README.md), and retention never decides
 * here what is late. Its verbs throw `bad_option` when `retentionMs` is less than closing a window needs.
 */
export interface TimeWindowedKStream<out K, out V, out Known extends KnownSerdes = KnownSerdes> {
  /**
   * When the aggregation that follows emits: `onWindowUpdate`, the default, with every record, or `onWindowClose`, once
   * for each window, when it closes. Use it where only final results matter.
   *
   * Final results come after the record that moves stream time past the close, in the order of window starts, then of
   * the encoded keys, each with the largest timestamp of its records. The first 1,000 have the headers of that record,
   * as in Kafka Streams; more follow in steps that may lie in other commits, without headers. None is lost, however far
   * time jumps, and none comes twice; a window whose row is gone has none. Nothing closes while no record comes. Only
   * the changes wait: queries and joins see the rows of open windows too.
   *
   * @example
   * ```ts
   * grouped
   *   .windowedBy(TimeWindows.of({ size: minutes(1), grace: seconds(10) }))
   *   .emitStrategy('onWindowClose')
   *   .count({ store: counts })
   * ```
   * @throws MillraceError `bad_option` for another strategy
   */
  emitStrategy(strategy: EmitStrategy): TimeWindowedKStream<K, V, Known>

  /**
   * How many records a key has in each window.
   * @example grouped.windowedBy(TimeWindows.of({ size: minutes(1) })).count({ store: counts })
   */
  count(options?: InWindowStore<K, V, number>): KTable<Windowed<K>, number, 'both'>

  /**
   * Combines the values of a key in each window.
   *
   * @example grouped.windowedBy(TimeWindows.of({ size: hours(1) })).reduce((_, click) => click)
   * @throws MillraceError `topology_invalid` when the serde of the values is missing
   */
  reduce(
    this: NeedsValue<'reduce'>[Known],
    reducer: Reducer<Exclude<V, null>>,
    options?: undefined,
  ): KTable<Windowed<K>, Exclude<V, null>, 'both'>
  /**
   * Combines the values of a key in each window, in a store that says how they are written.
   *
   * @example
   * ```ts
   * const newest = windowStore('newest', { key: string(), value: json<Click>() })
   * grouped.windowedBy(TimeWindows.of({ size: hours(1) })).reduce((_, click) => click, { store: newest })
   * ```
   */
  reduce(
    reducer: Reducer<Exclude<V, null>>,
    options: InWindowStore<K, V, Exclude<V, null>> &
      KnownValue<Exclude<V, null>> & {
        readonly store: StoreFor<'windowStore', K, Exclude<V, null>>
      },
  ): KTable<Windowed<K>, Exclude<V, null>, 'both'>
  /**
   * Combines the values of a key in each window, with options; values that a function has made need their serde.
   * @example grouped.windowedBy(TimeWindows.of({ size: hours(1) })).reduce((_, newest) => newest, { name: 'newest' })
   */
  reduce(
    reducer: Reducer<Exclude<V, null>>,
    options: InWindowStore<K, V, Exclude<V, null>> & ValueOption<Exclude<V, null>>[Known],
  ): KTable<Windowed<K>, Exclude<V, null>, 'both'>

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
  aggregate<A>(
    options: AggregateFunctions<K, Exclude<V, null>, A> & InWindowStore<K, V, NoInfer<A>>,
  ): KTable<Windowed<K>, A, 'both'>
}
