/**
 * The face of a grouped stream in sessions: the aggregations of {@link KGroupedStream}, for each session.
 */
import type { Windowed } from '../../core/windows/window.ts'
import type { LateOption, Named, Reducer, SessionAggregateFunctions } from './functions.ts'
import type { KnownSerdes, KnownValue, NeedsValue, StoreFor, ValueOption } from './known.ts'
import type { KTable } from './table.ts'
import type { EmitStrategy } from './windows.ts'

/** What an aggregation over sessions takes, besides its functions. */
export interface InSessionStore<K, V, A> extends Named, LateOption<K, V> {
  /** Names the store, so that it can be queried; default: a store with the operator's name. */
  readonly store?: StoreFor<'sessionStore', K, A> | undefined
  /** How long rows are kept, in ms of stream time; default the larger of a day and gap + grace, the least allowed. */
  readonly retentionMs?: number | undefined
}

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
export interface SessionWindowedKStream<out K, out V, out Known extends KnownSerdes = KnownSerdes> {
  /**
   * When the aggregation that follows emits: `onWindowUpdate`, the default, with every record, or `onWindowClose`, once
   * for each session, when it closes, as {@link TimeWindowedKStream.emitStrategy} says.
   *
   * @example grouped.windowedBy(SessionWindows.of({ gap: minutes(30) })).emitStrategy('onWindowClose').count()
   * @throws MillraceError `bad_option` for another strategy
   */
  emitStrategy(strategy: EmitStrategy): SessionWindowedKStream<K, V, Known>

  /**
   * How many records a key has in each session.
   * @example grouped.windowedBy(SessionWindows.of({ gap: minutes(30) })).count({ store: visits })
   */
  count(options?: InSessionStore<K, V, number>): KTable<Windowed<K>, number, 'both'>

  /**
   * Combines the values of a key in each session.
   *
   * @example grouped.windowedBy(SessionWindows.of({ gap: minutes(30) })).reduce((_, click) => click)
   * @throws MillraceError `topology_invalid` when the serde of the values is missing
   */
  reduce(
    this: NeedsValue<'reduce'>[Known],
    reducer: Reducer<Exclude<V, null>>,
    options?: undefined,
  ): KTable<Windowed<K>, Exclude<V, null>, 'both'>
  /**
   * Combines the values of a key in each session, in a store that says how they are written.
   *
   * @example
   * ```ts
   * const newest = sessionStore('newest', { key: string(), value: json<Click>() })
   * grouped.windowedBy(SessionWindows.of({ gap: minutes(30) })).reduce((_, click) => click, { store: newest })
   * ```
   */
  reduce(
    reducer: Reducer<Exclude<V, null>>,
    options: InSessionStore<K, V, Exclude<V, null>> &
      KnownValue<Exclude<V, null>> & {
        readonly store: StoreFor<'sessionStore', K, Exclude<V, null>>
      },
  ): KTable<Windowed<K>, Exclude<V, null>, 'both'>
  /**
   * Combines the values of a key in each session, with options; values that a function has made need their serde.
   * @example grouped.windowedBy(SessionWindows.of({ gap: minutes(5) })).reduce((_, last) => last, { name: 'newest' })
   */
  reduce(
    reducer: Reducer<Exclude<V, null>>,
    options: InSessionStore<K, V, Exclude<V, null>> & ValueOption<Exclude<V, null>>[Known],
  ): KTable<Windowed<K>, Exclude<V, null>, 'both'>

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
    options: SessionAggregateFunctions<K, Exclude<V, null>, A> & InSessionStore<K, V, NoInfer<A>>,
  ): KTable<Windowed<K>, A, 'both'>
}
