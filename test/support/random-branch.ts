// A stream of a random topology, and what all its verbs share.
import type { KStream } from 'millrace'

export type Key = string | null
export type Value = number | null
export type Row = { readonly key: Key; readonly value: Value; readonly timestamp: number }

/** A stream, and the numbers of partitions that its records may lie in. */
export interface Branch {
  readonly stream: KStream<Key, Value>
  readonly widths: readonly number[]
  /** Its records are pairs: joined again and again they would be too many. */
  readonly isJoined?: boolean
}

export const keyOf = (detail: number, value: Value): Key =>
  value === null ? 'none' : value % 7 === 6 ? null : `k${(value * detail) % 5}`

/** Every branch has the same type, whatever its verb knows beyond that. */
export function asBranch(stream: { readonly to: unknown }): KStream<Key, Value> {
  return stream as unknown as KStream<Key, Value>
}
