/**
 * A piece of a store's journal: the rows that a commit changed, one after the other, as one value.
 *
 * It begins with where the hand was after the commit (hand.ts). An item begins with 6 bytes. For a row: u16 length of
 * its key, u32 length of its value (2^32 - 1: it was removed), then both. Items whose first number is larger than the
 * length of any key say to which partition the rows after them belong, or that all rows of a range were removed.
 */
import { ByteWriter, copyBytes, readInt32, writeInt32 } from '../../core/bytes.ts'
import { type Hand, handBytes, readHand, writeHand } from './hand.ts'

export const itemHeadBytes = 6

const partitionMark = 0xffff
const rangeMark = 0xfffe
const removed = 0xffff_ffff
/** The length of an upper bound that is absent. */
const unbounded = 0xffff

export class PieceWriter {
  readonly #writer = new ByteWriter(65_536)
  #partition = -1

  get bytes(): number {
    return this.#writer.at
  }

  /** An undefined value: the row is removed. */
  row(partition: number, key: Uint8Array, value: Uint8Array | undefined): void {
    const writer = this.#writer
    this.#enter(partition)
    writer.ensure(itemHeadBytes + key.length + (value === undefined ? 0 : value.length))
    writeHead(writer, key.length, value === undefined ? removed : value.length)
    copyBytes(key, 0, key.length, writer.bytes, writer.at)
    writer.at += key.length
    if (value === undefined) return
    copyBytes(value, 0, value.length, writer.bytes, writer.at)
    writer.at += value.length
  }

  range(partition: number, from: Uint8Array, to: Uint8Array | undefined): void {
    const writer = this.#writer
    this.#enter(partition)
    writer.ensure(itemHeadBytes)
    writeHead(writer, rangeMark, from.length * 65_536 + (to === undefined ? unbounded : to.length))
    writer.appendAll(from)
    if (to !== undefined) writer.appendAll(to)
  }

  #enter(partition: number): void {
    if (partition === this.#partition) return
    this.#partition = partition
    this.#writer.ensure(itemHeadBytes)
    writeHead(this.#writer, partitionMark, partition)
  }

  /** The items that were written since the last call. */
  take(): Buffer {
    const bytes = this.#writer.copyFrom(0)
    this.#writer.at = 0
    this.#partition = -1
    return bytes
  }
}

function writeHead(writer: ByteWriter, first: number, second: number): void {
  const { bytes, at } = writer
  bytes[at] = first >>> 8
  bytes[at + 1] = first
  writeInt32(bytes, at + 2, second)
  writer.at = at + itemHeadBytes
}

/** @param hand where it is once everything is folded that the commit folds */
export function pieceOf(hand: Hand, items: Uint8Array): Buffer {
  const itemsAt = handBytes(hand)
  const bytes = Buffer.allocUnsafeSlow(itemsAt + items.length)
  writeHand(bytes, 0, hand)
  bytes.set(items, itemsAt)
  return bytes
}

/** Undefined when the bytes are not a piece. */
export function handOf(piece: Buffer): Hand | undefined {
  return readHand(piece, 0)
}

/** What {@link walkPiece} finds. */
export interface PieceVisitor {
  /** A row that was written or removed; its item begins at `at`. */
  row(partition: number, bytes: Buffer, at: number): void
  /** Rows of a range were removed; its item begins at `at`. */
  range(partition: number, from: Buffer, to: Buffer | undefined, at: number): void
}

/** Goes over all items in their order; false when the bytes are not a piece. */
export function walkPiece(bytes: Buffer, visitor: PieceVisitor): boolean {
  const { length } = bytes
  const hand = handOf(bytes)
  if (hand === undefined) return false
  let partition = -1
  for (let at = handBytes(hand); at < length;) {
    if (at + itemHeadBytes > length) return false
    const first = keyLengthAt(bytes, at)
    if (first === partitionMark) {
      partition = readInt32(bytes, at + 2) >>> 0
      at += itemHeadBytes
      continue
    }
    if (partition < 0) return false
    const end = first === rangeMark ? rangeEnd(bytes, at) : itemEnd(bytes, at)
    if (end > length) return false
    if (first === rangeMark) {
      const fromEnd = at + itemHeadBytes + keyLengthAt(bytes, at + 2)
      const isBounded = keyLengthAt(bytes, at + 4) !== unbounded
      visitor.range(
        partition,
        bytes.subarray(at + itemHeadBytes, fromEnd),
        isBounded ? bytes.subarray(fromEnd, end) : undefined,
        at,
      )
    } else {
      visitor.row(partition, bytes, at)
    }
    at = end
  }
  return true
}

function rangeEnd(bytes: Buffer, at: number): number {
  const toLength = keyLengthAt(bytes, at + 4)
  return at + itemHeadBytes + keyLengthAt(bytes, at + 2) + (toLength === unbounded ? 0 : toLength)
}

export function keyLengthAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}

/** Where the item of a row ends. */
export function itemEnd(bytes: Uint8Array, at: number): number {
  const valueLength = readInt32(bytes, at + 2) >>> 0
  return at + itemHeadBytes + keyLengthAt(bytes, at) + (valueLength === removed ? 0 : valueLength)
}

export function keyAt(bytes: Buffer, at: number): Buffer {
  return bytes.subarray(at + itemHeadBytes, at + itemHeadBytes + keyLengthAt(bytes, at))
}

export function isRemoved(bytes: Uint8Array, at: number): boolean {
  return readInt32(bytes, at + 2) >>> 0 === removed
}

/** Whether the row whose item begins here has the key in bytes[start, end). */
export function hasKeyAt(piece: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): boolean {
  if (keyLengthAt(piece, at) !== end - start) return false
  for (let i = start, j = at + itemHeadBytes; i < end; i++, j++) if (piece[j] !== bytes[i]) return false
  return true
}

/** Of the key in bytes[start, end): 32 bits. */
export function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}
