/**
 * The face of a grouped stream in sessions: the aggregations of {@link KGroupedStream}, for each session.
 */
import type { Windowed } from '../../core/windows/window.ts'
import type { SessionAggregateFunctions } from './functions.ts'
import type { AggregateSerde, KnownSerdes } from './known.ts'
import type { KTable } from './table.ts'
import type { InWindows, WindowAggregations } from './window-aggregations.ts'
import type { EmitStrategy } from './windows.ts'

/** What an aggregation over sessions takes, besides its functions. */
export type InSessionStore<K, V, A> = InWindows<'sessionStore', K, V, A>

/**
 * A grouped stream cut into sessions. Made by {@link KGroupedStream.windowedBy}.
 *
 * A record that joins sessions deletes them, with a change for each, and emits the session that they make together,
 * with the end of that session as its timestamp and without headers. Where the changes go to a topic, its values are
 * `nullable`, or `toStream` drops the deletes. For a session that would be closed (see {@link SessionWindows}) the
 * record is dropped and counted (`late`), or goes to the topic of the option `late`. Null values are dropped too: Kafka
 * Streams gives them to the aggregator (deviation D2 in test/conformance/README.md), and retention never decides here
 * what is late (D11). Its verbs throw `bad_option` when `retentionMs` is less than closing a session needs.
 */
export interface SessionWindowedKStream<
  out K,
  out V,
  out Known extends KnownSerdes = KnownSerdes,
> extends WindowAggregations<K, V, Known, 'sessionStore'> {
  /**
   * When the aggregation that follows emits: `onWindowUpdate`, the default, with every record, or `onWindowClose`, once
   * for each session, when it closes, as {@link TimeWindowedKStream.emitStrategy} says.
   *
   * @example grouped.windowedBy(SessionWindows.of({ gap: minutes(30) })).emitStrategy('onWindowClose').count()
   * @throws MillraceError `bad_option` for another strategy
   */
  emitStrategy(strategy: EmitStrategy): SessionWindowedKStream<K, V, Known>

  /**
   * Folds the values of a key in each session into an aggregate of any type, as {@link KGroupedStream.aggregate} does.
   *
   * @example
   * ```ts
   * grouped
   *   .windowedBy(SessionWindows.of({ gap: minutes(30) }))
   *   .aggregate({
   *     initializer: () => 0,
   *     aggregator: (_key, { bytes }, sum) => sum + bytes,
   *     merger: (_key, older, newer) => older + newer,
   *     value: int64(),
   *   })
   * ```
   */
  aggregate<A>(
    options: SessionAggregateFunctions<K, Exclude<V, null>, A> &
      InSessionStore<K, V, NoInfer<A>> &
      AggregateSerde<'sessionStore', K, A>,
  ): KTable<Windowed<K>, A, 'both'>
}
