/**
 * What the bytes of a carrier's key or value stand for.
 */
import { MillraceError } from '../core/errors.ts'
import type { Codec } from '../core/serde.ts'

/** The end of a key or value that is null in the record. */
export const nullEnd = -1

/** A null has no bytes. Bytes may mean null too, where the topic allows it; elsewhere they fail to decode. */
export function standsForNull<T>(codec: Codec<T> | undefined, bytes: Buffer, start: number, end: number): boolean {
  return end === nullEnd || (end >= 0 && codec !== undefined && codec.nullable && codec.isNull(bytes, start, end))
}

/** Distinguishes a null inside a key, in a tuple for instance, from bytes that do not decode. */
export function codeOfDecoding(cause: unknown): 'unexpected_null' | 'undecodable' {
  return cause instanceof MillraceError && cause.code === 'unexpected_null' ? cause.code : 'undecodable'
}

export function sameWire(left: { readonly wire: object } | undefined, right: { readonly wire: object }): boolean {
  return left !== undefined && left.wire === right.wire
}
