/**
 * Which serdes a stream knows, what its verbs ask for, and how the compiler says that one is missing.
 *
 * What a stream knows is a union of words, so that an annotation without one means any of them: each question is looked
 * up in a table, with all the words at once.
 */
import type { Serde } from '../../core/serde.ts'

/**
 * Which serdes a {@link KStream}, a grouped stream or a {@link KTable} knows. Leave it out in your annotations:
 * `KStream<string, Click>` may know any of them. Its verbs then do not ask, and the call throws `topology_invalid` when
 * a serde turns out to be missing.
 *
 * @example
 * ```ts
 * const good = <Known extends KnownSerdes>(stream: KStream<string, Click, Known>) =>
 *   stream.filter(({ value }) => value.status === 200)
 * ```
 */
export type KnownSerdes = 'both' | 'key' | 'value' | 'neither'

/** A table: the answer for each word. */
interface Answers<Both, Key, Value, Neither> {
  readonly both: Both
  readonly key: Key
  readonly value: Value
  readonly neither: Neither
}

/** What is known after a function has made a new key. */
export type WithNewKey = Answers<'value', 'neither', 'value', 'neither'>

/** What is known after a function has made a new value. */
export type WithNewValue = Answers<'key', 'key', 'neither', 'neither'>

/** What is known after a function has made a new value that a store says how to write. */
export type WithStoredValue = Answers<'both', 'both', 'value', 'value'>

/** What is known after `groupByKey` got what it asked for. */
export type Grouped = Answers<'both', 'key', 'both', 'both'>

/** What two merged streams know together. */
export type Merged = Answers<
  Answers<'both', 'key', 'value', 'neither'>,
  Answers<'key', 'key', 'neither', 'neither'>,
  Answers<'value', 'neither', 'value', 'neither'>,
  Answers<'neither', 'neither', 'neither', 'neither'>
>

/** A type that nothing has: the compiler's message ends with the text. */
export type Missing<Text extends string> = { readonly [T in Text]: never }
type NoKey<Verb extends string> = Missing<`${Verb} needs the serde of the key: { key: string() }`>
type NoValue<Verb extends string> = Missing<`${Verb} needs the serde of the value: { value: json() }`>

/** The type of `this` where no serde of the key is given. */
export type NeedsKey<Verb extends string> = Answers<unknown, unknown, NoKey<Verb>, NoKey<Verb>>

/** The type of `this` where no serde of the value is given. */
export type NeedsValue<Verb extends string> = Answers<unknown, NoValue<Verb>, unknown, NoValue<Verb>>

/** The type of `this` where no serde of the value is given, which is needed only if the key is new. */
export type NeedsValueWithKey<Verb extends string> = Answers<unknown, unknown, unknown, NoValue<Verb>>

/** The option for the serde of the key. */
export type KeyOption<K> = Answers<KnownKey<K>, KnownKey<K>, MissingKey<K>, MissingKey<K>>

/** The option for the serde of the value. */
export type ValueOption<V> = Answers<KnownValue<V>, MissingValue<V>, KnownValue<V>, MissingValue<V>>

/** The option for the serde of the value where it is needed only if the key is new. */
export type ValueOptionWithKey<V> = Answers<KnownValue<V>, KnownValue<V>, KnownValue<V>, MissingValue<V>>

/** The option for the serde of the key of a join: one side has to know it. Asked for the left side, then the right. */
export type JoinKeyOption<K> = Answers<
  Answers<KnownKey<K>, KnownKey<K>, KnownKey<K>, KnownKey<K>>,
  Answers<KnownKey<K>, KnownKey<K>, KnownKey<K>, KnownKey<K>>,
  KeyOption<K>,
  KeyOption<K>
>

/** The option for the serde of the values of the other stream. */
export type OtherValueOption<V> = Answers<
  KnownOtherValue<V>,
  MissingOtherValue<V>,
  KnownOtherValue<V>,
  MissingOtherValue<V>
>

/** The serde of a key that is known, given once more or in a wider type. */
export interface KnownKey<K> {
  /** How keys are written. */
  readonly key?: SerdeFor<K> | undefined
}

/** The serde of a key that a function has made. */
export interface MissingKey<K> {
  /** How keys are written. */
  readonly key: SerdeFor<K>
}

/** The serde of a value that is known, given once more or in a wider type. */
export interface KnownValue<V> {
  /** How values are written. */
  readonly value?: SerdeFor<V> | undefined
}

/** The serde of a value that a function has made. */
export interface MissingValue<V> {
  /** How values are written. */
  readonly value: SerdeFor<V>
}

/** The serde of the other stream's values that is known, given once more or in a wider type. */
export interface KnownOtherValue<V> {
  /** How the values of the other stream are written. */
  readonly otherValue?: SerdeFor<V> | undefined
}

/** The serde of the other stream's values that a function has made. */
export interface MissingOtherValue<V> {
  /** How the values of the other stream are written. */
  readonly otherValue: SerdeFor<V>
}

/** A serde of T, or of a wider type: what it reads back is what was written. */
export interface SerdeFor<in T> {
  /** As of {@link Serde}. */
  readonly name?: string | undefined
  /** As of {@link Serde}. */
  readonly encode: (value: T) => Uint8Array
  /** As of {@link Serde}. */
  readonly decode: (bytes: Uint8Array) => unknown
}

/** The serde of an aggregate: that of its store, or one that is given. */
export type AggregateSerde<Kind, K, A> =
  | {
      /** Names the store, so that it can be queried. It says how aggregates are written. */
      readonly store: StoreFor<Kind, K, A>
      /** The store says it. */
      readonly value?: undefined
    }
  | {
      /** How aggregates are written. */
      readonly value: Serde<A>
      /** As above; its values must be written in the same way. */
      readonly store?: StoreFor<Kind, K, NoInfer<A>> | undefined
    }

/** The constant of a store for keys K and values V, or for wider ones. */
export interface StoreFor<Kind, in K, in V> {
  /** Tells kinds of stores apart. */
  readonly kind: Kind
  /** Where the application finds its state again. */
  readonly name: string
  /** How keys are written. */
  readonly key: SerdeFor<K>
  /** How values are written. */
  readonly value: SerdeFor<V>
}
