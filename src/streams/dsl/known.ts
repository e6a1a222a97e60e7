/**
 * Which serdes a stream still knows, and which ones it asks for.
 */

/** The sides of a record whose serde a stream still knows; what regroups or stores asks for the other ones. */
export type Side = 'key' | 'value'

/** Serdes that must be given because the stream lost them, and that may be given otherwise. */
export type MissingSerdes<K, V, Known extends Side> = MissingKey<K, Known> & MissingValue<V, Known>
type MissingKey<K, Known extends Side> = 'key' extends Known
  ? { readonly key?: SerdeFor<K> }
  : { readonly key: SerdeFor<K> }
/** The half of {@link MissingSerdes} for values. */
export type MissingValue<V, Known extends Side> = 'value' extends Known
  ? { readonly value?: SerdeFor<V> }
  : { readonly value: SerdeFor<V> }

/** A serde of T, or of a wider type: what it reads back is what was written. */
export interface SerdeFor<in T> {
  /** As of {@link Serde}. */
  readonly name?: string
  /** As of {@link Serde}. */
  readonly encode: (value: T) => Uint8Array
  /** As of {@link Serde}. */
  readonly decode: (bytes: Uint8Array) => unknown
}

/** Arguments that may be left out when nothing in them is required. */
export type OptionalUnlessRequired<T> = object extends T ? [options?: T] : [options: T]
