/**
 * The rows of one partition that are in a journal: for each key, where its newest version is.
 *
 * Rows stay packed in the pieces, as a commit wrote them. Here are numbers only: a hash table in typed arrays, since
 * hundreds of thousands of objects would cost more memory and time than the rows themselves. The order of keys is kept
 * from the first time that it is asked for.
 */
import { copyBytes } from '../../core/bytes.ts'
import { isRemoved, itemEnd, itemHeadBytes, keyAt, keyLengthAt, valueAt } from './piece.ts'
import type { Pieces } from './pieces.ts'
import { RowOrder } from './row-order.ts'
import type { KeyedRows } from './row-sort.ts'

const entriesAtFirst = 16
/** The number of an entry that is not in use. */
const unused = 0
const none = -1

export class JournalRows implements KeyedRows {
  readonly partition: number
  readonly #pieces: Pieces
  /** For each place of the hash table, the entry there, plus 1; 0 for none. Its length is a power of two. */
  #slots = new Int32Array(entriesAtFirst * 2)
  #hashes = new Int32Array(entriesAtFirst)
  /** The piece of each entry, or {@link unused}. */
  #sequences = new Float64Array(entriesAtFirst)
  /** Where the item of an entry begins in its piece; of an unused entry, the next one that is unused. */
  #places = new Int32Array(entriesAtFirst)
  /** Entries from here on were never used. */
  #end = 0
  #unused = none
  #count = 0
  #liveBytes = 0
  #order: RowOrder | undefined

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
    return this.#slots.length * 4 + this.#hashes.length * 16 + (this.#order?.bytes ?? 0)
  }

  keyBytes(entry: number): Buffer {
    return this.#pieces.of(this.#sequences[entry] as number).bytes
  }

  keyStart(entry: number): number {
    return (this.#places[entry] as number) + itemHeadBytes
  }

  keyEnd(entry: number): number {
    return this.keyStart(entry) + keyLengthAt(this.keyBytes(entry), this.#places[entry] as number)
  }

  key(entry: number): Buffer {
    return keyAt(this.keyBytes(entry), this.#places[entry] as number)
  }

  /** Within the piece: not to be handed out. Undefined when the row was removed. */
  value(entry: number): Buffer | undefined {
    return valueAt(this.keyBytes(entry), this.#places[entry] as number)
  }

  /** A copy of the value; undefined when the row was removed. */
  copyOfValue(entry: number): Buffer | undefined {
    const bytes = this.keyBytes(entry)
    const place = this.#places[entry] as number
    const end = itemEnd(bytes, place)
    const start = place + itemHeadBytes + keyLengthAt(bytes, place)
    if (isRemoved(bytes, place)) return undefined
    const copy = Buffer.allocUnsafe(end - start)
    copyBytes(bytes, start, end, copy, 0)
    return copy
  }

  #isUsed(entry: number): boolean {
    return (this.#sequences[entry] as number) !== unused
  }

  /** The piece that an entry is in. */
  sequenceOf(entry: number): number {
    return this.#sequences[entry] as number
  }

  /** The entry of a key; -1 when the journal has no row of it. */
  find(key: Uint8Array): number {
    return this.#find(hashOf(key, 0, key.length), key, 0, key.length)
  }

  #find(hash: number, key: Uint8Array, start: number, end: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = (slots[slot] as number) - 1
      if (entry === none) return none
      if (this.#hashes[entry] === hash && this.#isKey(entry, key, start, end)) return entry
    }
  }

  #isKey(entry: number, key: Uint8Array, start: number, end: number): boolean {
    const bytes = this.keyBytes(entry)
    const place = this.#places[entry] as number
    if (keyLengthAt(bytes, place) !== end - start) return false
    for (let i = start, j = place + itemHeadBytes; i < end; i++, j++) if (bytes[j] !== key[i]) return false
    return true
  }

  /** Takes over the row whose item begins at `place` of a piece: it is the newest version of its key. */
  set(bytes: Buffer, place: number, sequence: number): void {
    const start = place + itemHeadBytes
    const end = start + keyLengthAt(bytes, place)
    const hash = hashOf(bytes, start, end)
    let entry = this.#find(hash, bytes, start, end)
    const isNew = entry === none
    if (isNew) entry = this.#insert(hash)
    else this.#leave(entry)
    this.#sequences[entry] = sequence
    this.#places[entry] = place
    this.#pieces.of(sequence).live++
    this.#liveBytes += itemEnd(bytes, place) - place
    if (isNew) this.#order?.add(entry)
  }

  /** What an entry points to is no longer the newest version. */
  #leave(entry: number): void {
    const piece = this.#pieces.of(this.#sequences[entry] as number)
    const place = this.#places[entry] as number
    piece.live--
    this.#liveBytes -= itemEnd(piece.bytes, place) - place
  }

  #insert(hash: number): number {
    if (this.#count * 2 >= this.#slots.length) this.#grow()
    let entry = this.#unused
    if (entry === none) entry = this.#end++
    else this.#unused = this.#places[entry] as number
    this.#hashes[entry] = hash
    this.#place(entry)
    this.#count++
    return entry
  }

  #place(entry: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = (this.#hashes[entry] as number) & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = entry + 1
  }

  #grow(): void {
    const entries = this.#slots.length
    this.#slots = new Int32Array(entries * 2)
    this.#hashes = grown(this.#hashes, new Int32Array(entries))
    this.#sequences = grown(this.#sequences, new Float64Array(entries))
    this.#places = grown(this.#places, new Int32Array(entries))
    for (let entry = 0; entry < this.#end; entry++) if (this.#isUsed(entry)) this.#place(entry)
  }

  /** The journal no longer has rows for the keys of these entries. */
  deleteAll(entries: readonly number[]): void {
    this.#order?.removeAll(entries)
    for (const entry of entries) this.#delete(entry)
  }

  #delete(entry: number): void {
    this.#leave(entry)
    const slots = this.#slots
    const mask = slots.length - 1
    let hole = (this.#hashes[entry] as number) & mask
    while (slots[hole] !== entry + 1) hole = (hole + 1) & mask
    // Those after it move up, unless their search begins after the hole.
    for (let next = (hole + 1) & mask; slots[next] !== 0; next = (next + 1) & mask) {
      const home = (this.#hashes[(slots[next] as number) - 1] as number) & mask
      if (((next - home) & mask) < ((next - hole) & mask)) continue
      slots[hole] = slots[next] as number
      hole = next
    }
    slots[hole] = 0
    this.#sequences[entry] = unused
    this.#places[entry] = this.#unused
    this.#unused = entry
    this.#count--
  }

  /** Up to `max` entries with from <= key < to, the first or, in reverse, the last ones. */
  between(from: Uint8Array, to: Uint8Array | undefined, max: number, reverse: boolean): number[] {
    if (this.#count === 0) return []
    this.#order ??= this.#newOrder()
    return this.#order.between(from, to, max, reverse)
  }

  #newOrder(): RowOrder {
    const entries = new Int32Array(this.#count)
    let at = 0
    for (let entry = 0; entry < this.#end; entry++) if (this.#isUsed(entry)) entries[at++] = entry
    return new RowOrder(this, entries)
  }
}

function grown<T extends Int32Array | Float64Array>(before: T, after: T): T {
  after.set(before)
  return after
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}
