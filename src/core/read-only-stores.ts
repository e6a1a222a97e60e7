/**
 * The faces of stores that can only be read: what queries answer with, in this process and from any other.
 */
import type { KeyBounds, KeyPrefix, StoreRow, TimeBounds, WindowBounds } from './store-row.ts'
import type { Window, Windowed } from './windows/window.ts'

/**
 * A store without windows, to read: what `app.store(…)`, `log.store(…)` and `driver.store(…)` return. Each call sees
 * the last commit; a range that is read while commits go on may show some rows before and others after one.
 *
 * @example
 * ```ts
 * const totalsNow = app.store(totals)
 * console.log(totalsNow.get('/'), [...totalsNow.range({ from: '/a', to: '/b', reverse: true })])
 * ```
 */
export interface ReadOnlyKeyValueStore<K, V> {
  /** The value of a key; undefined when there is none. */
  get(key: K): V | undefined
  /** The row of a key, with its timestamp; undefined when there is none. */
  row(key: K): StoreRow<K, V> | undefined
  /** The rows with from <= key <= to in the order of the encoded keys; a bound that is left out does not limit. */
  range(bounds?: KeyBounds<K>): Iterable<StoreRow<K, V>>
  /** The rows whose encoded keys begin with this one; of a tuple its first parts do too. */
  prefix(key: KeyPrefix<K>): Iterable<StoreRow<K, V>>
}

/**
 * A store of windows, to read, as {@link ReadOnlyKeyValueStore}. Bounds are starts of windows in ms since the epoch,
 * both inclusive. A window is there until stream time has passed its start by `retentionMs`, as of the last commit.
 *
 * @example
 * ```ts
 * const rows = app.store(counts).fetch('/', { from: 0, to: minutes(5) })
 * for (const { key, value } of rows) console.log(key.window.start, value)
 * console.log(app.store(counts).get('/', 0))
 * ```
 */
export interface ReadOnlyWindowStore<K, V> {
  /** The value of a key in the window that starts there; undefined when there is none. */
  get(key: K, windowStart: number): V | undefined
  /** The windows of a key, in the order of time, all as of one commit. Of very many, see {@link range}. */
  fetch(key: K, bounds?: TimeBounds): readonly StoreRow<Windowed<K>, V>[]
  /**
   * The windows of all keys, in the order of time, then of the encoded keys; with `key` those of one. They are read
   * page by page. Sliding windows, and those that a processor puts into a store of its own, come as sessions do: see
   * {@link ReadOnlySessionStore.range}.
   */
  range(bounds?: WindowBounds<K>): Iterable<StoreRow<Windowed<K>, V>>
}

/**
 * A store of sessions, to read, as {@link ReadOnlyKeyValueStore}. Bounds are times in ms since the epoch: a session is
 * found when it overlaps them, both ends inclusive. A session is there until stream time has passed its end by
 * `retentionMs`, as of the last commit.
 *
 * @example
 * ```ts
 * for (const { key, value } of app.store(visits).find('10.0.0.1', { from: 0 })) {
 *   console.log(key.window.start, key.window.end, value)
 * }
 * ```
 */
export interface ReadOnlySessionStore<K, V> {
  /** The value of a key in exactly this session, whose `end` is the time of its last record; undefined: none. */
  get(key: K, session: Window): V | undefined
  /** The sessions of a key, in the order of their ends, all as of one commit. Of very many, see {@link range}. */
  find(key: K, bounds?: TimeBounds): readonly StoreRow<Windowed<K>, V>[]
  /**
   * The sessions of all keys, or of one, read page by page. In each stretch of time they are in the order of the
   * encoded keys, then of time.
   */
  range(bounds?: WindowBounds<K>): Iterable<StoreRow<Windowed<K>, V>>
}

/** Which version of a key is asked for. */
export interface AsOf {
  /** The one that was the newest at this time, in ms since the epoch, inclusive. Default: the newest now. */
  readonly asOf?: number | undefined
}

/**
 * A store of versions, to read. A version can be asked for until stream time has passed its end by the history.
 *
 * @example
 * ```ts
 * const prices = versionedStore('prices', { key: string(), value: int64(), historyMs: days(1) })
 * const yesterday = (app: Application, now: number) => app.store(prices).get('apples', { asOf: now - days(1) })
 * ```
 */
export interface ReadOnlyVersionedStore<K, V> {
  /** The value of a key; undefined when there is or was none, or the time lies before the history. */
  get(key: K, options?: AsOf): V | undefined
  /** The same with the time from which it was the newest. */
  row(key: K, options?: AsOf): StoreRow<K, V> | undefined
}

/** What a store of any kind is read with. */
export type AnyQuery<K, V> =
  | ReadOnlyKeyValueStore<K, V>
  | ReadOnlyWindowStore<K, V>
  | ReadOnlySessionStore<K, V>
  | ReadOnlyVersionedStore<K, V>
