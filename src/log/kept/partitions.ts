/**
 * The batches of every partition: append at the end, read from an offset.
 *
 * A partition's row says where it begins and ends (partition-row.ts). Offsets are dense as they are appended;
 * compaction leaves gaps, and the row says up to where. The index by time has an entry for every batch that raised the
 * largest timestamp of its segment (time-index.ts).
 */
import { MillraceError } from '../../core/errors.ts'
import type { DiskGuard } from '../../storage/disk-guard.ts'
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import { numberOfKey, partitionKey, partitionNumberKey } from '../../storage/keys.ts'
import { BatchCursor } from '../format/batch-cursor.ts'
import {
  completeHeader,
  isCutOff,
  maxTimestampOf,
  offsetCountOf,
  placeBatch,
  placeMark,
  type ProducerStamp,
  sequenceAfter,
} from '../format/header.ts'
import type { PartitionId } from '../format/partition-id.ts'
import type { Catalogue } from './catalogue.ts'
import { ClosedSegments, segmentBatchesMax, segmentBytesMax } from './closed-segments.ts'
import { timeRow } from './time-rows.ts'
import {
  decodePartitionRow,
  emptyPartition,
  emptySegment,
  encodePartitionRow,
  type PartitionRow,
  type Segment,
} from './partition-row.ts'

export interface StoredBatch {
  readonly baseOffset: number
  readonly bytes: Buffer
}

/** How batches are appended. */
export interface AppendOptions {
  /** When, by the clock of the log. */
  readonly nowMs: number
  /** Who wrote them; the sequence is that of the first. */
  readonly stamp?: ProducerStamp | undefined
  /** Whether the records get the time of the append. */
  readonly usesAppendTime?: boolean | undefined
  /** Whether they come with a stamp and a checksum, which stay as their producer made them. */
  readonly areSealed?: boolean | undefined
}

/** More segments than a reader is in at once. */
const countedSegmentsMax = 1_024

export class Partitions {
  readonly closed: ClosedSegments
  readonly #environment: Environment
  readonly #catalogue: Catalogue
  readonly #guard: DiskGuard
  /** Segments whose batches were counted, as they were then. */
  readonly #countedSegments = new Set<string>()

  constructor(environment: Environment, catalogue: Catalogue, guard: DiskGuard) {
    this.closed = new ClosedSegments(environment)
    this.#environment = environment
    this.#catalogue = catalogue
    this.#guard = guard
  }

  /** Makes the rows of a new topic, or those that are added to one. */
  create(transaction: WriteTransaction, partitions: readonly PartitionId[]): void {
    for (const partition of partitions) this.putRow(transaction, partition, emptyPartition)
  }

  /** Removes the rows of a deleted topic. */
  remove(transaction: WriteTransaction, partitions: readonly PartitionId[]): void {
    for (const { topicId, partition } of partitions) transaction.remove('partitions', partitionKey(topicId, partition))
  }

  /**
   * @throws MillraceError `topic_unknown` when the topic was deleted, `damaged` when the row is damaged
   */
  row(partition: PartitionId): PartitionRow {
    const row = this.find(partition)
    if (row !== undefined) return row
    throw topicDeleted(partition.topic)
  }

  /**
   * As {@link row}, and undefined when the topic was deleted.
   *
   * @throws MillraceError `damaged` when the row is damaged
   */
  find({ topic, topicId, partition }: PartitionId): PartitionRow | undefined {
    const key = partitionKey(topicId, partition)
    const stored = this.#environment.get('partitions', key)
    if (stored === undefined) return this.#checkDeleted({ topic, topicId, partition })
    const row = decodePartitionRow(key, stored)
    if (row !== undefined) return row
    throw rowDamaged(topic, partition, 'its row is damaged')
  }

