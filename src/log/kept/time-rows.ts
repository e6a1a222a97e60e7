/**
 * The rows of the index by time: for each segment, the batches that raised its largest timestamp, by that timestamp.
 */
import { readInt64, writeUint64 } from '../../core/bytes.ts'
import { afterPrefix, numberOfKey, segmentTimeKey } from '../../storage/keys.ts'
import type { PartitionNumbers } from '../format/partition-id.ts'

const timestampAt = 16

/** A batch that raised the largest timestamp of its segment. */
export interface TimeEntry {
  readonly timestamp: number
  readonly baseOffset: number
}

export function timeRow(
  { topicId, partition }: PartitionNumbers,
  segmentOffset: number,
  { timestamp, baseOffset }: TimeEntry,
): { readonly key: Buffer; readonly value: Buffer } {
  const value = Buffer.allocUnsafe(8)
  writeUint64(value, 0, baseOffset)
  return { key: segmentTimeKey(topicId, partition, segmentOffset, timestamp), value }
}

/** The keys of a segment's entries, from a timestamp on: from <= key < to. */
export function timeRange(
  { topicId, partition }: PartitionNumbers,
  segmentOffset: number,
  timestamp: number = 0,
): readonly [from: Buffer, to: Buffer] {
  return [
    segmentTimeKey(topicId, partition, segmentOffset, timestamp),
    segmentTimeKey(topicId, partition, segmentOffset + 1, 0),
  ]
}

/** Undefined when the value is none of an entry. */
export function decodeTime(key: Buffer, value: Buffer): TimeEntry | undefined {
  return value.length === 8 ? { timestamp: readInt64(key, timestampAt), baseOffset: readInt64(value, 0) } : undefined
}

/** The first key after all entries of the segment of this one, whatever stands there. */
export function afterSegment(key: Buffer): Buffer {
  return afterPrefix(key.subarray(0, timestampAt))
}

/** Which segment an entry belongs to. */
export function segmentOfTime(key: Buffer): number {
  return numberOfKey(key)
}
