/**
 * One row of a store in memory: its value, whether it differs from the last commit, and how it was before the turn.
 */
import type { Codec } from '../core/serde.ts'
import { ByteWriter, readInt64, writeInt64 } from '../core/bytes.ts'
import { encodeInto } from '../core/serde.ts'
import type { Row } from '../plan/store.ts'
import type { Revertible } from '../plan/turn.ts'

/** A stored value: the timestamp in 8 bytes, then the encoded value. */
const timestampBytes = 8

const scratch = new ByteWriter(1_024)
const noBytes = Buffer.alloc(0)

/** What a row costs in memory beyond its bytes, measured on Node 20: the row, its buffers, its places in two Maps. */
const rowOverheadBytes = 512

/**
 * A value whose serde makes immutable ones is kept decoded; any other is kept as bytes, so that every reader gets a copy
 * of its own and an undone turn finds what was there. The bytes of a row that changes again and again are written in turn into
 * two buffers that it keeps.
 */
export class StateRow<V> implements Row<V>, Revertible {
  readonly windowStart: number
  readonly identity: string | number
  readonly keyBytes: Buffer
  readonly #codec: Codec<V>
  exists = false
  timestamp = -1
  /** Whether it has to be written at the next commit. */
  isDirty = false
  turn = -1
  /** What the cache has counted for it. */
  countedBytes = 0
  #value: V | undefined = undefined
  /** The value as bytes is the beginning of this buffer. */
  #bytes: Buffer = noBytes
  #length = 0
  #otherBytes: Buffer = noBytes
  /** Whether the other buffer holds the value from before the turn. */
  #isSwapped = false
  #savedExists = false
  #savedTimestamp = -1
  #savedValue: V | undefined = undefined
  #savedLength = 0

  constructor(windowStart: number, identity: string | number, keyBytes: Buffer, codec: Codec<V>) {
    this.windowStart = windowStart
    this.identity = identity
    this.keyBytes = keyBytes
    this.#codec = codec
  }

  get value(): V {
    return this.#codec.immutable ? (this.#value as V) : this.#codec.read(this.#bytes, 0, this.#length)
  }

  /** Remembers how it is, for {@link revert}. */
  save(turn: number): void {
    this.turn = turn
    this.#savedExists = this.exists
    this.#savedTimestamp = this.timestamp
    this.#savedValue = this.#value
    this.#savedLength = this.#length
    this.#isSwapped = false
  }

  revert(): void {
    this.exists = this.#savedExists
    this.timestamp = this.#savedTimestamp
    this.#value = this.#savedValue
    this.#length = this.#savedLength
    if (this.#isSwapped) this.#swap()
  }

  #swap(): void {
    const bytes = this.#bytes
    this.#bytes = this.#otherBytes
    this.#otherBytes = bytes
    this.#isSwapped = !this.#isSwapped
  }

  /**
   * Keeps what would be read back from the disk (-0 of int64() is 0), so that it makes no difference when the row is
   * read back.
   *
   * @throws MillraceError `encode_failed`, with the row unchanged
   */
  set(value: V, timestamp: number): void {
    scratch.at = 0
    encodeInto(this.#codec, value, scratch, 'value')
    if (this.#codec.immutable) this.#value = this.#codec.read(scratch.bytes, 0, scratch.at)
    else this.#setBytes()
    this.exists = true
    this.timestamp = timestamp
  }

  /** Takes over what the scratch holds. */
  #setBytes(): void {
    if (!this.#isSwapped) this.#swap()
    this.#length = scratch.at
    if (this.#bytes.length < scratch.at) this.#bytes = scratch.copyFrom(0)
    else scratch.bytes.copy(this.#bytes, 0, 0, scratch.at)
  }

  /** Sets a value of an immutable type that is known to encode. */
  setTrusted(value: V, timestamp: number): void {
    if (!this.#codec.immutable) return this.set(value, timestamp)
    this.#value = value
    this.exists = true
    this.timestamp = timestamp
  }

  clear(): void {
    this.exists = false
    this.timestamp = -1
    this.#value = undefined
    if (!this.#isSwapped) this.#swap()
    this.#bytes = noBytes
    this.#length = 0
  }

  /** Takes over what is stored. */
  load(stored: Buffer): void {
    this.exists = true
    this.timestamp = readInt64(stored, 0)
    if (this.#codec.immutable) this.#value = this.#codec.read(stored, timestampBytes, stored.length)
    else this.#bytes = stored.subarray(timestampBytes)
    this.#length = this.#bytes.length
  }

  /** The stored form; valid until the next call for any row. */
  encode(): Buffer {
    scratch.at = timestampBytes
    writeInt64(scratch.bytes, 0, this.timestamp)
    if (this.#codec.immutable) this.#codec.write(this.#value as V, scratch)
    else scratch.append(this.#bytes, 0, this.#length)
    return scratch.bytes.subarray(0, scratch.at)
  }

  get memoryBytes(): number {
    const value = this.#value
    const valueBytes = typeof value === 'string' ? value.length * 2 : this.#bytes.length + this.#otherBytes.length
    return rowOverheadBytes + this.keyBytes.length + valueBytes
  }
}

/** The value and timestamp of a stored row, for queries. */
export function readStoredRow<V>(codec: Codec<V>, stored: Buffer): { readonly value: V; readonly timestamp: number } {
  return { value: codec.read(stored, timestampBytes, stored.length), timestamp: readInt64(stored, 0) }
}
