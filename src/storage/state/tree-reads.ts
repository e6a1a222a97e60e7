/**
 * What the tree had where rows were read from it since the last commit: a row with this checksum, or none.
 *
 * Most rows that a commit changes were read before. Folding has to know what it replaces; what is noted here it does
 * not read once more.
 */
import { ByteWriter, equalBytes } from '../../core/bytes.ts'

const slotsAtFirst = 64
/** More reads than this are not noted. */
const readsMax = 65_536
const none = -1
/** The hash of a key, its partition, where it ends among the keys, the checksum, and whether there is a row. */
const numbers = 5

export class TreeReads {
  /** By hash, the number of a read plus 1; a power of two, of which at most half are in use. */
  #slots = new Int32Array(slotsAtFirst)
  #reads = new Int32Array((slotsAtFirst / 2) * numbers)
  #count = 0
  readonly #keys = new ByteWriter(1_024)

  /** What it takes in memory. */
  get bytes(): number {
    return (this.#slots.length + this.#reads.length) * 4 + this.#keys.bytes.length
  }

  clear(): void {
    if (this.#count === 0) return
    this.#slots.fill(0)
    this.#count = 0
    this.#keys.at = 0
  }

  /** @param seal undefined: there is no row */
  note(hash: number, partition: number, key: Uint8Array, seal: number | undefined): void {
    if (this.#count * 2 === this.#slots.length) {
      if (this.#count === readsMax) return
      this.#grow()
    }
    this.#keys.appendAll(key)
    const reads = this.#reads
    const at = this.#count * numbers
    reads[at] = hash
    reads[at + 1] = partition
    reads[at + 2] = this.#keys.at
    reads[at + 3] = seal ?? 0
    reads[at + 4] = seal === undefined ? 0 : 1
    this.#enter(this.#count++)
  }

  #enter(read: number): void {
    const mask = this.#slots.length - 1
    let at = (this.#reads[read * numbers] as number) & mask
    while (this.#slots[at] !== 0) at = (at + 1) & mask
    this.#slots[at] = read + 1
  }

  #grow(): void {
    const before = this.#reads
    this.#reads = new Int32Array(before.length * 2)
    this.#reads.set(before)
    this.#slots = new Int32Array(this.#slots.length * 2)
    for (let read = 0; read < this.#count; read++) this.#enter(read)
  }

  /** The read of the row with the key in bytes[start, end); -1 when there was none. */
  find(hash: number, partition: number, bytes: Uint8Array, start: number, end: number): number {
    const reads = this.#reads
    const mask = this.#slots.length - 1
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const read = (this.#slots[at] as number) - 1
      if (read === none) return none
      const its = read * numbers
      if (reads[its] !== hash || reads[its + 1] !== (partition | 0)) continue
      const keyStart = read === 0 ? 0 : (reads[its + 2 - numbers] as number)
      if (equalBytes(this.#keys.bytes, keyStart, reads[its + 2] as number, bytes, start, end)) return read
    }
  }

  /** The checksum of the row that was there; undefined when there was none. */
  sealOf(read: number): number | undefined {
    return this.#reads[read * numbers + 4] === 0 ? undefined : this.#reads[read * numbers + 3]
  }
}
