/**
 * The rows of segments that get no more batches. What a segment is says partition-row.ts.
 */
import { MillraceError } from '../../core/errors.ts'
import type { Entry } from '../../storage/databases.ts'
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import { numberOfKey, partitionNumberKey } from '../../storage/keys.ts'
import type { PartitionId } from '../format/partition-id.ts'
import { decodeSegment, encodeSegment, type Segment } from './partition-row.ts'
import { timeRange } from './time-rows.ts'

/** A segment is closed when it holds this many batches, or this many bytes. */
export const segmentBatchesMax = 1_024
export const segmentBytesMax: number = 64 * 1_048_576

/** Rows are read in pages of this many. */
const pageRows = 256

export class ClosedSegments {
  readonly #environment: Environment

  constructor(environment: Environment) {
    this.#environment = environment
  }

  put(transaction: WriteTransaction, { topicId, partition }: PartitionId, segment: Segment): void {
    const key = partitionNumberKey(topicId, partition, segment.baseOffset)
    transaction.put('segments', key, encodeSegment(key, segment))
  }

  /** Removes the row of a segment that has no batches left, and its part of the index by time. */
  remove(transaction: WriteTransaction, partition: PartitionId, { baseOffset }: Segment): void {
    transaction.remove('segments', partitionNumberKey(partition.topicId, partition.partition, baseOffset))
    for (const key of this.#environment.keys('times', ...timeRange(partition, baseOffset), segmentBatchesMax)) {
      transaction.remove('times', key)
    }
  }

  /**
   * Those that begin at or after an offset, in order, up to `limit`.
   *
   * @throws MillraceError `damaged` when a row is damaged
   */
  from(partition: PartitionId, offset: number, limit: number): Segment[] {
    const { topicId, partition: index } = partition
    return this.#environment
      .range('segments', partitionNumberKey(topicId, index, offset), partitionNumberKey(topicId, index + 1, 0), limit)
      .map((entry) => decodedSegment(partition, entry))
  }

  /** As {@link from}, all of them. */
  allFrom(partition: PartitionId, offset: number): Segment[] {
    const all: Segment[] = []
    for (let next = offset; ;) {
      const page = this.from(partition, next, pageRows)
      all.push(...page)
      const last = page.at(-1)
      if (last === undefined || page.length < pageRows) return all
      next = last.baseOffset + 1
    }
  }

  /**
   * The last one that begins at or before an offset: the one that holds it, unless that no longer has a row or is the
   * one that is appended to.
   *
   * @throws MillraceError `damaged` when the row is damaged
   */
  at(partition: PartitionId, offset: number): Segment | undefined {
    const { topicId, partition: index } = partition
    const entry = this.#environment.lastBefore(
      'segments',
      partitionNumberKey(topicId, index, 0),
      partitionNumberKey(topicId, index, offset + 1),
    )
    return entry === undefined ? undefined : decodedSegment(partition, entry)
  }
}

function decodedSegment({ topic, partition }: PartitionId, { key, value }: Entry): Segment {
  const segment = decodeSegment(key, value)
  if (segment !== undefined) return segment
  const offset = numberOfKey(key)
  throw new MillraceError('damaged', `the segment at ${topic}[${partition}] offset ${offset} is damaged`, {
    topic,
    partition,
    offset,
  })
}
