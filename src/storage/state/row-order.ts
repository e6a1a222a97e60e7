/**
 * Rows in the order of their keys while they come and go, for as little as it takes to read them in order where they
 * are read.
 */
import { assert } from '../../core/assert.ts'
import { compareKeys, type KeyedRows, sortRows } from './row-sort.ts'

/** A chunk has at most this many rows once it has been read. */
const chunkRows = 256
/** Up to this many rows that came to a sorted chunk are put into their places one by one. */
const fewAddedRows = 16
/** More rows than this are parted before they are sorted. */
const sortedRowsMax = 4_096
const parts = 64
const sampledRows = 512
/** An empty chunk is given up only when there are more chunks than these, and one for each this many rows. */
const chunksMin = 16
const rowsForChunk = 64

const noBytes = new Uint8Array(0)

interface Chunk {
  /** No key in it is before this one, and none from the next chunk's on. */
  readonly low: Uint8Array
  rows: Int32Array
  count: number
  /** This many are in order; those that came since follow them. */
  sorted: number
}

function newChunk(low: Uint8Array, rows: Int32Array, sorted: number): Chunk {
  return { low, rows, count: rows.length, sorted }
}

/**
 * Rows in chunks that follow each other in the order of keys. Chunks are parted and sorted only where they are read: a
 * row costs a search for its chunk when it comes, and little more when it goes.
 */
export class RowOrder {
  readonly #rows: KeyedRows
  readonly #chunks: Chunk[]
  /** What {@link headOf} makes of the first keys of the chunks: most searches need nothing else. */
  readonly #heads: number[] = [0]
  #prefix: Uint8Array = noBytes
  /** How many chunks there were when the prefix was chosen. */
  #prefixChunks = 1
  #count: number

  /** @param unsorted all rows, in any order; taken over */
  constructor(rows: KeyedRows, unsorted: Int32Array) {
    this.#rows = rows
    this.#chunks = [newChunk(noBytes, unsorted, 0)]
    this.#count = unsorted.length
  }

  get bytes(): number {
    return this.#chunks.length * 200 + this.#count * 8
  }

  add(row: number): void {
    const chunk = this.#chunks[this.#chunkOf(row)] as Chunk
    if (chunk.count === chunk.rows.length) {
      const grown = new Int32Array(Math.max(32, chunk.count * 2))
      grown.set(chunk.rows)
      chunk.rows = grown
    }
    chunk.rows[chunk.count++] = row
    this.#count++
  }

  /** Fast where they follow each other in the order of keys, as they were read. */
  removeAll(leaving: readonly number[]): void {
    let index = -1
    for (let next = 0; next < leaving.length;) {
      let chunk = this.#chunks[index]
      let at = chunk?.rows.subarray(0, chunk.count).indexOf(leaving[next] as number) ?? -1
      if (at < 0) {
        index = this.#chunkOf(leaving[next] as number)
        chunk = this.#chunks[index]
        at = chunk?.rows.subarray(0, chunk.count).indexOf(leaving[next] as number) ?? -1
      }
      assert(chunk !== undefined && at >= 0, 'a row that leaves the order is in it')
      let end = at
      while (end < chunk.count && next < leaving.length && chunk.rows[end] === leaving[next]) {
        end++
        next++
      }
      chunk.rows.copyWithin(at, end, chunk.count)
      chunk.sorted -= Math.max(0, Math.min(end, chunk.sorted) - at)
      chunk.count -= end - at
      this.#count -= end - at
      if (chunk.count > 0) continue
      if (index > 0 && this.#chunks.length > chunksMin + this.#count / rowsForChunk) this.#giveUp(index)
      else chunk.rows = new Int32Array(0)
      index = -1
    }
  }

  /** The chunk before it takes its keys. */
  #giveUp(index: number): void {
    this.#chunks.splice(index, 1)
    this.#heads.splice(index, 1)
  }

