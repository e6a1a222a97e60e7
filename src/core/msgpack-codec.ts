/**
 * MessagePack of plain data, as every MessagePack library reads it: the shortest form, written in one pass over the
 * value.
 */
import { isDate, isUint8Array } from 'node:util/types'
import { type ByteWriter, writeFloat64, writeInt32, writeInt64 } from './bytes.ts'
import { MsgpackReader } from './msgpack-reader.ts'
import { PlainDataWriter } from './plain-data.ts'
import { Codec } from './serde.ts'
import { encodeText } from './text.ts'

const twoTo32 = 2 ** 32
const twoTo34 = 2 ** 34
const nil = 0xc0

class MsgpackWriter extends PlainDataWriter {
  protected readonly format = 'MessagePack'

  protected null(out: ByteWriter): void {
    out.ensure(1)
    out.bytes[out.at++] = nil
  }

  protected boolean(value: boolean, out: ByteWriter): void {
    out.ensure(1)
    out.bytes[out.at++] = value ? 0xc3 : 0xc2
  }

  protected number(value: number, out: ByteWriter): void {
    out.ensure(9)
    if (value >>> 0 === value && (value !== 0 || 1 / value > 0)) {
      if (value < 0x80) out.bytes[out.at++] = value
      else writeSized(0xcc, value, out)
    } else if (value >> 0 === value && value !== 0) {
      writeNegative(value, out)
    } else {
      out.bytes[out.at] = 0xcb
      writeFloat64(out.bytes, out.at + 1, value)
      out.at += 9
    }
  }

  protected bigint(value: bigint, out: ByteWriter): void {
    const isSigned = BigInt.asIntN(64, value) === value
    const bits = BigInt.asUintN(64, value)
    if (!isSigned && bits !== value) this.refuse('a bigint of more than 64 bits')
    out.ensure(9)
    out.bytes[out.at] = isSigned ? 0xd3 : 0xcf
    out.bytes.writeBigUInt64BE(bits, out.at + 1)
    out.at += 9
  }

  /** The head is sized for ASCII; the text is moved when its head turns out longer. */
  protected text(value: string, out: ByteWriter): void {
    const { length } = value
    const start = out.at
    const guessed = textHeadBytes(length)
    out.ensure(length * 3 + 5)
    out.at += guessed
    encodeText(value, out)
    const size = out.at - start - guessed
    const needed = textHeadBytes(size)
    if (needed !== guessed) out.bytes.copyWithin(start + needed, start + guessed, out.at)
    out.at = start
    if (needed === 1) out.bytes[out.at++] = 0xa0 | size
    else writeSized(0xd9, size, out)
    out.at += size
  }

  protected special(value: object, out: ByteWriter): boolean {
    if (isUint8Array(value) && (Buffer.isBuffer(value) || ancestorsOf(value) === 3)) {
      out.ensure(5)
      writeSized(0xc4, value.length, out)
      out.appendAll(value)
      return true
    }
    if (!isDate(value) || ancestorsOf(value) !== 2 || Object.keys(value).length > 0) return false
    this.#timestamp(value.getTime(), out)
    return true
  }

