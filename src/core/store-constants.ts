/**
 * Typed constants of stores: a store is named once, with the types of its keys and values.
 */
import { checkBoolean, checkName, checkOptions, checkWhole, readField } from './checks.ts'
import { MillraceError } from './errors.ts'
import { codecOf, keyCodecOf, type Serde } from './serde.ts'
import { shown } from './shown.ts'

/** Names a table of the newest value of each key; made by {@link keyValueStore}. */
export interface KeyValueStore<K, V> {
  /** Tells it from other stores. */
  readonly kind: 'keyValueStore'
  /** Where the application finds its state again; unique within a topology. */
  readonly name: string
  /** How keys are written; rows are ordered by these bytes. */
  readonly key: Serde<K>
  /** How values are written. */
  readonly value: Serde<V>
  /** Whether a row keeps the headers of the record that it was put with; for processors. */
  readonly headers?: boolean | undefined
}

/** Names a table of the newest value of each key and window; made by {@link windowStore}. */
export interface WindowStore<K, V> {
  /** Tells it from other stores. */
  readonly kind: 'windowStore'
  /** Where the application finds its state again; unique within a topology. */
  readonly name: string
  /** How keys are written, without their windows. */
  readonly key: Serde<K>
  /** How values are written. */
  readonly value: Serde<V>
  /** How long a window is, in ms; for processors. */
  readonly size?: number | undefined
  /** How long a window is kept after its start, in ms of stream time. */
  readonly retentionMs?: number | undefined
}

/** What {@link keyValueStore} takes. */
export interface KeyValueStoreOptions<K, V> {
  /** How keys are written. */
  readonly key: Serde<K>
  /** How values are written. */
  readonly value: Serde<V>
  /** For a processor: whether each row keeps the headers of its record too. Default false. */
  readonly headers?: boolean | undefined
}

/** What {@link windowStore} takes. */
export interface WindowStoreOptions<K, V> {
  /** How keys are written, without their windows. */
  readonly key: Serde<K>
  /** How values are written. */
  readonly value: Serde<V>
  /** For a processor, which needs it: how long a window is, in ms. An aggregation knows from its windows. */
  readonly size?: number | undefined
  /**
   * How long a window is kept after its start, by stream time, in ms. Default a day, or what its size or the closing of
   * windows needs if that is more.
   */
  readonly retentionMs?: number | undefined
}

/** Names a table of the versions of each key; made by {@link versionedStore}. */
export interface VersionedStore<K, V> {
  /** Tells kinds of stores apart. */
  readonly kind: 'versionedStore'
  /** Where the application finds its state again; unique within a topology. */
  readonly name: string
  /** How keys are written; rows are ordered by these bytes. */
  readonly key: Serde<K>
  /** How values are written. */
  readonly value: Serde<V>
  /** For how long, in ms of stream time, a version can be asked for after a newer one has taken its place. */
  readonly historyMs: number
}

/** Names a table of the newest value of each key and session; made by {@link sessionStore}. */
export interface SessionStore<K, V> {
  /** Tells it from other stores. */
  readonly kind: 'sessionStore'
  /** Where the application finds its state again; unique within a topology. */
  readonly name: string
  /** How keys are written, without their sessions. */
  readonly key: Serde<K>
  /** How values are written. */
  readonly value: Serde<V>
  /** How long a session is kept after its end, in ms of stream time. */
  readonly retentionMs?: number | undefined
}

/** What {@link sessionStore} takes. */
export interface SessionStoreOptions<K, V> {
  /** How keys are written, without their sessions. */
  readonly key: Serde<K>
  /** How values are written. */
  readonly value: Serde<V>
  /**
   * How long a session is kept after its end, by stream time, in ms. Default a day, or what the closing of sessions
   * needs if that is more.
   */
  readonly retentionMs?: number | undefined
}

/** The constant of a store. */
export type AnyStore<K, V> = KeyValueStore<K, V> | WindowStore<K, V> | SessionStore<K, V> | VersionedStore<K, V>

/** Which kind of store a constant names. */
export type StoreKind = 'keyValueStore' | 'windowStore' | 'sessionStore' | 'versionedStore'

/**
 * Names the store of an aggregation without windows, to query it by, or one that processors keep what they like in. An
 * aggregation that is never queried needs no constant.
 *
 * @example
 * ```ts
 * const totals = keyValueStore('totals', { key: string(), value: int64() })
 * builder.stream(clicks).groupByKey().count({ store: totals })
 * ```
 * @throws MillraceError `bad_option`
 */
export function keyValueStore<K, V>(name: string, options: KeyValueStoreOptions<K, V>): KeyValueStore<K, V> {
  const { key, value, headers } = checkedOptions<K, V, KeyValueStoreOptions<K, V>>('keyValueStore', name, options)
  if (headers !== undefined) checkBoolean('headers', headers)
  return keep({ kind: 'keyValueStore', name, key, value, ...(headers === true ? { headers } : {}) })
}

