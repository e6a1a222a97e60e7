/**
 * The records of every partition: append at the end, read from an offset, find an offset by time.
 *
 * A partition's row holds where it ends and the largest timestamp so far. The time index has an entry for every batch that
 * raised that timestamp, so the first batch that reaches a time is one seek away, in whatever order the times came.
 */
import { crc32c } from '@node-rs/crc32'
import { readInt64, writeInt32, writeInt64, writeUint64 } from '../core/bytes.ts'
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
    transaction.put(
      'partitions',
      partitionKey(topicId, index),
      encodePartitionRow(topicId, index, { endOffset, maxTimestamp }),
    )
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
    const { topic } = partition
    throw new MillraceError('corrupt_batch', `the time index of ${topic}[${index}] is damaged at ${timestamp}`, {
      topic,
      partition: index,
    })
  }
}

export interface PartitionRow {
  readonly endOffset: number
  readonly maxTimestamp: number
}

function readRow(environment: Environment, partition: PartitionId): PartitionRow {
  const { topic, topicId, partition: index } = partition
  const stored = environment.get('partitions', partitionKey(topicId, index))
  if (stored === undefined) {
    throw new MillraceError('topic_unknown', `the topic "${topic}" was deleted while it was in use`, { topic })
  }
  const isWhole = stored.length === rowBytes
  const row = { endOffset: isWhole ? readInt64(stored, 0) : 0, maxTimestamp: isWhole ? readInt64(stored, 8) : 0 }
  if (!encodePartitionRow(topicId, index, row).equals(stored)) {
    throw new MillraceError('corrupt_batch', `where ${topic}[${index}] ends is not known: its row is damaged`, {
      topic,
      partition: index,
    })
  }
  return row
}

const rowBytes = 20

/** End offset, largest timestamp so far, and a CRC32C over both and the place of the row: LMDB has no checksums. */
export function encodePartitionRow(topicId: number, partition: number, row: PartitionRow): Buffer {
  const stored = Buffer.allocUnsafe(rowBytes)
  writeInt64(stored, 0, row.endOffset)
  writeInt64(stored, 8, row.maxTimestamp)
  writeInt32(stored, 16, crc32c(stored.subarray(0, 16), crc32c(partitionKey(topicId, partition))))
  return stored
}

/** The row of a partition without records. */
export const emptyPartition: PartitionRow = { endOffset: 0, maxTimestamp: -1 }