  #chunkOf(row: number): number {
    const rows = this.#rows
    return this.#chunkAt(rows.keyBytes(row), rows.keyStart(row), rows.keyEnd(row))
  }

  /** Up to `max` rows with from <= key < to, the first ones or, in reverse, the last ones with the last one first. */
  between(from: Uint8Array, to: Uint8Array | undefined, max: number, reverse: boolean): number[] {
    const found: number[] = []
    const bound = reverse ? to : from
    const other = reverse ? from : to
    let index = bound === undefined ? this.#chunks.length - 1 : this.#chunkAt(bound, 0, bound.length)
    for (let isFirst = true; index >= 0 && index < this.#chunks.length && found.length < max; isFirst = false) {
      index = this.#readable(index, isFirst ? bound : undefined, reverse)
      const chunk = this.#chunks[index] as Chunk
      let at = reverse ? chunk.count : 0
      if (isFirst && bound !== undefined) at = this.#placeIn(chunk, bound, 0, bound.length)
      if (reverse) at--
      for (; at >= 0 && at < chunk.count && found.length < max; at += reverse ? -1 : 1) {
        const row = chunk.rows[at] as number
        if (other !== undefined && this.#compare(row, other, 0, other.length) < 0 === reverse) return found
        found.push(row)
      }
      index += reverse ? -1 : 1
    }
    return found
  }

  /** Parts and sorts a chunk until the part of it with a key, or at the end where reading begins, is sorted. */
  #readable(index: number, key: Uint8Array | undefined, isReverse: boolean): number {
    for (let at = index; ;) {
      const more = this.#refine(at)
      if (more === 0) return at
      if (key !== undefined) at = this.#chunkAt(key, 0, key.length)
      else if (isReverse) at += more
    }
  }

  /** Sorts a chunk, or puts several into its place and returns how many more there are. */
  #refine(index: number): number {
    const chunk = this.#chunks[index] as Chunk
    if (chunk.sorted === chunk.count && chunk.count <= chunkRows) return 0
    if (chunk.count - chunk.sorted <= fewAddedRows && chunk.count <= chunkRows) {
      this.#putAdded(chunk)
      return 0
    }
    const rows = chunk.rows.subarray(0, chunk.count)
    const next = this.#chunks[index + 1]
    const prefix = next === undefined ? 0 : samePrefix(chunk.low, next.low)
    if (chunk.count <= chunkRows) {
      rows.set(sortRows(this.#rows, rows, prefix))
      chunk.sorted = chunk.count
      return 0
    }
    const isLarge = chunk.count > sortedRowsMax
    const several = isLarge
      ? this.#part(chunk.low, rows, prefix)
      : this.#cut(chunk.low, sortRows(this.#rows, rows, prefix))
    this.#chunks.splice(index, 1, ...several)
    this.#heads.splice(index, 1, ...several.map((one) => headOf(one.low, 0, one.low.length, this.#prefix)))
    if (this.#chunks.length > 2 * this.#prefixChunks) this.#choosePrefix()
    return several.length - 1
  }

  /** A chunk that is read after each few rows that come to it is not sorted again for them. */
  #putAdded(chunk: Chunk): void {
    const { rows } = chunk
    while (chunk.sorted < chunk.count) {
      const row = rows[chunk.sorted] as number
      const at = this.#placeIn(chunk, this.#rows.keyBytes(row), this.#rows.keyStart(row), this.#rows.keyEnd(row))
      rows.copyWithin(at + 1, at, chunk.sorted)
      rows[at] = row
      chunk.sorted++
    }
  }

  /** A prefix that all chunks but the first begin with now. A poor one costs time only. */
  #choosePrefix(): void {
    const first = (this.#chunks[1] as Chunk).low
    const last = (this.#chunks.at(-1) as Chunk).low
    this.#prefix = first.slice(0, samePrefix(first, last))
    this.#prefixChunks = this.#chunks.length
    for (const [at, { low }] of this.#chunks.entries()) this.#heads[at] = headOf(low, 0, low.length, this.#prefix)
  }

  #cut(low: Uint8Array, sorted: Int32Array): Chunk[] {
    const chunks: Chunk[] = []
    for (let at = 0; at < sorted.length; at += chunkRows / 2) {
      const first = at === 0 ? low : this.#keyOf(sorted[at] as number)
      const rows = sorted.slice(at, at + chunkRows / 2)
      chunks.push(newChunk(first, rows, rows.length))
    }
    return chunks
  }

  /** Parts rows by the keys of some of them, into chunks of about the same size. */
  #part(low: Uint8Array, unsorted: Int32Array, prefix: number): Chunk[] {
    const sample = Int32Array.from(
      { length: sampledRows },
      (_, at) => unsorted[Math.floor((at * unsorted.length) / sampledRows)] as number,
    )
    const sorted = sortRows(this.#rows, sample, prefix)
    const lows = [low]
    for (let at = 1; at < parts; at++) lows.push(this.#keyOf(sorted[(at * sampledRows) / parts] as number))
    const shared = (lows[1] as Uint8Array).slice(0, samePrefix(lows[1] as Uint8Array, lows.at(-1) as Uint8Array))
    const heads = lows.map((one) => headOf(one, 0, one.length, shared))
    const partOf = new Uint8Array(unsorted.length)
    const counts = new Uint32Array(parts)
    for (let at = 0; at < unsorted.length; at++) {
      const row = unsorted[at] as number
      const head = headOf(this.#rows.keyBytes(row), this.#rows.keyStart(row), this.#rows.keyEnd(row), shared)
      let [first, end] = [1, parts]
      while (first < end) {
        const middle = (first + end) >>> 1
        const other = heads[middle] as number
        const bound = lows[middle] as Uint8Array
        if (other < head || (other === head && this.#compare(row, bound, 0, bound.length) >= 0)) first = middle + 1
        else end = middle
      }
      partOf[at] = first - 1
      counts[first - 1] = (counts[first - 1] as number) + 1
    }
    const chunks = lows.map((first, part) => newChunk(first, new Int32Array(counts[part] as number), 0))
    counts.fill(0)
    for (let at = 0; at < unsorted.length; at++) {
      const part = partOf[at] as number
      const place = counts[part] as number
      ;(chunks[part] as Chunk).rows[place] = unsorted[at] as number
      counts[part] = place + 1
    }
    return chunks
  }

  #keyOf(row: number): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#rows.keyBytes(row), this.#rows.keyStart(row), this.#rows.keyEnd(row))
  }

  #compare(row: number, key: Uint8Array, start: number, end: number): number {
    const rows = this.#rows
    return compareKeys(rows.keyBytes(row), rows.keyStart(row), rows.keyEnd(row), key, start, end)
  }

  /** The chunk in which a key belongs: the last one that does not begin after it. */
  #chunkAt(key: Uint8Array, start: number, end: number): number {
    const head = headOf(key, start, end, this.#prefix)
    let low = 1
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const first = this.#heads[middle] as number
      if (first < head || (first === head && this.#beginsBefore(middle, key, start, end))) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  #beginsBefore(index: number, key: Uint8Array, start: number, end: number): boolean {
    const { low } = this.#chunks[index] as Chunk
    return compareKeys(low, 0, low.length, key, start, end) <= 0
  }

  /** Where the first of the sorted rows of a chunk is that is not before a key. */
  #placeIn(chunk: Chunk, key: Uint8Array, start: number, end: number): number {
    let low = 0
    let high = chunk.sorted
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compare(chunk.rows[middle] as number, key, start, end) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

/**
 * A number that rises with the key: the 6 bytes after a prefix. Keys may share one; those without the prefix come
 * before or after all.
 */
function headOf(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): number {
  const { length } = prefix
  for (let i = 0; i < length; i++) {
    const difference = (start + i < end ? (bytes[start + i] as number) : -1) - (prefix[i] as number)
    if (difference !== 0) return difference < 0 ? -1 : Infinity
  }
  let head = 0
  for (let at = start + length, last = at + 6; at < last; at++)
    head = head * 256 + (at < end ? (bytes[at] as number) : 0)
  return head
}

function samePrefix(left: Uint8Array, right: Uint8Array): number {
  let same = 0
  while (same < left.length && left[same] === right[same]) same++
  return same
}
