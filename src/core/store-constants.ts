/**
 * Typed constants of stores: a store is named once, with the types of its keys and values.
 */
import { checkName, checkOptions, readField } from './checks.ts'
import { MillraceError } from './errors.ts'
import { codecOf, type Serde } from './serde.ts'
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
}

/** Which kind of store a constant names. */
export type StoreKind = 'keyValueStore' | 'windowStore' | 'sessionStore'

/**
 * Names the store of an aggregation without windows, to query it by. An aggregation that is never queried needs no
 * constant.
 *
 * @example
 * ```ts
 * const totals = keyValueStore('totals', { key: string(), value: int64() })
 * builder.stream(clicks).groupByKey().count({ store: totals })
 * ```
 * @throws MillraceError `bad_option`
 */
export function keyValueStore<K, V>(
  name: string,
  options: { readonly key: Serde<K>; readonly value: Serde<V> },
): KeyValueStore<K, V> {
  return storeConstant('keyValueStore', name, options)
}

/**
 * Names the store of a windowed aggregation, to query it by; `key` is the serde of the key without its window.
 *
 * @example
 * ```ts
 * const counts = windowStore('counts', { key: string(), value: int64() })
 * stream.groupByKey().windowedBy(TimeWindows.of({ size: minutes(1) })).count({ store: counts })
 * ```
 * @throws MillraceError `bad_option`
 */
export function windowStore<K, V>(
  name: string,
  options: { readonly key: Serde<K>; readonly value: Serde<V> },
): WindowStore<K, V> {
  return storeConstant('windowStore', name, options)
}

/**
 * Names the store of an aggregation over sessions, to query it by; `key` is the serde of the key without its session.
 *
 * @example
 * ```ts
 * const visits = sessionStore('visits', { key: string(), value: int64() })
 * stream.groupByKey().windowedBy(SessionWindows.of({ gap: minutes(30) })).count({ store: visits })
 * ```
 * @throws MillraceError `bad_option`
 */
export function sessionStore<K, V>(
  name: string,
  options: { readonly key: Serde<K>; readonly value: Serde<V> },
): SessionStore<K, V> {
  return storeConstant('sessionStore', name, options)
}

function storeConstant<Kind extends string, K, V>(
  kind: Kind,
  name: string,
  options: { readonly key: Serde<K>; readonly value: Serde<V> },
): { readonly kind: Kind; readonly name: string; readonly key: Serde<K>; readonly value: Serde<V> } {
  checkName('the name of a store', name)
  const { key, value } = checkOptions(`store "${name}"`, options, ['key', 'value'])
  codecOf(key)
  codecOf(value)
  const constant = Object.freeze({ kind, name, key, value })
  made.add(constant)
  return constant
}

const kinds: readonly StoreKind[] = ['keyValueStore', 'windowStore', 'sessionStore']
const isStoreKind = (kind: unknown): kind is StoreKind => (kinds as readonly unknown[]).includes(kind)

/** The constants that the functions above have made: they need no further check. */
const made = new WeakSet<object>()

/**
 * Checks that an argument is the constant of a store, as `checkTopic` does for a topic.
 *
 * @throws MillraceError `bad_option`
 */
export function checkStore<T extends { readonly kind: StoreKind }>(what: string, constant: T): T {
  if (made.has(constant)) return constant
  const kind = Object(constant) === constant ? readField(what, constant, 'kind') : undefined
  if (!isStoreKind(kind)) {
    const makers = kinds.map((maker) => `${maker}(…)`).join(' or ')
    throw new MillraceError('bad_option', `${what} takes the constant that ${makers} returned, not ${shown(constant)}`)
  }
  const field = (name: string): unknown => readField(what, constant, name)
  const options = { key: field('key') as Serde<unknown>, value: field('value') as Serde<unknown> }
  return storeConstant(kind, field('name') as string, options) as { readonly kind: typeof kind } as T
}
