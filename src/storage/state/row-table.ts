/**
 * A hash table over the keys of rows that stand in pieces: for each key, where one of its rows is.
 *
 * It has numbers only, in typed arrays, since hundreds of thousands of objects would cost more memory and time than the
 * rows themselves. What is read together stands together, because most of the time goes into waiting for memory.
 */
import { hasKeyAt } from './piece.ts'
import type { Pieces } from './pieces.ts'

const slotsAtFirst = 32
const none = -1
const numbers = 4
/** Stand in the place of an entry besides. Pieces end long before them. Its row is in the tree as well. */
const folded = 0x4000_0000
/** What the tree has is known: a row with the checksum of the entry. */
const sealed = 0x2000_0000
/** The same: it has no row. */
const absent = 0x1000_0000
const marks = folded | sealed | absent

export class RowTable {
  readonly #pieces: Pieces
  /**
   * Two numbers for each slot of the hash table: the entry there, plus 1, or 0 for none; and its hash. There is a power
   * of two of slots.
   */
  #slots = new Int32Array(slotsAtFirst * 2)
  /**
   * Four numbers for each entry: where its item begins in its piece, with marks; the number of the piece modulo 2^32;
   * its hash; and the checksum of the row that the tree has. The first number of an entry that is not in use is below
   * zero, and says which one is unused besides.
   */
  #entries = new Int32Array(slotsAtFirst * numbers)
  /** Entries from here on were never used. */
  #end = 0
  #unused = none
  #count = 0

  constructor(pieces: Pieces) {
    this.#pieces = pieces
  }

  /** How many entries are in use. */
  get count(): number {
    return this.#count
  }

  /** Whether it can take some more entries before it has to grow. */
  get hasRoom(): boolean {
    return this.#count * 9 < this.#slots.length * 3
  }