  /** A row that is not there belongs to a topic that is not there. */
  #checkDeleted({ topic, topicId, partition }: PartitionId): undefined {
    const found = this.#catalogue.topic(topic)
    if (found?.id !== topicId || partition >= found.partitions) return undefined
    throw rowDamaged(topic, partition, 'its row cannot be found')
  }

  putRow(transaction: WriteTransaction, { topicId, partition }: PartitionId, row: PartitionRow): void {
    const key = partitionKey(topicId, partition)
    transaction.put('partitions', key, encodePartitionRow(key, row))
  }

  /**
   * The offset that the next record gets; throws as {@link row}.
   *
   * Readers stop there, so it is checked twice: an old row, on a page that is no longer in use, has an end with batches
   * after it.
   */
  endOffset(partition: PartitionId): number {
    const { endOffset } = this.row(partition)
    this.#checkEnd(partition, endOffset)
    return endOffset
  }

  /** @throws MillraceError `damaged` when there is a batch at or past the end */
  #checkEnd(partition: PartitionId, endOffset: number): void {
    const past = this.#firstKeyFrom(partition, endOffset)
    if (past === undefined) return
    const { topic, partition: index } = partition
    throw rowDamaged(topic, index, `its row says ${endOffset}, but there is a batch at ${past}`)
  }

  /** The base offset of the first batch at or after an offset. */
  #firstKeyFrom({ topicId, partition }: PartitionId, offset: number): number | undefined {
    const [key] = this.#environment.keys(
      'batches',
      partitionNumberKey(topicId, partition, offset),
      partitionNumberKey(topicId, partition + 1, 0),
      1,
    )
    return key === undefined ? undefined : numberOfKey(key)
  }

  /** The first offset that is kept; throws as {@link row}. */
  startOffset(partition: PartitionId): number {
    return this.row(partition).startOffset
  }

  /**
   * Appends built batches in order, and completes their headers in place; returns the offset of the first record.
   *
   * @throws MillraceError `topic_unknown` when the topic was deleted, `disk_full`
   */
  append(
    transaction: WriteTransaction,
    partition: PartitionId,
    batches: readonly Buffer[],
    { nowMs, stamp: firstStamp, usesAppendTime = false, areSealed = false }: AppendOptions,
  ): number {
    const { topicId, partition: index } = partition
    const appendTimeMs = usesAppendTime ? nowMs : undefined
    let stamp = firstStamp
    const row = this.row(partition)
    this.#checkEnd(partition, row.endOffset)
    this.#guard.check(batches.reduce((total, batch) => total + batch.length, 0))
    const mark = placeMark(partition)
    let { endOffset, bytes, active } = row
    for (const batch of batches) {
      if (active.batchCount >= segmentBatchesMax || active.bytes >= segmentBytesMax) {
        active = this.#closeSegment(transaction, partition, active, endOffset)
      }
      if (areSealed) placeBatch(batch, mark, endOffset)
      else completeHeader(batch, mark, endOffset, { stamp, appendTimeMs })
      const offsetCount = offsetCountOf(batch)
      if (stamp !== undefined) stamp = { ...stamp, sequence: sequenceAfter(stamp.sequence, offsetCount) }
      transaction.put('batches', partitionNumberKey(topicId, index, endOffset), batch)
      const maxTimestamp = maxTimestampOf(batch)
      if (maxTimestamp > active.maxTimestamp) {
        const time = timeRow(partition, active.baseOffset, { timestamp: maxTimestamp, baseOffset: endOffset })
        transaction.put('times', time.key, time.value)
      }
      active = {
        baseOffset: active.baseOffset,
        batchCount: active.batchCount + 1,
        bytes: active.bytes + batch.length,
        maxTimestamp: Math.max(active.maxTimestamp, maxTimestamp),
        firstAppendMs: active.batchCount === 0 ? Math.max(nowMs, active.lastAppendMs) : active.firstAppendMs,
        lastAppendMs: Math.max(nowMs, active.lastAppendMs),
      }
      bytes += batch.length
      endOffset += offsetCount
    }
    this.putRow(transaction, partition, { ...row, endOffset, bytes, active })
    return row.endOffset
  }

  /** Closes the segment that is appended to, which must hold a batch; returns the row as it is then. */
  closeActive(transaction: WriteTransaction, partition: PartitionId, row: PartitionRow): PartitionRow {
    const active = this.#closeSegment(transaction, partition, row.active, row.endOffset)
    const closed = { ...row, active }
    this.putRow(transaction, partition, closed)
    return closed
  }

  #closeSegment(transaction: WriteTransaction, partition: PartitionId, segment: Segment, endOffset: number): Segment {
    this.closed.put(transaction, partition, segment)
    // The time of an append never goes back, whatever the clock does.
    return { ...emptySegment(endOffset), lastAppendMs: segment.lastAppendMs }
  }

  /**
   * All segments in order; the one that is appended to comes last. A search by time skips segments, so it would not
   * notice one that damage hides: their bytes are compared with those of the partition.
   *
   * @throws MillraceError `damaged`
   */
  segments(partition: PartitionId): readonly Segment[] {
    const { active, bytes, startOffset } = this.row(partition)
    const segments = [...this.closed.allFrom(partition, 0), active]
    // Those that end before the start are being removed, and are no longer counted.
    const kept = segments.filter((_, at) => (segments[at + 1]?.baseOffset ?? Number.POSITIVE_INFINITY) > startOffset)
    const found = kept.reduce((total, segment) => total + segment.bytes, 0)
    if (found === bytes) return segments
    const { topic, partition: index } = partition
    throw new MillraceError(
      'damaged',
      `${topic}[${index}] has ${bytes} bytes, but the segments that can be found have ${found}`,
      { topic, partition: index },
    )
  }

  /**
   * The batch that holds the first record at or after `offset`; undefined when there is none.
   *
   * After compaction its last record may lie before `offset`: the first record is then in the batch after it.
   *
   * @throws MillraceError `damaged` when the log has a hole there, `position_lost` when the offset is no longer kept
   */
  batchAt(partition: PartitionId, offset: number): StoredBatch | undefined {
    const { topic, topicId, partition: index } = partition
    // What is deleted is not read, although some of it may still be there.
    const row = this.row(partition)
    const { startOffset, endOffset, gapsEnd } = row
    if (offset >= endOffset) return undefined
    if (offset < startOffset) throw positionLost(partition, offset, startOffset)
    const bytes = this.#environment.get('batches', partitionNumberKey(topicId, index, offset))
    if (bytes !== undefined) return { baseOffset: offset, bytes }
    const before = this.#environment.lastBefore(
      'batches',
      partitionNumberKey(topicId, index, 0),
      partitionNumberKey(topicId, index, offset + 1),
    )
    if (before !== undefined) {
      const baseOffset = numberOfKey(before.key)
      // A value that is too short for a header is handed out too: the cursor says what is wrong with it.
      if (isCutOff(before.value) || offset < baseOffset + offsetCountOf(before.value)) {
        return { baseOffset, bytes: before.value }
      }
      // Only a sound batch says that it does not reach the offset.
      new BatchCursor(partition).load(before.value, baseOffset)
    }
    const [next] = this.#environment.range(
      'batches',
      partitionNumberKey(topicId, index, offset + 1),
      partitionNumberKey(topicId, index + 1, 0),
      1,
    )
    const baseOffset = next === undefined ? endOffset : numberOfKey(next.key)
    if (baseOffset <= gapsEnd) {
      this.#checkGap(partition, row, offset, baseOffset)
      return next === undefined ? undefined : { baseOffset, bytes: next.value }
    }
    throw new MillraceError(
      'damaged',
      `${topic}[${index}] holds no batch for offset ${Math.max(offset, gapsEnd)}, although it ends after it`,
      { topic, partition: index, offset: Math.max(offset, gapsEnd) },
    )
  }

  /**
   * The last batch that begins before an offset; undefined when none is kept.
   *
   * @throws MillraceError `damaged` when the log has a hole before the offset
   */
  batchBefore(partition: PartitionId, offset: number): StoredBatch | undefined {
    const { topicId, partition: index } = partition
    const { startOffset, endOffset } = this.row(partition)
    const before = this.#environment.lastBefore(
      'batches',
      partitionNumberKey(topicId, index, 0),
      partitionNumberKey(topicId, index, offset),
    )
    if (before === undefined) {
      if (startOffset < Math.min(offset, endOffset)) this.batchAt(partition, startOffset) // throws where one is lost
      return undefined
    }
    const baseOffset = numberOfKey(before.key)
    const end = isCutOff(before.value) ? offset : baseOffset + offsetCountOf(before.value)
    if (end <= startOffset) return undefined
    if (end < Math.min(offset, endOffset)) this.batchAt(partition, end) // throws where one is lost in between
    return { baseOffset, bytes: before.value }
  }

  /**
   * Checks that a gap is compaction's work: the segments around it have as many batches as their rows say.
   *
   * @throws MillraceError `damaged`
   */
  #checkGap(partition: PartitionId, row: PartitionRow, from: number, to: number): void {
    const { topic, topicId, partition: index } = partition
    const first = this.closed.at(partition, from)
    const segments = first === undefined || first.baseOffset >= row.active.baseOffset ? [] : [first]
    for (let next = from + 1; ;) {
      const [segment] = this.closed.from(partition, next, 1)
      if (segment === undefined || segment.baseOffset >= to) break
      segments.push(segment)
      next = segment.baseOffset + 1
    }
    if (row.active.baseOffset < to) segments.push(row.active)
    for (const { baseOffset, batchCount, bytes } of segments) {
      const counted = `${topicId}/${index} ${baseOffset} ${batchCount} ${bytes}`
      if (this.#countedSegments.has(counted)) continue
      const [following] = this.closed.from(partition, baseOffset + 1, 1)
      const end = following?.baseOffset ?? (baseOffset < row.active.baseOffset ? row.active.baseOffset : row.endOffset)
      const [start, until] = [baseOffset, end].map((offset) => partitionNumberKey(topicId, index, offset))
      const found = this.#environment.keys('batches', start as Buffer, until as Buffer, segmentBatchesMax + 1).length
      if (found !== batchCount) {
        throw new MillraceError(
          'damaged',
          `the segment at ${topic}[${index}] offset ${baseOffset} has ${batchCount} batches, but ${found} can be found`,
          { topic, partition: index, offset: from },
        )
      }
      if (this.#countedSegments.size >= countedSegmentsMax) this.#countedSegments.clear()
      this.#countedSegments.add(counted)
    }
  }

  /** Where the next batch after an offset begins, whatever is stored there; the end when there is none. */
  baseOffsetAfter(partition: PartitionId, offset: number): number {
    return this.#firstKeyFrom(partition, offset + 1) ?? this.row(partition).endOffset
  }
}

function rowDamaged(topic: string, partition: number, why: string): MillraceError {
  return new MillraceError('damaged', `the end of ${topic}[${partition}] is unknown: ${why}`, { topic, partition })
}

export function topicDeleted(topic: string): MillraceError {
  return new MillraceError('topic_unknown', `the topic "${topic}" was deleted while it was in use`, { topic })
}

export function positionLost(partition: PartitionId, offset: number, startOffset: number): MillraceError {
  const { topic, partition: index } = partition
  return new MillraceError(
    'position_lost',
    `${topic}[${index}] begins at offset ${startOffset}: offset ${offset} was deleted by retention or on request`,
    { topic, partition: index, offset },
  )
}
