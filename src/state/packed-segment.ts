/**
 * Rows of one segment of time as bytes, found by their keys: about a fifth of what the rows take as objects.
 *
 * They lie one after the other in one buffer. A hash table leads to the last row of a key that was put, and each row to
 * the one before.
 */
import { ByteWriter, readInt32, writeInt32 } from '../core/bytes.ts'
import { appendBytesOfText, bytesAsText } from '../core/text.ts'

/** Where the key that rows have in common stands in their stored keys. */
export interface CommonKeyPlace {
  readonly before: number
  readonly after: number
}

const slotsAtFirst = 64
const nothing = new Int32Array(0)
const entryNumbers = 3
/** In a slot: no key was ever here; one was, and its rows are gone. */
const [free, left] = [0, -1]
/** Length of the stored key, and of the value. */
const headBytes = 8
const garbageMin = 65_536

export class PackedSegment {
  readonly #place: CommonKeyPlace
  #items = new ByteWriter(0)
  /** The last entry of a key, plus 1. */
  #slots: Int32Array = nothing
  #usedSlots = 0
  /** For each entry: where its item is, the entry before it of the same key plus 1, and the hash of that key. */
  #entries: Int32Array = nothing
  #end = 0
  #garbageBytes = 0

  constructor(place: CommonKeyPlace) {
    this.#place = place
  }

  /** Whether no row was ever put. */
  get isEmpty(): boolean {
    return this.#end === 0
  }

  get bytes(): number {
    return this.#items.bytes.length + (this.#slots.length + this.#entries.length) * 4
  }

  /** @param text the stored key, with one character for each byte */
  put(text: string, value: Uint8Array): void {
    this.remove(text)
    if (this.#garbageBytes > garbageMin && this.#garbageBytes * 2 > this.#items.at) this.#rebuild()
    const items = this.#items
    const start = items.at
    items.ensure(headBytes)
    writeInt32(items.bytes, start, text.length)
    writeInt32(items.bytes, start + 4, value.length)
    items.at += headBytes
    appendBytesOfText(text, items)
    items.append(value, 0, value.length)
    this.#enter(start, hashOf(text, this.#place.before, text.length - this.#place.after))
  }

  #enter(start: number, hash: number): void {
    if (this.#usedSlots * 2 >= this.#slots.length) this.#growSlots()
    if (this.#end * entryNumbers === this.#entries.length) this.#growEntries()
    const slots = this.#slots
    let at = hash & (slots.length - 1)
    while (slots[at] !== free && !this.#isSameKey(slots[at] as number, start)) at = (at + 1) & (slots.length - 1)
    if (slots[at] === free) this.#usedSlots++
    const entry = this.#end++
    this.#entries[entry * entryNumbers] = start
    this.#entries[entry * entryNumbers + 1] = slots[at] as number
    this.#entries[entry * entryNumbers + 2] = hash
    slots[at] = entry + 1
  }

  #isSameKey(slot: number, start: number): boolean {
    if (slot === left) return false
    const { bytes } = this.#items
    const other = this.#startOf(slot - 1)
    const length = readInt32(bytes, start)
    if (readInt32(bytes, other) !== length) return false
    const { before, after } = this.#place
    for (let i = headBytes + before; i < headBytes + length - after; i++) {
      if (bytes[start + i] !== bytes[other + i]) return false
    }
    return true
  }

  /** The slot of a key; -1 when it has no rows. */
  #slotOf(text: string, begin: number, end: number): number {
    const slots = this.#slots
    if (slots.length === 0) return -1
    const { before, after } = this.#place
    const { bytes } = this.#items
    const length = before + (end - begin) + after
    search: for (let at = hashOf(text, begin, end) & (slots.length - 1); ; at = (at + 1) & (slots.length - 1)) {
      const slot = slots[at] as number
      if (slot === free) return -1
      if (slot === left) continue
      const start = this.#startOf(slot - 1)
      if (readInt32(bytes, start) !== length) continue
      for (let i = begin, j = start + headBytes + before; i < end; i++, j++) {
        if (bytes[j] !== text.charCodeAt(i)) continue search
      }
      return at
    }
  }

  #startOf(entry: number): number {
    return this.#entries[entry * entryNumbers] as number
  }

  #textAt(start: number): string {
    const { bytes } = this.#items
    return bytesAsText(bytes, start + headBytes, start + headBytes + readInt32(bytes, start))
  }

  /** Within the buffer: only until the next row is put. */
  #valueAt(start: number): Buffer {
    const { bytes } = this.#items
    const begin = start + headBytes + readInt32(bytes, start)
    return bytes.subarray(begin, begin + readInt32(bytes, start + 4))
  }

  /** The stored keys of all rows of a key, each with its value. */
  visit(key: string, visitor: (text: string, value: Buffer) => void): void {
    const at = this.#slotOf(key, 0, key.length)
    for (let slot = at < 0 ? free : (this.#slots[at] as number); slot !== free;) {
      const start = this.#startOf(slot - 1)
      visitor(this.#textAt(start), this.#valueAt(start))
      slot = this.#entries[(slot - 1) * entryNumbers + 1] as number
    }
  }

  /** The value of a row; undefined when it is not here. */
  find(text: string): Buffer | undefined {
    const { before, after } = this.#place
    const at = this.#slotOf(text, before, text.length - after)
    for (let slot = at < 0 ? free : (this.#slots[at] as number); slot !== free;) {
      const start = this.#startOf(slot - 1)
      if (this.#textAt(start) === text) return this.#valueAt(start)
      slot = this.#entries[(slot - 1) * entryNumbers + 1] as number
    }
    return undefined
  }

  remove(text: string): void {
    const { before, after } = this.#place
    const at = this.#slotOf(text, before, text.length - after)
    let newer = -1
    for (let slot = at < 0 ? free : (this.#slots[at] as number); slot !== free;) {
      const entry = slot - 1
      const start = this.#startOf(entry)
      slot = this.#entries[entry * entryNumbers + 1] as number
      if (this.#textAt(start) !== text) {
        newer = entry
        continue
      }
      if (newer >= 0) this.#entries[newer * entryNumbers + 1] = slot
      else this.#slots[at] = slot === free ? left : slot
      this.#garbageBytes += headBytes + text.length + readInt32(this.#items.bytes, start + 4)
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
    const rows = new PackedSegment(this.#place)
    for (const last of this.#slots) {
      for (let slot = last; slot > free; slot = this.#entries[(slot - 1) * entryNumbers + 1] as number) {
        const start = this.#startOf(slot - 1)
        rows.put(this.#textAt(start), this.#valueAt(start))
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

function hashOf(text: string, begin: number, end: number): number {
  let hash = 0x811c9dc5
  for (let i = begin; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}
