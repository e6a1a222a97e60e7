/**
 * The newest record of each key on two sides, as bytes: keys and values lie one after the other in one buffer, and
 * numbers in another. An object for each key would cost several times as much memory, and most of the time.
 */
import { type Header, noHeaders } from '../../core/headers.ts'
import { bytesAsText } from '../../core/text.ts'
import type { BatchCursor } from '../format/batch-cursor.ts'
import { type OutputRecord, ownHeaders, sameHeaders } from './output-record.ts'

/** What a key has on both sides, where that is not the same; undefined: a side has none. */
export interface NewestRecords {
  /** One character for each byte. */
  readonly key: string
  readonly here: OutputRecord | undefined
  readonly live: OutputRecord | undefined
}

/** Less than this is copied and compared faster byte by byte. */
const shortBytes = 32
const firstEntries = 1_024
const firstBytes = 65_536
/** Of an entry and its slots. */
const entryBytes = 80

/** An entry is a line of memory: the words of its key, then those of either side. */
const entryWords = 16
const hashWord = 0
const keyAtWord = 1
const keyLengthWord = 2
const hereWords = 4
const liveWords = 10
/** From the first word of a side on: where its value is, how long, how much has room there; then a timestamp. */
const lengthWord = 1
const roomWord = 2
const timeWord = 4

/** Lengths that are none. */
const absent = -2
const deleted = -1

export class NewestTable {
  #size = 0
  #bytes = Buffer.allocUnsafe(firstBytes)
  #usedBytes = 0
  /** Entries by their hash, from 1; 0: none. */
  #slots = new Uint32Array(4 * firstEntries)
  #words = new Int32Array(entryWords * firstEntries)
  /** The same memory. */
  #times = new Float64Array(this.#words.buffer)
  /** Of the few sides that have some, by their first word. */
  readonly #headers = new Map<number, readonly Header[]>()

  /** How many keys there are. */
  get size(): number {
    return this.#size
  }

  /** What they take; as much again may be kept for more. */
  get usedBytes(): number {
    return this.#usedBytes + this.#size * entryBytes
  }

  /** Takes the current record for the newest of its key. */
  put(cursor: BatchCursor, hash: number, isHere: boolean): void {
    const { bytes, keyStart, keyEnd, valueStart, valueEnd, timestamp, headers } = cursor
    const side = this.#entryOf(bytes, keyStart, keyEnd, hash) + (isHere ? hereWords : liveWords)
    const length = valueEnd < 0 ? deleted : valueEnd - valueStart
    this.#set(side, bytes, valueStart, length, timestamp, ownHeaders(headers))
  }

  /** Those whose hash is less than this, in a table of their own. */
  below(hash: number): NewestTable {
    const table = new NewestTable()
    for (let entry = 0; entry < this.#size * entryWords; entry += entryWords) {
      const own = this.#word(entry + hashWord) >>> 0
      if (own >= hash) continue
      const keyAt = this.#word(entry + keyAtWord)
      const to = table.#entryOf(this.#bytes, keyAt, keyAt + this.#word(entry + keyLengthWord), own)
      for (const side of [hereWords, liveWords]) table.#take(to + side, this, entry + side)
    }
    return table
  }

