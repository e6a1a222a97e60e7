/**
 * What `consume` prints for a record: a line by a format, or a JSON object.
 */
import { escaped } from '../core/escaped.ts'
import type { LogRecord } from '../core/record.ts'
import { UsageError } from './exit-codes.ts'
import { plain } from '../inspect/json.ts'
import type { Reader } from './options.ts'
import type { Form } from '../inspect/record-form.ts'

/** A record as it is read: its bytes are looked at only as far as they are shown. */
export type RawRecord = LogRecord<Uint8Array | null, Uint8Array | null>

/** How keys and values of a topic are read. */
export interface Forms {
  readonly key: Form
  readonly value: Form
}

/** What a piece of a format gives for a record. */
type Piece = (record: RawRecord, forms: Forms, form: LineForm) => string

export interface LineForm {
  readonly time: (ms: number) => string
  /** For a terminal: it must not obey what records hold. */
  readonly isTerminal: boolean
}

/** A format that was checked. */
export interface Format {
  readonly pieces: readonly (string | Piece)[]
}

/** What the help says about formats; kcat's letters. */
export const formatGrammar =
  '%k key, %v value, %t topic, %p partition, %o offset, %T time in ms, %d time, %h headers, %%; \\n \\t \\0'

const letters: Readonly<Record<string, Piece>> = {
  k: (record, forms, form) => harmless(shownKey(record, forms), form),
  v: (record, forms, form) => harmless(shownValue(record, forms), form),
  s: (record, forms, form) => harmless(shownValue(record, forms), form),
  t: ({ topic }) => topic,
  p: ({ partition }) => String(partition),
  o: ({ offset }) => String(offset),
  T: ({ timestamp }) => String(timestamp),
  d: ({ timestamp }, _, { time }) => time(timestamp),
  h: ({ headers }, _, form) =>
    harmless(headers.map(({ key, value }) => `${key}=${value === null ? 'null' : textOf(value)}`).join(','), form),
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0', '\\': '\\' }

/** A line each, unless the format ends it itself. */
export const format: Reader<Format> = (text) => {
  const pieces: (string | Piece)[] = []
  for (const [part, letter, escape] of text.matchAll(/%(.|$)|\\(.|$)|[^%\\]+/gsu)) {
    if (letter === '%') pieces.push('%')
    else if (letter !== undefined) pieces.push(pieceOf(letter))
    else if (escape !== undefined) pieces.push(escapeOf(escape))
    else pieces.push(part)
  }
  if (!/\\[n0]$/.test(text)) pieces.push('\n')
  return { pieces }
}

function pieceOf(letter: string): Piece {
  const piece = Object.hasOwn(letters, letter) ? letters[letter] : undefined
  if (piece !== undefined) return piece
  throw new UsageError(`A format has no %${letter}: ${formatGrammar}.`)
}

function escapeOf(letter: string): string {
  const character = Object.hasOwn(escapes, letter) ? escapes[letter] : undefined
  if (character !== undefined) return character
  throw new UsageError(`A format has no \\${letter}: ${formatGrammar}.`)
}

export function shownKey({ key }: RawRecord, forms: Forms): string {
  return key === null ? 'null' : forms.key.text(key)
}

export function shownValue({ value }: RawRecord, forms: Forms): string {
  return value === null ? 'null' : forms.value.text(value)
}

export function formattedLine({ pieces }: Format, record: RawRecord, forms: Forms, form: LineForm): string {
  let line = ''
  for (const piece of pieces) line += typeof piece === 'string' ? piece : piece(record, forms, form)
  return line
}

/** What `produce --json` takes again. */
export function recordJson(record: RawRecord, { key, value }: Forms): string {
  const headers = record.headers.length === 0 ? '' : `,"headers":${JSON.stringify(plain(record.headers))}`
  return (
    `{"topic":"${record.topic}","partition":${record.partition},"offset":${record.offset},` +
    `"timestamp":${record.timestamp},"key":${record.key === null ? 'null' : key.json(record.key)},` +
    `"value":${record.value === null ? 'null' : value.json(record.value)}${headers}}`
  )
}

function harmless(text: string, { isTerminal }: LineForm): string {
  return isTerminal ? escaped(text) : text
}

function textOf(bytes: Uint8Array): string {
  const text = plain(bytes)
  return typeof text === 'string' ? text : JSON.stringify(text)
}
