/**
 * What the faces of a grouped stream in windows and in sessions have in common.
 */
import type { Windowed } from '../../core/windows/window.ts'
import type { LateOption, Named, Reducer } from './functions.ts'
import type { KnownSerdes, KnownValue, NeedsValue, StoreFor, ValueOption } from './known.ts'
import type { KTable } from './table.ts'

/** The kinds of stores that windows are kept in. */
type WindowStoreKind = 'windowStore' | 'sessionStore'

/** What an aggregation over windows or sessions takes, besides its functions. */
export interface InWindows<Kind extends WindowStoreKind, K, V, A> extends Named, LateOption<K, V> {
  /** Names the store, so that it can be queried; default: a store with the operator's name. */
  readonly store?: StoreFor<Kind, K, A> | undefined
  /**
   * How long rows are kept, in ms of stream time; default what the store says, or a day, or what closing needs if that
   * is more: the size or the gap, and the grace. Less than that is not allowed.
   */
  readonly retentionMs?: number | undefined
}

/** The aggregations of windows and of sessions that need no merger. */
export interface WindowAggregations<out K, out V, out Known extends KnownSerdes, Kind extends WindowStoreKind> {
  /**
   * How many records a key has in each window or session.
   * @example grouped.windowedBy(TimeWindows.of({ size: minutes(1) })).count({ store: counts })
   */
  count(options?: InWindows<Kind, K, V, number>): KTable<Windowed<K>, number, 'both'>

  /**
   * Combines the values of a key in each window or session.
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
   * Combines the values of a key in each window or session, in a store that says how they are written.
   *
   * @example
   * ```ts
   * const newest = windowStore('newest', { key: string(), value: json<Click>() })
   * grouped.windowedBy(TimeWindows.of({ size: hours(1) })).reduce((_, click) => click, { store: newest })
   * ```
   */
  reduce(
    reducer: Reducer<Exclude<V, null>>,
    options: InWindows<Kind, K, V, Exclude<V, null>> &
      KnownValue<Exclude<V, null>> & {
        readonly store: StoreFor<Kind, K, Exclude<V, null>>
      },
  ): KTable<Windowed<K>, Exclude<V, null>, 'both'>
  /**
   * Combines the values of a key in each window or session, with options; values that a function has made need their
   * serde.
   * @example grouped.windowedBy(TimeWindows.of({ size: hours(1) })).reduce((_, newest) => newest, { name: 'newest' })
   */
  reduce(
    reducer: Reducer<Exclude<V, null>>,
    options: InWindows<Kind, K, V, Exclude<V, null>> & ValueOption<Exclude<V, null>>[Known],
  ): KTable<Windowed<K>, Exclude<V, null>, 'both'>
}