  /** What it takes in memory. */
  get bytes(): number {
    return (this.#slots.length + this.#entries.length) * 4
  }

  placeOf(entry: number): number {
    return (this.#entries[entry * numbers] as number) & ~marks
  }

  /** The number of its piece modulo 2^32. */
  pieceOf(entry: number): number {
    return this.#entries[entry * numbers + 1] as number
  }

  /** Whether its row is in the tree as well. */
  isFolded(entry: number): boolean {
    return ((this.#entries[entry * numbers] as number) & folded) !== 0
  }

  /** Whether an entry is at this place. */
  isAt(entry: number, place: number, sequence: number): boolean {
    return this.placeOf(entry) === place && this.pieceOf(entry) === (sequence | 0)
  }

  /** The entry of a key; -1 when there is none. */
  find(hash: number, key: Uint8Array, start: number, end: number): number {
    const slots = this.#slots
    const mask = slots.length - 2
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const entry = (slots[at] as number) - 1
      if (entry === none) return none
      if (slots[at + 1] !== hash) continue
      const { bytes } = this.#pieces.at(this.pieceOf(entry))
      if (hasKeyAt(bytes, this.placeOf(entry), key, start, end)) return entry
    }
  }

  /** The entry with this hash that is at this place; -1 when there is none. */
  findAt(hash: number, place: number, sequence: number): number {
    const slots = this.#slots
    const mask = slots.length - 2
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const entry = (slots[at] as number) - 1
      if (entry === none || (slots[at + 1] === hash && this.isAt(entry, place, sequence))) return entry
    }
  }

  /**
   * Reads what searches for these hashes need, so that the processor waits for many of them at a time.
   *
   * @param entries takes for each the entry that a search would find first, if it has the hash, and otherwise -1
   */
  ask(hashes: Int32Array, count: number, entries: Int32Array): void {
    const slots = this.#slots
    const mask = slots.length - 2
    for (let i = 0; i < count; i++) entries[i] = slots[((hashes[i] as number) << 1) & mask] as number
    for (let i = 0; i < count; i++) {
      const entry = (entries[i] as number) - 1
      const isHere = entry >= 0 && this.#entries[entry * numbers + 2] === hashes[i]
      entries[i] = isHere ? entry : none
    }
  }

  /**
   * As {@link ask}, what deleting entries needs.
   *
   * @param slots takes what stands there
   */
  askFor(entries: readonly number[], from: number, to: number, slots: Int32Array): void {
    const mask = this.#slots.length - 2
    for (let i = from; i < to; i++) slots[i - from] = this.#hashOf(entries[i] as number)
    for (let i = 0; i < to - from; i++) slots[i] = this.#slots[((slots[i] as number) << 1) & mask] as number
  }

  #hashOf(entry: number): number {
    return this.#entries[entry * numbers + 2] as number
  }

  /** An entry for a key that has none. */
  add(hash: number, place: number, sequence: number): number {
    if (this.#count * 8 >= this.#slots.length * 3) this.#growSlots(this.#slots.length * 2)
    let entry = this.#unused
    if (entry === none) entry = this.#end++
    else this.#unused = -2 - (this.#entries[entry * numbers] as number)
    if (entry * numbers >= this.#entries.length) this.#growEntries(Math.ceil(this.#end * 1.25))
    this.#entries[entry * numbers + 2] = hash
    this.#entries[entry * numbers] = 0
    this.move(entry, place, sequence)
    enter(this.#slots, hash, entry)
    this.#count++
    return entry
  }

  /** To a row that is not in the tree. */
  move(entry: number, place: number, sequence: number): void {
    const known = (this.#entries[entry * numbers] as number) & (sealed | absent)
    this.#entries[entry * numbers] = place | known
    this.#entries[entry * numbers + 1] = sequence
  }

  /** Its row is in the tree as well from here on. */
  fold(entry: number): void {
    this.#entries[entry * numbers] = (this.#entries[entry * numbers] as number) | folded
  }

  /** @param seal the checksum of the row that the tree has; undefined: it has none */
  knowTree(entry: number, seal: number | undefined): void {
    const others = (this.#entries[entry * numbers] as number) & ~(sealed | absent)
    this.#entries[entry * numbers] = others | (seal === undefined ? absent : sealed)
    this.#entries[entry * numbers + 3] = seal ?? 0
  }

  knowsTree(entry: number): boolean {
    return ((this.#entries[entry * numbers] as number) & (sealed | absent)) !== 0
  }

  /** As {@link knowTree} was told. */
  treeSeal(entry: number): number | undefined {
    const isThere = ((this.#entries[entry * numbers] as number) & sealed) !== 0
    return isThere ? (this.#entries[entry * numbers + 3] as number) >>> 0 : undefined
  }

  /** Others may have changed the tree. */
  forgetTree(): void {
    for (let entry = 0; entry < this.#end; entry++) {
      const place = this.#entries[entry * numbers] as number
      if (place >= 0) this.#entries[entry * numbers] = place & ~(sealed | absent)
    }
  }

  delete(entry: number): void {
    const slots = this.#slots
    const mask = slots.length - 2
    let hole = (this.#hashOf(entry) << 1) & mask
    while (slots[hole] !== entry + 1) hole = (hole + 2) & mask
    // Those after it move up, unless their search begins after the hole.
    for (let next = (hole + 2) & mask; slots[next] !== 0; next = (next + 2) & mask) {
      const home = ((slots[next + 1] as number) << 1) & mask
      if (((next - home) & mask) < ((next - hole) & mask)) continue
      slots[hole] = slots[next] as number
      slots[hole + 1] = slots[next + 1] as number
      hole = next
    }
    slots[hole] = 0
    this.#entries[entry * numbers] = -2 - this.#unused
    this.#unused = entry
    this.#count--
  }

  /** Makes room for this many entries. What grows step by step leaves garbage. */
  reserve(count: number): void {
    const length = 2 ** Math.ceil(Math.log2((count * 8) / 3))
    if (length > this.#slots.length) this.#growSlots(length)
    if (count * numbers > this.#entries.length) this.#growEntries(count)
  }

  #growSlots(length: number): void {
    const before = this.#slots
    this.#slots = new Int32Array(length)
    for (let at = 0; at < before.length; at += 2) {
      if (before[at] !== 0) enter(this.#slots, before[at + 1] as number, (before[at] as number) - 1)
    }
  }

  #growEntries(count: number): void {
    const before = this.#entries
    this.#entries = new Int32Array(count * numbers)
    this.#entries.set(before)
  }

  /** The entries of all rows that are in the tree as well, or of all that are not: `count` of them. */
  all(areFolded: boolean, count: number): Int32Array {
    const found = new Int32Array(count)
    let at = 0
    for (let entry = 0; entry < this.#end; entry++) {
      if ((this.#entries[entry * numbers] as number) >= 0 && this.isFolded(entry) === areFolded) found[at++] = entry
    }
    return found
  }
}

/** Puts an entry into the slots. */
function enter(slots: Int32Array, hash: number, entry: number): void {
  const mask = slots.length - 2
  let at = (hash << 1) & mask
  while (slots[at] !== 0) at = (at + 2) & mask
  slots[at] = entry + 1
  slots[at + 1] = hash
}
