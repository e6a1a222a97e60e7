/**
 * The rows of each key in the newest segments of a store, all of them, so that asking for one, or for those of one key
 * over a span of time, reads nothing from the disk.
 *
 * Segments that are not stored yet at the first question are complete here: every row that is put goes through the
 * store. Those before them, which a restart leaves, are read as a whole when they have been asked for often enough. The
 * rows of complete segments are nowhere else in memory. They are objects until memory is short, and bytes from then on
 * (packed-segment.ts). When these do not fit either, the oldest segments are given up.
 */
import { bytesAsText } from '../core/text.ts'
import type { StoredRow } from '../storage/state-rows.ts'
import type { KeyLayout } from './layout.ts'
import { edgeOf, firstFrom, insert, isBefore } from './listed-rows.ts'
import type { OrderedStateRow } from './ordered-row.ts'
import { PackedSegment } from './packed-segment.ts'
import type { RowCache } from './row-cache.ts'

/** With no more segments than this in a span, each is tried. */
const segmentsTriedMax = 8
/** A segment is read as a whole when reading the rows of single keys has cost about as much. */
const questionsMin = 4_096

const noRows: readonly never[] = []

interface Segment<V> {
  /** By key, in the order of times and numbers. Some are gone. A row that is here counts, and not its packed form. */
  readonly rows: Map<string, OrderedStateRow<V>[]>
  /** Rows that are no longer on a list, but in the last commit: by their stored keys, until the next one. */
  readonly gone: Map<string, OrderedStateRow<V>>
  readonly packed: PackedSegment
}

/** The store that the rows are of. */
export interface RecentHome<V> {
  readonly layout: KeyLayout
  /** Counts what the rows take. Those of segments that are not complete are here. */
  readonly cache: RowCache<OrderedStateRow<V>>
  /** Makes the row of a stored value; the store does not know it yet. */
  rowOf(front: number, key: string, at: number, number: number, value: Buffer): OrderedStateRow<V>
  /** What the last commit has of a segment. */
  storedRows(front: number): Iterable<StoredRow>
  /** How much more may be kept in memory. */
  roomBytes(): number
}

export class RecentRows<V> {
  readonly #home: RecentHome<V>
  readonly #layout: KeyLayout
  readonly #cache: RowCache<OrderedStateRow<V>>
  readonly #segments = new Map<number, Segment<V>>()
  /** The number of the newest segment with a row. */
  #newest: number
  /** All rows with this time or a later one are here. */
  #completeFrom: number
  /** Segments before this one were given up, as a whole or in part. */
  #readableFrom = 0
  /** How many questions about segments that are not complete have to come until one is read. */
  #questionsMin = questionsMin
  #questions = 0
  #bytes = 0
  /** Which list was asked for last. */
  #lastSegment: Segment<V> | undefined
  #lastKey = ''
  #lastList: OrderedStateRow<V>[] | undefined

  /** @param newest the newest segment that has a row on the disk; -1: none */
  constructor(home: RecentHome<V>, newest: number) {
    this.#home = home
    this.#layout = home.layout
    this.#cache = home.cache
    this.#newest = newest
    this.#completeFrom = this.#layout.timeFrom(newest + 1)
    this.#takeRows(newest + 1)
  }

  /** What the cache has of segments that are complete from now on. */
  #takeRows(from: number): void {
    for (const row of this.#cache.takeFrom(from)) this.add(row)
  }

