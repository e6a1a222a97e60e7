/**
 * Rows of stores as users see them, in queries and in processors alike.
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

/** Starts of windows, ms since the epoch, both inclusive. */
export interface TimeBounds {
  /** Default 0. */
  readonly from?: number | undefined
  /** Default: no bound. */
  readonly to?: number | undefined
}
