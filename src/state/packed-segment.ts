/**
 * Rows of one segment of time as bytes, found by their keys: about a fifth of what the rows take as objects.
 *
 * They lie one after the other in one buffer. A hash table leads to the last row of a key that was put, and each row to
 * the one before.
 */
import { ByteWriter, readInt32, readInt64, writeInt32, writeUint64 } from '../core/bytes.ts'
import { appendBytesOfText, bytesAsText } from '../core/text.ts'

const slotsAtFirst = 64
const nothing = new Int32Array(0)
const entryNumbers = 3
/** In a slot: no key was ever here; one was, and its rows are gone. */
const [free, left] = [0, -1]
/** Where the length of the value, the time and the number of a row stand; the length of the key is first. */
const [lengthAt, timeAt, numberAt] = [4, 8, 16]
const headBytes = 24
const garbageMin = 65_536

export class PackedSegment {
  #items = new ByteWriter(0)
  /** The last entry of a key, plus 1. */
  #slots: Int32Array = nothing
  #usedSlots = 0
  /** For each entry: where its item is, the entry before it of the same key plus 1, and the hash of that key. */
  #entries: Int32Array = nothing
  #end = 0
  #garbageBytes = 0

  /** Whether no row was ever put. */
  get isEmpty(): boolean {
    return this.#end === 0
  }

  get bytes(): number {
    return this.#items.bytes.length + (this.#slots.length + this.#entries.length) * 4
  }

  /** @param key one character for each byte */
  put(key: string, at: number, number: number, value: Uint8Array): void {
    this.remove(key, at, number)
    if (this.#garbageBytes > garbageMin && this.#garbageBytes * 2 > this.#items.at) this.#rebuild()
    const items = this.#items
    const start = items.at
    items.ensure(headBytes)
    writeInt32(items.bytes, start, key.length)
    writeInt32(items.bytes, start + lengthAt, value.length)
    writeUint64(items.bytes, start + timeAt, at)
    writeUint64(items.bytes, start + numberAt, number)
    items.at += headBytes
    appendBytesOfText(key, items)
    items.append(value, 0, value.length)
    this.#enter(start, key)
  }

  #enter(start: number, key: string): void {
    if (this.#usedSlots * 2 >= this.#slots.length) this.#growSlots()
    if (this.#end * entryNumbers === this.#entries.length) this.#growEntries()
    const hash = hashOf(key)
    const slots = this.#slots
    let at = hash & (slots.length - 1)
    while (slots[at] !== free && !this.#hasKey(slots[at] as number, key)) at = (at + 1) & (slots.length - 1)
    if (slots[at] === free) this.#usedSlots++
    const entry = this.#end++
    this.#entries[entry * entryNumbers] = start
    this.#entries[entry * entryNumbers + 1] = slots[at] as number
    this.#entries[entry * entryNumbers + 2] = hash
    slots[at] = entry + 1
  }

  #hasKey(slot: number, key: string): boolean {
    if (slot === left) return false
    const { bytes } = this.#items
    const start = this.#startOf(slot - 1)
    const { length } = key
    if (readInt32(bytes, start) !== length) return false
    for (let i = 0, j = start + headBytes; i < length; i++, j++) if (bytes[j] !== key.charCodeAt(i)) return false
    return true
  }

  /** The slot of a key; -1 when it has no rows. */
  #slotOf(key: string): number {
    const slots = this.#slots
    if (slots.length === 0) return -1
    for (let at = hashOf(key) & (slots.length - 1); ; at = (at + 1) & (slots.length - 1)) {
      const slot = slots[at] as number
      if (slot === free) return -1
      if (this.#hasKey(slot, key)) return at
    }
  }

  /** The last entry of a key, plus 1. */
  #lastOf(key: string): number {
    const at = this.#slotOf(key)
    return at < 0 ? free : (this.#slots[at] as number)
  }

  #startOf(entry: number): number {
    return this.#entries[entry * entryNumbers] as number
  }

  /** The entry of the same key before this one, plus 1. */
  #before(entry: number): number {
    return this.#entries[entry * entryNumbers + 1] as number
  }