/**
 * Names the store of a windowed aggregation, to query it by, or one of windows that processors keep what they like in;
 * `key` is the serde of the key without its window.
 *
 * @example
 * ```ts
 * const counts = windowStore('counts', { key: string(), value: int64() })
 * stream.groupByKey().windowedBy(TimeWindows.of({ size: minutes(1) })).count({ store: counts })
 * ```
 * @throws MillraceError `bad_option`
 */
export function windowStore<K, V>(name: string, options: WindowStoreOptions<K, V>): WindowStore<K, V> {
  const { key, value, size, retentionMs } = checkedOptions<K, V, WindowStoreOptions<K, V>>('windowStore', name, options)
  return keep({
    kind: 'windowStore',
    name,
    key,
    value,
    ...(size === undefined ? {} : { size: checkWhole('size', size, 1) }),
    ...(retentionMs === undefined ? {} : { retentionMs: checkWhole('retentionMs', retentionMs, size ?? 1) }),
  })
}

/**
 * Names the store of an aggregation over sessions, to query it by, or one of sessions that processors keep what they
 * like in; `key` is the serde of the key without its session.
 *
 * @example
 * ```ts
 * const visits = sessionStore('visits', { key: string(), value: int64() })
 * stream.groupByKey().windowedBy(SessionWindows.of({ gap: minutes(30) })).count({ store: visits })
 * ```
 * @throws MillraceError `bad_option`
 */
export function sessionStore<K, V>(name: string, options: SessionStoreOptions<K, V>): SessionStore<K, V> {
  const { key, value, retentionMs } = checkedOptions<K, V, typeof options>('sessionStore', name, options)
  return keep({
    kind: 'sessionStore',
    name,
    key,
    value,
    ...(retentionMs === undefined ? {} : { retentionMs: checkWhole('retentionMs', retentionMs, 1) }),
  })
}

/**
 * Names the store of a table of versions, to query it by: for `historyMs` of stream time, it can be asked what was the
 * newest value of a key at any moment.
 *
 * @example
 * ```ts
 * const prices = topic('prices', { key: string(), value: int64() })
 * const priceHistory = versionedStore('price-history', { key: string(), value: int64(), historyMs: days(1) })
 * builder.table(prices, { store: priceHistory })
 * ```
 * @throws MillraceError `bad_option`
 */
export function versionedStore<K, V>(
  name: string,
  options: { readonly key: Serde<K>; readonly value: Serde<V>; readonly historyMs: number },
): VersionedStore<K, V> {
  const { key, value, historyMs } = checkedOptions<K, V, typeof options>('versionedStore', name, options)
  return keep({ kind: 'versionedStore', name, key, value, historyMs: checkWhole('historyMs', historyMs, 1) })
}

/** The options of each kind, which are fields of the constant too. */
const optionsOf: { readonly [Kind in StoreKind]: readonly string[] } = {
  keyValueStore: ['key', 'value', 'headers'],
  windowStore: ['key', 'value', 'size', 'retentionMs'],
  sessionStore: ['key', 'value', 'retentionMs'],
  versionedStore: ['key', 'value', 'historyMs'],
}

const makers: { readonly [Kind in StoreKind]: (name: string, options: never) => { readonly kind: StoreKind } } = {
  keyValueStore,
  windowStore,
  sessionStore,
  versionedStore,
}

function checkedOptions<K, V, T extends { readonly key: Serde<K>; readonly value: Serde<V> }>(
  kind: StoreKind,
  name: string,
  options: T,
): T {
  checkName('the name of a store', name)
  const checked = checkOptions(`store "${name}"`, options, optionsOf[kind])
  keyCodecOf(`store "${name}"`, checked.key)
  codecOf(checked.value)
  return checked
}

/** The constants that the functions above have made: they need no further check. */
const made = new WeakSet<object>()

function keep<T extends object>(constant: T): T {
  made.add(Object.freeze(constant))
  return constant
}

/**
 * Checks that an argument is the constant of a store, as `checkTopic` does for a topic.
 *
 * @throws MillraceError `bad_option`
 */
export function checkStore<T extends { readonly kind: StoreKind }>(what: string, constant: T): T {
  if (made.has(constant)) return constant
  const field = (name: string): unknown => readField(what, constant, name)
  const kind = Object(constant) === constant ? field('kind') : undefined
  if (typeof kind !== 'string' || !Object.hasOwn(makers, kind)) {
    const names = Object.keys(makers).map((name) => `${name}(…)`)
    throw new MillraceError(
      'bad_option',
      `${what} takes the constant that ${names.join(' or ')} returned, not ${shown(constant)}`,
    )
  }
  const known = kind as StoreKind
  const options = Object.fromEntries(optionsOf[known].map((name) => [name, field(name)]))
  return makers[known](field('name') as string, options as never) as T
}
