/**
 * The rows of each key in the newest segments of a store, all of them, so that asking for those of one key over a span
 * of time reads nothing from the disk.
 *
 * Segments that begin after the first question are complete here: every row that is put goes through the store. Rows
 * are objects until memory is short, and bytes from then on (packed-segment.ts). When these do not fit either, the
 * oldest segments are given up.
 */
import type { KeyLayout } from './layout.ts'
import type { OrderedStateRow } from './ordered-row.ts'
import { PackedSegment } from './packed-segment.ts'

/** With no more segments than this in a span, each is tried. */
const segmentsTriedMax = 8

interface Segment<V> {
  /** By key. A row that is here is also known by its stored key, and counts in place of the one in `packed`. */
  readonly rows: Map<string, OrderedStateRow<V>[]>
  readonly packed: PackedSegment
}

/** The row of a stored key and value: the one that is in memory, or else a new one. */
export type RowMaker<V> = (front: number, text: string, value: Buffer) => OrderedStateRow<V>

export class RecentRows<V> {
  readonly #layout: KeyLayout
  readonly #rowOf: RowMaker<V>
  readonly #segments = new Map<number, Segment<V>>()
  /** The number of the newest segment with a row. */
  #newest: number
  /** Segments from this one on are complete. */
  #completeFrom: number
  #bytes = 0

  /** @param newest the newest segment that has a row now; -1: none */
  constructor(layout: KeyLayout, newest: number, rowOf: RowMaker<V>) {
    this.#layout = layout
    this.#rowOf = rowOf
    this.#newest = newest
    this.#completeFrom = newest + 1
  }

  /** What the packed rows take. */
  get bytes(): number {
    return this.#bytes
  }

  #recount(): void {
    this.#bytes = 0
    for (const { packed } of this.#segments.values()) this.#bytes += packed.bytes
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
    let segment = this.#segments.get(front)
    if (segment === undefined) {
      segment = { rows: new Map(), packed: new PackedSegment(this.#layout.commonKeyPlace) }
      this.#segments.set(front, segment)
    }
    const keyText = this.#layout.commonKeyOf(row.text)
    const ofKey = segment.rows.get(keyText)
    row.isGathered = true
    if (ofKey === undefined) segment.rows.set(keyText, [row])
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
    for (const front of this.#between(layout.front(fromTime), Math.min(layout.front(toTime), this.#newest))) {
      const segment = this.#segments.get(front)
      if (segment === undefined) continue
      gather(segment, keyText, fromTime, toTime, turn, found)
      if (!segment.packed.isEmpty) this.#unpack(front, segment, keyText, fromTime, toTime, found)
    }
    return found
  }

  #unpack(
    front: number,
    { packed }: Segment<V>,
    keyText: string,
    fromTime: number,
    toTime: number,
    found: OrderedStateRow<V>[],
  ): void {
    packed.visit(keyText, (text, value) => {
      const at = this.#layout.timeOfText(text)
      if (at < fromTime || at > toTime) return
      const row = this.#rowOf(front, text, value)
      if (row.exists && !row.isGathered) insert(found, row)
    })
  }

  /** The value of a row that is packed; asked only about complete segments. */
  find(front: number, text: string): Buffer | undefined {
    return this.#segments.get(front)?.packed.find(text)
  }

  /** A commit has removed a row. */
  removed({ front, text }: OrderedStateRow<V>): void {
    const packed = this.#segments.get(front)?.packed
    if (packed?.isEmpty === false) packed.remove(text)
  }

  /** The segments with rows in a span, which may be much longer. */
  #between(first: number, last: number): readonly number[] {
    if (last - first < segmentsTriedMax)
      return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at)
    return [...this.#segments.keys()].filter((known) => known >= first && known <= last).toSorted((a, b) => a - b)
  }

  /** After a commit: keeps the rows as bytes, because they are about to be dropped from memory. */
  pack(): void {
    for (const { rows, packed } of this.#segments.values()) {
      for (const ofKey of rows.values()) {
        for (const row of ofKey) {
          row.isGathered = false
          if (row.exists) packed.put(row.text, row.encode())
        }
      }
      rows.clear()
      packed.trim()
    }
    this.#recount()
  }

  /** Gives up the oldest segment, which is asked for least; false when there is none. */
  forget(): boolean {
    const oldest = Math.min(...this.#segments.keys())
    const segment = this.#segments.get(oldest)
    if (segment === undefined) return false
    for (const ofKey of segment.rows.values()) for (const row of ofKey) row.isGathered = false
    this.#segments.delete(oldest)
    this.#completeFrom = Math.max(this.#completeFrom, oldest + 1)
    this.#recount()
    return true
  }

  /** Segments before this one have expired. */
  dropBefore(segment: number): void {
    for (const known of this.#segments.keys()) if (known < segment) this.#segments.delete(known)
    this.#recount()
  }
}

/** Adds the rows of a key that are objects to those that are found. */
function gather<V>(
  { rows }: Segment<V>,
  keyText: string,
  fromTime: number,
  toTime: number,
  turn: number,
  found: OrderedStateRow<V>[],
): void {
  const ofKey = rows.get(keyText)
  if (ofKey === undefined) return
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
