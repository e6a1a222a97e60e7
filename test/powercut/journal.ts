// What recorder.c wrote down: every write and flush of the data file, and every acknowledgement between them.
import { readFileSync } from 'node:fs'

export type Entry =
  | { readonly kind: 'write'; readonly durable: boolean; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: 'flush' }
  /** The file got its name; until then it was beside the log. */
  | { readonly kind: 'name' }
  | { readonly kind: 'flush of names' }
  | { readonly kind: 'acknowledgement'; readonly line: string }

export type Journal = readonly Entry[]

const headBytes = 24

export function readJournal(path: string): Journal {
  const journal = readFileSync(path)
  const entries: Entry[] = []
  for (let at = 0; at < journal.length;) {
    const [kind = 0, offset = 0, length = 0] = [0, 8, 16].map((field) => Number(journal.readBigUInt64LE(at + field)))
    at += headBytes
    entries.push(entryOf(kind, offset, journal.subarray(at, at + length)))
    at += length
  }
  return entries
}

function entryOf(kind: number, offset: number, bytes: Buffer): Entry {
  if (kind === 1 || kind === 2) return { kind: 'write', durable: kind === 2, offset, bytes }
  if (kind === 3) return { kind: 'flush' }
  if (kind === 5) return { kind: 'name' }
  if (kind === 6) return { kind: 'flush of names' }
  if (kind === 4) return { kind: 'acknowledgement', line: bytes.toString().trim() }
  throw new Error(`an entry of the journal has the kind ${kind}`)
}

/** What the program had promised by some moment. */
export interface Promised {
  /** Input records that are acknowledged. */
  imported: number
  /** Input records of which the counter has said that they are counted and committed. */
  counted: number
  /** The further topics by their names. */
  readonly scratch: Map<string, Scratch>
}

/** A topic that was filled, and may have been deleted. */
export interface Scratch {
  readonly records: number
  readonly is: 'there' | 'being deleted' | 'deleted'
}

/** The promises before this entry. */
export function promisedBefore(journal: Journal, point: number): Promised {
  const promised: Promised = { imported: 0, counted: 0, scratch: new Map() }
  for (const entry of journal.slice(0, point)) {
    if (entry.kind !== 'acknowledgement') continue
    const [what, first = '', second] = entry.line.split(' ')
    const records = promised.scratch.get(first)?.records ?? Number(second)
    if (what === 'imported') promised.imported = Number(first)
    else if (what === 'counted') promised.counted = Number(first)
    else if (what === 'filled') promised.scratch.set(first, { records, is: 'there' })
    else if (what === 'deleting') promised.scratch.set(first, { records, is: 'being deleted' })
    else if (what === 'deleted') promised.scratch.set(first, { records, is: 'deleted' })
    else if (what !== 'opened') throw new Error(`nobody knows what is promised by "${entry.line}"`)
  }
  return promised
}
