/**
 * The head of a store, written by each of its commits: which pieces its journal has, how far folding has come, and for
 * each partition how many rows the tree has and the sum of their seals. A reader of the head has everything that
 * belongs to it in the same snapshot.
 */
import { readInt32, readInt64, writeInt32, writeUint64 } from '../../core/bytes.ts'
import { crc32c } from '../../core/checksum.ts'
import { type Hand, handAtFirst, handBytes, readHand, writeHand } from './hand.ts'

/** What the rows of a partition add up to. */
export interface RowSum {
  readonly rows: number
  /** Of their checksums (CRC32C over key and value), modulo 2^32. */
  readonly seals: number
}

export interface StateHead {
  /** The sequence number of the oldest piece. */
  readonly first: number
  /** That of the next piece. */
  readonly next: number
  readonly hand: Hand
  readonly sums: ReadonlyMap<number, RowSum>
}

export const noRows: RowSum = { rows: 0, seals: 0 }

export const newHead: StateHead = { first: 1, next: 1, hand: handAtFirst, sums: new Map() }

/** Where the head of a store stands in the database `state`: before the store's rows. */
export function headKey(storeId: number): Buffer {
  const key = Buffer.allocUnsafe(headKeyBytes)
  writeInt32(key, 0, storeId)
  return key
}

export const headKeyBytes = 4

/** Of a row of the tree, with the key that it has there. */
export function sealOf(key: Uint8Array, value: Uint8Array): number {
  return crc32c(value, crc32c(key))
}

const handAt = 16
const sumBytes = 16

export function encodeHead({ first, next, hand, sums }: StateHead): Buffer {
  let at = handAt + handBytes(hand)
  const bytes = Buffer.allocUnsafe(at + sums.size * sumBytes)
  writeUint64(bytes, 0, first)
  writeUint64(bytes, 8, next)
  writeHand(bytes, handAt, hand)
  for (const [partition, { rows, seals }] of sums) {
    writeInt32(bytes, at, partition)
    writeUint64(bytes, at + 4, rows)
    writeInt32(bytes, at + 12, seals)
    at += sumBytes
  }
  return bytes
}

/** Undefined when it is not a head. */
export function decodeHead(bytes: Buffer): StateHead | undefined {
  const hand = readHand(bytes, handAt)
  if (hand === undefined) return undefined
  const sumsAt = handAt + handBytes(hand)
  if ((bytes.length - sumsAt) % sumBytes !== 0) return undefined
  const [first, next] = [readInt64(bytes, 0), readInt64(bytes, 8)]
  if (!(first >= 1 && first <= next && Number.isSafeInteger(next))) return undefined
  const sums = new Map<number, RowSum>()
  for (let at = sumsAt; at < bytes.length; at += sumBytes) {
    sums.set(readInt32(bytes, at) >>> 0, { rows: readInt64(bytes, at + 4), seals: readInt32(bytes, at + 12) >>> 0 })
  }
  return { first, next, hand, sums }
}
