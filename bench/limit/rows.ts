/**
 * Rows of state by hand: plain objects in memory, written to LMDB with each commit, once for each that has changed.
 */
import type { Tables } from './tables.ts'

/** About what millrace keeps in 64 MiB. */
const rowsMax = 120_000

/** A row in memory, with the key that it has on disk. */
export class Row {
  readonly key: Buffer
  /** By which it expires. */
  readonly time: number
  value = 0
  timestamp = -1
  isDirty = false
  isRemoved = false
  isStored = false

  constructor(key: Buffer, time = 0) {
    this.key = key
    this.time = time
  }
}

/** Rows that have changed since the last commit. */
export class ChangedRows {
  readonly #value = Buffer.alloc(16)
  #dirty: Row[] = []

  set(row: Row, value: number, timestamp: number): void {
    row.value = value
    row.timestamp = timestamp
    this.#change(row)
  }

  remove(row: Row): void {
    row.isRemoved = true
    this.#change(row)
  }

  #change(row: Row): void {
    if (row.isDirty) return
    row.isDirty = true
    this.#dirty.push(row)
  }

  /** @param keptFrom rows before this have expired: the commit removes them, and need not write them first */
  write({ state }: Tables, keptFrom = 0): void {
    for (const row of this.#dirty) {
      row.isDirty = false
      if (row.time < keptFrom) continue
      if (row.isRemoved) {
        if (row.isStored) state.removeSync(row.key)
        continue
      }
      this.#value.writeDoubleBE(row.timestamp, 0)
      this.#value.writeDoubleBE(row.value, 8)
      state.putSync(row.key, this.#value)
      row.isStored = true
    }
    this.#dirty = []
  }
}

/** The key of a row on disk: by kind, by the times that it is ordered by, then by name. */
export function keyOf(kind: number, name: string, ...times: readonly number[]): Buffer {
  const key = Buffer.allocUnsafe(1 + 8 * times.length + name.length)
  key[0] = kind
  let at = 1
  for (const time of times) at = key.writeDoubleBE(time, at)
  key.write(name, at, 'latin1')
  return key
}

/** Removes the rows of a kind whose first time is in a span. */
export function removeBetween({ state }: Tables, kind: number, from: number, to: number): void {
  const range = { start: keyOf(kind, '', from), end: keyOf(kind, '', to) }
  for (const key of Array.from(state.getKeys(range))) state.removeSync(key)
}

/** The row of each name: those that do not fit into memory are read from the disk again. */
export class Table {
  readonly #tables: Tables
  readonly #changed: ChangedRows
  readonly #kind: number
  #rows = new Map<string, Row>()

  constructor(tables: Tables, changed: ChangedRows, kind: number) {
    this.#tables = tables
    this.#changed = changed
    this.#kind = kind
  }

  /** A row that was never put has a timestamp of -1. */
  row(name: string): Row {
    let row = this.#rows.get(name)
    if (row === undefined) this.#rows.set(name, (row = this.#read(keyOf(this.#kind, name))))
    return row
  }

  #read(key: Buffer): Row {
    const row = new Row(key)
    const stored = this.#tables.state.getBinary(key)
    if (stored === undefined) return row
    row.timestamp = stored.readDoubleBE(0)
    row.value = stored.readDoubleBE(8)
    row.isStored = true
    return row
  }

  put(name: string, value: number, timestamp: number): void {
    this.#changed.set(this.row(name), value, timestamp)
  }

  /** After a commit. */
  makeRoom(): void {
    if (this.#rows.size > rowsMax) this.#rows = new Map()
  }
}
