/**
 * Rows of one segment of time as bytes, found by their keys: about an eighth of what the rows take as objects.
 *
 * They lie one after the other in one buffer, and each key once, before its first row. A hash table leads to the rows
 * of a key. These are a search tree in the order of times and numbers, because windows that are kept for a day are
 * many: finding one, or those of a span, costs what the tree is deep. It is a treap: each row has a priority that looks
 * like chance and is above those of the rows below it, so the tree is balanced in whatever order the rows come.
 */
import { ByteWriter, copyBytes, readInt32, readInt64, writeInt32, writeUint64 } from '../core/bytes.ts'
import { appendBytesOfText, bytesAsText } from '../core/text.ts'

const slotsAtFirst = 64
const nothing = new Int32Array(0)
/** For each slot: the root of the rows of a key, and the hash of the key. */
const slotNumbers = 2
/** In place of a root: no key was ever here; one was, and its rows are gone. */
const [free, left] = [0, -1]
/** For each entry: where its row is, and the roots of the rows before it and after it. Entry 0 is no row. */
const entryNumbers = 3
const [beforeAt, afterAt] = [1, 2]
/** Where the root stands while a tree is changed: below entry 0. */
const rootAt = afterAt
/** Where the length of the value, the time and the number of a row stand; the place of the key is first. */
const [lengthAt, timeAt, numberAt] = [4, 8, 16]
/** What stands before a key: its length. */
const keyHeadBytes = 4
const garbageMin = 65_536
/** Of how many rows the time is looked at to find the middle. */
const sampleRows = 1_000
/** How much more a growing array has than it needs: little, because what is not used counts too. */
const growth = 1.25

/** Is given the time and the number of a row, and its place for `valueOf`. True ends the walk. */
export type PackedVisitor = (at: number, number: number, place: number) => boolean

export class PackedSegment {
  readonly #isNumbered: boolean
  readonly #headBytes: number
  #items = new ByteWriter(0)
  #slots: Int32Array = nothing
  #usedSlots = 0
  #entries: Int32Array = nothing
  #end = 1
  #garbageBytes = 0

  /** @param isNumbered whether rows have numbers, other than 0 */
  constructor(isNumbered: boolean) {
    this.#isNumbered = isNumbered
    this.#headBytes = isNumbered ? numberAt + 8 : numberAt
  }

  /** Whether no row was ever put. */
  get isEmpty(): boolean {
    return this.#end === 1
  }

  get bytes(): number {
    return this.#items.bytes.length + (this.#slots.length + this.#entries.length) * 4
  }