  #isAt(start: number, at: number, number: number): boolean {
    const { bytes } = this.#items
    return readInt64(bytes, start + timeAt) === at && readInt64(bytes, start + numberAt) === number
  }

  /** Of the row at this place; within the buffer: only until the next row is put. */
  valueOf(start: number): Buffer {
    const { bytes } = this.#items
    const begin = start + headBytes + readInt32(bytes, start)
    return bytes.subarray(begin, begin + readInt32(bytes, start + lengthAt))
  }

  /**
   * The rows of a key with a time in this span: their times and numbers, and where they are for {@link valueOf}.
   */
  visit(
    key: string,
    fromTime: number,
    toTime: number,
    visitor: (at: number, number: number, place: number) => void,
  ): void {
    for (let slot = this.#lastOf(key); slot !== free; slot = this.#before(slot - 1)) {
      const start = this.#startOf(slot - 1)
      const { bytes } = this.#items
      const at = readInt64(bytes, start + timeAt)
      if (at >= fromTime && at <= toTime) visitor(at, readInt64(bytes, start + numberAt), start)
    }
  }

  /** The value of a row; undefined when it is not here. */
  find(key: string, at: number, number: number): Buffer | undefined {
    for (let slot = this.#lastOf(key); slot !== free; slot = this.#before(slot - 1)) {
      const start = this.#startOf(slot - 1)
      if (this.#isAt(start, at, number)) return this.valueOf(start)
    }
    return undefined
  }

  remove(key: string, at: number, number: number): void {
    const slotAt = this.#slotOf(key)
    let newer = -1
    for (let slot = slotAt < 0 ? free : (this.#slots[slotAt] as number); slot !== free;) {
      const entry = slot - 1
      const start = this.#startOf(entry)
      slot = this.#before(entry)
      if (!this.#isAt(start, at, number)) {
        newer = entry
        continue
      }
      if (newer >= 0) this.#entries[newer * entryNumbers + 1] = slot
      else this.#slots[slotAt] = slot === free ? left : slot
      this.#garbageBytes += headBytes + key.length + readInt32(this.#items.bytes, start + lengthAt)
      return
    }
  }

  #growSlots(): void {
    const before = this.#slots
    this.#slots = new Int32Array(Math.max(slotsAtFirst, before.length * 2))
    this.#usedSlots = 0
    const mask = this.#slots.length - 1
    for (const slot of before) {
      if (slot === free || slot === left) continue
      let at = (this.#entries[(slot - 1) * entryNumbers + 2] as number) & mask
      while (this.#slots[at] !== free) at = (at + 1) & mask
      this.#slots[at] = slot
      this.#usedSlots++
    }
  }

  #growEntries(): void {
    const before = this.#entries
    this.#entries = new Int32Array(Math.max(slotsAtFirst * entryNumbers, before.length * 2))
    this.#entries.set(before)
  }

  /** Gives back the memory that was set aside for more rows. */
  trim(): void {
    const { bytes, at } = this.#items
    if (bytes.length > at + at / 4) this.#items.bytes = this.#items.copyFrom(0)
    if (this.#entries.length > this.#end * entryNumbers * 1.25) {
      this.#entries = this.#entries.slice(0, this.#end * entryNumbers)
    }
  }

  /** Without the items that are gone. */
  #rebuild(): void {
    const rows = new PackedSegment()
    const { bytes } = this.#items
    for (const last of this.#slots) {
      for (let slot = last; slot > free; slot = this.#before(slot - 1)) {
        const start = this.#startOf(slot - 1)
        const key = bytesAsText(bytes, start + headBytes, start + headBytes + readInt32(bytes, start))
        rows.put(key, readInt64(bytes, start + timeAt), readInt64(bytes, start + numberAt), this.valueOf(start))
      }
    }
    this.#items = rows.#items
    this.#slots = rows.#slots
    this.#usedSlots = rows.#usedSlots
    this.#entries = rows.#entries
    this.#end = rows.#end
    this.#garbageBytes = 0
  }
}

function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}
