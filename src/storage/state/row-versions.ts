/**
 * The rows of one partition in the pieces that were there when a journal was opened: every version, as it comes.
 *
 * Nothing is compared when a version is noted, so opening costs little however many there are. A search finds the
 * newest one. Meanwhile they are taken over into the hash table of the journal, some with each commit.
 */
import { hasKeyAt, keyAt } from './piece.ts'
import type { Pieces } from './pieces.ts'

const none = -1
const versionsAtFirst = 64
/** A hash, where the item begins in its piece, and the number of the piece modulo 2^32. */
const numbers = 3

/** A range of keys whose rows are gone where they came before a place of a piece. */
interface RemovedRange {
  readonly from: Buffer
  readonly to: Buffer | undefined
  readonly place: number
  readonly sequence: number
}

export class RowVersions {
  readonly #pieces: Pieces
  #versions = new Int32Array(versionsAtFirst * numbers)
  #count = 0
  /** By hash, the newest version plus 1, and for each version the next older one plus 1. Made by the first search. */
  #heads = new Int32Array(0)
  #older = new Int32Array(0)
  /** None is covered by a newer one. */
  readonly #removed: RemovedRange[] = []

  constructor(pieces: Pieces) {
    this.#pieces = pieces
  }

  /** What it takes in memory. */
  get bytes(): number {
    return (this.#versions.length + this.#heads.length + this.#older.length) * 4
  }

  /** In the order of pieces, before the first search. */
  add(hash: number, place: number, sequence: number): void {
    let at = this.#count * numbers
    if (at === this.#versions.length) {
      const before = this.#versions
      this.#versions = new Int32Array(before.length * 2)
      this.#versions.set(before)
    }
    this.#versions[at++] = hash
    this.#versions[at++] = place
    this.#versions[at] = sequence
    this.#count++
  }

  placeOf(version: number): number {
    return this.#versions[version * numbers + 1] as number
  }

  pieceOf(version: number): number {
    return this.#versions[version * numbers + 2] as number
  }

  /** The newest version of a key; -1 when there is none, or it was removed with a range. */
  find(hash: number, key: Uint8Array): number {
    if (this.#heads.length === 0) this.#link()
    for (let next = this.#heads[hash & (this.#heads.length - 1)] as number; next !== 0;) {
      const version = next - 1
      next = this.#older[version] as number
      if (this.#versions[version * numbers] !== hash) continue
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
    this.#older = new Int32Array(this.#count)
    const mask = this.#heads.length - 1
    for (let version = 0; version < this.#count; version++) {
      const head = (this.#versions[version * numbers] as number) & mask
      this.#older[version] = this.#heads[head] as number
      this.#heads[head] = version + 1
    }
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
