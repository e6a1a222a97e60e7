/**
 * Which rows of a journal go into the tree next. A hand, like that of a clock, goes round over all keys in order, and
 * each commit moves it on a little: rows that lie together in the tree are written together, once for all changes since
 * the last round.
 */
import { keyAfter } from '../keys.ts'
import type { Hand } from './hand.ts'
import type { JournalRows } from './journal-rows.ts'

const noBytes = Buffer.alloc(0)

/** Rows that are to be folded, in the order of their keys: their entries among the rows of their partition. */
export interface FoldedRows {
  readonly rows: JournalRows
  readonly entries: readonly number[]
}

/** Rows that are due, and where the hand is once they are folded. */
export interface FoldedPart {
  readonly folded: readonly FoldedRows[]
  readonly hand: Hand
}

export class Folding {
  readonly #partitions: ReadonlyMap<number, JournalRows>
  #owed = 0

  constructor(partitions: ReadonlyMap<number, JournalRows>) {
    this.#partitions = partitions
  }

  /** Whole rows out of parts of rows: what is left over counts the next time. */
  due(rows: number): number {
    this.#owed += rows
    const whole = Math.floor(this.#owed)
    this.#owed -= whole
    return whole
  }

  /** Up to `count` rows from where the hand is on, fewer when there are not as many. */
  next(before: Hand, count: number): FoldedPart {
    let rowCount = 0
    for (const rows of this.#partitions.values()) rowCount += rows.count
    const folded: FoldedRows[] = []
    let hand = before
    let { round, partition } = before
    let from = keyAfter(before.key)
    for (let left = Math.min(count, rowCount); left > 0;) {
      const rows = this.#partitions.get(partition)
      const entries = rows?.between(from, undefined, left, false) ?? []
      left -= entries.length
      const last = entries.at(-1)
      if (rows !== undefined && last !== undefined) {
        folded.push({ rows, entries })
        hand = { round, partition, key: rows.key(last) }
      }
      const next = this.#after(partition)
      if (next <= partition) round++
      partition = next
      from = noBytes
    }
    return { folded, hand }
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
