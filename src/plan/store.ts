/**
 * The Store contract: what operators know of state. `state/` implements it; operators get it from their context.
 */
import type { Carrier } from './carrier.ts'
import type { Codec } from '../core/serde.ts'
import type { Facts } from '../core/stored-plan.ts'

/** A store that a topology declares. */
export interface StoreSpec {
  readonly kind: 'keyValue' | 'window'
  readonly name: string
  readonly keyCodec: Codec<unknown>
  readonly valueCodec: Codec<unknown>
  /** Windows only. */
  readonly window: WindowSpec | undefined
  /** What its rows depend on beside kind and serdes. */
  readonly facts: Facts
}

export interface WindowSpec {
  readonly sizeMs: number
  readonly advanceMs: number
  readonly graceMs: number
  /** How long a window is kept after its start has fallen behind stream time; at least size + grace. */
  readonly retentionMs: number
}

/** One row of a store, for the length of a turn. */
export interface Row<V> {
  readonly exists: boolean
  /**
   * The value, when the row exists. Where a value could be changed in place it is a fresh copy, so that an aggregator
   * may change what it is given without changing what is stored.
   */
  readonly value: V
  readonly timestamp: number
  /** The encoded key as it stands in a topic: for windows the key and the start of the window. Never changed. */
  readonly keyBytes: Buffer
}

/** A store of one task. Everything that is put belongs to the turn: it is undone with it. */
export interface State<K, V> {
  /**
   * The row of the carrier's key, in the window that starts at `windowStart` (0 in a store without windows).
   *
   * @throws MillraceError `key_too_long`, `encode_failed`
   */
  row(windowStart: number, carrier: Carrier<K>): Row<V>
  /** @throws MillraceError `encode_failed` */
  put(row: Row<V>, value: V, timestamp: number): void
  /** Puts a value that is known to encode. */
  putTrusted(row: Row<V>, value: V, timestamp: number): void
  remove(row: Row<V>): void
}
