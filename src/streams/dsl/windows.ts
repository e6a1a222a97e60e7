/**
 * The face of a grouped stream in windows: the aggregations of {@link KGroupedStream}, for each window.
 */
import type { Windowed } from '../../core/windows/window.ts'
import type { AggregateFunctions } from './functions.ts'
import type { AggregateSerde, KnownSerdes } from './known.ts'
import type { KTable } from './table.ts'
import type { InWindows, WindowAggregations } from './window-aggregations.ts'

/** When an aggregation over windows emits: with every record, or once for each window, when it closes. */
export type EmitStrategy = 'onWindowUpdate' | 'onWindowClose'

/** What an aggregation over windows takes, besides its functions. */
export type InWindowStore<K, V, A> = InWindows<'windowStore', K, V, A>

/**
 * A grouped stream cut into windows. Made by {@link KGroupedStream.windowedBy}.
 *
 * Every record updates each of its windows, and emits each, unless {@link emitStrategy} says otherwise. For a window
 * that is closed (see {@link TimeWindows}) the record is dropped and counted (`late`); one that no window takes may go
 * to a topic of its own instead of nowhere, with the option `late`. Null values are dropped too:
 * Kafka Streams gives them to the aggregator (deviation D2 in test/conformance/README.md), and retention never decides
 * here what is late. Its verbs throw `bad_option` when `retentionMs` is less than closing a window needs.
 */
export interface TimeWindowedKStream<
  out K,
  out V,
  out Known extends KnownSerdes = KnownSerdes,
> extends WindowAggregations<K, V, Known, 'windowStore'> {
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
    options: AggregateFunctions<K, Exclude<V, null>, A> &
      InWindowStore<K, V, NoInfer<A>> &
      AggregateSerde<'windowStore', K, A>,
  ): KTable<Windowed<K>, A, 'both'>
}
