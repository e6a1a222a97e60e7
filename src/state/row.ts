/**
 * One row of a store in memory: its value, whether it differs from the last commit, and how it was before the turn.
 */
import { ByteWriter, copyBytes, readInt64, writeInt64, writeUint64 } from '../core/bytes.ts'
import { MillraceError, messageOf } from '../core/errors.ts'
import { type Codec, encodeInto } from '../core/serde.ts'
import { shownBytes } from '../core/shown.ts'
import { appendBytesOfText } from '../core/text.ts'
import type { Row } from '../plan/store.ts'
import type { StoreLayout } from '../plan/store-layout.ts'
import type { Revertible } from '../plan/turn.ts'

/** A stored value: the timestamp in 8 bytes, then the encoded value. */
const timestampBytes = 8

const scratch = new ByteWriter(1_024)
const keyScratch = new ByteWriter(256)
const noBytes = Buffer.alloc(0)

/** What a row costs in memory beyond its bytes, measured on Node 20: the row, its buffers, its places in two Maps. */
const rowOverheadBytes = 512
/** What a small buffer takes of that. */
const bufferOverheadBytes = 224

/** Where rows belong: all that is the same for every row of a store. */
export interface RowHome<V> {
  readonly store: string
  readonly partition: number
  readonly codec: Codec<V>
}

/**
 * The bytes of a value that changes again and again, written alternately into two buffers. The first change of a turn
 * goes into the other buffer, so what the turn began with stays where it was; further changes overwrite that buffer:
 *
 *     turn 7 begins     bytes → [ v1 ]   other → [ v0 ]   not swapped: v0 is no longer needed
 *     set v2            bytes → [ v2 ]   other → [ v1 ]   swapped: v1 is what an undone turn needs
 *     set v3            bytes → [ v3 ]   other → [ v1 ]
 *     undone            bytes → [ v1 ]   other → [ v3 ]   swapped back
 *     or turn 8 begins  bytes → [ v3 ]   other → [ v1 ]   not swapped: v1 is no longer needed
 */
class ValueBytes {
  /** The value is the beginning of this buffer. */
  bytes: Buffer = noBytes
  length = 0
  #other: Buffer = noBytes
  /** Whether the other buffer holds the value from before the turn. */
  #isSwapped = false
  #savedLength = 0

  save(): void {
    this.#savedLength = this.length
    this.#isSwapped = false
  }

  revert(): void {
    this.length = this.#savedLength
    if (this.#isSwapped) this.#swap()
  }

  #swap(): void {
    const { bytes } = this
    this.bytes = this.#other
    this.#other = bytes
    this.#isSwapped = !this.#isSwapped
  }

