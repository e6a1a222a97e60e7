/**
 * Retention: the oldest segments of a partition are deleted when they are too old, when there are too many bytes, or on request.
 *
 * A deletion is two things. At once, in one transaction, the partition begins behind the segment: from then on nobody reads
 * it. Then its rows are removed in steps, the segment's own row last, so a closed segment that lies before the beginning
 * of its partition is one whose removal is under way.
 */
import { MillraceError } from '../core/errors.ts'
import type { TopicConfig } from '../core/topic-config.ts'
import type { Environment } from '../storage/environment.ts'
import { partitionNumberKey, segmentTimeKey } from '../storage/keys.ts'
import { removeRange } from './deleted-topics.ts'
import type { PartitionRow, Segment } from './partition-row.ts'
import type { PartitionId, Partitions } from './partitions.ts'

/** The segment that is appended to is closed for so many times in the time, or in the bytes, that records are kept. */
const segmentsPerRetention = 10

/** A closed segment, and the offset behind it. */
interface SegmentRange {
  readonly segment: Segment
  readonly endOffset: number
}

export class Retention {
  readonly #environment: Environment
  readonly #partitions: Partitions

  constructor(environment: Environment, partitions: Partitions) {
    this.#environment = environment
    this.#partitions = partitions
  }

  /** Deletes what the configuration of its topic does not keep any more, a step at a time. */
  *steps(partition: PartitionId, config: TopicConfig, nowMs: number): Generator<void> {
    if (config.cleanupPolicy !== 'compact') {
      if (this.#closeOldEnough(partition, config, nowMs)) yield
      while (this.#deleteOldest(partition, config, nowMs)) yield* this.removeDeleted(partition)
    }
    yield* this.removeDeleted(partition)
  }

  /** So that what is old is not kept for as long as its segment gets new batches; says whether it has written. */
  #closeOldEnough(partition: PartitionId, { retentionMs, retentionBytes }: TopicConfig, nowMs: number): boolean {
    const isDue = ({ active }: PartitionRow): boolean =>
      active.batchCount > 0 &&
      ((retentionMs >= 0 && nowMs - active.firstAppendMs > retentionMs / segmentsPerRetention) ||
        (retentionBytes >= 0 && active.bytes > retentionBytes / segmentsPerRetention))
    if (!isDue(this.#partitions.row(partition))) return false
    this.#environment.write((transaction) => {
      const row = this.#partitions.row(partition)
      if (isDue(row)) this.#partitions.closeActive(transaction, partition, row)
    })
    return true
  }

  /** Moves the beginning of the partition behind its oldest segment, if that is not to be kept. */
  #deleteOldest(partition: PartitionId, { retentionMs, retentionBytes }: TopicConfig, nowMs: number): boolean {
    const isDue = (row: PartitionRow, { segment }: SegmentRange): boolean =>
      // From the later of record time and append time: imported history lives as long as fresh data.
      (retentionMs >= 0 && nowMs - Math.max(segment.maxTimestamp, segment.lastAppendMs) > retentionMs) ||
      (retentionBytes >= 0 && row.bytes - segment.bytes >= retentionBytes)
    const find = (): readonly [PartitionRow, SegmentRange] | undefined => {
      const row = this.#partitions.row(partition)
      const oldest = this.#oldest(partition, row)
      return oldest !== undefined && isDue(row, oldest) ? [row, oldest] : undefined
    }
    this.#environment.refresh()
    if (find() === undefined) return false
    return this.#environment.write((transaction) => {
      const found = find()
      if (found === undefined) return false
      const [row, oldest] = found
      this.#partitions.putRow(transaction, partition, withoutSegment(row, oldest))
      return true
    })
  }

  /** The oldest closed segment that is kept. */
  #oldest(partition: PartitionId, row: PartitionRow): SegmentRange | undefined {
    const first = this.#partitions.segmentAt(partition, row.startOffset)?.baseOffset ?? 0
    const oldest = this.#firstFrom(partition, row, first)
    return oldest !== undefined && oldest.endOffset > row.startOffset ? oldest : undefined
  }

  /** The first closed segment that begins at or behind an offset. */
  #firstFrom(partition: PartitionId, row: PartitionRow, from: number): SegmentRange | undefined {
    const [segment, next = row.active] = this.#partitions.closedSegments(partition, from, 2)
    return segment === undefined ? undefined : { segment, endOffset: next.baseOffset }
  }

  /** Removes the rows of the segments that lie before the beginning of the partition. */
  *removeDeleted(partition: PartitionId): Generator<void> {
    const { topicId, partition: index } = partition
    for (;;) {
      this.#environment.refresh()
      const row = this.#partitions.row(partition)
      const oldest = this.#firstFrom(partition, row, 0)
      if (oldest === undefined || oldest.endOffset > row.startOffset) return
      const { segment, endOffset } = oldest
      const from = partitionNumberKey(topicId, index, segment.baseOffset)
      yield* removeRange(this.#environment, 'batches', from, partitionNumberKey(topicId, index, endOffset))
      const times = segmentTimeKey(topicId, index, segment.baseOffset, 0)
      yield* removeRange(this.#environment, 'times', times, segmentTimeKey(topicId, index, segment.baseOffset + 1, 0))
      this.#environment.write((transaction) => transaction.remove('segments', from))
      yield
    }
  }

  /**
   * Moves the beginnings of partitions, all at once; returns where they begin now. What lies before is removed by
   * {@link removeDeleted}.
   *
   * @throws MillraceError `bad_option` for an offset behind the end
   */
  deleteBefore(offsets: readonly { readonly partition: PartitionId; readonly beforeOffset: number }[]): number[] {
    return this.#environment.write((transaction) =>
      offsets.map(({ partition, beforeOffset }) => {
        let row = this.#partitions.row(partition)
        if (beforeOffset > row.endOffset) throw behindEnd(partition, beforeOffset, row.endOffset)
        if (beforeOffset <= row.startOffset) return row.startOffset
        if (beforeOffset === row.endOffset && row.active.batchCount > 0) {
          row = this.#partitions.closeActive(transaction, partition, row)
        }
        for (;;) {
          const oldest = this.#oldest(partition, row)
          if (oldest === undefined || oldest.endOffset > beforeOffset) break
          row = withoutSegment(row, oldest)
        }
        this.#partitions.putRow(transaction, partition, { ...row, startOffset: beforeOffset })
        return beforeOffset
      }),
    )
  }
}

function withoutSegment(row: PartitionRow, { segment, endOffset }: SegmentRange): PartitionRow {
  return { ...row, startOffset: Math.max(row.startOffset, endOffset), bytes: row.bytes - segment.bytes }
}

function behindEnd({ topic, partition }: PartitionId, beforeOffset: number, endOffset: number): MillraceError {
  return new MillraceError(
    'bad_option',
    `${topic}[${partition}] ends at offset ${endOffset}: nothing can be deleted before offset ${beforeOffset}`,
    { topic, partition, offset: beforeOffset },
  )
}
