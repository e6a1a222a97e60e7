/**
 * What the bytes of a carrier's key or value stand for.
 */
import { MillraceError } from '../core/errors.ts'
import type { Header } from '../core/headers.ts'
import type { RecordView } from '../core/record.ts'
import type { Codec } from '../core/serde.ts'
import type { Timestamp } from '../core/units.ts'

/** The end of a key or value that is null in the record. */
export const nullEnd = -1
/** The end of a key or value that has no bytes because a function made it. */
export const madeEnd = -2
/** The end of a key that is a row's, as long as no one has asked for its bytes. */
export const ofRowEnd = -3

/** A null has no bytes. Bytes may mean null too, where the topic allows it; elsewhere they fail to decode. */
export function standsForNull<T>(codec: Codec<T> | undefined, bytes: Buffer, start: number, end: number): boolean {
  return end === nullEnd || (end >= 0 && codec !== undefined && codec.nullable && codec.isNull(bytes, start, end))
}

/** Distinguishes a null inside a key, in a tuple for instance, from bytes that do not decode. */
export function codeOfDecoding(cause: unknown): 'unexpected_null' | 'undecodable' {
  return cause instanceof MillraceError && cause.code === 'unexpected_null' ? cause.code : 'undecodable'
}

export function sameWire(left: { readonly wire: object } | undefined, right: { readonly wire: object }): boolean {
  return left === right || (left !== undefined && left.wire === right.wire)
}

/** A view that decodes the key or the value when it is read. */
export function lazyView<K, V>(record: {
  readonly key: K
  readonly value: V
  readonly timestamp: number
  readonly headers: readonly Header[]
}): RecordView<K, V> {
  return Object.freeze({
    get key(): K {
      return record.key
    },
    get value(): V {
      return record.value
    },
    timestamp: record.timestamp as Timestamp,
    headers: record.headers,
  })
}
