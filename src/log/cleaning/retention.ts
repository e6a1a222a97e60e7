/**
 * Retention: the oldest segments of a partition are deleted when they are too old, when there are too many bytes, or on
 * request.
 *
 * A deletion is two things. At once, in one transaction, the partition begins after the segment: from then on nothing
 * reads it. Then its rows are removed in steps, the segment's own row last, so a closed segment that lies before the
 * beginning of its partition is one whose removal is under way.
 */
import { MillraceError } from '../../core/errors.ts'
import type { TopicConfig } from '../../core/topic-config.ts'
import { sumMs } from '../../core/units.ts'
import type { DatabaseName } from '../../storage/databases.ts'
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import { partitionNumberKey } from '../../storage/keys.ts'
import type { PartitionRow, Segment } from '../kept/partition-row.ts'
import { timeRange } from '../kept/time-rows.ts'
import type { Partitions } from '../kept/partitions.ts'
import type { PartitionId } from '../format/partition-id.ts'

/** The segment that is appended to is closed this many times in the time, or in the bytes, that records are kept. */
const segmentsPerRetention = 10

/** One step deletes this many segments, or removes this many rows, of any sizes. */
const stepSegments = 256
const removalRows = 256

/** A closed segment, and the offset after it. */
interface ClosedRange {
  readonly segment: Segment
  readonly endOffset: number
}

/** Where a partition is to begin. */
export interface DeletionBefore {
  readonly partition: PartitionId
  readonly beforeOffset: number
}

export class Retention {
  readonly #environment: Environment
  readonly #partitions: Partitions

  constructor(environment: Environment, partitions: Partitions) {
    this.#environment = environment
    this.#partitions = partitions
  }

