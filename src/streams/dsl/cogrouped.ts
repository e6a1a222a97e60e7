/**
 * The faces of cogrouped streams: grouped streams of different values that fill one table. Their classes are in
 * ../cogrouped.ts.
 */
import type { SessionWindows } from '../../core/windows/session-windows.ts'
import type { SlidingWindows } from '../../core/windows/sliding-windows.ts'
import type { Windowed } from '../../core/windows/window.ts'
import type { AlignedWindows } from '../../core/windows/windows.ts'
import type { Aggregator, Merger } from './functions.ts'
import type { InStore, KGroupedStream } from './grouped.ts'
import type { AggregateSerde } from './known.ts'
import type { InSessionStore } from './sessions.ts'
import type { KTable } from './table.ts'
import type { InWindowStore } from './windows.ts'

/** What the aggregation of a cogrouped stream takes, besides its store. */
export interface CogroupFunctions<A> {
  /** The aggregate before the first record of any input. */
  readonly initializer: () => A
}

/** What the aggregation of a cogrouped stream in sessions takes, besides its store. */
export interface SessionCogroupFunctions<K, A> extends CogroupFunctions<A> {
  /** The aggregate of two sessions that a record joins, as of {@link SessionWindowedKStream}. */
  readonly merger: Merger<K, A>
}

/**
 * Grouped streams, each with its own aggregator, that fill one table together. Made by {@link KGroupedStream.cogroup}.
 *
 * It needs no join: a record of any input updates the row of its key, and emits it. All inputs have the same keys, in
 * equally many partitions. Null keys and values are dropped and counted, as in any aggregation.
 */
export interface CogroupedKStream<out K, out V, in out A> {
  /**
   * Adds an input with its own aggregator, even if it is one already.
   *
   * @example
   * ```ts
   * grouped
   *   .cogroup<number>((_key, { bytes }, sum) => sum + bytes)
   *   .cogroup(grouped, (_key, { status }, sum) => (status === 200 ? sum : 0))
   *   .aggregate({ initializer: () => 0, value: int64() })
   * ```
   * @throws MillraceError `topology_invalid` for a stream of another builder, or with keys of another format;
   *   `bad_option`
   */
  cogroup<V2>(
    grouped: KGroupedStream<K, V2>,
    aggregator: Aggregator<K, Exclude<V2, null>, A>,
  ): CogroupedKStream<K, V | V2, A>

  /**
   * Cuts it into windows over event time. All inputs have one stream time: a record of any of them closes windows for
   * all. (In Kafka Streams each has its own: deviation D10 in test/conformance/README.md.)
   *
   * @example
   * ```ts
   * grouped
   *   .cogroup<number>((_key, { bytes }, sum) => sum + bytes)
   *   .windowedBy(TimeWindows.of({ size: hours(1) }))
   *   .aggregate({ initializer: () => 0, value: int64() })
   * ```
   * @throws MillraceError `bad_option` when it is not a window definition
   */
  windowedBy(windows: AlignedWindows | SlidingWindows): TimeWindowedCogroupedKStream<K, V, A>
  /**
   * Cuts it into sessions of each key, which records of any input begin, extend and join.
   *
   * @example
   * ```ts
   * grouped
   *   .cogroup<number>((_key, { bytes }, sum) => sum + bytes)
   *   .windowedBy(SessionWindows.of({ gap: minutes(30) }))
   *   .aggregate({ initializer: () => 0, merger: (_key, older, newer) => older + newer, value: int64() })
   * ```
   * @throws MillraceError `bad_option` when it is not a window definition
   */
  windowedBy(windows: SessionWindows): SessionWindowedCogroupedKStream<K, V, A>

  /**
   * The table of the aggregates.
   *
   * @example
   * ```ts
   * grouped
   *   .cogroup<number>((_key, { bytes }, sum) => sum + bytes)
   *   .aggregate({ initializer: () => 0, value: int64(), name: 'traffic' })
   * ```
   * @throws MillraceError `topology_invalid` when the store has other keys or values, `bad_option`
   */
  aggregate(options: CogroupFunctions<A> & InStore<K, A> & AggregateSerde<'keyValueStore', K, A>): KTable<K, A, 'both'>
}

/** A {@link CogroupedKStream} cut into windows. */
export interface TimeWindowedCogroupedKStream<out K, out V, in out A> {
  /**
   * The table of the aggregates of each window, as of {@link TimeWindowedKStream}.
   *
   * @example
   * ```ts
   * grouped
   *   .cogroup<number>((_key, { bytes }, sum) => sum + bytes)
   *   .windowedBy(TimeWindows.of({ size: minutes(1), grace: seconds(10) }))
   *   .aggregate({ initializer: () => 0, value: int64(), name: 'traffic-per-minute' })
   * ```
   * @throws MillraceError `topology_invalid` when the store has other keys or values, `bad_option`
   */
  aggregate(
    options: CogroupFunctions<A> & InWindowStore<K, V, A> & AggregateSerde<'windowStore', K, A>,
  ): KTable<Windowed<K>, A, 'both'>
}

/** A {@link CogroupedKStream} cut into sessions. */
export interface SessionWindowedCogroupedKStream<out K, out V, in out A> {
  /**
   * The table of the aggregates of each session, as of {@link SessionWindowedKStream}.
   *
   * @example
   * ```ts
   * grouped
   *   .cogroup<number>((_key, { bytes }, sum) => sum + bytes)
   *   .windowedBy(SessionWindows.of({ gap: minutes(30) }))
   *   .aggregate({ initializer: () => 0, merger: (_key, older, newer) => older + newer, value: int64() })
   * ```
   * @throws MillraceError `topology_invalid` when the store has other keys or values, `bad_option`
   */
  aggregate(
    options: SessionCogroupFunctions<K, A> & InSessionStore<K, V, A> & AggregateSerde<'sessionStore', K, A>,
  ): KTable<Windowed<K>, A, 'both'>
}
