/**
 * Which rows of a journal go into the tree next. A hand, like that of a clock, goes round over all keys in order, and
 * each commit moves it on a little: rows that lie together in the tree are written together, once for all changes since
 * the last round.
 */
import { keyAfter } from '../keys.ts'
import type { JournalRows } from './journal-rows.ts'

/** A queue holds about this share of the rows. */
const queueShare = 1 / 4
const queueRowsMin = 1_024

const noBytes = Buffer.alloc(0)
const noEntries = new Int32Array(0)

/** A row that is to be folded: its entry among the rows of its partition. */
export interface FoldedRow {
  readonly rows: JournalRows
  readonly entry: number
}

export class Folding {
  readonly #partitions: ReadonlyMap<number, JournalRows>
  #partition = 0
  /** Where the next queue begins. */
  #from: Buffer = noBytes
  /** The next rows in the order of keys; any of them may be gone by then. */
  #queue: Int32Array = noEntries
  #queueAt = 0
  #queueRows: JournalRows | undefined
  #owed = 0

  constructor(partitions: ReadonlyMap<number, JournalRows>) {
    this.#partitions = partitions
  }

  /** Goes on after a row. */
  moveTo(partition: number, key: Buffer): void {
    this.#partition = partition
    this.#from = keyAfter(key)
    this.#queue = noEntries
    this.#queueAt = 0
  }

  forget(): void {
    this.moveTo(0, noBytes)
    this.#from = noBytes
    this.#queueRows = undefined
  }

  /** Whole rows out of parts of rows: what is left over counts the next time. */
  due(rows: number): number {
    this.#owed += rows
    const whole = Math.floor(this.#owed)
    this.#owed -= whole
    return whole
  }

  /** Up to `count` rows, fewer when there are not as many. */
  *next(count: number): Generator<FoldedRow, undefined> {
    let rowCount = 0
    for (const rows of this.#partitions.values()) rowCount += rows.count
    for (let left = Math.min(count, rowCount); left > 0;) {
      if (this.#queueAt >= this.#queue.length && !this.#fill(rowCount)) return undefined
      const entry = this.#queue[this.#queueAt++] as number
      const rows = this.#queueRows
      if (rows?.isUsed(entry) !== true) continue
      left--
      yield { rows, entry }
    }
    return undefined
  }

  /** Makes the next queue; false when there are no rows. */
  #fill(rowCount: number): boolean {
    const wanted = Math.max(queueRowsMin, Math.ceil(rowCount * queueShare))
    for (let tries = 0; tries <= this.#partitions.size; tries++) {
      const rows = this.#partitions.get(this.#partition)
      const entries = rows === undefined ? noEntries : rows.smallest(this.#from, wanted)
      const last = entries.at(-1)
      if (rows !== undefined && last !== undefined) {
        this.#from = keyAfter(rows.key(last))
        this.#queue = entries
        this.#queueAt = 0
        this.#queueRows = rows
        return true
      }
      this.#partition = this.#after(this.#partition)
      this.#from = noBytes
    }
    return false
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
