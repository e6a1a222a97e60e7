/**
 * The stores in the hands of a processor: a face for each kind.
 */
import type { KeyBounds, KeyPrefix, StoreRow, TimeBounds, WindowBounds } from '../../core/store-row.ts'
import type { Window, Windowed } from '../../core/windows/window.ts'

/**
 * A key-value store in the hands of a processor. Ranges see all writes of this turn; one may write while going through
 * a range: what is put ahead of it comes, what is put where it has been does not.
 */
export interface ProcessorKeyValueStore<K, V> {
  /**
   * The value of a key; undefined when there is none.
   *
   * @example
   * ```ts
   * const processor: Processor<string, Click> = (context) => {
   *   const bytes = context.store(totals)
   *   return { process: ({ key, value }) => console.error(bytes.get(key) ?? value.bytes) }
   * }
   * ```
   */
  get(key: K): V | undefined
  /**
   * The row of a key, with its timestamp; undefined when there is none.
   *
   * @example
   * ```ts
   * const processor: Processor<string, Click> = (context) => {
   *   const bytes = context.store(totals)
   *   return { process: ({ key, value }) => console.error(bytes.row(key)?.timestamp, value.bytes) }
   * }
   * ```
   */
  row(key: K): StoreRow<K, V> | undefined
  /**
   * Puts a row. Its timestamp, unless given, and its headers, where the store keeps them, are those of the record at
   * hand. A null value deletes.
   *
   * @example
   * ```ts
   * const processor: Processor<string, Click> = (context) => {
   *   const bytes = context.store(totals)
   *   return { process: ({ key, value }) => bytes.put(key, value.bytes) }
   * }
   * ```
   * @throws MillraceError `encode_failed`, `key_too_long`
   */
  put(key: K, value: V | null, timestamp?: number): void
  /**
   * Removes the row of a key, if there is one.
   *
   * @example
   * ```ts
   * const processor: Processor<string, Click> = (context) => {
   *   const bytes = context.store(totals)
   *   return { process: ({ key }) => bytes.delete(key) }
   * }
   * ```
   */
  delete(key: K): void
  /**
   * The rows with from <= key <= to in the order of the encoded keys; a bound that is left out does not limit.
   *
   * @example
   * ```ts
   * const processor: Processor<string, Click, string, number> = (context) => {
   *   const bytes = context.store(totals)
   *   context.schedule(minutes(1), 'streamTime', () => {
   *     for (const { key, value } of bytes.range({ reverse: true })) context.forward({ key, value })
   *   })
   *   return { process: ({ key, value }) => bytes.put(key, value.bytes) }
   * }
   * ```
   */
  range(bounds?: KeyBounds<K>): Iterable<StoreRow<K, V>>
  /**
   * The rows whose encoded keys begin with this one; of a tuple its first parts do too.
   *
   * @example
   * ```ts
   * const processor: Processor<string, Click> = (context) => {
   *   const bytes = context.store(totals)
   *   return { process: () => console.error([...bytes.prefix('10.0.')]) }
   * }
   * ```
   */
  prefix(key: KeyPrefix<K>): Iterable<StoreRow<K, V>>
}

/**
 * A store of windows in the hands of a processor. A window is gone once stream time has passed its start by the
 * `retentionMs` of the store; what is put there then is not kept, and counted (`expired`).
 */
export interface ProcessorWindowStore<K, V> {
  /**
   * Puts the value of a key in the window that starts there; the timestamp of the row is that of the record at hand. A
   * null value deletes.
   *
   * @example
   * ```ts
   * const perDay = windowStore('per-day', { key: string(), value: int64(), size: days(1) })
   * const processor: Processor<string, Click> = (context) => {
   *   const bytes = context.store(perDay)
   *   return { process: ({ key, value }) => bytes.put(key, value.bytes, 0) }
   * }
   * ```
   * @throws MillraceError `encode_failed`, `key_too_long`
   */
  put(key: K, value: V | null, windowStart: number): void
  /**
   * The value of a key in the window that starts there; undefined when there is none.
   *
   * @example
   * ```ts
   * const perDay = windowStore('per-day', { key: string(), value: int64(), size: days(1) })
   * const processor: Processor<string, Click> = (context) => {
   *   const bytes = context.store(perDay)
   *   return { process: ({ key, value }) => bytes.put(key, (bytes.get(key, 0) ?? 0) + value.bytes, 0) }
   * }
   * ```
   */
  get(key: K, windowStart: number): V | undefined
  /**
   * The windows of a key whose starts lie in the bounds, in the order of time.
   *
   * @example
   * ```ts
   * const perDay = windowStore('per-day', { key: string(), value: int64(), size: days(1) })
   * const processor: Processor<string, Click> = (context) => {
   *   const bytes = context.store(perDay)
   *   return { process: ({ key }) => console.error([...bytes.fetch(key, { to: minutes(5) })]) }
   * }
   * ```
   */
  fetch(key: K, bounds?: TimeBounds): Iterable<StoreRow<Windowed<K>, V>>
  /**
   * The windows of all keys whose starts lie in the bounds; with `key` those of one. Those of an aggregation over time
   * windows come in the order of time, then of the encoded keys. Others, a processor's own too, come in stretches of
   * time, each in the order of the encoded keys, then of time.
   *
   * @example
   * ```ts
   * const perDay = windowStore('per-day', { key: string(), value: int64(), size: days(1) })
   * const processor: Processor<string, Click> = (context) => {
   *   const bytes = context.store(perDay)
   *   return { process: () => console.error([...bytes.range({ from: days(1) })]) }
   * }
   * ```
   */
  range(bounds?: WindowBounds<K>): Iterable<StoreRow<Windowed<K>, V>>
}

