/**
 * Reads the stored batches of the limit loop, one after the other, checksum included.
 */
import { crc32c } from '@node-rs/crc32'
import type { Click } from '../workload.ts'
import { attributesAt, headerBytes, packr } from './batch.ts'
import { batchKey, type BytesTable } from './tables.ts'

export class Decoder {
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0

  #varint(): number {
    let byte = this.#bytes[this.#at++] as number
    if (byte < 128) return (byte >>> 1) ^ -(byte & 1)
    let rest = byte & 127
    let shift = 7
    do {
      byte = this.#bytes[this.#at++] as number
      rest |= (byte & 127) << shift
      shift += 7
    } while (byte > 127)
    return (rest >>> 1) ^ -(rest & 1)
  }

  #load(log: BytesTable, offset: number, topic: number = 1): Buffer {
    const shared = log.getBinaryFast(batchKey(topic, offset)) as Buffer
    const bytes = Buffer.from(shared.buffer, shared.byteOffset, shared.length)
    if (crc32c(bytes.subarray(attributesAt)) !== bytes.readUInt32BE(17)) throw new Error(`corrupt batch at ${offset}`)
    this.#bytes = bytes
    this.#at = headerBytes
    return bytes
  }

  /** Hands out every record decoded; returns how many the batch held. */
  read(log: BytesTable, offset: number, each: (key: string, timestamp: number, value: Click) => void): number {
    const bytes = this.#load(log, offset)
    const count = bytes.readInt32BE(57)
    const baseTimestamp = Number(bytes.readBigInt64BE(27))
    for (let i = 0; i < count; i++) {
      this.#varint()
      this.#at++
      const timestamp = baseTimestamp + this.#varint()
      this.#varint()
      const keyEnd = this.#varint() + this.#at
      const key = bytes.toString('latin1', this.#at, keyEnd)
      this.#at = keyEnd
      const valueEnd = this.#varint() + this.#at
      const value = packr.unpack(bytes, { start: this.#at, end: valueEnd }) as Click
      this.#at = valueEnd
      this.#varint()
      each(key, timestamp, value)
    }
    return count
  }

  /** Hands out where every key and value stands; returns how many records the batch held. */
  readBytes(
    log: BytesTable,
    topic: number,
    offset: number,
    each: (
      bytes: Buffer,
      keyStart: number,
      keyEnd: number,
      valueStart: number,
      timestamp: number,
      /** Before `valueStart`: the value is null. */
      valueEnd: number,
    ) => void,
  ): number {
    const bytes = this.#load(log, offset, topic)
    const count = bytes.readInt32BE(57)
    const baseTimestamp = Number(bytes.readBigInt64BE(27))
    for (let i = 0; i < count; i++) {
      const length = this.#varint()
      const end = this.#at + length
      this.#at++
      const timestamp = baseTimestamp + this.#varint()
      this.#varint()
      const keyEnd = this.#varint() + this.#at
      const keyStart = this.#at
      this.#at = keyEnd
      const valueBytes = this.#varint()
      each(bytes, keyStart, keyEnd, this.#at, timestamp, this.#at + valueBytes)
      this.#at = end
    }
    return count
  }

  /** Hands out where every key stands and skips the values; returns how many records the batch held. */
  readKeys(
    log: BytesTable,
    offset: number,
    each: (bytes: Buffer, keyStart: number, keyEnd: number, timestamp: number) => void,
  ): number {
    const bytes = this.#load(log, offset)
    const count = bytes.readInt32BE(57)
    const baseTimestamp = Number(bytes.readBigInt64BE(27))
    for (let i = 0; i < count; i++) {
      const length = this.#varint()
      const end = this.#at + length
      this.#at++
      const timestamp = baseTimestamp + this.#varint()
      this.#varint()
      const keyEnd = this.#varint() + this.#at
      each(bytes, this.#at, keyEnd, timestamp)
      this.#at = end
    }
    return count
  }
}
