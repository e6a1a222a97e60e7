/**
 * Rows of stores as users see them, and which of them are asked for: in queries and in processors alike.
 */
import type { Header } from './headers.ts'
import type { Timestamp } from './units.ts'

/** A row of a store, decoded each time that it is asked for. */
export interface StoreRow<K, V> {
  /** The key; in a window store with its window. */
  readonly key: K
  /** The newest value. */
  readonly value: V
  /** The largest timestamp of the records in it, or the one that a processor gave it; ms since the epoch. */
  readonly timestamp: Timestamp
  /** Those of the record that it was put with, in a store with `headers: true`. */
  readonly headers?: readonly Header[] | undefined
}

/** Times in ms since the epoch, both inclusive: of the starts of windows, or which sessions have to overlap. */
export interface TimeBounds {
  /** Default 0. */
  readonly from?: number | undefined
  /** Default: no bound. */
  readonly to?: number | undefined
  /** From the last row to the first. Default false. */
  readonly reverse?: boolean | undefined
}

/** Times, and whether of one key only. */
export interface WindowBounds<K> extends TimeBounds {
  /** Only the windows of this key. Default: of all keys. */
  readonly key?: K | undefined
}

/** Which rows, and in which order. */
export interface KeyBounds<K> {
  /** The first key. */
  readonly from?: K | undefined
  /** The last key. */
  readonly to?: K | undefined
  /** From the last row to the first. Default false. */
  readonly reverse?: boolean | undefined
}

/** A key, or of a tuple its first parts. */
export type KeyPrefix<K> = K extends readonly [...infer First, unknown] ? KeyPrefix<First> | K : K
