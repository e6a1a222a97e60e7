/**
 * The first offset whose record has at least a given timestamp, in whatever order the timestamps came.
 *
 * A segment knows its largest timestamp, so segments that are too old are passed over; within one, an entry stands for
 * every batch that raised the largest timestamp, so the first candidate is one seek away. Deletions and compaction only
 * take records away: a candidate may have lost its record, and the search goes on after it.
 */
import type { Environment } from '../../storage/environment.ts'
import { maxTimestampOf } from '../format/header.ts'
import { BatchCursor } from '../format/batch-cursor.ts'
import { decodeTime, timeRange } from './time-rows.ts'
import type { Segment } from './partition-row.ts'
import type { Partitions } from './partitions.ts'
import type { PartitionId } from '../format/partition-id.ts'

/** As Kafka defines it; the end when there is none. */
export function offsetAtTime(
  environment: Environment,
  partitions: Partitions,
  partition: PartitionId,
  timestamp: number,
): number {
  const { startOffset, endOffset } = partitions.row(partition)
  let segment: Segment | undefined
  for (const next of partitions.segments(partition)) {
    const found = segment && searchSegment(segment, next.baseOffset)
    if (found !== undefined) return found
    segment = next
  }
  return (segment && searchSegment(segment, endOffset)) ?? endOffset

  function searchSegment(within: Segment, until: number): number | undefined {
    if (within.maxTimestamp < timestamp) return undefined
    const from = firstCandidate(environment, partition, within, timestamp)
    return search(partitions, partition, Math.max(from, startOffset), until, timestamp)
  }
}

/** The batch of a segment that was the first to reach the timestamp when it was appended. */
function firstCandidate(
  environment: Environment,
  partition: PartitionId,
  { baseOffset }: Segment,
  timestamp: number,
): number {
  const [entry] = environment.range('times', ...timeRange(partition, baseOffset, timestamp), 1)
  return (entry && decodeTime(entry.key, entry.value)?.baseOffset) ?? baseOffset
}

/** Goes over batches until a record reaches the timestamp; only batches whose header says so are unpacked. */
function search(
  partitions: Partitions,
  partition: PartitionId,
  from: number,
  until: number,
  timestamp: number,
): number | undefined {
  const cursor = new BatchCursor(partition)
  for (let offset = from; offset < until;) {
    const batch = partitions.batchAt(partition, offset)
    if (batch === undefined || batch.baseOffset >= until) return undefined
    cursor.load(batch.bytes, batch.baseOffset)
    if (maxTimestampOf(batch.bytes) >= timestamp) {
      while (cursor.next()) if (cursor.offset >= from && cursor.timestamp >= timestamp) return cursor.offset
    }
    offset = cursor.endOffset
  }
  return undefined
}
