/**
 * A record batch under construction, as a program writes it that knows its own records.
 */
import { crc32c } from '@node-rs/crc32'
import { Packr } from 'msgpackr'

export const recordsPerBatch = 1_000
export const headerBytes = 61
export const attributesAt = 21
export const packr = new Packr({ useRecords: false, variableMapSize: true })

function writeVarint(bytes: Buffer, at: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  while (rest > 127) {
    bytes[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  bytes[at++] = rest
  return at
}

function varintBytes(value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  let count = 1
  while (rest > 127) {
    rest >>>= 7
    count++
  }
  return count
}

export class Batch {
  readonly #bytes = Buffer.allocUnsafe(1 << 24)
  #at = headerBytes
  #baseTimestamp = 0
  count = 0

  add(key: string, timestamp: number, value: unknown): void {
    const packed = packr.pack(value)
    let at = this.#open(timestamp, key.length, packed.length)
    at += this.#bytes.write(key, at, 'latin1')
    this.#close(at, packed)
  }

  addBytes(key: Uint8Array, timestamp: number, value: Uint8Array | null): void {
    const at = this.#open(timestamp, key.length, value === null ? -1 : value.length)
    this.#bytes.set(key, at)
    this.#close(at + key.length, value)
  }

  /** Returns where the key goes. */
  #open(timestamp: number, keyBytes: number, valueBytes: number): number {
    if (this.count === 0) this.#baseTimestamp = timestamp
    const delta = timestamp - this.#baseTimestamp
    const length =
      2 +
      varintBytes(delta) +
      varintBytes(this.count) +
      varintBytes(keyBytes) +
      keyBytes +
      varintBytes(valueBytes) +
      Math.max(0, valueBytes)
    const bytes = this.#bytes
    let at = writeVarint(bytes, this.#at, length)
    bytes[at++] = 0
    at = writeVarint(bytes, at, delta)
    at = writeVarint(bytes, at, this.count)
    return writeVarint(bytes, at, keyBytes)
  }

  #close(keyEnd: number, value: Uint8Array | null): void {
    let at = writeVarint(this.#bytes, keyEnd, value === null ? -1 : value.length)
    if (value !== null) {
      this.#bytes.set(value, at)
      at += value.length
    }
    this.#bytes[at++] = 0
    this.#at = at
    this.count++
  }

  take(baseOffset: number): Buffer {
    const bytes = this.#bytes
    bytes.writeBigInt64BE(BigInt(baseOffset), 0)
    bytes.writeBigInt64BE(BigInt(this.#baseTimestamp), 27)
    bytes.writeInt32BE(this.count, 57)
    bytes.writeUInt32BE(crc32c(bytes.subarray(attributesAt, this.#at)), 17)
    const batch = bytes.subarray(0, this.#at)
    this.#at = headerBytes
    this.count = 0
    return batch
  }
}
