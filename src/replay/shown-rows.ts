/**
 * Stored bytes as a sample shows them: plain data, decoded where the serde is known.
 */
import { codecNamed } from '../core/named-serde.ts'
import type { Codec } from '../core/serde.ts'
import { shownBytes } from '../core/shown.ts'
import { shownValue } from '../core/with-headers.ts'
import type { Header } from '../core/headers.ts'
import type { OutputRecord } from '../log/outputs/output-record.ts'
import type { ComparedValue } from './comparison-face.ts'

/** How the bytes of one store or topic are shown. */
export interface ShownSerdes {
  readonly key: Codec<unknown> | undefined
  readonly value: Codec<unknown> | undefined
}

export function serdesNamed(names: { readonly key: string; readonly value: string } | undefined): ShownSerdes {
  return { key: names && codecNamed(names.key), value: names && codecNamed(names.value) }
}

/** A key, or whatever else is no value. */
export function shownPart(bytes: Buffer, codec: Codec<unknown> | undefined): unknown {
  const decoded = decodedOr(bytes, codec)
  return decoded === undefined ? shownBytes(bytes) : plain(decoded)
}

export function shownStored(bytes: Buffer, codec: Codec<unknown> | undefined, timestamp: number): ComparedValue {
  const decoded = decodedOr(bytes, codec)
  if (decoded === undefined || codec === undefined) return { value: shownBytes(bytes), timestamp }
  const { value, headers = [] } = shownValue(decoded, codec)
  return { value: plain(value), timestamp, ...shownHeaders(headers) }
}

function shownHeaders(headers: readonly Header[]): Pick<ComparedValue, 'headers'> {
  if (headers.length === 0) return {}
  return { headers: headers.map(({ key, value }) => ({ key, value: value === null ? null : shownBytes(value) })) }
}

export function shownRecord(record: OutputRecord | undefined, { value: codec }: ShownSerdes): ComparedValue | null {
  if (record === undefined) return null
  const { value, timestamp, headers } = record
  const shown = value === null ? { value, timestamp } : shownStored(Buffer.from(value, 'latin1'), codec, timestamp)
  return { ...shown, ...shownHeaders(headers) }
}

/** Undefined where the serde is not known, or is another one of this name. */
function decodedOr(bytes: Buffer, codec: Codec<unknown> | undefined): unknown {
  try {
    return codec?.read(bytes, 0, bytes.length)
  } catch {
    return undefined // the bytes are shown instead
  }
}

/** What JSON can say of a value. */
function plain(value: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      return `${value}n`
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'object':
      if (value === null) return null
      if (value instanceof Uint8Array) return shownBytes(value)
      if (value instanceof Date) return value.toISOString()
      if (Array.isArray(value)) return value.map(plain)
      return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]))
    case 'string':
    case 'boolean':
      return value
    default:
      return String(value)
  }
}