  /** Rows of this segment are about to be asked for, and it is not complete. */
  askedFor(front: number): void {
    const complete = this.#layout.front(this.#completeFrom)
    if (front < this.#readableFrom || complete - front > segmentsTriedMax || !this.isAskedOften()) return
    for (let next = complete - 1; next >= front && this.#read(next); next--);
  }

  /** Whether as many questions have come as make it worth while to read a segment. */
  isAskedOften(): boolean {
    if (++this.#questions < this.#questionsMin) return false
    this.#questions = 0
    return true
  }

  /** Reads the segment before those that are complete; false when there is no room for it now. */
  #read(front: number): boolean {
    const layout = this.#layout
    const packed = new PackedSegment(layout.isNumbered)
    const roomBytes = this.#home.roomBytes()
    for (const { key, value } of this.#home.storedRows(front)) {
      const text = bytesAsText(key, 0, key.length)
      packed.put(layout.commonKeyOf(text), layout.timeOfText(text), layout.numberOfText(text), value)
      if (packed.bytes <= roomBytes) continue
      this.#questionsMin *= 4
      return false
    }
    this.#segments.set(front, { rows: new Map(), gone: new Map(), packed })
    this.#completeFrom = layout.timeFrom(front)
    this.#recount()
    this.#takeRows(front)
    return true
  }

  /** What the packed rows take. */
  get bytes(): number {
    return this.#bytes
  }

  #recount(): void {
    this.#bytes = 0
    for (const { packed } of this.#segments.values()) this.#bytes += packed.bytes
  }

  /** The time from which on all rows are known here, and are nowhere else in memory. */
  get completeFrom(): number {
    return this.#completeFrom
  }

  /** Lists a row of a complete segment that is not listed. */
  add(row: OrderedStateRow<V>): void {
    const segment = this.#segments.get(row.front) ?? this.#begin(row.front)
    if (segment.gone.size > 0) segment.gone.delete(row.text)
    row.isGathered = true
    this.#cache.count(row)
    const ofKey = this.#ofKey(segment, row.key)
    if (ofKey === undefined) segment.rows.set(row.key, [row])
    else insert(ofKey, row)
  }

  #begin(front: number): Segment<V> {
    if (front > this.#newest) this.#newest = front
    const segment = { rows: new Map(), gone: new Map(), packed: new PackedSegment(this.#layout.isNumbered) }
    this.#segments.set(front, segment)
    return segment
  }

  /** The list of a key; several questions follow each other that need it. */
  #ofKey(segment: Segment<V>, key: string): OrderedStateRow<V>[] | undefined {
    if (this.#lastSegment === segment && this.#lastKey === key) return this.#lastList
    const list = segment.rows.get(key)
    if (list === undefined) return undefined
    this.#lastSegment = segment
    this.#lastKey = key
    this.#lastList = list
    return list
  }

  /** A row that is in memory as an object. */
  known(front: number, key: string, at: number, number: number): OrderedStateRow<V> | undefined {
    const segment = this.#segments.get(front)
    return segment && this.#known(segment, front, key, at, number)
  }

  #known(segment: Segment<V>, front: number, key: string, at: number, number: number): OrderedStateRow<V> | undefined {
    const ofKey = this.#ofKey(segment, key)
    const last = ofKey?.at(-1)
    if (ofKey !== undefined && last !== undefined && last.at >= at) {
      for (let i = firstFrom(ofKey, at); i < ofKey.length; i++) {
        const row = ofKey[i] as OrderedStateRow<V>
        if (row.at !== at) break
        if (row.number === number) return row
      }
    }
    const { gone } = segment
    return gone.size === 0 ? undefined : gone.get(this.#layout.textOf(front, key, at, number))
  }

  /** A row, whether it is there or was; undefined: it is not in the store. */
  find(front: number, key: string, at: number, number: number): OrderedStateRow<V> | undefined {
    const segment = this.#segments.get(front)
    if (segment === undefined) return undefined
    const known = this.#known(segment, front, key, at, number)
    if (known !== undefined || segment.packed.isEmpty) return known
    const value = segment.packed.find(key, at, number)
    return value && this.#home.rowOf(front, key, at, number, value)
  }

  /**
   * The rows of a key that are there, in order; asked only about complete segments.
   *
   * @param key as the layout writes it into stored keys
   */
  rowsOf(key: string, fromTime: number, toTime: number, turn: number): OrderedStateRow<V>[] {
    const first = this.#layout.front(fromTime)
    const last = Math.min(this.#layout.front(toTime), this.#newest)
    const found: OrderedStateRow<V>[] = []
    if (last - first < segmentsTriedMax) {
      for (let front = first; front <= last; front++) this.#gather(front, key, fromTime, toTime, turn, found)
    } else {
      const known = [...this.#segments.keys()].filter((front) => front >= first && front <= last)
      for (const front of known.toSorted((a, b) => a - b)) this.#gather(front, key, fromTime, toTime, turn, found)
    }
    return found
  }

  /** Adds the rows of a segment to those that are found. */
  #gather(
    front: number,
    key: string,
    fromTime: number,
    toTime: number,
    turn: number,
    found: OrderedStateRow<V>[],
  ): void {
    const segment = this.#segments.get(front)
    if (segment === undefined) return
    const ofKey = this.#ofKey(segment, key)
    if (ofKey !== undefined) this.#gatherListed(segment, ofKey, fromTime, toTime, turn, found)
    if (!segment.packed.isEmpty) this.#gatherPacked(segment, front, key, fromTime, toTime, found)
  }

  #gatherListed(
    segment: Segment<V>,
    ofKey: OrderedStateRow<V>[],
    fromTime: number,
    toTime: number,
    turn: number,
    found: OrderedStateRow<V>[],
  ): void {
    let at = firstFrom(ofKey, fromTime)
    let kept = at
    for (; at < ofKey.length; at++) {
      const row = ofKey[at] as OrderedStateRow<V>
      if (row.at > toTime) break
      if (row.exists) found.push(row)
      // What is gone is taken off the list, unless undoing the turn can bring it back.
      if (row.exists || row.turn === turn) ofKey[kept++] = row
      else this.#leave(segment, row)
    }
    if (kept < at) ofKey.splice(kept, at - kept)
  }

  /** Forgets a row that is gone, unless the commit has to remove it: until then there is one row for its key. */
  #leave({ gone }: Segment<V>, row: OrderedStateRow<V>): void {
    row.isGathered = false
    this.#cache.uncount(row)
    if (row.isDirty && (row.isStored || row.committedDue >= 0)) gone.set(row.text, row)
    else row.isKept = false
  }

  #gatherPacked(
    segment: Segment<V>,
    front: number,
    key: string,
    fromTime: number,
    toTime: number,
    found: OrderedStateRow<V>[],
  ): void {
    const { packed } = segment
    packed.visit(key, fromTime, toTime, false, (at, number, place) => {
      if (this.#known(segment, front, key, at, number) === undefined) {
        insert(found, this.#home.rowOf(front, key, at, number, packed.valueOf(place)))
      }
      return false
    })
  }

  /** The first of the rows that {@link rowsOf} finds, or the last of them. */
  edgeOf(key: string, fromTime: number, toTime: number, isLast: boolean): OrderedStateRow<V> | undefined {
    const first = this.#layout.front(fromTime)
    const last = Math.min(this.#layout.front(toTime), this.#newest)
    if (last - first >= segmentsTriedMax) {
      const known = [...this.#segments.keys()].filter((front) => front >= first && front <= last)
      for (const front of known.toSorted((a, b) => (isLast ? b - a : a - b))) {
        const found = this.#edgeIn(front, key, fromTime, toTime, isLast)
        if (found !== undefined) return found
      }
      return undefined
    }
    for (let count = last - first; count >= 0; count--) {
      const found = this.#edgeIn(isLast ? first + count : last - count, key, fromTime, toTime, isLast)
      if (found !== undefined) return found
    }
    return undefined
  }

  #edgeIn(
    front: number,
    key: string,
    fromTime: number,
    toTime: number,
    isLast: boolean,
  ): OrderedStateRow<V> | undefined {
    const segment = this.#segments.get(front)
    if (segment === undefined) return undefined
    const listed = edgeOf(this.#ofKey(segment, key) ?? noRows, fromTime, toTime, isLast)
    const { packed } = segment
    if (packed.isEmpty) return listed
    let found = listed
    packed.visit(key, fromTime, toTime, isLast, (at, number, place) => {
      if (this.#known(segment, front, key, at, number) !== undefined) return false
      if (listed === undefined || isBefore(listed, at, number) === isLast) {
        found = this.#home.rowOf(front, key, at, number, packed.valueOf(place))
      }
      return true
    })
    return found
  }

  /** The commit that has just become durable has removed a row. */
  removed(row: OrderedStateRow<V>): void {
    if (!row.isGathered && !row.isStored) return
    const segment = this.#segments.get(row.front)
    if (segment === undefined) return
    if (row.isGathered) {
      const ofKey = segment.rows.get(row.key) ?? []
      const at = ofKey.indexOf(row)
      if (at >= 0) ofKey.splice(at, 1)
      row.isGathered = row.isKept = false
      this.#cache.uncount(row)
    }
    if (row.isStored && !segment.packed.isEmpty) segment.packed.remove(row.key, row.at, row.number)
  }

  /** After {@link removed}. Segments before `kept` have expired. */
  committed(kept: number): void {
    let hasExpired = false
    for (const [front, segment] of this.#segments) {
      segment.gone.clear()
      if (front >= kept) continue
      this.#drop(segment)
      this.#segments.delete(front)
      hasExpired = true
    }
    if (hasExpired) this.#recount()
  }

  /** After a commit: keeps the rows as bytes. */
  pack(): void {
    for (const segment of this.#segments.values()) this.#pack(segment)
    this.#recount()
  }

  #pack(segment: Segment<V>): void {
    const { rows, packed } = segment
    for (const ofKey of rows.values()) {
      for (const row of ofKey) if (row.exists) packed.put(row.key, row.at, row.number, row.encode())
    }
    this.#drop(segment)
  }

  #drop({ rows }: Segment<V>): void {
    for (const ofKey of rows.values()) {
      for (const row of ofKey) {
        row.isGathered = row.isKept = false
        this.#cache.uncount(row)
      }
    }
    rows.clear()
    this.#lastSegment = undefined
  }

  /**
   * After a commit: gives up the oldest segment, which is asked for least, or if that has most of what is here, the
   * older half of its rows. False when there is none.
   */
  forget(): boolean {
    const oldest = Math.min(...this.#segments.keys())
    const segment = this.#segments.get(oldest)
    if (segment === undefined) return false
    const isMost = segment.packed.bytes * 2 > this.#bytes
    const keptFrom = isMost ? this.#halve(segment) : this.#layout.timeFrom(oldest + 1)
    if (segment.packed.isEmpty || !isMost) {
      this.#drop(segment)
      this.#segments.delete(oldest)
    }
    this.#completeFrom = Math.max(this.#completeFrom, keptFrom)
    this.#readableFrom = oldest + 1
    this.#recount()
    return true
  }

  /** @returns the time from which on the rows of the segment are kept */
  #halve(segment: Segment<V>): number {
    this.#pack(segment)
    const keptFrom = segment.packed.middleTime + 1
    segment.packed.keepFrom(keptFrom)
    return keptFrom
  }
}
