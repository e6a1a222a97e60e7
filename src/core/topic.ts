/**
 * Typed constants: a topic or a store is named once, with the types of its keys and values.
 */
import { checkName, checkOptions, checkWhole } from './names.ts'
import { codecOf, type Encoder, type Serde } from './serde.ts'

/** A topic as the program knows it. */
export interface Topic<K, V> {
  readonly kind: 'topic'
  readonly name: string
  readonly key: Serde<K>
  readonly value: Serde<V>
  /** How many partitions it is created with. `undefined`: as many as it has, 1 when it is created. */
  readonly partitions: number | undefined
}

/** A topic that takes records with keys K and values V; a null value is always taken. */
export interface TopicFor<in K, in V> {
  readonly kind: 'topic'
  readonly name: string
  readonly key: Encoder<K>
  readonly value: Encoder<Exclude<V, null>>
  readonly partitions: number | undefined
}

/**
 * Names a topic and fixes the types of its keys and values.
 *
 * A producer or an application that uses the constant creates the topic when it is missing. Nothing happens on this call.
 *
 * @example
 * ```ts
 * interface Click { readonly page: string; readonly status: number }
 * const clicks = topic('clicks', { key: string(), value: json<Click>(), partitions: 4 })
 * ```
 * @param options `partitions` default to what the topic has, or 1 when it is created
 * @throws MillraceError `bad_option` for a name or option that is not valid
 */
export function topic<K, V>(
  name: string,
  options: { readonly key: Serde<K>; readonly value: Serde<V>; readonly partitions?: number },
): Topic<K, V> {
  checkName('the name of a topic', name)
  checkOptions(`topic "${name}"`, options, ['key', 'value', 'partitions'])
  codecOf(options.key)
  codecOf(options.value)
  if (options.partitions !== undefined) checkPartitions(options.partitions)
  return Object.freeze({
    kind: 'topic',
    name,
    key: options.key,
    value: options.value,
    partitions: options.partitions,
  } as const)
}

/** The most partitions of a topic. */
const partitionsMax = 1_024

export function checkPartitions(partitions: number): number {
  return checkWhole('the number of partitions', partitions, 1, partitionsMax)
}

/** A table of the newest value of each key. */
export interface KeyValueStore<K, V> {
  readonly kind: 'keyValueStore'
  readonly name: string
  readonly key: Serde<K>
  readonly value: Serde<V>
}

/** A table of the newest value of each key and window. */
export interface WindowStore<K, V> {
  readonly kind: 'windowStore'
  readonly name: string
  readonly key: Serde<K>
  readonly value: Serde<V>
}

/**
 * Names the store of an aggregation, to query it by.
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
  checkOptions(`store "${name}"`, options, ['key', 'value'])
  codecOf(options.key)
  codecOf(options.value)
  return Object.freeze({ kind, name, key: options.key, value: options.value })
}
