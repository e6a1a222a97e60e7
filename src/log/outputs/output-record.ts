/**
 * What is compared of a record of an output, as text of one character for each byte: short strings cost little memory
 * and compare fast.
 */
import { bytesAsText } from '../../core/text.ts'
import type { BatchCursor } from '../format/batch-cursor.ts'
import type { Header } from '../../core/headers.ts'

export interface OutputRecord {
  /** Null: a tombstone. */
  readonly value: string | null
  readonly timestamp: number
  readonly headers: readonly Header[]
}

/** The header that says which switch of an application wrote a record; it is no part of what is compared. */
export const switchHeader = 'millrace-switch'

export function keyText({ bytes, keyStart, keyEnd }: BatchCursor): string | null {
  return keyEnd < 0 ? null : bytesAsText(bytes, keyStart, keyEnd)
}

export function recordAt({ bytes, valueStart, valueEnd, timestamp, headers }: BatchCursor): OutputRecord {
  const value = valueEnd < 0 ? null : bytesAsText(bytes, valueStart, valueEnd)
  return { value, timestamp, headers: ownHeaders(headers) }
}

/** Those that are compared. */
export function ownHeaders(headers: readonly Header[]): readonly Header[] {
  return headers.length === 0 ? headers : headers.filter(({ key }) => key !== switchHeader)
}

/** @param hasTimes false where a topic gives records the time of their append */
export function sameRecord(one: OutputRecord, other: OutputRecord, hasTimes: boolean): boolean {
  return (
    one.value === other.value &&
    (!hasTimes || one.timestamp === other.timestamp) &&
    sameHeaders(one.headers, other.headers)
  )
}

export function sameHeaders(one: readonly Header[], other: readonly Header[]): boolean {
  return one.length === other.length && one.every((header, at) => sameHeader(header, other[at]))
}

function sameHeader(one: Header, other: Header | undefined): boolean {
  if (one.key !== other?.key || one.value === null || other.value === null) {
    return one.key === other?.key && one.value === other.value
  }
  return Buffer.compare(one.value, other.value) === 0
}
