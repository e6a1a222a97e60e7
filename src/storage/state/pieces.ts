/**
 * The pieces of a journal in memory, as they are on disk, and how many rows of each are the newest version of their
 * key.
 */
import { present } from '../../core/assert.ts'

export interface Piece {
  readonly sequence: number
  readonly bytes: Buffer
  /** Rows that are found nowhere else. A piece without any is needed only while there is an older one. */
  live: number
  /** Rows that are in the tree as well, and found here. */
  folded: number
}

/** What an object of a piece, its buffer and its row on disk cost beyond its bytes. */
export const pieceOverheadBytes = 512

export class Pieces {
  readonly #list: Piece[] = []
  /** The sequence number of the oldest one. */
  #first = 1
  #bytes = 0

  get count(): number {
    return this.#list.length
  }

  /** Of all pieces, with their overhead. */
  get bytes(): number {
    return this.#bytes
  }

  get oldest(): Piece | undefined {
    return this.#list[0]
  }

  /** Those at the front that are no longer needed, up to `max`. */
  done(max: number): number {
    let count = 0
    while (count < max && count < this.#list.length && this.#list[count]?.live === 0) count++
    return count
  }

  /** @param sequence may be modulo 2^32 */
  at(sequence: number): Piece {
    return present(this.find(sequence), 'the piece of a row of the journal is there')
  }

  /** Undefined when it is gone. */
  find(sequence: number): Piece | undefined {
    return this.#list[(sequence - this.#first) | 0]
  }

  push(piece: Piece): void {
    if (this.#list.length === 0) this.#first = piece.sequence
    this.#list.push(piece)
    this.#bytes += piece.bytes.length + pieceOverheadBytes
  }

  shift(): void {
    const piece = this.#list.shift()
    if (piece === undefined) return
    this.#first++
    this.#bytes -= piece.bytes.length + pieceOverheadBytes
  }
}
