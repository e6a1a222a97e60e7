/**
 * The header of a RecordBatch v2: the one place that knows where its fields lie, and in which order they are filled.
 *
 *     0 base offset 8 | 8 length 4 | 12 place mark 4 | 16 magic 1 | 17 CRC32C 4 | 21 attributes 2
 *     23 last offset delta 4 | 27 base timestamp 8 | 35 max timestamp 8 | 43 producer id 8 | 51 epoch 2
 *     53 sequence 4 | 57 record count 4 | 61 records
 *
 * A builder writes what the records say. The log adds what it alone knows, where the batch stands, who wrote it and
 * when it was appended, and seals it: the CRC covers everything from the attributes on, and is computed once.
 */
import { readInt32, readInt64, writeInt32, writeInt64 } from '../../core/bytes.ts'
import { crc32c } from '../../core/checksum.ts'
import { partitionsMax } from '../../core/topic.ts'
import type { PartitionNumbers } from './partition-id.ts'

export const batchHeaderBytes = 61
export const lengthAt = 8
const placeMarkAt = 12
const magicAt = 16
export const crcAt = 17
export const attributesAt = 21
export const lastOffsetDeltaAt = 23
const baseTimestampAt = 27
export const maxTimestampAt = 35
const producerIdAt = 43
const producerEpochAt = 51
const baseSequenceAt = 53
export const recordCountAt = 57

/** The length counts what follows it. */
const uncountedBytes = lengthAt + 4
const magic = 2

/** Attributes: bits 0 to 2 say how the records are packed. */
const compressionMask = 7
/** Every record has the max timestamp, which is the time of the append. */
const appendTimeFlag = 8
/** The base timestamp says until when tombstones stay (KIP-534). */
const deleteHorizonFlag = 64

/** Sequence numbers have 31 bits, as in Kafka; 0 follows the last. */
const sequences = 2 ** 31

/** Who wrote a batch, and which of their batches to this partition it is; all -1 when it does not say. */
export interface ProducerStamp {
  readonly producerId: number
  readonly epoch: number
  /** Of its first record. */
  readonly sequence: number
}

/** What the records of a batch say. */
export interface RecordFacts {
  readonly count: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  /** How they are packed. */
  readonly compressionCode: number
}

/** Writes the header of a new batch, without what {@link completeHeader} adds. */
export function writeHeader(batch: Buffer, { count, baseTimestamp, maxTimestamp, compressionCode }: RecordFacts): void {
  writeInt64(batch, 0, 0)
  writeInt32(batch, lengthAt, batch.length - uncountedBytes)
  writeInt32(batch, placeMarkAt, 0)
  batch[magicAt] = magic
  batch[attributesAt] = 0
  batch[attributesAt + 1] = compressionCode
  writeInt32(batch, lastOffsetDeltaAt, count - 1)
  writeInt64(batch, baseTimestampAt, baseTimestamp)
  writeInt64(batch, maxTimestampAt, maxTimestamp)
  batch.fill(255, producerIdAt, recordCountAt)
  writeInt32(batch, recordCountAt, count)
}

/** What a log writes into a batch that it appends. */
export interface Completion {
  readonly stamp?: ProducerStamp | undefined
  /** Of every record, where the time of the append counts. */
  readonly appendTimeMs?: number | undefined
}

/** Makes a built batch one that a reader accepts at its place. */
export function completeHeader(batch: Buffer, mark: number, baseOffset: number, completion: Completion = {}): void {
  const { stamp, appendTimeMs } = completion
  placeBatch(batch, mark, baseOffset)
  if (stamp !== undefined) stampProducer(batch, stamp)
  if (appendTimeMs !== undefined) {
    setFlag(batch, appendTimeFlag)
    writeInt64(batch, maxTimestampAt, appendTimeMs)
  }
  sealBatch(batch)
}

/**
 * Gives a batch its place, which the checksum does not cover: the offset of its first record, and its {@link
 * placeMark}.
 */
export function placeBatch(batch: Buffer, mark: number, baseOffset: number): void {
  writeInt64(batch, 0, baseOffset)
  writeInt32(batch, placeMarkAt, mark)
}

/** Says who wrote a batch; to be sealed afterwards. */
export function stampProducer(batch: Buffer, { producerId, epoch, sequence }: ProducerStamp): void {
  writeInt64(batch, producerIdAt, producerId)
  batch.writeInt16BE(epoch, producerEpochAt)
  writeInt32(batch, baseSequenceAt, sequence)
}

