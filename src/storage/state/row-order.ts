/**
 * Rows in the order of their keys: sorting many at once, and a list that stays sorted while rows come and go.
 */
import { present } from '../../core/assert.ts'

/** Rows by number, which know the order of their keys. */
export interface KeyedRows {
  /** Where the key of a row is: within this buffer, from {@link keyStart} to {@link keyEnd}. */
  keyBytes(row: number): Uint8Array
  keyStart(row: number): number
  keyEnd(row: number): number
}

export function compareKeys(
  left: Uint8Array,
  leftStart: number,
  leftEnd: number,
  right: Uint8Array,
  rightStart: number,
  rightEnd: number,
): number {
  const shorter = Math.min(leftEnd - leftStart, rightEnd - rightStart)
  for (let i = 0; i < shorter; i++) {
    const difference = (left[leftStart + i] as number) - (right[rightStart + i] as number)
    if (difference !== 0) return difference
  }
  return leftEnd - leftStart - (rightEnd - rightStart)
}

function compareRows(rows: KeyedRows, left: number, right: number): number {
  return compareKeys(
    rows.keyBytes(left),
    rows.keyStart(left),
    rows.keyEnd(left),
    rows.keyBytes(right),
    rows.keyStart(right),
    rows.keyEnd(right),
  )
}

/**
 * A row's number stands in the lower digits of what is sorted, the bytes after what all keys begin with in the upper
 * ones.
 */
const rowsMax = 2 ** 21
/** So few rows are sorted by comparing them. */
const fewRows = 12

/**
 * Sorts rows by their keys. Nearly all of the work is one sort of numbers, without a call for each comparison: they
 * begin with the first 4 bytes in which keys differ.
 */
export function sortRows(rows: KeyedRows, unsorted: readonly number[]): Int32Array {
  const { length } = unsorted
  const sorted = Int32Array.from(unsorted)
  if (length > rowsMax) return sorted.sort((left, right) => compareRows(rows, left, right))
  const prefix = sharedPrefix(rows, unsorted)
  const numbers = new Float64Array(length)
  for (let at = 0; at < length; at++) {
    const row = unsorted[at] as number
    const bytes = rows.keyBytes(row)
    const end = rows.keyEnd(row)
    let number = 0
    for (let i = rows.keyStart(row) + prefix, count = 0; count < 4; i++, count++) {
      number = number * 256 + (i < end ? (bytes[i] as number) : 0)
    }
    numbers[at] = number * rowsMax + at
  }
  numbers.sort()
  for (let start = 0; start < length;) {
    const first = numbers[start] as number
    const upper = Math.floor(first / rowsMax)
    sorted[start] = unsorted[first - upper * rowsMax] as number
    let end = start + 1
    for (; end < length && Math.floor((numbers[end] as number) / rowsMax) === upper; end++) {
      sorted[end] = unsorted[(numbers[end] as number) - upper * rowsMax] as number
    }
    // Keys that differ only in zero bytes at their ends are alike for ever.
    if (end - start > 1) sortAlike(rows, sorted.subarray(start, end), end - start < length)
    start = end
  }
  return sorted
}

/** Sorts rows whose keys begin alike. */
function sortAlike(rows: KeyedRows, alike: Int32Array, isSmaller: boolean): void {
  if (alike.length < fewRows || !isSmaller) alike.sort((left, right) => compareRows(rows, left, right))
  else alike.set(sortRows(rows, Array.from(alike)))
}

/** How many bytes all keys begin with. */
function sharedPrefix(rows: KeyedRows, unsorted: readonly number[]): number {
  const first = unsorted[0]
  if (first === undefined) return 0
  const bytes = rows.keyBytes(first)
  const start = rows.keyStart(first)
  let shared = rows.keyEnd(first) - start
  for (const row of unsorted) {
    const others = rows.keyBytes(row)
    const from = rows.keyStart(row)
    shared = Math.min(shared, rows.keyEnd(row) - from)
    let same = 0
    while (same < shared && bytes[start + same] === others[from + same]) same++
    shared = same
  }
  return shared
}

const chunkRows = 256

interface Chunk {
  readonly rows: Int32Array
  count: number
}

/** A sorted list of rows, in chunks, so that one row more or less moves few others. */
export class RowOrder {
  readonly #rows: KeyedRows
  readonly #chunks: Chunk[] = []

