/**
 * What reading takes: where partitions begin and end, and their batches. Readers ask for this and for no more of a log.
 */
import type { Clock } from '../../core/clock.ts'
import type { PartitionId } from '../format/partition-id.ts'
import type { StoredBatch } from './partitions.ts'

export interface RecordSource {
  readonly clock: Clock
  /** Later reads see the newest commits. */
  refresh(): void
  /** The first offset that is kept. */
  startOffset(partition: PartitionId): number
  /** The offset that the next record gets. */
  endOffset(partition: PartitionId): number
  /** The first offset whose record has at least this timestamp; the end when there is none. */
  offsetAtTime(partition: PartitionId, timestamp: number): number
  /** The batch that holds the first record at or after an offset, or the batch before that one. */
  batchAt(partition: PartitionId, offset: number): StoredBatch | undefined
  /** Where the next batch after an offset begins, whatever is stored there; the end when there is none. */
  baseOffsetAfter(partition: PartitionId, offset: number): number
}
