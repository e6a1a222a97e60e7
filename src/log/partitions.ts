/**
 * The records of every partition: append at the end, read from an offset, find an offset by time.
 *
 * A partition's row holds where it ends and the largest timestamp so far. The time index has an entry for every batch that
 * raised that timestamp, so the first batch that reaches a time is one seek away, in whatever order the times came.
 */
import { readInt64, writeInt64, writeUint64 } from '../core/bytes.ts'
import { MillraceError } from '../core/errors.ts'
import type { Environment, WriteTransaction } from '../storage/environment.ts'
import { numberOfKey, partitionKey, partitionNumberKey } from '../storage/keys.ts'
import { batchHeaderBytes, maxTimestampAt, recordCountAt, setBaseOffset } from './batch.ts'
import { BatchCursor, type BatchPlace } from './batch-cursor.ts'

/** A partition as storage knows it. */
export interface PartitionId extends BatchPlace {
  readonly topicId: number
}

export interface StoredBatch {
  readonly baseOffset: number
  readonly bytes: Buffer
}

export class Partitions {
  readonly #environment: Environment

  constructor(environment: Environment) {
    this.#environment = environment
  }

  /**
   * The offset that the next record gets.
   *
   * @throws MillraceError `topic_unknown` when the topic was deleted
   */
  endOffset(partition: PartitionId): number {
    return readRow(this.#environment, partition).endOffset
  }

  /**
   * Appends built batches in order; returns the offset of the first record.
   *
   * The batches get their base offsets in place.
   *
   * @throws MillraceError `topic_unknown` when the topic was deleted
   */
  append(transaction: WriteTransaction, partition: PartitionId, batches: readonly Buffer[]): number {
    const { topicId, partition: index } = partition
    const row = readRow(this.#environment, partition)
    const firstOffset = row.endOffset
    let { endOffset, maxTimestamp } = row
    for (const batch of batches) {
      setBaseOffset(batch, endOffset)
      transaction.put('batches', partitionNumberKey(topicId, index, endOffset), batch)
      const batchMaxTimestamp = readInt64(batch, maxTimestampAt)
      if (batchMaxTimestamp > maxTimestamp) {
        maxTimestamp = batchMaxTimestamp
        const offset = Buffer.allocUnsafe(8)
        writeUint64(offset, 0, endOffset)
        transaction.put('times', partitionNumberKey(topicId, index, maxTimestamp), offset)
      }
      endOffset += batch.readInt32BE(recordCountAt)
    }
    const stored = encodeRow({ endOffset, maxTimestamp })
    transaction.put('partitions', partitionKey(topicId, index), stored)
    return firstOffset
  }

  /**
   * The batch that holds the record at `offset`; undefined at the end of the partition.
   *
   * @throws MillraceError `corrupt_batch` when the log has a hole there
   */
  batchAt(partition: PartitionId, offset: number): StoredBatch | undefined {
    const { topicId, partition: index } = partition
    const bytes = this.#environment.get('batches', partitionNumberKey(topicId, index, offset))
    if (bytes !== undefined) return { baseOffset: offset, bytes }
    if (offset >= this.endOffset(partition)) return undefined
    const entry = this.#environment.lastBefore(
      'batches',
      partitionNumberKey(topicId, index, 0),
      partitionNumberKey(topicId, index, offset + 1),
    )
    if (entry !== undefined) {
      const baseOffset = numberOfKey(entry.key)
      // A value that is too short for a header is handed out too: the cursor says what is wrong with it.
      const isCutOff = entry.value.length < batchHeaderBytes
      if (isCutOff || offset < baseOffset + entry.value.readInt32BE(recordCountAt))
        return { baseOffset, bytes: entry.value }
    }
    throw new MillraceError(
      'corrupt_batch',
      `${partition.topic}[${index}] holds no batch for offset ${offset}, although it ends behind it`,
      { topic: partition.topic, partition: index, offset },
    )
  }

  /** The first offset whose record has at least this timestamp, as Kafka defines it; the end when there is none. */
  offsetAtTime(partition: PartitionId, timestamp: number): number {
    const { topicId, partition: index } = partition
    const [entry] = this.#environment.range(
      'times',
      partitionNumberKey(topicId, index, timestamp),
      partitionNumberKey(topicId, index + 1, 0),
      1,
    )
    if (entry === undefined) return this.endOffset(partition)
    const cursor = new BatchCursor(partition)
    const batch = this.batchAt(partition, readInt64(entry.value, 0))
    if (batch !== undefined) {
      cursor.load(batch.bytes, batch.baseOffset)
      while (cursor.next()) if (cursor.timestamp >= timestamp) return cursor.offset
    }
    return this.endOffset(partition)
  }
}

interface PartitionRow {
  readonly endOffset: number
  readonly maxTimestamp: number
}

function readRow(environment: Environment, partition: PartitionId): PartitionRow {
  const stored = environment.get('partitions', partitionKey(partition.topicId, partition.partition))
  if (stored === undefined) {
    const { topic } = partition
    throw new MillraceError('topic_unknown', `the topic "${topic}" was deleted while it was in use`, { topic })
  }
  return { endOffset: readInt64(stored, 0), maxTimestamp: readInt64(stored, 8) }
}

function encodeRow({ endOffset, maxTimestamp }: PartitionRow): Buffer {
  const stored = Buffer.allocUnsafe(16)
  writeInt64(stored, 0, endOffset)
  writeInt64(stored, 8, maxTimestamp)
  return stored
}

/** The row of a partition without records. */
export const emptyPartition: Buffer = encodeRow({ endOffset: 0, maxTimestamp: -1 })