/** Writes the checksum of a batch whose header is complete. */
export function sealBatch(batch: Buffer): void {
  writeInt32(batch, crcAt, crc32c(batch.subarray(attributesAt)))
}

/** What compaction has left of a batch. */
export interface CompactedFacts {
  readonly count: number
  readonly maxTimestamp: number
  /** Until when its tombstones stay; undefined where the header says it already, or there are none. */
  readonly deleteHorizonMs: number | undefined
}

/** Adapts the header of a stored batch to the records that are left, and seals it. */
export function rewriteHeader(batch: Buffer, { count, maxTimestamp, deleteHorizonMs }: CompactedFacts): void {
  writeInt32(batch, lengthAt, batch.length - uncountedBytes)
  if (deleteHorizonMs !== undefined) {
    setFlag(batch, deleteHorizonFlag)
    writeInt64(batch, baseTimestampAt, deleteHorizonMs)
  }
  if (appendTimeOf(batch) === undefined) writeInt64(batch, maxTimestampAt, maxTimestamp)
  writeInt32(batch, recordCountAt, count)
  sealBatch(batch)
}

/**
 * Identifies the partition in its batches, where Kafka's brokers write the leader epoch: a batch that turns up under
 * the key of another partition is recognised, although its checksum is right.
 */
export function placeMark({ topicId, partition }: PartitionNumbers): number {
  return (Math.imul(topicId, partitionsMax) + partition) | 0
}

/** Why a batch is not one that was stored at this place; undefined when it is. */
export function headerProblem(batch: Buffer, mark: number, baseOffset: number): string | undefined {
  if (isCutOff(batch)) return 'it is truncated'
  if (readInt64(batch, 0) !== baseOffset) return 'its base offset is not the one it is stored under'
  if (readInt32(batch, lengthAt) !== batch.length - uncountedBytes) return 'its length is not the stored one'
  if (readInt32(batch, placeMarkAt) !== mark) return 'it belongs to another partition'
  if (batch[magicAt] !== magic) return 'its header is damaged'
  if (crc32c(batch.subarray(attributesAt)) !== readInt32(batch, crcAt) >>> 0) return 'its checksum is wrong'
  if (recordCountOf(batch) < 1) return 'it holds no records'
  return offsetCountOf(batch) < recordCountOf(batch) ? 'its header is damaged' : undefined
}

/** Whether there is not even a header. */
export function isCutOff(batch: Buffer): boolean {
  return batch.length < batchHeaderBytes
}

export function recordCountOf(batch: Buffer): number {
  return readInt32(batch, recordCountAt)
}

/** How many offsets it stands for: those of records that compaction has removed count too. */
export function offsetCountOf(batch: Buffer): number {
  return readInt32(batch, lastOffsetDeltaAt) + 1
}

/** What the timestamps of its records are counted from. */
export function baseTimestampOf(batch: Buffer): number {
  return readInt64(batch, baseTimestampAt)
}

export function maxTimestampOf(batch: Buffer): number {
  return readInt64(batch, maxTimestampAt)
}

/** The time of all records, where that of the append counts. */
export function appendTimeOf(batch: Buffer): number | undefined {
  return (flagsOf(batch) & appendTimeFlag) === 0 ? undefined : maxTimestampOf(batch)
}

/** Until when its tombstones stay; undefined before compaction has seen them. */
export function deleteHorizonOf(batch: Buffer): number | undefined {
  return (flagsOf(batch) & deleteHorizonFlag) === 0 ? undefined : baseTimestampOf(batch)
}

export function compressionCodeOf(batch: Buffer): number {
  return flagsOf(batch) & compressionMask
}

export function producerOf(batch: Buffer): ProducerStamp {
  return {
    producerId: readInt64(batch, producerIdAt),
    epoch: batch.readInt16BE(producerEpochAt),
    sequence: readInt32(batch, baseSequenceAt),
  }
}

/** The sequence number that follows this many records. */
export function sequenceAfter(sequence: number, records: number): number {
  return (sequence + records) % sequences
}

/** The attributes are two bytes, of which the first is unused. */
function flagsOf(batch: Buffer): number {
  return batch[attributesAt + 1] as number
}

function setFlag(batch: Buffer, flag: number): void {
  batch[attributesAt + 1] = flagsOf(batch) | flag
}
