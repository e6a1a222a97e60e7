/**
 * A row of what waits: a change or a record with its headers, and in `suppress` the value that was emitted last.
 *
 * It stays bytes until someone asks: a row that is updated a thousand times before it is emitted is decoded once.
 *
 *     waits: 1 byte | value | emitted | of each header: key | value
 *
 * Each is its length in 4 bytes, -1 for null, and its bytes.
 */
import { type ByteWriter, readInt32, writeInt32 } from '../core/bytes.ts'
import { MillraceError } from '../core/errors.ts'
import { type Header, noHeaders } from '../core/headers.ts'
import { Codec, composedWire } from '../core/serde.ts'
import type { Carrier } from '../plan/carrier.ts'

/** A value that is bytes; null is no row. */
type ValueBytes = Buffer | null

export class BufferedChange {
  readonly #bytes: Buffer

  /** @param bytes they are kept, and no one else may write to them */
  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** A change that waits. */
  static waiting(change: Carrier, valueCodec: Codec<unknown>, emitted: ValueBytes, out: ByteWriter): BufferedChange {
    out.at = 0
    writeByte(out, 1)
    writeInt(out, -1)
    if (!change.isValueNull) {
      const start = out.at
      change.writeValue(valueCodec, out)
      writeInt32(out.bytes, start - 4, out.at - start)
    }
    writeBytes(out, emitted)
    for (const { key, value } of change.headers) {
      writeBytes(out, Buffer.from(key))
      writeBytes(out, value)
    }
    return new BufferedChange(out.copyFrom(0))
  }

  /** A row of which nothing waits. */
  static emitted(value: Buffer, out: ByteWriter): BufferedChange {
    out.at = 0
    writeByte(out, 0)
    writeInt(out, -1)
    writeBytes(out, value)
    return new BufferedChange(out.copyFrom(0))
  }

  get isWaiting(): boolean {
    return this.#bytes[0] === 1
  }

  /** How long the value is that waits. */
  get valueLength(): number {
    return Math.max(0, readInt32(this.#bytes, 1))
  }

  /** What waits. */
  get value(): ValueBytes {
    return this.#bytesAt(1)
  }

  /** What was emitted last. */
  get emitted(): ValueBytes {
    return this.#bytesAt(5 + this.valueLength)
  }

  get headers(): readonly Header[] {
    const bytes = this.#bytes
    let at = 5 + this.valueLength
    at += 4 + Math.max(0, readInt32(bytes, at))
    if (at === bytes.length) return noHeaders
    const headers: Header[] = []
    while (at < bytes.length) {
      const key = this.#bytesAt(at) ?? noBytes
      at += 4 + key.length
      const value = this.#bytesAt(at)
      at += 4 + (value?.length ?? 0)
      headers.push(Object.freeze({ key: key.toString(), value: value && new Uint8Array(value) }))
    }
    return Object.freeze(headers)
  }

  #bytesAt(at: number): ValueBytes {
    const length = readInt32(this.#bytes, at)
    return length < 0 ? null : this.#bytes.subarray(at + 4, at + 4 + length)
  }

  writeTo(out: ByteWriter): void {
    out.appendAll(this.#bytes)
  }
}

const noBytes = Buffer.alloc(0)

function writeByte(out: ByteWriter, byte: number): void {
  out.ensure(1)
  out.bytes[out.at++] = byte
}

function writeInt(out: ByteWriter, value: number): void {
  out.ensure(4)
  writeInt32(out.bytes, out.at, value)
  out.at += 4
}

function writeBytes(out: ByteWriter, bytes: Uint8Array | null): void {
  writeInt(out, bytes?.length ?? -1)
  if (bytes !== null) out.appendAll(bytes)
}

/** @throws MillraceError `undecodable` */
export function decodeBuffered(value: ValueBytes, codec: Codec<unknown>): unknown {
  if (value === null) return null
  try {
    return codec.read(value, 0, value.length)
  } catch (cause) {
    throw new MillraceError('undecodable', `a value that waits cannot be decoded as ${codec.name}`, { cause })
  }
}

/** The codec of such rows, of values that `value` writes. */
export class BufferedChangeCodec extends Codec<BufferedChange> {
  readonly name: string
  override readonly isNamed: boolean
  override readonly version: number
  readonly #wire: object

  constructor(value: Codec<unknown>) {
    super()
    this.name = `waiting(${value.name})`
    this.isNamed = value.isNamed
    this.version = value.version
    this.#wire = composedWire('waiting', [value.wire])
  }

  override get wire(): object {
    return this.#wire
  }

  write(change: BufferedChange, out: ByteWriter): void {
    change.writeTo(out)
  }

  read(bytes: Buffer, start: number, end: number): BufferedChange {
    return new BufferedChange(Buffer.from(bytes.subarray(start, end)))
  }
}
