/**
 * Headers of a record: an ordered list that may hold a key twice, as in Kafka.
 */
import { isInstance } from './checks.ts'
import { MillraceError, messageOf } from './errors.ts'
import { shown } from './shown.ts'
import { isWellFormed } from './text.ts'

/** A header of a record that was read. */
export interface Header {
  /** Its name; another header of the record may have the same. */
  readonly key: string
  /** Its bytes. Do not change them; they are shared. */
  readonly value: Uint8Array | null
}

/** Headers as they are given: text stands for its UTF-8 bytes. */
export interface HeaderInput {
  /** Its name. */
  readonly key: string
  /** Bytes, text, or null for a header without a value. */
  readonly value: Uint8Array | string | null
}

/** The headers of most records. */
export const noHeaders: readonly Header[] = Object.freeze([])

/** @throws MillraceError `bad_record` when it is not a list of headers */
export function toHeaders(input: readonly HeaderInput[] | undefined): readonly Header[] {
  if (input === undefined || input === noHeaders) return noHeaders
  try {
    return headersOf(input)
  } catch (cause) {
    if (isInstance(cause, MillraceError)) throw cause
    throw new MillraceError('bad_record', `the headers cannot be read: ${messageOf(cause)}`, { cause })
  }
}

function headersOf(input: readonly HeaderInput[]): readonly Header[] {
  if (!Array.isArray(input)) throw new MillraceError('bad_record', 'headers are a list of { key, value }')
  const headers = (input as readonly (HeaderInput | null)[]).map((header) => {
    if (typeof header !== 'object' || header === null)
      throw new MillraceError('bad_record', 'a header is { key, value }')
    const { key, value } = header
    if (typeof key !== 'string' || !isWellFormed(key)) {
      throw new MillraceError('bad_record', 'the key of a header is a string that UTF-8 can encode')
    }
    if (value === null || value instanceof Uint8Array) return Object.freeze({ key, value })
    if (typeof value === 'string' && isWellFormed(value)) {
      return Object.freeze({ key, value: new Uint8Array(Buffer.from(value)) })
    }
    throw new MillraceError(
      'bad_record',
      `the value of header ${shown(key)} is neither bytes nor null nor a string that UTF-8 can encode`,
    )
  })
  return Object.freeze(headers)
}