  #timestamp(ms: number, out: ByteWriter): void {
    if (Number.isNaN(ms)) this.refuse('an invalid Date')
    const seconds = Math.floor(ms / 1_000)
    const nanoseconds = (ms - seconds * 1_000) * 1_000_000
    out.ensure(15)
    const { bytes, at } = out
    if (nanoseconds === 0 && seconds >= 0 && seconds < twoTo32) {
      bytes.set([0xd6, 0xff], at)
      writeInt32(bytes, at + 2, seconds)
      out.at += 6
    } else if (seconds >= 0 && seconds < twoTo34) {
      bytes.set([0xd7, 0xff], at)
      writeInt32(bytes, at + 2, nanoseconds * 4 + Math.floor(seconds / twoTo32))
      writeInt32(bytes, at + 6, seconds % twoTo32)
      out.at += 10
    } else {
      bytes.set([0xc7, 12, 0xff], at)
      writeInt32(bytes, at + 3, nanoseconds)
      writeInt64(bytes, at + 7, seconds)
      out.at += 15
    }
  }

  protected beginList(length: number, out: ByteWriter): void {
    writeCount(0x90, 0xdc, length, out)
  }

  protected beforeItem(): void {}

  protected endList(): void {}

  protected beginMap(sizeMax: number, out: ByteWriter): void {
    writeCount(0x80, 0xde, sizeMax, out)
  }

  protected key(key: string, _index: number, out: ByteWriter): void {
    this.text(key, out)
  }

  /** If properties were undefined, the map has fewer than its head says, and the head may get shorter. */
  protected endMap(start: number, sizeMax: number, size: number, out: ByteWriter): void {
    if (size === sizeMax) return
    const end = out.at
    const bodyAt = start + (sizeMax < 16 ? 1 : sizeMax < 0x10000 ? 3 : 5)
    out.at = start
    writeCount(0x80, 0xde, size, out)
    out.bytes.copyWithin(out.at, bodyAt, end)
    out.at += end - bodyAt
  }
}

/** How many prototypes it has: a class that extends a built-in one adds to them, whichever realm they are from. */
function ancestorsOf(value: object): number {
  let count = 0
  let ancestor: unknown = Object.getPrototypeOf(value)
  for (; ancestor !== null; ancestor = Object.getPrototypeOf(ancestor)) count++
  return count
}

function textHeadBytes(size: number): number {
  return size < 32 ? 1 : size < 0x100 ? 2 : size < 0x10000 ? 3 : 5
}

/** Writes `token` and one byte, the next token and two, or the one after it and four. The caller has made room. */
function writeSized(token: number, value: number, out: ByteWriter): void {
  const { bytes } = out
  let at = out.at
  if (value < 0x100) {
    bytes[at++] = token
  } else if (value < 0x10000) {
    bytes[at++] = token + 1
    bytes[at++] = value >>> 8
  } else {
    bytes[at++] = token + 2
    bytes[at++] = value >>> 24
    bytes[at++] = value >>> 16
    bytes[at++] = value >>> 8
  }
  bytes[at++] = value
  out.at = at
}

/**
 * The size of a list or map: in the token up to 15, else after `wideToken` in two bytes or after the next token in
 * four.
 */
function writeCount(token: number, wideToken: number, count: number, out: ByteWriter): void {
  out.ensure(5)
  if (count < 16) out.bytes[out.at++] = token | count
  else if (count > 0xff) writeSized(wideToken - 1, count, out)
  else {
    out.bytes.set([wideToken, 0, count], out.at)
    out.at += 3
  }
}

function writeNegative(value: number, out: ByteWriter): void {
  const { bytes } = out
  let at = out.at
  if (value >= -0x20) {
    // the value is its own token
  } else if (value >= -0x80) {
    bytes[at++] = 0xd0
  } else if (value >= -0x8000) {
    bytes[at++] = 0xd1
    bytes[at++] = value >> 8
  } else {
    bytes[at++] = 0xd2
    bytes[at++] = value >> 24
    bytes[at++] = value >> 16
    bytes[at++] = value >> 8
  }
  bytes[at++] = value
  out.at = at
}

const writer = new MsgpackWriter()

export class MsgpackCodec extends Codec<unknown> {
  readonly name = 'msgpack'
  readonly #reader = new MsgpackReader()

  write(value: unknown, out: ByteWriter): void {
    writer.write(value, out)
  }

  read(bytes: Buffer, start: number, end: number): unknown {
    return this.#reader.read(bytes, start, end)
  }

  override isNull(bytes: Buffer, start: number, end: number): boolean {
    return end - start === 1 && bytes[start] === nil
  }
}
