/**
 * What a write has put and removed so far. Nothing of it is in LMDB until the work of the write is done: then all of it
 * goes there at once, so that no code runs while LMDB's mutex for writers is held
 * (docs/decisions/0012-no-code-under-lmdbs-mutex.md).
 *
 * Reads of the work see it, as if it were stored already.
 */
import { type DatabaseName, databaseNames, type Entry } from './databases.ts'
import type { Change, PackedRows } from './packed-rows.ts'

export function isPacked(change: Change | PackedRows): change is PackedRows {
  return !('key' in change)
}

export class PendingRows {
  readonly #changes = Object.fromEntries(databaseNames.map((name) => [name, new Changes()])) as Record<
    DatabaseName,
    Changes
  >
  #count = 0

  /** How many changes there are. */
  get count(): number {
    return this.#count
  }

  /** Keeps key and bytes as they are, not copies. */
  add(database: DatabaseName, key: Buffer, stored: Buffer | undefined): void {
    this.#count++
    this.#changes[database].add(key, stored)
  }

  /** Keeps these as they are until {@link clear}; they do not change until then. */
  addAll(database: DatabaseName, rows: PackedRows): void {
    if (rows.count === 0) return
    this.#count += rows.count
    this.#changes[database].addAll(rows)
  }

  /** All changes of a database, in the order that they were made. */
  of(database: DatabaseName): readonly (Change | PackedRows)[] {
    return this.#changes[database].all
  }

  /** The last change of a row; undefined when there is none. */
  find(database: DatabaseName, key: Uint8Array): Change | undefined {
    return this.#count === 0 ? undefined : this.#changes[database].find(key)
  }

  /** The last change of each row with from <= key < to, in the order of their keys. */
  within(database: DatabaseName, from: Uint8Array, to: Uint8Array): readonly Change[] {
    return this.#count === 0 ? [] : this.#changes[database].within(from, to)
  }

  clear(): void {
    if (this.#count === 0) return
    this.#count = 0
    for (const name of databaseNames) this.#changes[name].clear()
  }
}

/** Those of one database. The index is made when something is read, which most writes never do. */
class Changes {
  #all: (Change | PackedRows)[] = []
  /** How many of them are in the index. */
  #indexed = 0
  readonly #latest = new Map<string, Change>()
  /** The keys of `#latest`; sorted when a range is asked for. */
  #sorted: string[] = []
  #isSorted = true

  get all(): readonly (Change | PackedRows)[] {
    return this.#all
  }

  add(key: Buffer, stored: Buffer | undefined): void {
    this.#all.push({ key, stored })
  }

  addAll(rows: PackedRows): void {
    this.#all.push(rows)
  }

  find(key: Uint8Array): Change | undefined {
    if (this.#all.length === 0) return undefined
    this.#index()
    return this.#latest.get(orderOf(key))
  }

  within(from: Uint8Array, to: Uint8Array): readonly Change[] {
    if (this.#all.length === 0) return []
    this.#index()
    if (!this.#isSorted) this.#sorted.sort(byCodeUnit)
    this.#isSorted = true
    const found: Change[] = []
    const end = orderOf(to)
    for (let at = firstFrom(this.#sorted, orderOf(from)); at < this.#sorted.length; at++) {
      const order = this.#sorted[at] as string
      if (order >= end) break
      found.push(this.#latest.get(order) as Change)
    }
    return found
  }

  #index(): void {
    for (; this.#indexed < this.#all.length; this.#indexed++) {
      const one = this.#all[this.#indexed] as Change | PackedRows
      if (!isPacked(one)) this.#note(one)
      else for (const change of one.changes()) this.#note(change)
    }
  }

  #note(change: Change): void {
    const order = orderOf(change.key)
    if (!this.#latest.has(order)) {
      // Who removes a range page by page asks after each: what comes in order needs no sorting again.
      this.#isSorted &&= order > (this.#sorted.at(-1) ?? '')
      this.#sorted.push(order)
    }
    this.#latest.set(order, change)
  }

  clear(): void {
    if (this.#all.length === 0) return
    this.#all = []
    this.#indexed = 0
    this.#latest.clear()
    this.#sorted = []
    this.#isSorted = true
  }
}

/** A string that has the order of the bytes. */
function orderOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Where the first that is not less stands. */
function firstFrom(sorted: readonly string[], order: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as string) < order) low = middle + 1
    else high = middle
  }
  return low
}

/** Rows of the file, in the order of their keys, as they are once the changes of the same range are made. */
export function withChanges(rows: readonly Entry[], changes: readonly Change[]): Entry[] {
  const merged: Entry[] = []
  let at = 0
  for (const { key, stored } of changes) {
    while (at < rows.length && Buffer.compare((rows[at] as Entry).key, key) < 0) merged.push(rows[at++] as Entry)
    if (at < rows.length && (rows[at] as Entry).key.equals(key)) at++
    if (stored !== undefined) merged.push({ key, value: Buffer.from(stored) })
  }
  while (at < rows.length) merged.push(rows[at++] as Entry)
  return merged
}