  /** @param key one character for each byte */
  put(key: string, at: number, number: number, value: Uint8Array): void {
    if (this.#garbageBytes > garbageMin && this.#garbageBytes * 2 > this.#items.at) this.keepFrom(0)
    if (this.#usedSlots * slotNumbers * 1.5 >= this.#slots.length) this.#growSlots()
    if (this.#end * entryNumbers >= this.#entries.length) this.#growEntries()
    const hash = hashOf(key)
    const slotAt = this.#slotOf(key, hash)
    const root = this.#slots[slotAt] as number
    const known = root === free ? 0 : (this.#entries[this.#linkTo(root, at, number)] as number)
    if (known !== 0) return this.#replace(known, value)
    if (root === free) {
      this.#usedSlots++
      this.#slots[slotAt + 1] = hash
    }
    const start = this.#append(root === free ? this.#appendKey(key) : this.#keyOf(root), at, number, value)
    this.#slots[slotAt] = this.#insert(root, start)
  }

  #appendKey(key: string): number {
    this.#ensure(keyHeadBytes + key.length)
    const items = this.#items
    const place = items.at
    writeInt32(items.bytes, place, key.length)
    items.at += keyHeadBytes
    appendBytesOfText(key, items)
    return place
  }

  #append(keyPlace: number, at: number, number: number, value: Uint8Array): number {
    this.#ensure(this.#headBytes + value.length)
    const items = this.#items
    const start = items.at
    writeInt32(items.bytes, start, keyPlace)
    writeInt32(items.bytes, start + lengthAt, value.length)
    writeUint64(items.bytes, start + timeAt, at)
    if (this.#isNumbered) writeUint64(items.bytes, start + numberAt, number)
    items.at += this.#headBytes
    items.append(value, 0, value.length)
    return start
  }

  #ensure(count: number): void {
    const { bytes, at } = this.#items
    if (at + count <= bytes.length) return
    // A writer that grows by itself doubles.
    this.#items = new ByteWriter(Math.max(at + count, Math.ceil(at * growth)))
    this.#items.append(bytes, 0, at)
  }

  #replace(entry: number, value: Uint8Array): void {
    const start = this.#startOf(entry)
    const { bytes } = this.#items
    const length = readInt32(bytes, start + lengthAt)
    if (length === value.length) return copyBytes(value, 0, length, bytes, start + this.#headBytes)
    this.#garbageBytes += this.#headBytes + length
    const place = this.#append(readInt32(bytes, start), this.#timeOf(start), this.#numberOf(start), value)
    this.#entries[entry * entryNumbers] = place
  }

  /** Enters a row into a tree; returns the root that it has then. */
  #insert(root: number, start: number): number {
    const entries = this.#entries
    const entry = this.#end++
    const at = this.#timeOf(start)
    const number = this.#numberOf(start)
    entries[entry * entryNumbers] = start
    entries[rootAt] = root
    // It goes above the first entry with a smaller priority, and that entry's tree is cut in two at its place.
    const priority = priorityOf(entry)
    let link = rootAt
    let below = root
    while (below !== 0 && priorityOf(below) > priority) {
      link = below * entryNumbers + (this.#isBefore(below, at, number) ? afterAt : beforeAt)
      below = entries[link] as number
    }
    entries[link] = entry
    let early = entry * entryNumbers + beforeAt
    let late = entry * entryNumbers + afterAt
    while (below !== 0) {
      if (this.#isBefore(below, at, number)) {
        entries[early] = below
        early = below * entryNumbers + afterAt
        below = entries[early] as number
      } else {
        entries[late] = below
        late = below * entryNumbers + beforeAt
        below = entries[late] as number
      }
    }
    entries[early] = entries[late] = 0
    return entries[rootAt]
  }

  /** The slot of a key, or the one that it gets. */
  #slotOf(key: string, hash: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    let at = (hash * slotNumbers) & mask
    while (slots[at] !== free && !(slots[at + 1] === hash && this.#hasKey(slots[at] as number, key))) {
      at = (at + slotNumbers) & mask
    }
    return at
  }

  #hasKey(root: number, key: string): boolean {
    if (root === left) return false
    const { bytes } = this.#items
    const place = this.#keyOf(root)
    const { length } = key
    if (readInt32(bytes, place) !== length) return false
    for (let i = 0, j = place + keyHeadBytes; i < length; i++, j++) if (bytes[j] !== key.charCodeAt(i)) return false
    return true
  }

  /** The root of a key's rows; 0: it has none. */
  #rootOf(key: string): number {
    if (this.#slots.length === 0) return free
    return this.#slots[this.#slotOf(key, hashOf(key))] as number
  }

  #startOf(entry: number): number {
    return this.#entries[entry * entryNumbers] as number
  }

  /** Where the key of an entry is. */
  #keyOf(entry: number): number {
    return readInt32(this.#items.bytes, this.#startOf(entry))
  }

  #timeOf(start: number): number {
    return readInt64(this.#items.bytes, start + timeAt)
  }

