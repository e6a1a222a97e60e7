/**
 * Where the hand is that goes round over all keys of a journal, and what it has passed: rows that it passes are folded
 * into the tree, but stay in their pieces. A piece says where the hand was when it was written, so one who opens a
 * journal knows which of its rows are in the tree.
 */
import { readInt32, readInt64, writeInt32, writeUint64 } from '../../core/bytes.ts'
import { compareKeys } from './row-sort.ts'

/** The last row that was folded. */
export interface Hand {
  /** How often the hand has gone round. */
  readonly round: number
  readonly partition: number
  readonly key: Buffer
}

export const handAtFirst: Hand = { round: 0, partition: 0, key: Buffer.alloc(0) }

/** Whether the hand has passed the row with the key in bytes[start, end) on its way from one place to another. */
export function hasPassed(
  from: Hand,
  to: Hand,
  partition: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const rounds = to.round - from.round
  if (rounds > 1) return true
  const isAfterStart = isBefore(from, partition, bytes, start, end)
  if (rounds === 1) return isAfterStart || !isBefore(to, partition, bytes, start, end)
  return isAfterStart && !isBefore(to, partition, bytes, start, end)
}

function isBefore(hand: Hand, partition: number, bytes: Uint8Array, start: number, end: number): boolean {
  if (hand.partition !== partition) return hand.partition < partition
  return compareKeys(hand.key, 0, hand.key.length, bytes, start, end) < 0
}

/** What stands before the key: the round, the partition, and how long the key is. */
const handHeadBytes = 14

export function handBytes({ key }: Hand): number {
  return handHeadBytes + key.length
}

export function writeHand(bytes: Buffer, at: number, { round, partition, key }: Hand): void {
  writeUint64(bytes, at, round)
  writeInt32(bytes, at + 8, partition)
  bytes.writeUInt16BE(key.length, at + 12)
  bytes.set(key, at + handHeadBytes)
}

/** Undefined when the bytes end before the hand. */
export function readHand(bytes: Buffer, at: number): Hand | undefined {
  if (at + handHeadBytes > bytes.length) return undefined
  const keyAt = at + handHeadBytes
  const keyEnd = keyAt + bytes.readUInt16BE(at + 12)
  if (keyEnd > bytes.length) return undefined
  return { round: readInt64(bytes, at), partition: readInt32(bytes, at + 8) >>> 0, key: bytes.subarray(keyAt, keyEnd) }
}
