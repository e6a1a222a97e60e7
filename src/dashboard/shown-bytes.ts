/**
 * Keys and values as the page gets them: text by the serde of their topic, never longer than is shown.
 */
import type { LogRecord } from '../core/record.ts'
import { shortened } from '../core/shown.ts'
import { hexOf, plain } from '../inspect/json.ts'
import { type Form, formOf } from '../inspect/record-form.ts'
import type { FullBytes, FullRecordView, RecordView, Shown } from './views.ts'

/** A record whose bytes are looked at only as far as they are shown. */
export type RawRecord = LogRecord<Uint8Array | null, Uint8Array | null>

export interface Forms {
  readonly key: Form
  readonly value: Form
}

const lineCharsMax = 400
/** What one record may take in full; more is cut, and says so. */
const fullBytesMax = 256 * 1_024
const hexBytesMax = 4_096
/** Deeper than anyone folds out; what is deeper is shown as text. */
const nestingMax = 100

export function formsOf(serdes: { readonly key: string; readonly value: string } | undefined | null): Forms {
  return { key: formOf(serdes?.key), value: formOf(serdes?.value) }
}

export function recordView({ partition, offset, timestamp, key, value, headers }: RawRecord, forms: Forms): RecordView {
  return {
    partition,
    offset,
    timestampMs: timestamp,
    key: shownLine(key, forms.key),
    value: shownLine(value, forms.value),
    headers: headers.length,
  }
}

export function fullRecordView(record: RawRecord, forms: Forms): FullRecordView {
  const { topic, partition, offset, timestamp, key, value, headers } = record
  return {
    topic,
    partition,
    offset,
    timestampMs: timestamp,
    key: fullBytes(key, forms.key),
    value: fullBytes(value, forms.value),
    headers: headers.map((header) => ({ key: header.key, value: header.value === null ? null : textOf(header.value) })),
  }
}

/** A few bytes more than fit into the line are enough to make it, unless the form needs all of them. */
export function shownLine(bytes: Uint8Array | null, form: Form): Shown {
  if (bytes === null) return { text: null, bytes: 0, isCut: false }
  const text = form.text(bytes)
  return { text: shortened(text, lineCharsMax), bytes: bytes.length, isCut: text.length > lineCharsMax }
}

function fullBytes(bytes: Uint8Array | null, form: Form): FullBytes {
  if (bytes === null) return { text: null, bytes: 0, isCut: false, hex: '' }
  const text = form.text(bytes)
  const isCut = text.length > fullBytesMax
  const shown = { text: shortened(text, fullBytesMax), bytes: bytes.length, isCut }
  const hex = hexOf(bytes.subarray(0, hexBytesMax))
  const json = isCut ? undefined : form.json(bytes)
  if (json === undefined || nestingOf(json) > nestingMax) return { ...shown, hex }
  return { ...shown, hex, json: JSON.parse(json) as unknown }
}

/** How deep the lists and objects of JSON are in each other: to write them, or to draw them, takes as much stack. */
function nestingOf(json: string): number {
  let [depth, deepest] = [0, 0]
  // Brackets in text are none: text is passed over whole.
  for (const [token] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++depth)
    else if (token === ']' || token === '}') depth--
  }
  return deepest
}

/** Any value as text: as it is, or as JSON. */
export function textOf(value: unknown): string {
  const shown = plain(value)
  return typeof shown === 'string' ? shown : JSON.stringify(shown)
}
