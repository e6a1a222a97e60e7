/**
 * The rows of one partition that are in a journal: for each key, where its newest version is.
 *
 * Rows stay packed in the pieces, as a commit wrote them. Here are numbers only: a hash table in typed arrays, since
 * hundreds of thousands of objects would cost more memory and time than the rows themselves. What is read together
 * stands together, because most of the time goes into waiting for memory. The order of keys is kept from the first time
 * that it is asked for.
 *
 * Rows that were there when the journal was opened are among its versions (row-versions.ts) until they are taken over.
 */
import { copyBytes } from '../../core/bytes.ts'
import { sealPart } from '../sealed-rows.ts'
import { hasKeyAt, hashOf, isRemoved, itemEnd, itemHeadBytes, keyAt, keyLengthAt } from './piece.ts'
import type { Pieces } from './pieces.ts'
import { RowOrder } from './row-order.ts'
import type { KeyedRows } from './row-sort.ts'
import { RowVersions } from './row-versions.ts'

const slotsAtFirst = 32
const none = -1
const noBytes = Buffer.alloc(0)

/** How many rows are taken over at once. */
export const rowsAtOnce = 64
const hashes = new Int32Array(rowsAtOnce)
const asked = new Int32Array(rowsAtOnce)

export class JournalRows implements KeyedRows {
  readonly partition: number
  readonly #pieces: Pieces
  /**
   * Two numbers for each slot of the hash table: the entry there, plus 1, or 0 for none; and its hash. There is a power
   * of two of slots.
   */
  #slots = new Int32Array(slotsAtFirst * 2)
  /**
   * Three numbers for each entry: where its item begins in its piece, the number of the piece modulo 2^32, and its
   * hash. The first number of an entry that is not in use is below zero, and says which one is unused besides.
   */
  #entries = new Int32Array(slotsAtFirst * 3)
  /** Entries from here on were never used. */
  #end = 0
  #unused = none
  #count = 0
  #liveBytes = 0
  #order: RowOrder | undefined
  #versions: RowVersions | undefined

  constructor(partition: number, pieces: Pieces) {
    this.partition = partition
    this.#pieces = pieces
  }

  get count(): number {
    return this.#count
  }

  /** Of the newest versions. */
  get liveBytes(): number {
    return this.#liveBytes
  }