  /**
   * Goes over entries and calls back with each key that has a value on one side and not the same on the other; returns
   * how many have the same on both.
   *
   * @param hasTimes false where a topic gives records the time of their append
   */
  compare(from: number, to: number, hasTimes: boolean, differ: (records: NewestRecords) => void): number {
    let equal = 0
    for (let entry = from * entryWords; entry < to * entryWords; entry += entryWords) {
      const [here, live] = [entry + hereWords, entry + liveWords]
      if (this.#word(here + lengthWord) < 0 && this.#word(live + lengthWord) < 0) continue
      if (this.#isSame(here, live, hasTimes)) equal++
      else {
        const keyAt = this.#word(entry + keyAtWord)
        const key = bytesAsText(this.#bytes, keyAt, keyAt + this.#word(entry + keyLengthWord))
        differ({ key, here: this.#recordOf(here), live: this.#recordOf(live) })
      }
    }
    return equal
  }

  #word(at: number): number {
    return this.#words[at] as number
  }

  #isSame(here: number, live: number, hasTimes: boolean): boolean {
    const length = this.#word(here + lengthWord)
    return (
      length === this.#word(live + lengthWord) &&
      (!hasTimes || this.#timeOf(here) === this.#timeOf(live)) &&
      sameBytes(this.#bytes, this.#word(here), this.#bytes, this.#word(live), length) &&
      (this.#headers.size === 0 || sameHeaders(this.#headersOf(here), this.#headersOf(live)))
    )
  }

  #timeOf(side: number): number {
    return this.#times[(side + timeWord) >>> 1] as number
  }

  #headersOf(side: number): readonly Header[] {
    return this.#headers.get(side) ?? noHeaders
  }

  #recordOf(side: number): OutputRecord | undefined {
    const length = this.#word(side + lengthWord)
    if (length === absent) return undefined
    const at = this.#word(side)
    return {
      value: length === deleted ? null : bytesAsText(this.#bytes, at, at + length),
      timestamp: this.#timeOf(side),
      headers: this.#headersOf(side),
    }
  }

  /** Its first word. */
  #entryOf(bytes: Buffer, keyStart: number, keyEnd: number, hash: number): number {
    const length = keyEnd - keyStart
    const mask = this.#slots.length - 1
    for (let slot = slotOf(hash) & mask; ; slot = (slot + 1) & mask) {
      const number = this.#slots[slot] as number
      if (number === 0) return this.#add(bytes, keyStart, length, hash, slot)
      const entry = (number - 1) * entryWords
      if (this.#word(entry + hashWord) !== (hash | 0) || this.#word(entry + keyLengthWord) !== length) continue
      if (sameBytes(bytes, keyStart, this.#bytes, this.#word(entry + keyAtWord), length)) return entry
    }
  }

  #add(bytes: Buffer, keyStart: number, length: number, hash: number, slot: number): number {
    const entry = this.#size++ * entryWords
    if (entry === this.#words.length) this.#grow()
    const keyAt = this.#reserve(length)
    copyBytes(bytes, keyStart, this.#bytes, keyAt, length)
    const words = this.#words
    words[entry + hashWord] = hash
    words[entry + keyAtWord] = keyAt
    words[entry + keyLengthWord] = length
    words[entry + hereWords + lengthWord] = absent
    words[entry + liveWords + lengthWord] = absent
    this.#slots[slot] = this.#size
    if (2 * this.#size > this.#slots.length) this.#spread(2 * this.#slots.length)
    return entry
  }

  #set(
    side: number,
    bytes: Buffer,
    valueStart: number,
    length: number,
    timestamp: number,
    headers: readonly Header[],
  ): void {
    const words = this.#words
    if (length > this.#word(side + roomWord)) {
      // One that grows and grows is not to leave each of its places unused.
      const room = this.#word(side + lengthWord) === absent ? length : length + (length >>> 1)
      words[side] = this.#reserve(room)
      words[side + roomWord] = room
    }
    if (length > 0) copyBytes(bytes, valueStart, this.#bytes, this.#word(side), length)
    words[side + lengthWord] = length
    this.#times[(side + timeWord) >>> 1] = timestamp
    if (headers.length > 0) this.#headers.set(side, headers)
    else if (this.#headers.size > 0) this.#headers.delete(side)
  }

  #take(side: number, from: NewestTable, of: number): void {
    const length = from.#word(of + lengthWord)
    if (length !== absent) this.#set(side, from.#bytes, from.#word(of), length, from.#timeOf(of), from.#headersOf(of))
  }

  /** A place in the buffer. */
  #reserve(length: number): number {
    const at = this.#usedBytes
    this.#usedBytes += length
    if (this.#usedBytes > this.#bytes.length) {
      const bytes = Buffer.allocUnsafe(2 * this.#usedBytes)
      this.#bytes.copy(bytes, 0, 0, at)
      this.#bytes = bytes
    }
    return at
  }

  #grow(): void {
    const words = new Int32Array(2 * this.#words.length)
    words.set(this.#words)
    this.#words = words
    this.#times = new Float64Array(words.buffer)
  }

  #spread(slots: number): void {
    this.#slots = new Uint32Array(slots)
    const mask = slots - 1
    for (let entry = 0; entry < this.#size; entry++) {
      let slot = slotOf(this.#word(entry * entryWords + hashWord)) & mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
      this.#slots[slot] = entry + 1
    }
  }
}

/** The hashes of a partition, or of a part of all keys, have bits in common: others decide. */
function slotOf(hash: number): number {
  const mixed = Math.imul(hash, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}

function sameBytes(one: Buffer, at: number, other: Buffer, otherAt: number, length: number): boolean {
  if (length > shortBytes) return one.compare(other, otherAt, otherAt + length, at, at + length) === 0
  for (let i = 0; i < length; i++) if (one[at + i] !== other[otherAt + i]) return false
  return true
}

function copyBytes(from: Buffer, at: number, to: Buffer, toAt: number, length: number): void {
  if (length > shortBytes) from.copy(to, toAt, at, at + length)
  else for (let i = 0; i < length; i++) to[toAt + i] = from[at + i] as number
}
