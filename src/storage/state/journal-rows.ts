/**
 * The rows of one partition that are in a journal: for each key, where its newest version is.
 *
 * Rows stay packed in the pieces, as a commit wrote them; here is a hash table over them (row-table.ts). The order of
 * keys is kept from the first time that it is asked for.
 *
 * Rows that were there when the journal was opened are among its versions (row-versions.ts) until they are taken over.
 *
 * A row that was folded stays known until its piece goes: reading it from there costs less than reading the tree, and
 * one that changes again needs no new entry. A range that is removed has to find all of its rows, and the order has
 * only those that are to be folded; so where ranges are removed, rows are forgotten when they are folded.
 */
import { copyBytes } from '../../core/bytes.ts'
import type { PackedRows } from '../packed-rows.ts'
import { hashOf, isRemoved, itemEnd, itemHeadBytes, keyAt, keyLengthAt } from './piece.ts'
import type { Piece, Pieces } from './pieces.ts'
import { RowOrder } from './row-order.ts'
import type { KeyedRows } from './row-sort.ts'
import { RowTable } from './row-table.ts'
import { RowVersions } from './row-versions.ts'
import type { TreeReads } from './tree-reads.ts'

const none = -1
const noBytes = Buffer.alloc(0)

/** How many rows are taken over at once. */
export const rowsAtOnce = 64
const hashes = new Int32Array(rowsAtOnce)
const taken = new Int32Array(rowsAtOnce)
const asked = new Int32Array(rowsAtOnce)

export class JournalRows implements KeyedRows {
  readonly partition: number
  readonly #pieces: Pieces
  readonly #table: RowTable
  #count = 0
  #liveBytes = 0
  #keepsFolded = true
  #order: RowOrder | undefined
  #versions: RowVersions | undefined

  constructor(partition: number, pieces: Pieces) {
    this.partition = partition
    this.#pieces = pieces
    this.#table = new RowTable(pieces)
  }

  /** How many rows are not in the tree yet. */
  get count(): number {
    return this.#count
  }

  /** Of these. */
  get liveBytes(): number {
    return this.#liveBytes
  }

  /** What it takes besides the pieces. */
  get memoryBytes(): number {
    return this.#table.bytes + (this.#order?.bytes ?? 0) + (this.#versions?.bytes ?? 0)
  }

