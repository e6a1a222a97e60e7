/**
 * Kafka's RecordBatch v2 (magic 2): how records are written into the value that the log stores, after its header
 * (header.ts). Built batches are compared byte for byte with those of Kafka's Java client (test/vectors).
 */
import { ByteWriter, copyBytes } from '../../core/bytes.ts'
import { MillraceError } from '../../core/errors.ts'
import type { Header } from '../../core/headers.ts'
import { defaultTopicConfig, messageBytesMax } from '../../core/topic-config.ts'
import { type Compression, compressionCodes, pack } from './compression.ts'
import { batchHeaderBytes, writeHeader } from './header.ts'
import { varintBytes, writeVarint } from './varint.ts'

/** More than all fields of a record take beside key, value and headers. */
const recordOverheadMax = 48

/** The most bytes of one record, key, value and headers together, where its topic does not say otherwise. */
export const recordBytesMax: number = defaultTopicConfig.maxMessageBytes

/** The most bytes of a dead letter: its own headers come on top of the largest record that any topic may take. */
export const letterBytesMax: number = messageBytesMax + recordBytesMax

/** A state of a builder to come back to. */
export interface BatchMark {
  end: number
  count: number
  baseTimestamp: number
  maxTimestamp: number
}

/**
 * Builds one batch after the other, in a buffer that it keeps.
 *
 * A record is written in place: `open` it with its key, let the codec write the value to `out`, and `close` it. The
 * lengths stand before what they measure, so room is left for them, and bytes move only where that guess was wrong. A
 * record that is opened and not closed leaves no trace.
 */
export class BatchBuilder {
  /** Where the value of the open record goes. It takes no memory before the first: a topic may have many partitions. */
  readonly out: ByteWriter = new ByteWriter(0)
  readonly #compression: Compression
  /** The end of the last closed record. */
  #end = batchHeaderBytes
  #count = 0
  #baseTimestamp = 0
  #maxTimestamp = 0
  #timestamp = 0
  /** Where the open record's fields begin after its length, and its value. */
  #bodyAt = 0
  #valueAt = 0
  /** How many bytes the lengths of the last record took. */
  #lengthGap = 1
  #valueLengthGap = 1

  constructor(compression: Compression = 'none') {
    this.#compression = compression
  }

  get count(): number {
    return this.#count
  }

  /** Bytes so far, before compression. */
  get bytes(): number {
    return this.#end
  }

