/**
 * Shows any value in a message: short, on one line, with every invisible character escaped. It never throws, whatever
 * the value does when it is inspected.
 *
 * Messages end up in terminals and log files. A name, a key or another program's message may contain control characters
 * that rewrite the terminal, or line breaks that forge a line of the log.
 */
import { inspect } from 'node:util'
import { escaped } from './escaped.ts'

const shownCharsMax = 100
/** An object with more fields is shown only by its kind: formatting them all takes long, and few would be shown. */
const shownFieldsMax = 50

/** Any value as a message quotes it, strings in double quotes. It never throws. */
export function shown(value: unknown): string {
  try {
    return shortened(escaped(describe(value)), shownCharsMax)
  } catch {
    return 'a value that throws when it is looked at'
  }
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, shownCharsMax + 1))
  if (value instanceof Error) return `${value.name}: ${value.message}`
  return inspect(value, {
    depth: hasManyFields(value) ? -1 : 0,
    customInspect: false,
    maxArrayLength: 8,
    maxStringLength: shownCharsMax,
    breakLength: Number.POSITIVE_INFINITY,
  })
}

function hasManyFields(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return false
  return Object.keys(value).length > shownFieldsMax
}

const shownBytesMax = 64

/** Stored bytes in quotes, one character for each. */
export function shownBytes(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, shownBytesMax)).toString('latin1')
  const quoted = text.replaceAll(/["\\]/g, String.raw`\$&`)
  return `"${escaped(quoted)}"${bytes.length > shownBytesMax ? '…' : ''}`
}

/** The text, cut where it is longer than this. */
export function shortened(text: string, charsMax: number): string {
  return text.length > charsMax ? `${text.slice(0, charsMax)}…` : text
}