  /** What it takes besides the pieces. */
  get memoryBytes(): number {
    const numbers = this.#slots.length + this.#entries.length
    return numbers * 4 + (this.#order?.bytes ?? 0) + (this.#versions?.bytes ?? 0)
  }

  keyBytes(entry: number): Buffer {
    return this.#pieces.at(this.#entries[entry * 3 + 1] as number).bytes
  }

  keyStart(entry: number): number {
    return this.#placeOf(entry) + itemHeadBytes
  }

  keyEnd(entry: number): number {
    return this.keyStart(entry) + keyLengthAt(this.keyBytes(entry), this.#placeOf(entry))
  }

  key(entry: number): Buffer {
    return keyAt(this.keyBytes(entry), this.#placeOf(entry))
  }

  /** The value, sealed for the key that it has in the tree; undefined when the row was removed. */
  sealed(entry: number, treeKey: Buffer): Buffer | undefined {
    const bytes = this.keyBytes(entry)
    const place = this.#placeOf(entry)
    if (isRemoved(bytes, place)) return undefined
    return sealPart(treeKey, bytes, place + itemHeadBytes + keyLengthAt(bytes, place), itemEnd(bytes, place))
  }

  /** A copy of the value; undefined when the row was removed. */
  copyOfValue(entry: number): Buffer | undefined {
    const bytes = this.keyBytes(entry)
    const place = this.#placeOf(entry)
    const end = itemEnd(bytes, place)
    const start = place + itemHeadBytes + keyLengthAt(bytes, place)
    if (isRemoved(bytes, place)) return undefined
    const copy = Buffer.allocUnsafe(end - start)
    copyBytes(bytes, start, end, copy, 0)
    return copy
  }

  #placeOf(entry: number): number {
    return this.#entries[entry * 3] as number
  }

  /** Whether an entry is in this piece. */
  isIn(entry: number, sequence: number): boolean {
    return this.#entries[entry * 3 + 1] === (sequence | 0)
  }

  /** Whether the item that begins at this place of a piece is the newest version of its key. */
  isNewest(key: Uint8Array, place: number, sequence: number): boolean {
    const entry = this.find(key)
    return entry >= 0 && this.#placeOf(entry) === place && this.isIn(entry, sequence)
  }

  /** The entry of a key; -1 when the journal has no row of it. */
  find(key: Uint8Array): number {
    const hash = hashOf(key, 0, key.length)
    const entry = this.#find(hash, key, 0, key.length)
    if (entry !== none || this.#versions === undefined) return entry
    const version = this.#versions.find(hash, key)
    if (version === none) return none
    return this.#add(hash, this.#versions.placeOf(version), this.#versions.pieceOf(version))
  }

  #find(hash: number, key: Uint8Array, start: number, end: number): number {
    const slots = this.#slots
    const mask = slots.length - 2
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const entry = (slots[at] as number) - 1
      if (entry === none) return none
      if (slots[at + 1] !== hash) continue
      if (hasKeyAt(this.keyBytes(entry), this.#placeOf(entry), key, start, end)) return entry
    }
  }

  /**
   * Takes over the rows whose items begin at these places of a piece, up to {@link rowsAtOnce}: they are the newest
   * versions of their keys.
   *
   * Each row takes a wait for a slot, for its entry and for the version before. So these are asked for row by row
   * first, and the processor waits for many at a time.
   */
  setAll(bytes: Buffer, places: Int32Array, count: number, sequence: number): void {
    const slots = this.#slots
    const mask = slots.length - 2
    for (let i = 0; i < count; i++) {
      const start = (places[i] as number) + itemHeadBytes
      const hash = hashOf(bytes, start, start + keyLengthAt(bytes, places[i] as number))
      hashes[i] = hash
      asked[i] = slots[(hash << 1) & mask] as number
    }
    for (let i = 0; i < count; i++) {
      const entry = (asked[i] as number) - 1
      const isHere = entry >= 0 && this.#entries[entry * 3 + 2] === hashes[i]
      asked[i] = isHere ? entry : none
    }
    for (let i = 0; i < count; i++) {
      const entry = asked[i] as number
      if (entry !== none) asked[i] = this.keyBytes(entry)[this.#placeOf(entry)] as number
    }
    for (let i = 0; i < count; i++) {
      const place = places[i] as number
      const start = place + itemHeadBytes
      const hash = hashes[i] as number
      const entry = this.#find(hash, bytes, start, start + keyLengthAt(bytes, place))
      if (entry === none) this.#add(hash, place, sequence)
      else this.#move(entry, place, sequence)
    }
  }

  /** Notes a row of a piece that was there before: every version that is newer has yet to be noted. */
  note(bytes: Buffer, place: number, sequence: number): void {
    this.#versions ??= new RowVersions(this.#pieces)
    this.#versions.add(
      hashOf(bytes, place + itemHeadBytes, itemHeadBytes + place + keyLengthAt(bytes, place)),
      place,
      sequence,
    )
  }

  /** Takes over what {@link note} has noted, unless there is a newer version. */
  takeOver(bytes: Buffer, place: number, sequence: number): void {
    const start = place + itemHeadBytes
    const end = start + keyLengthAt(bytes, place)
    const hash = hashOf(bytes, start, end)
    const entry = this.#find(hash, bytes, start, end)
    if (entry !== none) {
      if (this.isIn(entry, sequence) && place > this.#placeOf(entry)) this.#move(entry, place, sequence)
      return
    }
    if (this.#versions?.isRemoved(bytes, place, sequence) === true) return
    this.#add(hash, place, sequence)
  }

  /** Everything that was noted has been taken over. */
  endTakingOver(): void {
    this.#versions = undefined
  }

  #add(hash: number, place: number, sequence: number): number {
    if (this.#count * 8 >= this.#slots.length * 3) this.#growSlots()
    let entry = this.#unused
    if (entry === none) entry = this.#end++
    else this.#unused = -2 - this.#placeOf(entry)
    if (entry * 3 >= this.#entries.length) this.#growEntries()
    this.#entries[entry * 3 + 2] = hash
    enter(this.#slots, hash, entry)
    this.#count++
    this.#point(entry, place, sequence)
    this.#order?.add(entry)
    return entry
  }

  #move(entry: number, place: number, sequence: number): void {
    this.#leave(entry)
    this.#point(entry, place, sequence)
  }

  #point(entry: number, place: number, sequence: number): void {
    this.#entries[entry * 3] = place
    this.#entries[entry * 3 + 1] = sequence
    const piece = this.#pieces.at(sequence)
    piece.live++
    this.#liveBytes += itemEnd(piece.bytes, place) - place
  }

  /** What an entry points to is no longer the newest version. */
  #leave(entry: number): void {
    const piece = this.#pieces.at(this.#entries[entry * 3 + 1] as number)
    const place = this.#placeOf(entry)
    piece.live--
    this.#liveBytes -= itemEnd(piece.bytes, place) - place
  }

  #growSlots(): void {
    const before = this.#slots
    this.#slots = new Int32Array(before.length * 2)
    for (let at = 0; at < before.length; at += 2) {
      if (before[at] !== 0) enter(this.#slots, before[at + 1] as number, (before[at] as number) - 1)
    }
  }

  #growEntries(): void {
    const before = this.#entries
    this.#entries = new Int32Array(before.length * 2)
    this.#entries.set(before)
  }

  /** The journal no longer has rows for the keys of these entries. */
  deleteAll(entries: readonly number[]): void {
    this.#order?.removeAll(entries)
    for (let at = 0; at < entries.length; at += rowsAtOnce) {
      const end = Math.min(at + rowsAtOnce, entries.length)
      this.#askFor(entries, at, end)
      for (let i = at; i < end; i++) this.#delete(entries[i] as number)
    }
  }

  /** Reads what deleting these needs, so that the processor waits for many of them at a time. */
  #askFor(entries: readonly number[], from: number, to: number): void {
    const mask = this.#slots.length - 2
    for (let i = from; i < to; i++) hashes[i - from] = this.#entries[(entries[i] as number) * 3 + 2] as number
    for (let i = from; i < to; i++) asked[i - from] = this.#slots[((hashes[i - from] as number) << 1) & mask] as number
  }

  #delete(entry: number): void {
    this.#leave(entry)
    const slots = this.#slots
    const mask = slots.length - 2
    let hole = ((this.#entries[entry * 3 + 2] as number) << 1) & mask
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
    this.#entries[entry * 3] = -2 - this.#unused
    this.#unused = entry
    this.#count--
  }

  /** The rows with from <= key < to that came before this place of a piece are gone. */
  removeRange(from: Buffer, to: Buffer | undefined, place: number, sequence: number): void {
    this.#versions?.remove({ from, to, place, sequence })
    this.deleteAll(this.between(from, to, Infinity, false))
  }

  /** Of what is taken over: up to `max` entries with from <= key < to, the first or, in reverse, the last ones. */
  between(from: Uint8Array, to: Uint8Array | undefined, max: number, reverse: boolean): number[] {
    if (this.#count === 0) return []
    this.#order ??= this.#newOrder()
    return this.#order.between(from, to, max, reverse)
  }

  /** From here on the order is kept: later, no commit has to make it from all rows at once. */
  keepOrder(): void {
    if (this.#order === undefined) this.between(noBytes, undefined, 1, false)
  }

  #newOrder(): RowOrder {
    const entries = new Int32Array(this.#count)
    let at = 0
    for (let entry = 0; entry < this.#end; entry++) if (this.#placeOf(entry) >= 0) entries[at++] = entry
    return new RowOrder(this, entries)
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
