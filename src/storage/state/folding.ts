/**
 * Which rows of a journal go into the tree next. A hand, like that of a clock, goes round over all keys in order, and
 * each commit moves it on a little: rows that lie together in the tree are written together, once for all changes since
 * the last round.
 */
import { keyAfter } from '../keys.ts'
import type { JournalRows } from './journal-rows.ts'

const noBytes = Buffer.alloc(0)

/** Rows that are to be folded, in the order of their keys: their entries among the rows of their partition. */
export interface FoldedRows {
  readonly rows: JournalRows
  readonly entries: readonly number[]
}

export class Folding {
  readonly #partitions: ReadonlyMap<number, JournalRows>
  #partition = 0
  /** Where the hand is. */
  #from: Buffer = noBytes
  #owed = 0

  constructor(partitions: ReadonlyMap<number, JournalRows>) {
    this.#partitions = partitions
  }

  /** Goes on after a row. */
  moveTo(partition: number, key: Buffer): void {
    this.#partition = partition
    this.#from = keyAfter(key)
  }

  forget(): void {
    this.#partition = 0
    this.#from = noBytes
  }

  /** Whole rows out of parts of rows: what is left over counts the next time. */
  due(rows: number): number {
    this.#owed += rows
    const whole = Math.floor(this.#owed)
    this.#owed -= whole
    return whole
  }

  /** Up to `count` rows, fewer when there are not as many. */
  next(count: number): FoldedRows[] {
    let rowCount = 0
    for (const rows of this.#partitions.values()) rowCount += rows.count
    const found: FoldedRows[] = []
    for (let left = Math.min(count, rowCount); left > 0;) {
      const rows = this.#partitions.get(this.#partition)
      const entries = rows?.between(this.#from, undefined, left, false) ?? []
      left -= entries.length
      const last = entries.at(-1)
      if (rows !== undefined && last !== undefined) {
        found.push({ rows, entries })
        this.#from = keyAfter(rows.key(last))
      }
      if (left === 0) break
      this.#partition = this.#after(this.#partition)
      this.#from = noBytes
    }
    return found
  }

  #after(partition: number): number {
    let [first, next] = [Infinity, Infinity]
    for (const one of this.#partitions.keys()) {
      if (one < first) first = one
      if (one > partition && one < next) next = one
    }
    return Number.isFinite(next) ? next : Number.isFinite(first) ? first : 0
  }
}