  #numberOf(start: number): number {
    return this.#isNumbered ? readInt64(this.#items.bytes, start + numberAt) : 0
  }

  /** Whether the row of an entry is before this place. */
  #isBefore(entry: number, at: number, number: number): boolean {
    const start = this.#startOf(entry)
    const time = this.#timeOf(start)
    return time < at || (time === at && this.#numberOf(start) < number)
  }

  /** Where the entry of a row is named, in a tree that is not empty; 0 stands there if the row is not in it. */
  #linkTo(root: number, at: number, number: number): number {
    const entries = this.#entries
    entries[rootAt] = root
    let link = rootAt
    for (let entry = root; entry !== 0; entry = entries[link] as number) {
      const start = entries[entry * entryNumbers] as number
      const time = this.#timeOf(start)
      const order = time === at ? this.#numberOf(start) - number : time - at
      if (order === 0) break
      link = entry * entryNumbers + (order < 0 ? afterAt : beforeAt)
    }
    return link
  }

  /** Of the row at this place; within the buffer: only until the next row is put. */
  valueOf(start: number): Buffer {
    const { bytes } = this.#items
    const begin = start + this.#headBytes
    return bytes.subarray(begin, begin + readInt32(bytes, start + lengthAt))
  }

  /** Visits the rows of a key with a time in this span in their order, or from the last to the first. */
  visit(key: string, fromTime: number, toTime: number, isReverse: boolean, visitor: PackedVisitor): void {
    this.#visit(this.#rootOf(key), fromTime, toTime, isReverse, visitor)
  }

  #visit(root: number, fromTime: number, toTime: number, isReverse: boolean, visitor: PackedVisitor): boolean {
    for (let entry = root; entry !== 0;) {
      const start = this.#startOf(entry)
      const at = this.#timeOf(start)
      const before = this.#entries[entry * entryNumbers + beforeAt] as number
      const after = this.#entries[entry * entryNumbers + afterAt] as number
      if (at < fromTime) entry = after
      else if (at > toTime) entry = before
      else {
        if (this.#visit(isReverse ? after : before, fromTime, toTime, isReverse, visitor)) return true
        if (visitor(at, this.#numberOf(start), start)) return true
        entry = isReverse ? before : after
      }
    }
    return false
  }

  /** The value of a row; undefined when it is not here. */
  find(key: string, at: number, number: number): Buffer | undefined {
    const root = this.#rootOf(key)
    const entry = root === 0 ? 0 : (this.#entries[this.#linkTo(root, at, number)] as number)
    return entry === 0 ? undefined : this.valueOf(this.#startOf(entry))
  }

  remove(key: string, at: number, number: number): void {
    if (this.#slots.length === 0) return
    const slotAt = this.#slotOf(key, hashOf(key))
    const root = this.#slots[slotAt] as number
    if (root === free) return
    const entries = this.#entries
    let link = this.#linkTo(root, at, number)
    const entry = entries[link] as number
    if (entry === 0) return
    // What was below it takes its place, in the order of priorities.
    let before = entries[entry * entryNumbers + beforeAt] as number
    let after = entries[entry * entryNumbers + afterAt] as number
    while (before !== 0 && after !== 0) {
      if (priorityOf(before) > priorityOf(after)) {
        entries[link] = before
        link = before * entryNumbers + afterAt
        before = entries[link] as number
      } else {
        entries[link] = after
        link = after * entryNumbers + beforeAt
        after = entries[link] as number
      }
    }
    entries[link] = before === 0 ? after : before
    const rest = entries[rootAt] as number
    this.#garbageBytes += this.#headBytes + readInt32(this.#items.bytes, this.#startOf(entry) + lengthAt)
    if (rest === 0) this.#garbageBytes += keyHeadBytes + key.length
    this.#slots[slotAt] = rest === 0 ? left : rest
  }

  /** A time that about half of the rows are not after. */
  get middleTime(): number {
    const times: number[] = []
    const step = Math.max(1, Math.floor(this.#end / sampleRows))
    for (let entry = 1; entry < this.#end; entry += step) times.push(this.#timeOf(this.#startOf(entry)))
    times.sort((a, b) => a - b)
    return times[times.length >> 1] ?? 0
  }

  /** Forgets the rows before a time, and gives back the memory of rows that are gone. */
  keepFrom(time: number): void {
    const rows = new PackedSegment(this.#isNumbered)
    for (let slotAt = 0; slotAt < this.#slots.length; slotAt += slotNumbers) {
      const root = this.#slots[slotAt] as number
      if (root === free || root === left) continue
      const key = this.#textAt(this.#keyOf(root))
      this.#visit(root, time, Number.MAX_SAFE_INTEGER, false, (at, number, place) => {
        rows.put(key, at, number, this.valueOf(place))
        return false
      })
    }
    this.#items = rows.#items
    this.#slots = rows.#slots
    this.#usedSlots = rows.#usedSlots
    this.#entries = rows.#entries
    this.#end = rows.#end
    this.#garbageBytes = 0
  }

  #growSlots(): void {
    const before = this.#slots
    const slots = (this.#slots = new Int32Array(Math.max(slotsAtFirst * slotNumbers, before.length * 2)))
    this.#usedSlots = 0
    const mask = slots.length - 1
    for (let from = 0; from < before.length; from += slotNumbers) {
      const root = before[from] as number
      if (root === free || root === left) continue
      const hash = before[from + 1] as number
      let at = (hash * slotNumbers) & mask
      while (slots[at] !== free) at = (at + slotNumbers) & mask
      slots[at] = root
      slots[at + 1] = hash
      this.#usedSlots++
    }
  }

  #textAt(place: number): string {
    const { bytes } = this.#items
    const begin = place + keyHeadBytes
    return bytesAsText(bytes, begin, begin + readInt32(bytes, place))
  }

  #growEntries(): void {
    const before = this.#entries
    const count = Math.max(slotsAtFirst, Math.ceil(this.#end * growth))
    this.#entries = new Int32Array(count * entryNumbers)
    this.#entries.set(before)
  }
}

/** A number that looks like chance, and is another for each entry. */
function priorityOf(entry: number): number {
  let bits = Math.imul(entry ^ (entry >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}