  /** Deletes what the configuration of its topic no longer keeps, a step at a time. */
  *steps(partition: PartitionId, config: TopicConfig, nowMs: number): Generator<void> {
    if (config.cleanupPolicy !== 'compact') {
      this.#environment.refresh()
      while (this.#trim(partition, config, nowMs)) yield
    }
    yield* this.removeDeleted(partition)
  }

  /** Moves the beginning of the partition past segments that are not to be kept; says whether it has written. */
  #trim(partition: PartitionId, config: TopicConfig, nowMs: number): boolean {
    const row = this.#partitions.row(partition)
    if (!isToClose(row, config, nowMs) && this.#overdue(partition, row, config, nowMs) === undefined) return false
    this.#environment.write((transaction) => {
      let row = this.#partitions.row(partition)
      if (isToClose(row, config, nowMs)) row = this.#partitions.closeActive(transaction, partition, row)
      for (let count = 0; count < stepSegments; count++) {
        const oldest = this.#overdue(partition, row, config, nowMs)
        if (oldest === undefined) break
        row = withoutSegment(row, oldest)
      }
      this.#partitions.putRow(transaction, partition, row)
    })
    return true
  }

  /** The oldest segment, if it is not to be kept. */
  #overdue(
    partition: PartitionId,
    row: PartitionRow,
    { retentionMs, retentionBytes }: TopicConfig,
    nowMs: number,
  ): ClosedRange | undefined {
    const oldest = this.#oldest(partition, row)
    if (oldest === undefined) return undefined
    const { maxTimestamp, lastAppendMs, bytes } = oldest.segment
    // From the later of record time and append time: imported history lives as long as fresh data. A future timestamp
    // counts for one retention at most, so that a wrong one does not keep the partition for ever.
    const fromMs = Math.min(Math.max(maxTimestamp, lastAppendMs), sumMs(lastAppendMs, retentionMs))
    const isOld = retentionMs >= 0 && nowMs - fromMs > retentionMs
    return isOld || (retentionBytes >= 0 && row.bytes - bytes >= retentionBytes) ? oldest : undefined
  }

  /** The oldest closed segment that is kept. */
  #oldest(partition: PartitionId, row: PartitionRow): ClosedRange | undefined {
    const first = this.#partitions.closed.at(partition, row.startOffset)?.baseOffset ?? 0
    const oldest = this.#firstFrom(partition, row, first)
    return oldest !== undefined && oldest.endOffset > row.startOffset ? oldest : undefined
  }

  /** The first closed segment that begins at or after an offset. */
  #firstFrom(partition: PartitionId, row: PartitionRow, from: number): ClosedRange | undefined {
    const [segment, next = row.active] = this.#partitions.closed.from(partition, from, 2)
    return segment === undefined ? undefined : { segment, endOffset: next.baseOffset }
  }

  /** Removes the rows of the segments that lie before the beginning of the partition. */
  *removeDeleted(partition: PartitionId): Generator<void> {
    for (;;) {
      this.#environment.refresh()
      const rows = this.#deletedRows(partition)
      if (rows.length === 0) return
      this.#environment.write((transaction) => {
        for (const [database, key] of rows) transaction.remove(database, key)
      })
      yield
    }
  }

  /** What one step removes: of the oldest segment first, its own row after all others. */
  #deletedRows(partition: PartitionId): (readonly [DatabaseName, Buffer])[] {
    const { topicId, partition: index } = partition
    const rows: (readonly [DatabaseName, Buffer])[] = []
    const add = (database: DatabaseName, from: Buffer, to: Buffer): void => {
      const keys = this.#environment.keys(database, from, to, removalRows - rows.length)
      for (const key of keys) rows.push([database, key])
    }
    const row = this.#partitions.row(partition)
    for (let from = 0; ;) {
      const oldest = this.#firstFrom(partition, row, from)
      if (oldest === undefined || oldest.endOffset > row.startOffset) return rows
      const { segment, endOffset } = oldest
      const key = partitionNumberKey(topicId, index, segment.baseOffset)
      add('batches', key, partitionNumberKey(topicId, index, endOffset))
      add('times', ...timeRange(partition, segment.baseOffset))
      if (rows.length >= removalRows) return rows
      rows.push(['segments', key])
      from = endOffset
    }
  }

  /**
   * Moves the beginnings of partitions, all at once; returns where they begin now. What lies before is removed by
   * {@link removeDeleted}.
   *
   * @throws MillraceError `bad_option` for an offset past the end
   */
  deleteBefore(offsets: readonly DeletionBefore[]): number[] {
    return this.#environment.write((transaction) => this.deleteBeforeIn(transaction, offsets))
  }

  /** As {@link deleteBefore}, in a transaction that is open. */
  deleteBeforeIn(transaction: WriteTransaction, offsets: readonly DeletionBefore[]): number[] {
    return offsets.map(({ partition, beforeOffset }) => {
      let row = this.#partitions.row(partition)
      if (beforeOffset > row.endOffset) throw pastEnd(partition, beforeOffset, row.endOffset)
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
    })
  }
}

/**
 * Whether the segment that is appended to gets no more batches, so that what is old in it is not kept with what is new.
 */
function isToClose({ active }: PartitionRow, { retentionMs, retentionBytes }: TopicConfig, nowMs: number): boolean {
  if (active.batchCount === 0) return false
  const isOld = retentionMs >= 0 && nowMs - active.firstAppendMs > retentionMs / segmentsPerRetention
  return isOld || (retentionBytes >= 0 && active.bytes > retentionBytes / segmentsPerRetention)
}

function withoutSegment(row: PartitionRow, { segment, endOffset }: ClosedRange): PartitionRow {
  return { ...row, startOffset: Math.max(row.startOffset, endOffset), bytes: row.bytes - segment.bytes }
}

function pastEnd({ topic, partition }: PartitionId, beforeOffset: number, endOffset: number): MillraceError {
  return new MillraceError(
    'bad_option',
    `${topic}[${partition}] ends at offset ${endOffset}: nothing can be deleted before offset ${beforeOffset}`,
    { topic, partition, offset: beforeOffset },
  )
}
