/**
 * How much of the log its topics take.
 */
import type { Offset, Timestamp } from '../../core/units.ts'
import type { Partitions } from '../kept/partitions.ts'
import type { TopicDescription } from '../kept/topic-row.ts'
import type { Segment } from '../kept/partition-row.ts'
import { type PartitionId, partitionsOf } from '../format/partition-id.ts'

/** How much a partition holds. */
export interface PartitionSize {
  /** From 0. */
  readonly partition: number
  /** Of its batches as they are stored, compressed where they are; what LMDB adds is in `stats()`. */
  readonly bytes: number
  /** How many offsets there are between its first and its end; those that compaction has emptied count too. */
  readonly records: number
  /** The first offset that is kept. */
  readonly startOffset: Offset
  /** One past the offset of the last record. */
  readonly endOffset: Offset
  /** Retention deletes whole segments. */
  readonly segments: number
  /** The largest timestamp of the oldest segment, as far as anything is kept; null for an empty partition. */
  readonly oldestSegmentTimestamp: Timestamp | null
  /** The largest timestamp of all records; null for an empty partition. */
  readonly newestTimestamp: Timestamp | null
  /**
   * When the oldest segment was begun, and when the last batch was appended, by the clock of the log; null without any.
   */
  readonly firstAppendMs: number | null
  /** When the last batch was appended. */
  readonly lastAppendMs: number | null
}

/** How much a topic holds. */
export interface TopicSize {
  /** The topic. */
  readonly topic: string
  /** Of all partitions. */
  readonly bytes: number
  /** Of all partitions. */
  readonly records: number
  /** By partition. */
  readonly partitions: readonly PartitionSize[]
}

/** Throws `damaged`. */
export function sizesOf(partitionRows: Partitions, topics: readonly TopicDescription[]): TopicSize[] {
  return topics.map((topic) => {
    const partitions = partitionsOf(topic).map((partition) => sizeOf(partitionRows, partition))
    return {
      topic: topic.name,
      bytes: partitions.reduce((total, { bytes }) => total + bytes, 0),
      records: partitions.reduce((total, { records }) => total + records, 0),
      partitions,
    }
  })
}

function sizeOf(rows: Partitions, partition: PartitionId): PartitionSize {
  const { startOffset, endOffset, bytes } = rows.row(partition)
  const segments = [...rows.segments(partition)].filter(({ batchCount }) => batchCount > 0)
  const oldest = segments[0]
  const newestTimestamp = segments.reduce((newest, { maxTimestamp }) => Math.max(newest, maxTimestamp), -1)
  return {
    partition: partition.partition,
    bytes,
    records: endOffset - startOffset,
    startOffset: startOffset as Offset,
    endOffset: endOffset as Offset,
    segments: segments.length,
    oldestSegmentTimestamp: known(oldest?.maxTimestamp) as Timestamp | null,
    newestTimestamp: known(newestTimestamp) as Timestamp | null,
    firstAppendMs: known(oldest?.firstAppendMs),
    lastAppendMs: known(segments.at(-1)?.lastAppendMs),
  }
}

/** Segments say -1 for what they do not know. */
function known(number: Segment['maxTimestamp'] | undefined): number | null {
  return number === undefined || number < 0 ? null : number
}
