/**
 * Puts and removals of many rows, packed the way that LMDB is told of them (lmdb-writer.ts): a commit that folds
 * changes thousands of rows, and an object for each, which lives until the commit is made, would cost more than the
 * rest of it.
 */
import { copyBytes, writeInt32 } from '../core/bytes.ts'
import { crc32c, crc32cWithin } from '../core/checksum.ts'
import { checksumBytes } from './sealed-rows.ts'

/** One change: the bytes to store under a key, or undefined where the row is removed. */
export interface Change {
  readonly key: Buffer
  readonly stored: Buffer | undefined
}

/** The instructions that lmdb knows (its src/writer.cpp). */
export const putRow = 15
export const removeRow = 13

/**
 * An instruction, in words of eight bytes: its kind, the database and the length of the key, of four bytes each; the
 * key; the length of the value, at the end of a word; where the value is. Here the value itself comes next.
 */
const headBytes = 12
const instructionBytes = 48
const bytesAtFirst = 4_096

export class PackedRows {
  #bytes = new Uint8Array(bytesAtFirst)
  #uint32 = new Uint32Array(this.#bytes.buffer)
  #float64 = new Float64Array(this.#bytes.buffer)
  /** Where the next one goes, in words. */
  #at = 0
  #count = 0

  /** How many rows are written. */
  get count(): number {
    return this.#count
  }

  get bytes(): Uint8Array {
    return this.#bytes
  }

  clear(): void {
    this.#at = 0
    this.#count = 0
  }

  /** Puts the value in bytes[start, end), sealed, and returns its checksum. */
  put(key: Uint8Array, bytes: Uint8Array, start: number, end: number): number {
    const length = end - start
    this.#ensure(key.length + length)
    const next = this.#begin(putRow, key)
    const at = (next + 1) * 8
    const checksum = crc32cWithin(bytes, start, end, crc32c(key))
    copyBytes(bytes, start, end, this.#bytes, at)
    writeInt32(this.#bytes, at + length, checksum)
    this.#uint32[next * 2 - 1] = length + checksumBytes
    this.#at = (at + length + checksumBytes + 7) >>> 3
    return checksum
  }

  remove(key: Uint8Array): void {
    this.#ensure(key.length)
    this.#at = this.#begin(removeRow, key)
  }

  /** Returns the word that follows the key. */
  #begin(kind: number, key: Uint8Array): number {
    const at = this.#at * 2
    this.#uint32[at] = kind
    this.#uint32[at + 2] = key.length
    const keyAt = this.#at * 8 + headBytes
    copyBytes(key, 0, key.length, this.#bytes, keyAt)
    this.#count++
    return (keyAt + key.length + 16) >>> 3
  }

  #ensure(count: number): void {
    const needed = this.#at * 8 + instructionBytes + count
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.ceil(Math.max(needed, this.#bytes.length * 2) / 8) * 8)
    grown.set(this.#bytes.subarray(0, this.#at * 8))
    this.#bytes = grown
    this.#uint32 = new Uint32Array(grown.buffer)
    this.#float64 = new Float64Array(grown.buffer)
  }

  /**
   * Goes over the instructions, once.
   *
   * @param address where {@link bytes} are in memory
   * @param visit is told where each instruction is
   */
  visit(database: number, address: number, visit: (address: number) => void): void {
    for (let at = 0; at < this.#at;) {
      const isPut = ((this.#uint32[at * 2] as number) & 15) === putRow
      this.#uint32[at * 2 + 1] = database
      let next = this.#afterKey(at)
      if (isPut) {
        const length = this.#uint32[next * 2 - 1] as number
        const valueAt = (next + 1) * 8
        this.#float64[next] = address + valueAt
        next = (valueAt + length + 7) >>> 3
      }
      visit(address + at * 8)
      at = next
    }
  }

  #afterKey(at: number): number {
    return (at * 8 + headBytes + (this.#uint32[at * 2 + 2] as number) + 16) >>> 3
  }

  /** The changes as others are, in copies. */
  *changes(): Generator<Change, undefined> {
    for (let at = 0; at < this.#at;) {
      const keyAt = at * 8 + headBytes
      const key = Buffer.from(this.#bytes.subarray(keyAt, keyAt + (this.#uint32[at * 2 + 2] as number)))
      const isPut = ((this.#uint32[at * 2] as number) & 15) === putRow
      const next = this.#afterKey(at)
      const valueAt = (next + 1) * 8
      const valueEnd = isPut ? valueAt + (this.#uint32[next * 2 - 1] as number) : valueAt
      yield { key, stored: isPut ? Buffer.from(this.#bytes.subarray(valueAt, valueEnd)) : undefined }
      at = isPut ? (valueEnd + 7) >>> 3 : next
    }
  }
}