/** Which version is asked for. */
export interface VersionAsOf {
  /** The one that was the newest at this time, in ms since the epoch, inclusive. Default: the newest now. */
  readonly asOf?: number | undefined
}

/**
 * A store of versions in the hands of a processor. A version can be asked for until the stream time of the task has
 * passed its end by the history; one that is put too late to be asked for is not kept, and counted
 * (`expired`).
 */
export interface ProcessorVersionedStore<K, V> {
  /**
   * Puts what is the value of a key from this time on, until the next version. A null value deletes from then on.
   *
   * @example
   * ```ts
   * const sizes = versionedStore('sizes', { key: string(), value: int64(), historyMs: days(1) })
   * const processor: Processor<string, Click> = (context) => {
   *   const versions = context.store(sizes)
   *   return { process: ({ key, value, timestamp }) => versions.put(key, value.bytes, timestamp) }
   * }
   * ```
   * @throws MillraceError `bad_record`, `encode_failed`, `key_too_long`
   */
  put(key: K, value: V | null, timestamp: number): void
  /**
   * The value of a key now, or at a time within the history; undefined when there is or was none.
   *
   * @example
   * ```ts
   * const sizes = versionedStore('sizes', { key: string(), value: int64(), historyMs: days(1) })
   * const processor: Processor<string, Click> = (context) => {
   *   const versions = context.store(sizes)
   *   return { process: ({ key, timestamp }) => console.error(versions.get(key, { asOf: timestamp })) }
   * }
   * ```
   */
  get(key: K, options?: VersionAsOf): V | undefined
  /**
   * The same with the time from which it was the value.
   *
   * @example
   * ```ts
   * const sizes = versionedStore('sizes', { key: string(), value: int64(), historyMs: days(1) })
   * const processor: Processor<string, Click> = (context) => {
   *   const versions = context.store(sizes)
   *   return { process: ({ key }) => console.error(versions.row(key)?.timestamp) }
   * }
   * ```
   */
  row(key: K, options?: VersionAsOf): StoreRow<K, V> | undefined
}

/**
 * A store of sessions in the hands of a processor. A session is gone once stream time has passed its end by the
 * `retentionMs` of the store; what is put there then is not kept, and counted (`expired`).
 */
export interface ProcessorSessionStore<K, V> {
  /**
   * Puts the value of a key in a session, whose `end` is the time of its last record; the timestamp of the row is that
   * of the record at hand. A session that replaces others does not remove them. A null value deletes.
   *
   * @example
   * ```ts
   * const visits = sessionStore('visits', { key: string(), value: int64() })
   * const processor: Processor<string, Click> = (context) => {
   *   const sessions = context.store(visits)
   *   return { process: ({ key, timestamp }) => sessions.put(key, { start: timestamp, end: timestamp }, 1) }
   * }
   * ```
   * @throws MillraceError `bad_record` for a session that ends before it starts, `encode_failed`, `key_too_long`
   */
  put(key: K, session: Window, value: V | null): void
  /**
   * The sessions of a key that have a time in common with the bounds, in the order of their ends.
   *
   * @example
   * ```ts
   * const visits = sessionStore('visits', { key: string(), value: int64() })
   * const processor: Processor<string, Click> = (context) => {
   *   const sessions = context.store(visits)
   *   return { process: ({ key, timestamp }) => console.error([...sessions.find(key, { from: timestamp - 500 })]) }
   * }
   * ```
   */
  find(key: K, bounds?: TimeBounds): Iterable<StoreRow<Windowed<K>, V>>
  /**
   * The value of a key in exactly this session; undefined when there is none.
   *
   * @example
   * ```ts
   * const visits = sessionStore('visits', { key: string(), value: int64() })
   * const processor: Processor<string, Click> = (context) => {
   *   const sessions = context.store(visits)
   *   return { process: ({ key }) => console.error(sessions.get(key, { start: 0, end: 5 })) }
   * }
   * ```
   */
  get(key: K, session: Window): V | undefined
  /**
   * The sessions of all keys that have a time in common with the bounds; with `key` those of one. In each stretch of
   * time they are in the order of the encoded keys, then of time.
   *
   * @example
   * ```ts
   * const visits = sessionStore('visits', { key: string(), value: int64() })
   * const processor: Processor<string, Click> = (context) => {
   *   const sessions = context.store(visits)
   *   return { process: ({ timestamp }) => console.error([...sessions.range({ from: timestamp, to: timestamp })]) }
   * }
   * ```
   */
  range(bounds?: WindowBounds<K>): Iterable<StoreRow<Windowed<K>, V>>
  /**
   * Removes a session of a key, if it is there.
   *
   * @example
   * ```ts
   * const visits = sessionStore('visits', { key: string(), value: int64() })
   * const processor: Processor<string, Click> = (context) => {
   *   const sessions = context.store(visits)
   *   return { process: ({ key }) => sessions.remove(key, { start: 0, end: 5 }) }
   * }
   * ```
   */
  remove(key: K, session: Window): void
}
