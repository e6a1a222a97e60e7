/**
 * The rows of one partition in the pieces that were there when a journal was opened: every version, as it comes.
 *
 * Nothing is compared when a version is noted, so opening costs little however many there are. A search finds the
 * newest one. Meanwhile they are taken over into the hash table of the journal, some with each commit, and are given
 * up here, so that the two tables do not take twice the memory.
 */
import { hasKeyAt, keyAt } from './piece.ts'
import type { Pieces } from './pieces.ts'

const none = -1
/** A hash, where the item begins in its piece, and the next older version with that head, plus 1. */
const numbers = 3
/** Versions stand in pages of two to the power of this many. */
const pageBits = 13
const pageVersions = 2 ** pageBits

/** A range of keys whose rows are gone where they came before a place of a piece. */
interface RemovedRange {
  readonly from: Buffer
  readonly to: Buffer | undefined
  readonly place: number
  readonly sequence: number
}

export class RowVersions {
  readonly #pieces: Pieces
  readonly #pages: Int32Array[] = []
  #count = 0
  #isTaken = false
  /** For each piece that has versions here: its number, and its first version. */
  readonly #sequences: number[] = []
  readonly #firsts: number[] = []
  /** By hash, the newest version plus 1. Made by the first search. */
  #heads = new Int32Array(0)
  /** None is covered by a newer one. */
  readonly #removed: RemovedRange[] = []

  constructor(pieces: Pieces) {
    this.#pieces = pieces
  }

  /** What it takes in memory. */
  get bytes(): number {
    return (this.#pages.length * pageVersions * numbers + this.#heads.length) * 4
  }

  /** In the order of pieces, before the first search. */
  add(hash: number, place: number, sequence: number): void {
    if (this.#sequences.at(-1) !== sequence) {
      this.#sequences.push(sequence)
      this.#firsts.push(this.#count)
    }
    const version = this.#count++
    let page = this.#pages[version >>> pageBits]
    if (page === undefined) this.#pages.push((page = new Int32Array(pageVersions * numbers)))
    const at = (version % pageVersions) * numbers
    page[at] = hash
    page[at + 1] = place
  }

  /** @param which of its numbers */
  #number(version: number, which: number): number {
    return (this.#pages[version >>> pageBits] as Int32Array)[(version % pageVersions) * numbers + which] as number
  }

  placeOf(version: number): number {
    return this.#number(version, 1)
  }

  /** The number of its piece. */
  pieceOf(version: number): number {
    let low = 0
    let high = this.#firsts.length
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((this.#firsts[middle] as number) <= version) low = middle
      else high = middle
    }
    return this.#sequences[low] as number
  }

  /** The newest version of a key; -1 when there is none, or it was removed with a range. */
  find(hash: number, key: Uint8Array): number {
    if (this.#heads.length === 0) this.#link()
    for (let next = this.#heads[hash & (this.#heads.length - 1)] as number; next !== 0;) {
      const version = next - 1
      next = this.#number(version, 2)
      if (this.#number(version, 0) !== hash) continue
      const piece = this.#pieces.find(this.pieceOf(version))
      if (piece === undefined) return none // what is older is gone as well
      const place = this.placeOf(version)
      if (!hasKeyAt(piece.bytes, place, key, 0, key.length)) continue
      return this.isRemoved(piece.bytes, place, piece.sequence) ? none : version
    }
    return none
  }

  #link(): void {
    this.#heads = new Int32Array(2 ** Math.ceil(Math.log2(this.#count + 1)))
    const mask = this.#heads.length - 1
    for (let version = 0; version < this.#count; version++) {
      const head = this.#number(version, 0) & mask
      ;(this.#pages[version >>> pageBits] as Int32Array)[(version % pageVersions) * numbers + 2] = this.#heads[
        head
      ] as number
      this.#heads[head] = version + 1
    }
  }

  /** Whether none was given up. */
  get isWhole(): boolean {
    return !this.#isTaken
  }

  /** About how many keys they have. */
  get keysAbout(): number {
    if (this.#heads.length === 0) this.#link()
    let unused = 0
    for (const head of this.#heads) if (head === 0) unused++
    return Math.min(this.#count, Math.ceil(-this.#heads.length * Math.log(Math.max(1, unused) / this.#heads.length)))
  }

  /**
   * Gives up the newest versions, if they are in this piece, and as many as there is room for: they are known elsewhere
   * from here on.
   *
   * @param hashes takes theirs, the newest one's first
   * @param places takes where their items begin
   * @returns how many they are
   */
  take(sequence: number, hashes: Int32Array, places: Int32Array): number {
    if (this.#sequences.at(-1) !== sequence) return 0
    this.#isTaken = true
    const first = this.#firsts.at(-1) as number
    const count = Math.min(hashes.length, this.#count - first)
    const mask = this.#heads.length - 1
    for (let i = 0; i < count; i++) {
      const version = --this.#count
      hashes[i] = this.#number(version, 0)
      places[i] = this.#number(version, 1)
      // It is the newest of those that are left with its head.
      if (mask >= 0) this.#heads[(hashes[i] as number) & mask] = this.#number(version, 2)
    }
    if (this.#count === first) {
      this.#sequences.pop()
      this.#firsts.pop()
    }
    this.#pages.length = Math.ceil(this.#count / pageVersions)
    return count
  }

  /** In the order of pieces. */
  remove(range: RemovedRange): void {
    for (let last = this.#removed.at(-1); last !== undefined && covers(range, last); last = this.#removed.at(-1)) {
      this.#removed.pop()
    }
    this.#removed.push(range)
  }

  /** Whether a row of a piece was removed with a range later. */
  isRemoved(bytes: Buffer, place: number, sequence: number): boolean {
    if (this.#removed.length === 0) return false
    const key = keyAt(bytes, place)
    return this.#removed.some(
      (range) =>
        (range.sequence > sequence || (range.sequence === sequence && range.place > place)) &&
        Buffer.compare(range.from, key) <= 0 &&
        (range.to === undefined || Buffer.compare(key, range.to) < 0),
    )
  }
}

function covers({ from, to }: RemovedRange, other: RemovedRange): boolean {
  if (Buffer.compare(from, other.from) > 0) return false
  return to === undefined || (other.to !== undefined && Buffer.compare(other.to, to) <= 0)
}