  set(written: ByteWriter): void {
    if (!this.#isSwapped) this.#swap()
    this.length = written.at
    if (this.bytes.length < written.at) this.bytes = written.copyFrom(0)
    else copyBytes(written.bytes, 0, written.at, this.bytes, 0)
  }

  clear(): void {
    if (!this.#isSwapped) this.#swap()
    this.bytes = noBytes
    this.length = 0
  }

  load(bytes: Buffer): void {
    this.bytes = bytes
    this.length = bytes.length
  }

  get memoryBytes(): number {
    return this.bytes.length + this.#other.length
  }
}

/**
 * A value whose serde makes immutable ones is kept decoded; any other is kept as bytes, so that every reader gets its
 * own copy and an undone turn finds what was there.
 */
export abstract class StateRow<V> implements Row<V>, Revertible {
  /** What its store is ordered by first: 0 in a store without times, the start of a window, the number of a segment. */
  readonly front: number
  abstract readonly identity: string | number
  abstract readonly keyBytes: Buffer
  protected readonly home: RowHome<V>
  exists = false
  timestamp = -1
  /** Whether it has to be written at the next commit. */
  isDirty = false
  /** Whether the last commit has it. One that came and went since has left no trace, and needs none of its removal. */
  isStored = false
  turn = -1
  /** What the cache has counted for it. */
  countedBytes = 0
  /** The number of the commit in which the cache was last asked for it. */
  usedIn = -1
  /** A value of an immutable type; what a row takes is mostly its fields, so the others are not among them. */
  #value: V | undefined = undefined
  /** Any other value. */
  readonly #bytes: ValueBytes | undefined
  #savedExists = false
  #savedTimestamp = -1
  #savedValue: V | undefined = undefined

  constructor(front: number, home: RowHome<V>) {
    this.front = front
    this.home = home
    this.#bytes = home.codec.immutable ? undefined : new ValueBytes()
  }

  get value(): V {
    const bytes = this.#bytes
    return bytes === undefined ? (this.#value as V) : this.#decoded(bytes.bytes, 0, bytes.length)
  }

  #decoded(bytes: Buffer, start: number, end: number): V {
    try {
      return this.home.codec.read(bytes, start, end)
    } catch (cause) {
      throw undecodable(this.home, this, cause)
    }
  }

  abstract appendKey(out: ByteWriter): void

  get valueBytes(): Buffer {
    const out = new ByteWriter(64)
    this.#writeEncoded(out)
    return out.copyFrom(0)
  }

  /** Remembers how it is, for {@link revert}. */
  save(turn: number): void {
    this.turn = turn
    this.#savedExists = this.exists
    this.#savedTimestamp = this.timestamp
    this.#savedValue = this.#value
    this.#bytes?.save()
  }

  revert(): void {
    this.exists = this.#savedExists
    this.timestamp = this.#savedTimestamp
    this.#value = this.#savedValue
    this.#bytes?.revert()
  }

  /**
   * Keeps what would be read back from the disk (-0 of int64() is 0), so that it makes no difference when the row is
   * read back.
   *
   * @throws MillraceError `encode_failed`, with the row unchanged
   */
  set(value: V, timestamp: number): void {
    scratch.at = 0
    const { codec } = this.home
    encodeInto(codec, value, scratch, 'value')
    if (this.#bytes === undefined) this.#value = codec.read(scratch.bytes, 0, scratch.at)
    else this.#bytes.set(scratch)
    this.exists = true
    this.timestamp = timestamp
  }

  /** Sets a value of an immutable type that is known to encode. */
  setTrusted(value: V, timestamp: number): void {
    if (this.#bytes !== undefined) return this.set(value, timestamp)
    this.#value = value
    this.exists = true
    this.timestamp = timestamp
  }

  clear(): void {
    this.exists = false
    this.timestamp = -1
    this.#value = undefined
    this.#bytes?.clear()
  }

  /**
   * Takes over what is stored; the value begins at `valueAt`.
   *
   * @throws MillraceError `undecodable`
   */
  load(stored: Buffer, valueAt: number = timestampBytes): void {
    if (this.#bytes === undefined) this.#value = this.#decoded(stored, valueAt, stored.length)
    else this.#bytes.load(stored.subarray(valueAt))
    this.timestamp = readInt64(stored, 0)
    this.exists = true
    this.isStored = true
  }

  /** The stored form; valid until the next call for any row. */
  encode(): Buffer {
    scratch.at = timestampBytes
    writeInt64(scratch.bytes, 0, this.timestamp)
    this.writeValue(scratch)
    return scratch.written
  }

  /** After the commit is durable. */
  committed(): void {
    this.isDirty = false
    this.isStored = this.exists
  }

  protected writeValue(out: ByteWriter): void {
    this.#writeEncoded(out)
  }

  #writeEncoded(out: ByteWriter): void {
    const bytes = this.#bytes
    if (bytes === undefined) this.home.codec.write(this.#value as V, out)
    else out.append(bytes.bytes, 0, bytes.length)
  }

  /** What its key takes in memory. */
  protected abstract readonly keySize: number

  get memoryBytes(): number {
    const value = this.#value
    const valueBytes = typeof value === 'string' ? value.length * 2 : (this.#bytes?.memoryBytes ?? 0)
    return rowOverheadBytes + this.keySize + valueBytes
  }
}

/** Where rows are that are known by their keys alone, or by their keys and times. */
export interface KeyedHome<V> extends RowHome<V> {
  readonly hasTimes: boolean
}

/** A row that is known by its key alone, or its key and a time, which is its front. */
export class KeyedStateRow<V> extends StateRow<V> {
  readonly identity: string | number
  /** One character for each byte: a text takes a fraction of the memory that a buffer does. */
  readonly #key: string
  readonly #hasTime: boolean

  constructor(front: number, identity: string | number, key: string, home: KeyedHome<V>) {
    super(front, home)
    this.identity = identity
    this.#key = key
    this.#hasTime = home.hasTimes
  }

  get keyBytes(): Buffer {
    keyScratch.at = 0
    this.appendKey(keyScratch)
    return keyScratch.copyFrom(0)
  }

  appendKey(out: ByteWriter): void {
    this.appendKeyAlone(out)
    if (!this.#hasTime) return
    out.ensure(8)
    writeUint64(out.bytes, out.at, this.front)
    out.at += 8
  }

  /** Without the time. */
  appendKeyAlone(out: ByteWriter): void {
    appendBytesOfText(this.#key, out)
  }

  protected get keySize(): number {
    return this.#key.length - (this.home.codec.immutable ? bufferOverheadBytes : 0)
  }
}

/** Where the value begins in a row of this layout: after the timestamp, and the due time where rows have one. */
export function valueBegin({ hasDueTimes }: StoreLayout): number {
  return hasDueTimes ? 2 * timestampBytes : timestampBytes
}

export function storedTimestamp(stored: Buffer): number {
  return readInt64(stored, 0)
}

/**
 * The value of a stored row.
 *
 * @throws MillraceError `undecodable`
 */
export function decoded<V>(home: RowHome<V>, of: OfKey, stored: Buffer, valueAt: number): V {
  try {
    return home.codec.read(stored, valueAt, stored.length)
  } catch (cause) {
    throw undecodable(home, of, cause)
  }
}

/** Whose key an error names: a row makes the bytes when they are asked for. */
interface OfKey {
  readonly keyBytes: Buffer
}

/** What cannot be read back was written by another serde under the same name, or by another version of it. */
function undecodable<V>({ store, partition, codec }: RowHome<V>, of: OfKey, cause: unknown): MillraceError {
  return new MillraceError(
    'undecodable',
    `the value of store "${store}", partition ${partition}, key ${shownBytes(of.keyBytes)} cannot be decoded as ${codec.name}: ` +
      `${messageOf(cause)}. If the serde has changed, give it a new name`,
    { store, partition, cause },
  )
}
