/**
 * Typed constants of stores: a store is named once, with the types of its keys and values.
 */
import { checkName, checkOptions, readField } from './checks.ts'
import { MillraceError } from './errors.ts'
import { codecOf, type Serde } from './serde.ts'
import { shown } from './shown.ts'

/** Names a table of the newest value of each key; made by {@link keyValueStore}. */
export interface KeyValueStore<K, V> {
  /** Tells it from a window store. */
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
  /** Tells it from a key-value store. */
  readonly kind: 'windowStore'
  /** Where the application finds its state again; unique within a topology. */
  readonly name: string
  /** How keys are written, without their windows. */
  readonly key: Serde<K>
  /** How values are written. */
  readonly value: Serde<V>
}

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

/** The constants that the functions above have made: they need no further check. */
const made = new WeakSet<object>()

/**
 * Checks that an argument is the constant of a store, as `checkTopic` does for a topic.
 *
 * @throws MillraceError `bad_option`
 */
export function checkStore<T extends { readonly kind: 'keyValueStore' | 'windowStore' }>(what: string, constant: T): T {
  if (made.has(constant)) return constant
  const kind = Object(constant) === constant ? readField(what, constant, 'kind') : undefined
  if (kind !== 'keyValueStore' && kind !== 'windowStore') {
    throw new MillraceError(
      'bad_option',
      `${what} takes the constant that keyValueStore(…) or windowStore(…) returned, not ${shown(constant)}`,
    )
  }
  const field = (name: string): unknown => readField(what, constant, name)
  const options = { key: field('key') as Serde<unknown>, value: field('value') as Serde<unknown> }
  return storeConstant(kind, field('name') as string, options) as { readonly kind: typeof kind } as T
}
