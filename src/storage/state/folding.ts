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

/** A journal need not be larger than this many times the newest versions of its rows; the rest are older ones. */
const versionsKept = 8
const smallJournalBytes = 262_144
/** How many times the journal may fill until rows that have been folded, and not changed since, are forgotten. */
const fillsRemembered = 4

export class Folding {
  readonly #partitions: ReadonlyMap<number, JournalRows>
  #owed = 0
  /** What the newest versions of rows that change take, with those that the hand has just passed. */
  #newestBytes = 0

  constructor(partitions: ReadonlyMap<number, JournalRows>) {
    this.#partitions = partitions
  }

  /** A journal that is opened is not too large for what changes in it: how much that is shows later. */
  opened(journalBytes: number): void {
    this.#newestBytes = Math.max(this.#newestBytes, journalBytes / versionsKept)
  }

  /**
   * How many rows a commit folds. The fuller the journal, the faster: while rows change at random, folding twice as
   * many rows as there are, each time that it would fill, keeps it as it is. Rows that change all the time cause no
   * work before it is rather full.
   *
   * @param journalBytesMax how large it may become, whatever is in it
   */
  due(appendedBytes: number, journalBytes: number, journalBytesMax: number): number {
    let [rowCount, liveBytes] = [0, 0]
    for (const rows of this.#partitions.values()) {
      rowCount += rows.count
      liveBytes += rows.liveBytes
    }
    // Rows that are folded are no longer live. If that made the journal too large at once, folding would go faster and
    // faster, until one commit folds nearly all rows.
    const forgotten = Math.min(1, appendedBytes / (fillsRemembered * Math.max(1, journalBytes)))
    this.#newestBytes = Math.max(liveBytes, this.#newestBytes * (1 - forgotten))
    const bound = Math.min(journalBytesMax, Math.max(smallJournalBytes, versionsKept * this.#newestBytes))
    // What is left over of a row counts the next time.
    this.#owed += 2 * rowCount * (appendedBytes / bound) * (journalBytes / bound) ** 3
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
