/**
 * The rows of each key in the newest segments of a store, all of them, so that asking for those of one key over a span
 * of time reads nothing from the disk.
 *
 * Segments that begin after the first question are complete here: every row that is put goes through the store. When
 * rows are dropped from memory, what is known is forgotten, and it begins again with the next segment.
 */
import type { KeyLayout } from './layout.ts'
import type { OrderedStateRow } from './ordered-row.ts'

/** With no more segments than this in a span, each is tried. */
const segmentsTriedMax = 8

type Segment<V> = Map<string, OrderedStateRow<V>[]>

export class RecentRows<V> {
  readonly #layout: KeyLayout
  readonly #segments = new Map<number, Segment<V>>()
  /** The number of the newest segment with a row. */
  #newest: number
  /** Segments from this one on are complete. */
  #completeFrom: number

  /** @param newest the newest segment that has a row now; -1: none */
  constructor(layout: KeyLayout, newest: number) {
    this.#layout = layout
    this.#newest = newest
    this.#completeFrom = newest + 1
  }

  /** Whether all rows of these segments are known here. */
  isCompleteFrom(segment: number): boolean {
    return segment >= this.#completeFrom
  }

  /** Lists a row that was put. */
  add(row: OrderedStateRow<V>): void {
    const { front } = row
    if (front > this.#newest) this.#newest = front
    if (row.isGathered || front < this.#completeFrom) return
    let rows = this.#segments.get(front)
    if (rows === undefined) this.#segments.set(front, (rows = new Map<string, OrderedStateRow<V>[]>()))
    const keyText = this.#layout.commonKeyOf(row.text)
    const ofKey = rows.get(keyText)
    row.isGathered = true
    if (ofKey === undefined) rows.set(keyText, [row])
    else insert(ofKey, row)
  }

  /**
   * The rows of a key that are there, in order; asked only about complete segments.
   *
   * @param keyText as the layout writes it into stored keys
   */
  rowsOf(keyText: string, fromTime: number, toTime: number, turn: number): OrderedStateRow<V>[] {
    const layout = this.#layout
    const found: OrderedStateRow<V>[] = []
    for (const segment of this.#between(layout.front(fromTime), Math.min(layout.front(toTime), this.#newest))) {
      const rows = this.#segments.get(segment)
      const ofKey = rows?.get(keyText)
      if (rows === undefined || ofKey === undefined) continue
      let at = firstFrom(ofKey, fromTime)
      let kept = at
      for (; at < ofKey.length; at++) {
        const row = ofKey[at] as OrderedStateRow<V>
        if (row.at > toTime) break
        if (row.exists) found.push(row)
        // What is gone is taken off the list, unless undoing the turn can bring it back.
        if (row.exists || row.turn === turn) ofKey[kept++] = row
        else row.isGathered = false
      }
      if (kept < at) ofKey.splice(kept, at - kept)
      if (ofKey.length === 0) rows.delete(keyText)
    }
    return found
  }

  /** The segments with rows in a span, which may be much longer. */
  #between(first: number, last: number): readonly number[] {
    if (last - first < segmentsTriedMax)
      return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at)
    return [...this.#segments.keys()].filter((known) => known >= first && known <= last).toSorted((a, b) => a - b)
  }

  /** Rows may have been dropped from memory. */
  forget(): void {
    for (const segment of this.#segments.values()) {
      for (const rows of segment.values()) for (const row of rows) row.isGathered = false
    }
    this.#segments.clear()
    this.#completeFrom = this.#newest + 1
  }

  /** Segments before this one have expired. */
  dropBefore(segment: number): void {
    for (const known of this.#segments.keys()) if (known < segment) this.#segments.delete(known)
  }
}

function insert<V>(rows: OrderedStateRow<V>[], row: OrderedStateRow<V>): void {
  let at = rows.length
  while (at > 0 && (rows[at - 1] as OrderedStateRow<V>).text > row.text) at--
  if (at === rows.length) rows.push(row)
  else rows.splice(at, 0, row)
}

/** Where the rows begin that are not before this time: a key may have many in a segment. */
function firstFrom<V>(rows: readonly OrderedStateRow<V>[], time: number): number {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rows[middle] as OrderedStateRow<V>).at < time) low = middle + 1
    else high = middle
  }
  return low
}
