/**
 * What is stored about a partition beside its batches: where it begins and ends, and its segments.
 *
 * A segment is a run of batches, as in Kafka, but only a row: it says how large and how old its batches are, so that
 * retention and lookups by time pass over many at once. The segment that is appended to stands in the partition's own
 * row, which every append writes anyway; a closed one has a row of its own. Rows carry a CRC32C over themselves and
 * their key, because LMDB has no checksums.
 */
import { decodeNumbers, encodeNumbers } from './number-row.ts'

/** A run of batches. */
export interface Segment {
  /** The offset that its first batch had when it was appended. */
  readonly baseOffset: number
  readonly batchCount: number
  /** Of its batches that are still there. */
  readonly bytes: number
  /** The largest timestamp of its records; -1 without any. */
  readonly maxTimestamp: number
  /** When its first and its last batch were appended, by the clock of the log, never going back; -1 without any. */
  readonly firstAppendMs: number
  readonly lastAppendMs: number
}

export interface PartitionRow {
  /** The first offset that is kept. */
  readonly startOffset: number
  /** The offset that the next record gets. */
  readonly endOffset: number
  /** Compaction may have removed records before this offset; from here on offsets are dense. */
  readonly gapsEnd: number
  /** Of all batches that are there. */
  readonly bytes: number
  /** The segment that is appended to. */
  readonly active: Segment
}

export function emptySegment(baseOffset: number): Segment {
  return { baseOffset, batchCount: 0, bytes: 0, maxTimestamp: -1, firstAppendMs: -1, lastAppendMs: -1 }
}

/** A partition without records. */
export const emptyPartition: PartitionRow = {
  startOffset: 0,
  endOffset: 0,
  gapsEnd: 0,
  bytes: 0,
  active: emptySegment(0),
}

const segmentNumbers = 6
const partitionNumbers = 4 + segmentNumbers

export function encodePartitionRow(key: Uint8Array, row: PartitionRow): Buffer {
  const { startOffset, endOffset, gapsEnd, bytes, active } = row
  return encodeNumbers(key, [startOffset, endOffset, gapsEnd, bytes, ...numbersOf(active)])
}

/** Undefined when the bytes are damaged. */
export function decodePartitionRow(key: Uint8Array, stored: Buffer): PartitionRow | undefined {
  const numbers = decodeNumbers(key, stored, partitionNumbers)
  if (numbers === undefined) return undefined
  const [startOffset, endOffset, gapsEnd, bytes] = numbers as [number, number, number, number]
  return { startOffset, endOffset, gapsEnd, bytes, active: segmentOf(numbers, 4) }
}

export function encodeSegment(key: Uint8Array, segment: Segment): Buffer {
  return encodeNumbers(key, numbersOf(segment))
}

/** Undefined when the bytes are damaged. */
export function decodeSegment(key: Uint8Array, stored: Buffer): Segment | undefined {
  const numbers = decodeNumbers(key, stored, segmentNumbers)
  return numbers === undefined ? undefined : segmentOf(numbers, 0)
}

function numbersOf(segment: Segment): readonly number[] {
  const { baseOffset, batchCount, bytes, maxTimestamp, firstAppendMs, lastAppendMs } = segment
  return [baseOffset, batchCount, bytes, maxTimestamp, firstAppendMs, lastAppendMs]
}

function segmentOf(numbers: readonly number[], at: number): Segment {
  const [baseOffset, batchCount, bytes, maxTimestamp, firstAppendMs, lastAppendMs] = numbers.slice(at) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  return { baseOffset, batchCount, bytes, maxTimestamp, firstAppendMs, lastAppendMs }
}