  /** @param sorted rows in the order of their keys */
  constructor(rows: KeyedRows, sorted: Int32Array) {
    this.#rows = rows
    const half = chunkRows / 2
    for (let at = 0; at < sorted.length; at += half) {
      const chunk = { rows: new Int32Array(chunkRows), count: Math.min(half, sorted.length - at) }
      chunk.rows.set(sorted.subarray(at, at + chunk.count))
      this.#chunks.push(chunk)
    }
  }

  get bytes(): number {
    return this.#chunks.length * (chunkRows * 4 + 100)
  }

  add(row: number): void {
    const rows = this.#rows
    const index = Math.max(0, this.#chunkBefore(rows.keyBytes(row), rows.keyStart(row), rows.keyEnd(row)))
    let chunk = this.#chunks[index]
    if (chunk === undefined) this.#chunks.push((chunk = { rows: new Int32Array(chunkRows), count: 0 }))
    const at = this.#placeIn(chunk, rows.keyBytes(row), rows.keyStart(row), rows.keyEnd(row))
    chunk.rows.copyWithin(at + 1, at, chunk.count)
    chunk.rows[at] = row
    chunk.count++
    if (chunk.count < chunkRows) return
    const half = chunkRows / 2
    const second = { rows: new Int32Array(chunkRows), count: half }
    second.rows.set(chunk.rows.subarray(half, chunk.count))
    chunk.count = half
    this.#chunks.splice(index + 1, 0, second)
  }

  remove(row: number): void {
    const rows = this.#rows
    const index = this.#chunkBefore(rows.keyBytes(row), rows.keyStart(row), rows.keyEnd(row))
    const chunk = present(this.#chunks[index], 'a row that leaves the order is in it')
    const at = this.#placeIn(chunk, rows.keyBytes(row), rows.keyStart(row), rows.keyEnd(row))
    chunk.rows.copyWithin(at, at + 1, chunk.count)
    chunk.count--
    if (chunk.count === 0) this.#chunks.splice(index, 1)
  }

  /** Up to `max` rows with from <= key < to, the first ones or, in reverse, the last ones with the last one first. */
  between(from: Uint8Array, to: Uint8Array | undefined, max: number, reverse: boolean): number[] {
    const found: number[] = []
    const rows = this.#rows
    const isIn = (row: number): boolean => {
      const [bytes, start, end] = [rows.keyBytes(row), rows.keyStart(row), rows.keyEnd(row)]
      if (reverse) return compareKeys(bytes, start, end, from, 0, from.length) >= 0
      return to === undefined || compareKeys(bytes, start, end, to, 0, to.length) < 0
    }
    const bound = reverse ? to : from
    let index = bound === undefined ? this.#chunks.length - 1 : Math.max(0, this.#chunkBefore(bound, 0, bound.length))
    let chunk = this.#chunks[index]
    if (chunk === undefined) return found
    let at = bound === undefined ? chunk.count : this.#placeIn(chunk, bound, 0, bound.length)
    if (reverse) at--
    while (found.length < max) {
      while (chunk !== undefined && (at < 0 || at >= chunk.count)) {
        chunk = this.#chunks[reverse ? --index : ++index]
        at = reverse ? (chunk?.count ?? 0) - 1 : 0
      }
      if (chunk === undefined) break
      const row = chunk.rows[at] as number
      if (!isIn(row)) break
      found.push(row)
      at += reverse ? -1 : 1
    }
    return found
  }

  /** The last chunk that begins at or before a key; -1 when all begin after it. */
  #chunkBefore(key: Uint8Array, start: number, end: number): number {
    const rows = this.#rows
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const first = this.#chunks[middle]?.rows[0] as number
      if (compareKeys(rows.keyBytes(first), rows.keyStart(first), rows.keyEnd(first), key, start, end) <= 0)
        low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** Where the first row of a chunk is that is not before a key. */
  #placeIn(chunk: Chunk, key: Uint8Array, start: number, end: number): number {
    const rows = this.#rows
    let low = 0
    let high = chunk.count
    while (low < high) {
      const middle = (low + high) >>> 1
      const row = chunk.rows[middle] as number
      if (compareKeys(rows.keyBytes(row), rows.keyStart(row), rows.keyEnd(row), key, start, end) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
