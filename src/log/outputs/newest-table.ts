/**
 * The newest record of each key on two sides, as bytes: keys and values lie one after the other in one buffer, and
 * numbers in typed arrays. An object for each key would cost several times as much memory, and most of the time.
 */
import type { Header } from '../../core/headers.ts'
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

/** What the arrays below take for a key. */
const entryBytes = 64
const firstEntries = 1_024
const firstBytes = 65_536
/** Less than this is copied and compared faster byte by byte. */
const shortBytes = 32

/** Lengths that are none. */
const absent = -2
const deleted = -1

/** What one side has, by the number of the entry. */
class Side {
  valueAt = new Uint32Array(firstEntries)
  /** Or {@link absent}, or {@link deleted}. */
  valueLength = new Int32Array(firstEntries)
  /** How much may be written at its place. */
  room = new Uint32Array(firstEntries)
  timestamp = new Float64Array(firstEntries)
  /** Of those that have some. */
  readonly headers = new Map<number, readonly Header[]>()

  grow(entries: number): void {
    this.valueAt = grown(this.valueAt, new Uint32Array(entries))
    this.valueLength = grown(this.valueLength, new Int32Array(entries))
    this.room = grown(this.room, new Uint32Array(entries))
    this.timestamp = grown(this.timestamp, new Float64Array(entries))
  }
}

export class NewestTable {
  #size = 0
  #bytes = Buffer.allocUnsafe(firstBytes)
  #usedBytes = 0
  /** Entries by their hash, from 1; 0: none. */
  #slots = new Uint32Array(4 * firstEntries)
  #hash = new Uint32Array(firstEntries)
  #keyAt = new Uint32Array(firstEntries)
  #keyLength = new Uint32Array(firstEntries)
  readonly #here = new Side()
  readonly #live = new Side()

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
    const entry = this.#entryOf(bytes, keyStart, keyEnd, hash)
    const length = valueEnd < 0 ? deleted : valueEnd - valueStart
    this.#set(isHere ? this.#here : this.#live, entry, bytes, valueStart, length, timestamp, ownHeaders(headers))
  }

  /** Those whose hash is less than this, in a table of their own. */
  below(hash: number): NewestTable {
    const table = new NewestTable()
    for (let entry = 0; entry < this.#size; entry++) {
      const own = this.#hash[entry] as number
      if (own >= hash) continue
      const keyAt = this.#keyAt[entry] as number
      const to = table.#entryOf(this.#bytes, keyAt, keyAt + (this.#keyLength[entry] as number), own)
      table.#take(table.#here, to, this.#here, entry, this.#bytes)
      table.#take(table.#live, to, this.#live, entry, this.#bytes)
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
    for (let entry = from; entry < to; entry++) {
      if ((this.#here.valueLength[entry] as number) < 0 && (this.#live.valueLength[entry] as number) < 0) continue
      if (this.#isSame(entry, hasTimes)) equal++
      else {
        const keyAt = this.#keyAt[entry] as number
        const key = bytesAsText(this.#bytes, keyAt, keyAt + (this.#keyLength[entry] as number))
        differ({ key, here: this.#recordOf(this.#here, entry), live: this.#recordOf(this.#live, entry) })
      }
    }
    return equal
  }

  #isSame(entry: number, hasTimes: boolean): boolean {
    const [here, live] = [this.#here, this.#live]
    const length = here.valueLength[entry] as number
    return (
      length === live.valueLength[entry] &&
      (!hasTimes || here.timestamp[entry] === live.timestamp[entry]) &&
      sameBytes(this.#bytes, here.valueAt[entry] as number, this.#bytes, live.valueAt[entry] as number, length) &&
      ((here.headers.size === 0 && live.headers.size === 0) ||
        sameHeaders(here.headers.get(entry) ?? [], live.headers.get(entry) ?? []))
    )
  }

  #recordOf({ valueAt, valueLength, timestamp, headers }: Side, entry: number): OutputRecord | undefined {
    const length = valueLength[entry] as number
    if (length === absent) return undefined
    const at = valueAt[entry] as number
    return {
      value: length === deleted ? null : bytesAsText(this.#bytes, at, at + length),
      timestamp: timestamp[entry] as number,
      headers: headers.get(entry) ?? [],
    }
  }

  #entryOf(bytes: Buffer, keyStart: number, keyEnd: number, hash: number): number {
    const length = keyEnd - keyStart
    const mask = this.#slots.length - 1
    for (let slot = slotOf(hash) & mask; ; slot = (slot + 1) & mask) {
      const entry = (this.#slots[slot] as number) - 1
      if (entry < 0) return this.#add(bytes, keyStart, length, hash, slot)
      if (this.#hash[entry] !== hash || this.#keyLength[entry] !== length) continue
      if (sameBytes(bytes, keyStart, this.#bytes, this.#keyAt[entry] as number, length)) return entry
    }
  }

  #add(bytes: Buffer, keyStart: number, length: number, hash: number, slot: number): number {
    const entry = this.#size++
    if (entry === this.#hash.length) this.#grow(2 * entry)
    this.#hash[entry] = hash
    this.#keyAt[entry] = this.#reserve(length)
    this.#keyLength[entry] = length
    copyBytes(bytes, keyStart, this.#bytes, this.#keyAt[entry], length)
    this.#here.valueLength[entry] = absent
    this.#live.valueLength[entry] = absent
    this.#slots[slot] = entry + 1
    if (4 * this.#size > this.#slots.length) this.#spread(4 * this.#slots.length)
    return entry
  }

  #set(
    side: Side,
    entry: number,
    bytes: Buffer,
    valueStart: number,
    length: number,
    timestamp: number,
    headers: readonly Header[],
  ): void {
    if (length > (side.room[entry] as number)) {
      // One that grows and grows is not to leave each of its places unused.
      const room = side.valueLength[entry] === absent ? length : length + (length >>> 1)
      side.valueAt[entry] = this.#reserve(room)
      side.room[entry] = room
    }
    if (length > 0) copyBytes(bytes, valueStart, this.#bytes, side.valueAt[entry] as number, length)
    side.valueLength[entry] = length
    side.timestamp[entry] = timestamp
    if (headers.length > 0) side.headers.set(entry, headers)
    else if (side.headers.size > 0) side.headers.delete(entry)
  }

  #take(to: Side, entry: number, from: Side, of: number, bytes: Buffer): void {
    const length = from.valueLength[of] as number
    if (length === absent) return
    const headers = from.headers.get(of) ?? []
    this.#set(to, entry, bytes, from.valueAt[of] as number, length, from.timestamp[of] as number, headers)
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

  #grow(entries: number): void {
    this.#hash = grown(this.#hash, new Uint32Array(entries))
    this.#keyAt = grown(this.#keyAt, new Uint32Array(entries))
    this.#keyLength = grown(this.#keyLength, new Uint32Array(entries))
    this.#here.grow(entries)
    this.#live.grow(entries)
  }

  #spread(slots: number): void {
    this.#slots = new Uint32Array(slots)
    const mask = slots - 1
    for (let entry = 0; entry < this.#size; entry++) {
      let slot = slotOf(this.#hash[entry] as number) & mask
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

function grown<T extends ArrayLike<number> & { set(values: ArrayLike<number>): void }>(from: T, to: T): T {
  to.set(from)
  return to
}
