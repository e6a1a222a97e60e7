/**
 * Typed constants of topics: a topic is named once, with the types of its keys and values.
 */
import { MillraceError } from './errors.ts'
import { checkName, checkOptions, checkWhole, readField } from './checks.ts'
import { shown } from './shown.ts'
import { codecOf, keyCodecOf, type Encoder, type Serde } from './serde.ts'
import {
  checkTopicConfig,
  topicConfigOf,
  type TopicConfig,
  topicConfigNames,
  type TopicSettings,
} from './topic-config.ts'

/** A topic as the program knows it: a frozen constant, made by {@link topic}. */
export interface Topic<K, V> {
  /** Tells a topic from a store. */
  readonly kind: 'topic'
  /** Its name in the log. */
  readonly name: string
  /** How its keys are written. */
  readonly key: Serde<K>
  /** How its values are written. */
  readonly value: Serde<V>
  /** How many partitions it is created with. `undefined`: as many as it has, or 1 when it is created. */
  readonly partitions: number | undefined
  /** How it is configured when it is created. */
  readonly config: Partial<TopicConfig>
}

/**
 * A topic that takes records with keys K and values V: what `to` accepts. Any {@link Topic} of the same or wider types
 * is one, and a null value is always accepted.
 */
export interface TopicFor<in K, in V> {
  /** As of {@link Topic}. */
  readonly kind: 'topic'
  /** As of {@link Topic}. */
  readonly name: string
  /** Writes the keys. */
  readonly key: Encoder<K>
  /** Writes the values. */
  readonly value: Encoder<Exclude<V, null>>
  /** As of {@link Topic}. */
  readonly partitions: number | undefined
  /** As of {@link Topic}. */
  readonly config: Partial<TopicConfig>
}

/**
 * Names a topic and fixes the types of its keys and values.
 *
 * A producer or an application that uses the constant creates the topic when it is missing. Nothing happens on this
 * call.
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
  options: {
    readonly key: Serde<K>
    readonly value: Serde<V>
    readonly partitions?: number | undefined
  } & TopicSettings,
): Topic<K, V> {
  checkName('the name of a topic', name)
  const checked = checkOptions(`topic "${name}"`, options, ['key', 'value', 'partitions', ...topicConfigNames])
  const { key, value, partitions } = checked
  keyCodecOf(`topic "${name}"`, key)
  codecOf(value)
  if (partitions !== undefined) checkPartitions(partitions)
  const config = Object.freeze(topicConfigOf(checked))
  const constant = Object.freeze({ kind: 'topic', name, key, value, partitions, config } as const)
  made.add(constant)
  return constant
}

/** The constants that {@link topic} has made: they need no further check. */
const made = new WeakSet<object>()
/** What {@link checkTopic} made of the constants that a program assembled itself. */
const checkedCopies = new WeakMap<object, object>()

/**
 * Checks that an argument is the constant of a topic: a name does not say how keys and values are read. For a constant
 * that the program assembled itself it returns a copy, the same one each time.
 *
 * @param what the call, as the message should say it
 * @throws MillraceError `bad_option`
 */
export function checkTopic<T extends { readonly kind: 'topic' }>(what: string, constant: T): T {
  if (made.has(constant)) return constant
  const known = checkedCopies.get(constant)
  if (known !== undefined) return known as T
  const kind = Object(constant) === constant ? readField(what, constant, 'kind') : undefined
  if (kind !== 'topic') {
    throw new MillraceError(
      'bad_option',
      `${what} takes the constant of a topic, made by topic(name, { key, value }), not ${shown(constant)}`,
    )
  }
  const field = (name: string): unknown => readField(what, constant, name)
  const options = {
    ...checkTopicConfig('the config of a topic', field('config') ?? {}),
    key: field('key') as Serde<unknown>,
    value: field('value') as Serde<unknown>,
    partitions: field('partitions') as number,
  }
  const copy = topic(field('name') as string, options)
  checkedCopies.set(constant, copy)
  return copy as { readonly kind: 'topic' } as T
}

/** The most partitions of a topic. */
export const partitionsMax = 1_024

export function checkPartitions(partitions: number): number {
  return checkWhole('the number of partitions', partitions, 1, partitionsMax)
}
