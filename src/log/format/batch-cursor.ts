/**
 * Walks over the records of a stored batch without making an object for each.
 *
 * Nothing of a batch is handed out before its checksum and its header are checked: a flipped bit is an error that names
 * topic, partition and offset, never a wrong record.
 */
import { copyOf } from '../../core/bytes.ts'
import { MillraceError, messageOf } from '../../core/errors.ts'
import { type Header, noHeaders } from '../../core/headers.ts'
import { compressionCodes, unpack } from './compression.ts'
import {
  appendTimeOf,
  baseTimestampOf,
  batchHeaderBytes,
  compressionCodeOf,
  headerProblem,
  offsetCountOf,
  placeMark,
  recordCountOf,
} from './header.ts'
import type { PartitionId } from './partition-id.ts'
import { shortBytes, shortVarint, VarintReader } from './varint.ts'

/** One batch at a time: `load`, then `next` until it is false. The fields describe the current record. */
export class BatchCursor {
  /** What keyStart … valueEnd point into; never reused, so a record may keep it. */
  bytes: Buffer = Buffer.alloc(0)
  baseOffset = 0
  /** The offset after the batch. */
  endOffset = 0
  offset = -1
  timestamp = 0
  keyStart = 0
  /** -1: the key is null. */
  keyEnd = 0
  valueStart = 0
  /** -1: the value is null. */
  valueEnd = 0
  headers: readonly Header[] = noHeaders

  readonly #partition: PartitionId
  readonly #mark: number
  readonly #reader = new VarintReader()
  #baseTimestamp = 0
  /** Of all records, where the time of the append counts; else -1. */
  #appendTime = -1
  /** Records that are not walked over yet. */
  #left = 0
  /** Whether no record is missing between the first and the last: compaction may have taken some. */
  #isDense = true

  constructor(partition: PartitionId) {
    this.#partition = partition
    this.#mark = placeMark(partition)
  }

  /**
   * Begins a batch that is stored under `baseOffset`.
   *
   * @throws MillraceError `damaged`, `compression_unavailable`
   */
  load(batch: Buffer, baseOffset: number): void {
    this.baseOffset = baseOffset
    this.offset = baseOffset - 1
    const problem = headerProblem(batch, this.#mark, baseOffset)
    if (problem !== undefined) this.#damaged(problem)
    const count = recordCountOf(batch)
    const offsetCount = offsetCountOf(batch)
    this.endOffset = baseOffset + offsetCount
    this.#isDense = offsetCount === count
    this.#left = count
    this.#baseTimestamp = baseTimestampOf(batch)
    this.#appendTime = appendTimeOf(batch) ?? -1
    const compression = compressionCodeOf(batch)
    if (compression === compressionCodes.none) {
      this.bytes = batch
      this.#reader.at = batchHeaderBytes
    } else {
      this.bytes = this.#unpack(compression, batch)
      this.#reader.at = 0
    }
    this.#reader.bytes = this.bytes
  }

  /** @throws MillraceError `damaged`, `compression_unavailable` */
  #unpack(compression: number, batch: Buffer): Buffer {
    try {
      return unpack(compression, batch.subarray(batchHeaderBytes))
    } catch (error) {
      if (error instanceof MillraceError) throw error
      return this.#damaged(`it cannot be unpacked: ${messageOf(error)}`)
    }
  }

  /**
   * Moves to the next record; false after the last one.
   *
   * @throws MillraceError `damaged`
   */
  next(): boolean {
    if (this.#left === 0) return false
    this.#left--
    if (!this.#isDense || !this.#nextShort()) this.#nextLong()
    return true
  }

  /** Most records: lengths and differences of two bytes at most, no headers and nothing that is wrong. */
  #nextShort(): boolean {
    const { bytes } = this
    let at = this.#reader.at
    const length = shortVarint(bytes, at)
    at += shortBytes(length)
    const end = at + (length >> 1)
    const timestamp = shortVarint(bytes, ++at)
    at += shortBytes(timestamp)
    const offset = shortVarint(bytes, at)
    at += shortBytes(offset)
    const keyLength = shortVarint(bytes, at)
    at += shortBytes(keyLength)
    const keyEnd = at + (keyLength >> 1)
    const valueLength = shortVarint(bytes, keyEnd)
    const valueStart = keyEnd + shortBytes(valueLength)
    const valueEnd = valueStart + (valueLength >> 1)
    const next = this.offset + 1
    // An odd number stands for one below 0: of the time it may be so, and the rest is left to the other way.
    const isShort = (length | timestamp | offset | keyLength | valueLength) >= 0
    if (!isShort || ((length | offset | keyLength | valueLength) & 1) !== 0) return false
    if (bytes[valueEnd] !== 0 || valueEnd + 1 !== end || this.baseOffset + (offset >> 1) !== next) return false
    if (this.#left === 0 && end !== bytes.length) return false
    this.timestamp =
      this.#appendTime < 0 ? this.#baseTimestamp + ((timestamp >>> 1) ^ -(timestamp & 1)) : this.#appendTime
    this.offset = next
    this.keyStart = at
    this.keyEnd = keyEnd
    this.valueStart = valueStart
    this.valueEnd = valueEnd
    this.headers = noHeaders
    this.#reader.at = end
    return true
  }

  #nextLong(): void {
    const reader = this.#reader
    const length = reader.read()
    const end = reader.at + length
    reader.at++ // attributes of a record: unused by Kafka
    const timestamp = this.#baseTimestamp + reader.read()
    this.timestamp = this.#appendTime < 0 ? timestamp : this.#appendTime
    const offset = this.baseOffset + reader.read()
    if (this.#isDense ? offset !== this.offset + 1 : !(offset > this.offset && offset < this.endOffset)) {
      this.#damaged('its records are not in order')
    }
    this.offset = offset
    const keyLength = reader.read()
    this.keyStart = reader.at
    this.keyEnd = keyLength < 0 ? -1 : (reader.at += keyLength)
    const valueLength = reader.read()
    this.valueStart = reader.at
    this.valueEnd = valueLength < 0 ? -1 : (reader.at += valueLength)
    const headerCount = reader.read()
    this.headers = headerCount === 0 ? noHeaders : this.#readHeaders(headerCount)
    if (!(reader.at === end && end <= this.bytes.length && length > 0)) this.#damaged('a record is malformed')
    if (this.#left === 0 && end !== this.bytes.length) this.#damaged('it holds more than its records')
  }

  #readHeaders(count: number): readonly Header[] {
    const reader = this.#reader
    const headers: Header[] = []
    for (let i = 0; i < count; i++) {
      const keyEnd = reader.read() + reader.at
      const key = this.bytes.toString('utf8', reader.at, keyEnd)
      reader.at = keyEnd
      const length = reader.read()
      if (!(reader.at <= this.bytes.length)) this.#damaged('a header is malformed')
      const start = reader.at
      if (length >= 0) reader.at += length
      headers.push(Object.freeze({ key, value: length < 0 ? null : copyOf(this.bytes, start, reader.at) }))
    }
    return Object.freeze(headers)
  }

  #damaged(why: string): never {
    const { topic, partition } = this.#partition
    const offset = Math.max(this.offset, this.baseOffset)
    throw new MillraceError(
      'damaged',
      `the batch at ${topic}[${partition}] offset ${this.baseOffset} is damaged: ${why}`,
      { topic, partition, offset },
    )
  }
}
