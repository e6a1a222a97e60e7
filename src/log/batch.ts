/**
 * Kafka's RecordBatch v2 (magic 2): how records are written into the value that the log stores.
 *
 *     0 base offset 8 | 8 length 4 | 12 leader epoch 4 | 16 magic 1 | 17 CRC32C 4 | 21 attributes 2 | 23 last offset delta 4
 *     27 base timestamp 8 | 35 max timestamp 8 | 43 producer id 8 | 51 epoch 2 | 53 sequence 4 | 57 record count 4 | 61 records
 *
 * The CRC covers everything from the attributes on, so the base offset can be set when the batch is appended. Built batches
 * are compared byte for byte with those of Kafka's Java client (test/vectors).
 */
import { gzipSync } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import { ByteWriter, copyBytes, writeInt32, writeInt64 } from '../core/bytes.ts'
import { MillraceError } from '../core/errors.ts'
import type { Header } from '../core/headers.ts'
import { varintBytes, writeVarint } from './varint.ts'

export const batchHeaderBytes = 61
export const lengthAt = 8
export const magicAt = 16
export const crcAt = 17
export const attributesAt = 21
export const baseTimestampAt = 27
export const maxTimestampAt = 35
export const recordCountAt = 57
const lastOffsetDeltaAt = 23
const producerIdAt = 43

/** The most bytes of one record, key, value and headers together: Kafka's default for max.message.bytes. */
export const recordBytesMax = 1_048_576

export type Compression = 'none' | 'gzip'
export const compressionCodes: Readonly<Record<Compression, number>> = { none: 0, gzip: 1 }

/** A state of a builder to come back to. */
export interface BatchMark {
  at: number
  count: number
  baseTimestamp: number
  maxTimestamp: number
}

/** Builds one batch after the other, in a buffer that it keeps. */
export class BatchBuilder {
  readonly #out = new ByteWriter(16_384)
  readonly #compression: Compression
  #count = 0
  #baseTimestamp = 0
  #maxTimestamp = 0

  constructor(compression: Compression = 'none') {
    this.#compression = compression
    this.#out.at = batchHeaderBytes
  }

  get count(): number {
    return this.#count
  }

  /** Bytes so far, before compression. */
  get bytes(): number {
    return this.#out.at
  }

  /**
   * Adds a record whose key and value lie in `source`; an end of -1 is null.
   *
   * @throws MillraceError `bad_record` for a record of more than {@link recordBytesMax}
   */
  append(
    timestamp: number,
    source: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    headers: readonly Header[],
  ): void {
    const keyLength = keyEnd < 0 ? -1 : keyEnd - keyStart
    const valueLength = valueEnd < 0 ? -1 : valueEnd - valueStart
    const timestampDelta = this.#count === 0 ? 0 : timestamp - this.#baseTimestamp
    const bodyBytes =
      1 +
      varintBytes(timestampDelta) +
      varintBytes(this.#count) +
      varintBytes(keyLength) +
      Math.max(0, keyLength) +
      varintBytes(valueLength) +
      Math.max(0, valueLength) +
      (headers.length === 0 ? 1 : headersBytes(headers))
    if (bodyBytes > recordBytesMax) {
      throw new MillraceError(
        'bad_record',
        `the record has ${bodyBytes} bytes, more than the ${recordBytesMax} that a topic takes`,
      )
    }
    const out = this.#out
    out.ensure(bodyBytes + 5)
    const { bytes } = out
    let at = writeVarint(bytes, out.at, bodyBytes)
    bytes[at++] = 0
    at = writeVarint(bytes, at, timestampDelta)
    at = writeVarint(bytes, at, this.#count)
    at = writeVarint(bytes, at, keyLength)
    if (keyLength > 0) {
      copyBytes(source, keyStart, keyEnd, bytes, at)
      at += keyLength
    }
    at = writeVarint(bytes, at, valueLength)
    if (valueLength > 0) {
      copyBytes(source, valueStart, valueEnd, bytes, at)
      at += valueLength
    }
    if (headers.length === 0) bytes[at++] = 0
    else at = writeHeaders(bytes, at, headers)
    out.at = at
    if (this.#count === 0) this.#baseTimestamp = this.#maxTimestamp = timestamp
    else if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp
    this.#count++
  }

  /** Remembers the state in `mark`. */
  save(mark: BatchMark): void {
    mark.at = this.#out.at
    mark.count = this.#count
    mark.baseTimestamp = this.#baseTimestamp
    mark.maxTimestamp = this.#maxTimestamp
  }

  /** Takes back every record since the mark was saved; no batch may have been built in between. */
  restore(mark: BatchMark): void {
    this.#out.at = mark.at
    this.#count = mark.count
    this.#baseTimestamp = mark.baseTimestamp
    this.#maxTimestamp = mark.maxTimestamp
  }

  /** The batch with base offset 0, in memory of its own; the builder is empty afterwards. */
  build(): Buffer {
    const batch = this.#compression === 'none' ? this.#out.copyFrom(0) : this.#compressed()
    writeInt64(batch, 0, 0)
    writeInt32(batch, lengthAt, batch.length - 12)
    writeInt32(batch, 12, 0)
    batch[magicAt] = 2
    batch[attributesAt] = 0
    batch[attributesAt + 1] = compressionCodes[this.#compression]
    writeInt32(batch, lastOffsetDeltaAt, this.#count - 1)
    writeInt64(batch, baseTimestampAt, this.#baseTimestamp)
    writeInt64(batch, maxTimestampAt, this.#maxTimestamp)
    batch.fill(255, producerIdAt, recordCountAt)
    writeInt32(batch, recordCountAt, this.#count)
    writeInt32(batch, crcAt, crc32c(batch.subarray(attributesAt)))
    this.clear()
    return batch
  }

  #compressed(): Buffer {
    const records = gzipSync(this.#out.bytes.subarray(batchHeaderBytes, this.#out.at))
    const batch = Buffer.allocUnsafeSlow(batchHeaderBytes + records.length)
    records.copy(batch, batchHeaderBytes)
    return batch
  }

  /** Drops every record that is not built. */
  clear(): void {
    this.#out.at = batchHeaderBytes
    this.#count = 0
  }
}

function headersBytes(headers: readonly Header[]): number {
  let total = varintBytes(headers.length)
  for (const { key, value } of headers) {
    const keyLength = Buffer.byteLength(key)
    total += varintBytes(keyLength) + keyLength
    total += value === null ? 1 : varintBytes(value.length) + value.length
  }
  return total
}

function writeHeaders(bytes: Buffer, at: number, headers: readonly Header[]): number {
  at = writeVarint(bytes, at, headers.length)
  for (const { key, value } of headers) {
    at = writeVarint(bytes, at, Buffer.byteLength(key))
    at += bytes.write(key, at)
    at = writeVarint(bytes, at, value === null ? -1 : value.length)
    if (value !== null) {
      copyBytes(value, 0, value.length, bytes, at)
      at += value.length
    }
  }
  return at
}

/** Gives a built batch its place in a partition. */
export function setBaseOffset(batch: Buffer, offset: number): void {
  writeInt64(batch, 0, offset)
}