  /** Begins a record whose key is source[keyStart, keyEnd); a keyEnd of -1 is null. */
  open(timestamp: number, source: Uint8Array, keyStart: number, keyEnd: number): void {
    const { out } = this
    const keyLength = keyEnd < 0 ? -1 : keyEnd - keyStart
    out.at = this.#end
    out.ensure(recordOverheadMax + Math.max(0, keyLength))
    const { bytes } = out
    this.#timestamp = timestamp
    this.#bodyAt = this.#end + this.#lengthGap
    let at = this.#bodyAt
    bytes[at++] = 0
    at = writeVarint(bytes, at, this.#count === 0 ? 0 : timestamp - this.#baseTimestamp)
    at = writeVarint(bytes, at, this.#count)
    at = writeVarint(bytes, at, keyLength)
    if (keyLength > 0) {
      copyBytes(source, keyStart, keyEnd, bytes, at)
      at += keyLength
    }
    this.#valueAt = at + this.#valueLengthGap
    out.at = this.#valueAt
  }

  /**
   * Ends the open record; its value is what was written to `out`, or null.
   *
   * @throws MillraceError `bad_record` for a record of more than `bytesMax`; it is left out then
   */
  close(isValueNull: boolean, headers: readonly Header[], bytesMax: number = recordBytesMax): void {
    const { out } = this
    const valueLength = isValueNull ? -1 : out.at - this.#valueAt
    this.#fillValueLength(valueLength)
    if (headers.length === 0) {
      out.ensure(1)
      out.bytes[out.at++] = 0
    } else {
      out.ensure(headersBytes(headers))
      out.at = writeHeaders(out.bytes, out.at, headers)
    }
    const bodyLength = out.at - this.#bodyAt
    if (bodyLength > bytesMax) {
      throw new MillraceError(
        'bad_record',
        `the record has ${bodyLength} bytes, more than the ${bytesMax} that a topic takes`,
      )
    }
    const gap = varintBytes(bodyLength)
    if (gap !== this.#lengthGap) this.#move(this.#bodyAt, gap - this.#lengthGap)
    this.#lengthGap = gap
    writeVarint(out.bytes, this.#end, bodyLength)
    if (this.#count === 0) this.#baseTimestamp = this.#maxTimestamp = this.#timestamp
    else if (this.#timestamp > this.#maxTimestamp) this.#maxTimestamp = this.#timestamp
    this.#end = out.at
    this.#count++
  }

  #fillValueLength(valueLength: number): void {
    const { out } = this
    const lengthAt = this.#valueAt - this.#valueLengthGap
    const gap = varintBytes(valueLength)
    if (gap !== this.#valueLengthGap) this.#move(this.#valueAt, gap - this.#valueLengthGap)
    this.#valueLengthGap = gap
    writeVarint(out.bytes, lengthAt, valueLength)
  }

  /** Moves what was written from `start` on. */
  #move(start: number, by: number): void {
    const { out } = this
    out.ensure(recordOverheadMax)
    out.bytes.copyWithin(start + by, start, out.at)
    out.at += by
  }

  /** Adds a record whose key and value lie in `source`; an end of -1 is null. */
  append(
    timestamp: number,
    source: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    headers: readonly Header[],
    bytesMax: number = recordBytesMax,
  ): void {
    this.open(timestamp, source, keyStart, keyEnd)
    if (valueEnd >= 0) this.out.append(source, valueStart, valueEnd)
    this.close(valueEnd < 0, headers, bytesMax)
  }

  /** Remembers the state in `mark`. */
  save(mark: BatchMark): void {
    mark.end = this.#end
    mark.count = this.#count
    mark.baseTimestamp = this.#baseTimestamp
    mark.maxTimestamp = this.#maxTimestamp
  }

  /** The records before a mark: for {@link restore}, when a batch is built after it. */
  recordsBefore({ end }: BatchMark): Buffer {
    return Buffer.from(this.out.bytes.subarray(batchHeaderBytes, end))
  }

  /**
   * Takes back every record since the mark was saved; `records` are those before it where a batch was built in between.
   */
  restore(mark: BatchMark, records?: Buffer): void {
    records?.copy(this.out.bytes, batchHeaderBytes)
    this.#end = mark.end
    this.#count = mark.count
    this.#baseTimestamp = mark.baseTimestamp
    this.#maxTimestamp = mark.maxTimestamp
  }

  /** The batch, in memory of its own and without what the log adds; the builder is empty afterwards. */
  build(): Buffer {
    this.out.at = this.#end
    const packed = this.#packed()
    const batch = packed === undefined ? this.out.copyFrom(0) : afterHeader(packed)
    writeHeader(batch, {
      count: this.#count,
      baseTimestamp: this.#baseTimestamp,
      maxTimestamp: this.#maxTimestamp,
      compressionCode: compressionCodes[packed === undefined ? 'none' : this.#compression],
    })
    this.clear()
    return batch
  }

  /** Undefined when the records stay as they are: too large to be unpacked again, or not to be packed at all. */
  #packed(): Buffer | undefined {
    if (this.#compression === 'none') return undefined
    return pack(this.#compression, this.out.bytes.subarray(batchHeaderBytes, this.#end))
  }

  /** Drops every record that is not built. */
  clear(): void {
    this.#end = batchHeaderBytes
    this.#count = 0
  }

  /** Bytes of the buffer that it keeps. */
  get capacity(): number {
    return this.out.bytes.length
  }

  /** Gives the buffer back, if it holds no record. */
  release(): void {
    if (this.#count === 0) this.out.bytes = noBytes
  }
}

const noBytes = Buffer.alloc(0)

function afterHeader(records: Buffer): Buffer {
  const batch = Buffer.allocUnsafeSlow(batchHeaderBytes + records.length)
  records.copy(batch, batchHeaderBytes)
  return batch
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