  #piece(entry: number): Piece {
    return this.#pieces.at(this.#table.pieceOf(entry))
  }

  keyBytes(entry: number): Buffer {
    return this.#piece(entry).bytes
  }

  keyStart(entry: number): number {
    return this.#table.placeOf(entry) + itemHeadBytes
  }

  keyEnd(entry: number): number {
    return this.keyStart(entry) + keyLengthAt(this.keyBytes(entry), this.#table.placeOf(entry))
  }

  key(entry: number): Buffer {
    return keyAt(this.keyBytes(entry), this.#table.placeOf(entry))
  }

  /** Writes the row, which has this key in the tree, and returns its checksum; undefined when the row was removed. */
  write(entry: number, treeKey: Uint8Array, writes: PackedRows): number | undefined {
    const bytes = this.keyBytes(entry)
    const place = this.#table.placeOf(entry)
    if (isRemoved(bytes, place)) return undefined
    return writes.put(treeKey, bytes, place + itemHeadBytes + keyLengthAt(bytes, place), itemEnd(bytes, place))
  }

  /** A copy of the value; undefined when the row was removed. */
  copyOfValue(entry: number): Buffer | undefined {
    const bytes = this.keyBytes(entry)
    const place = this.#table.placeOf(entry)
    const end = itemEnd(bytes, place)
    const start = place + itemHeadBytes + keyLengthAt(bytes, place)
    if (isRemoved(bytes, place)) return undefined
    const copy = Buffer.allocUnsafe(end - start)
    copyBytes(bytes, start, end, copy, 0)
    return copy
  }

  /** Whether the item that begins at this place of a piece is the newest version of its key, and not in the tree. */
  isNewest(key: Uint8Array, place: number, sequence: number): boolean {
    const entry = this.find(key)
    return entry >= 0 && this.#table.isAt(entry, place, sequence) && !this.#table.isFolded(entry)
  }

  /** The entry of a key; -1 when the journal has no row of it. */
  find(key: Uint8Array, hash: number = hashOf(key, 0, key.length)): number {
    const entry = this.#table.find(hash, key, 0, key.length)
    if (entry !== none || this.#versions === undefined) return entry
    const version = this.#versions.find(hash, key)
    if (version === none) return none
    return this.#add(hash, this.#versions.placeOf(version), this.#versions.pieceOf(version))
  }

  /**
   * Takes over the rows whose items begin at these places of a piece, up to {@link rowsAtOnce}: they are the newest
   * versions of their keys.
   *
   * Each row takes a wait for a slot, for its entry and for the version before. So these are asked for row by row
   * first, and the processor waits for many at a time.
   *
   * @param reads of the tree, which has not changed since
   */
  setAll(bytes: Buffer, places: Int32Array, count: number, sequence: number, reads?: TreeReads): void {
    this.#ask(bytes, places, count)
    for (let i = 0; i < count; i++) {
      const entry = asked[i] as number
      if (entry !== none) asked[i] = this.keyBytes(entry)[this.#table.placeOf(entry)] as number
    }
    for (let i = 0; i < count; i++) {
      const place = places[i] as number
      const start = place + itemHeadBytes
      const hash = hashes[i] as number
      const end = start + keyLengthAt(bytes, place)
      const entry = this.#table.find(hash, bytes, start, end)
      if (entry !== none) {
        this.#move(entry, place, sequence)
        continue
      }
      const added = this.#add(hash, place, sequence)
      const read = reads === undefined ? none : reads.find(hash, this.partition, bytes, start, end)
      if (reads !== undefined && read !== none) this.#table.knowTree(added, reads.sealOf(read))
    }
  }

  /** Whether it is known what the tree has where this row is to be. */
  knowsTree(entry: number): boolean {
    return this.#keepsFolded && this.#table.knowsTree(entry)
  }

  /** The checksum of that row, if it is known and there is one. */
  treeSeal(entry: number): number | undefined {
    return this.#table.treeSeal(entry)
  }

  /** Others may have changed the tree. */
  forgetTree(): void {
    this.#table.forgetTree()
  }

  #ask(bytes: Buffer, places: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) {
      const start = (places[i] as number) + itemHeadBytes
      hashes[i] = hashOf(bytes, start, start + keyLengthAt(bytes, places[i] as number))
    }
    this.#table.ask(hashes, count, asked)
  }

  /** Notes a row of a piece that was there before: every version that is newer has yet to be noted. */
  note(bytes: Buffer, place: number, sequence: number): void {
    this.#versions ??= new RowVersions(this.#pieces)
    const start = place + itemHeadBytes
    this.#versions.add(hashOf(bytes, start, start + keyLengthAt(bytes, place)), place, sequence)
  }

  /** Takes over what {@link note} has noted of a piece, unless there is something newer: the newest piece first. */
  takeOver(bytes: Buffer, sequence: number): void {
    const versions = this.#versions
    if (versions === undefined) return
    if (versions.isWhole) this.#table.reserve(this.#table.count + versions.keysAbout)
    for (;;) {
      const count = versions.take(sequence, hashes, taken)
      if (count === 0) return
      this.#table.ask(hashes, count, asked)
      for (let i = 0; i < count; i++) {
        const place = taken[i] as number
        const start = place + itemHeadBytes
        const hash = hashes[i] as number
        if (this.#table.find(hash, bytes, start, start + keyLengthAt(bytes, place)) !== none) continue
        if (!versions.isRemoved(bytes, place, sequence)) this.#add(hash, place, sequence)
      }
    }
  }

  /** Everything that was noted has been taken over. */
  endTakingOver(): void {
    this.#versions = undefined
  }

  #add(hash: number, place: number, sequence: number): number {
    const entry = this.#table.add(hash, place, sequence)
    this.#enter(entry)
    this.#order?.add(entry)
    return entry
  }

  #move(entry: number, place: number, sequence: number): void {
    const wasFolded = this.#table.isFolded(entry)
    this.#leave(entry)
    this.#table.move(entry, place, sequence)
    this.#enter(entry)
    if (wasFolded) this.#order?.add(entry)
  }

  /** What an entry is at is found nowhere else. */
  #enter(entry: number): void {
    const piece = this.#piece(entry)
    const place = this.#table.placeOf(entry)
    piece.live++
    this.#count++
    this.#liveBytes += itemEnd(piece.bytes, place) - place
  }

  /** What an entry is at is no longer the newest version, or is in the tree now. */
  #leave(entry: number): void {
    const piece = this.#piece(entry)
    if (this.#table.isFolded(entry)) {
      piece.folded--
      return
    }
    const place = this.#table.placeOf(entry)
    piece.live--
    this.#count--
    this.#liveBytes -= itemEnd(piece.bytes, place) - place
  }

  /**
   * These rows are in the tree now.
   *
   * @param seals their checksums there
   */
  fold(entries: readonly number[], seals: Int32Array): void {
    // The table does not grow for rows that are in the tree.
    if (!this.#keepsFolded || !this.#table.hasRoom) return this.#deleteAll(entries)
    this.#order?.removeAll(entries)
    for (let at = 0; at < entries.length; at++) {
      const entry = entries[at] as number
      this.#leave(entry)
      const piece = this.#piece(entry)
      piece.folded++
      this.#table.fold(entry)
      this.#table.knowTree(entry, isRemoved(piece.bytes, this.#table.placeOf(entry)) ? undefined : seals[at])
    }
  }

  /** The journal no longer has rows for the keys of these entries. */
  #deleteAll(entries: readonly number[]): void {
    this.#order?.removeAll(entries)
    for (let at = 0; at < entries.length; at += rowsAtOnce) {
      const end = Math.min(at + rowsAtOnce, entries.length)
      this.#table.askFor(entries, at, end, asked)
      for (let i = at; i < end; i++) this.#delete(entries[i] as number)
    }
  }

  #delete(entry: number): void {
    this.#leave(entry)
    this.#table.delete(entry)
  }

  /**
   * Forgets the rows whose items begin at these places of a piece, up to {@link rowsAtOnce}, where there is nothing
   * newer: the piece goes.
   */
  retire(bytes: Buffer, places: Int32Array, count: number, sequence: number): void {
    this.#ask(bytes, places, count)
    for (let i = 0; i < count; i++) {
      const entry = this.#table.findAt(hashes[i] as number, places[i] as number, sequence)
      if (entry === none) continue
      if (!this.#table.isFolded(entry)) this.#order?.removeAll([entry])
      this.#delete(entry)
    }
  }

  /** The rows with from <= key < to that came before this place of a piece are gone. */
  removeRange(from: Buffer, to: Buffer | undefined, place: number, sequence: number): void {
    this.#versions?.remove({ from, to, place, sequence })
    if (this.#keepsFolded) {
      this.#keepsFolded = false
      for (const entry of this.#table.all(true, this.#table.count - this.#count)) this.#delete(entry)
    }
    this.#deleteAll(this.between(from, to, Infinity, false))
  }

  /** Of what is taken over: up to `max` entries with from <= key < to, the first or, in reverse, the last ones. */
  between(from: Uint8Array, to: Uint8Array | undefined, max: number, reverse: boolean): number[] {
    if (this.#count === 0) return []
    this.#order ??= new RowOrder(this, this.#table.all(false, this.#count))
    return this.#order.between(from, to, max, reverse)
  }

  /** From here on the order is kept: later, no commit has to make it from all rows at once. */
  keepOrder(): void {
    if (this.#order === undefined) this.between(noBytes, undefined, 1, false)
  }
}
