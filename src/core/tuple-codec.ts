/**
 * The codec of tuples: part by part, each with an end that sorts before whatever could continue it.
 */
import type { ByteWriter } from './bytes.ts'
import { messageOf } from './errors.ts'
import { Codec, composedWire, unexpectedNull } from './serde.ts'

export class TupleCodec extends Codec<readonly unknown[]> {
  readonly name: string
  override readonly isNamed: boolean
  override readonly version: number
  readonly parts: readonly Codec<unknown>[]
  readonly #wire: object
  readonly #format: object

  constructor(parts: readonly Codec<unknown>[]) {
    super()
    this.parts = parts
    const kind = `tuple ${parts.map(({ nullable: isNullable }) => Number(isNullable)).join('')}`
    this.#wire = composedWire(
      kind,
      parts.map(({ wire }) => wire),
    )
    this.#format = composedWire(
      kind,
      parts.map(({ format }) => format),
    )
    this.name = `tuple(${parts.map((part) => part.name).join(',')})`
    this.isNamed = parts.every((part) => part.isNamed)
    this.version = Math.max(0, ...parts.map((part) => part.version))
  }

  override get plain(): Codec<readonly unknown[]> {
    return this.version === 0 ? this : new TupleCodec(this.parts.map(({ plain }) => plain))
  }

  override get wire(): object {
    return this.#wire
  }

  override get format(): object {
    return this.#format
  }

  /** Each part: its bytes with 0 written as 0 255, then 0 1; a null part is 0 0, before every other value. */
  write(value: readonly unknown[], out: ByteWriter): void {
    if (!Array.isArray(value) || value.length !== this.parts.length) {
      throw new TypeError(`expected an array of ${this.parts.length}`)
    }
    this.#writeParts(value, out)
  }

  /** Each part ends before another could continue it, so the first parts of a tuple are its beginning. */
  override writePrefix(value: readonly unknown[], out: ByteWriter): void {
    if (!Array.isArray(value) || value.length > this.parts.length) {
      throw new TypeError(`expected an array of up to ${this.parts.length}`)
    }
    this.#writeParts(value, out)
  }

  #writeParts(value: readonly unknown[], out: ByteWriter): void {
    for (let index = 0; index < value.length; index++) this.writePart(index, value[index], out)
  }

  /** Appends one part, with its end: a tuple is its parts, one after the other. */
  writePart(index: number, item: unknown, out: ByteWriter): void {
    const part = this.parts[index] as Codec<unknown>
    if (item === null && part.nullable) return out.appendAll(nullPart)
    if (item === null) throw new TypeError(`part ${index + 1}: it is null; use nullable(${part.name})`)
    const start = out.at
    try {
      part.write(item, out)
    } catch (cause) {
      throw new TypeError(`part ${index + 1}: cannot encode a value with ${part.name}: ${messageOf(cause)}`, {
        cause,
      })
    }
    escapeZeros(out, start)
    out.ensure(2)
    out.bytes[out.at++] = 0
    out.bytes[out.at++] = 1
  }

  read(bytes: Buffer, start: number, end: number): readonly unknown[] {
    let at = start
    const values = this.parts.map((part, index) => {
      const first = at
      let escapes = 0
      for (;;) {
        if (at >= end) throw new RangeError('the tuple is cut off')
        if (bytes[at++] !== 0) continue
        const mark = bytes[at++]
        if (mark === 255) escapes++
        else if (mark === 1) return partValue(part, unescaped(bytes, first, at - 2, escapes), index)
        else if (mark === 0 && at === first + 2 && part.nullable) return null
        else throw new RangeError('the tuple is malformed')
      }
    })
    if (at !== end) throw new RangeError('the tuple is longer than its parts')
    return values
  }
}

/** Writes each 0 since `start` as 0 255. */
function escapeZeros(out: ByteWriter, start: number): void {
  let zeros = 0
  for (let at = start; at < out.at; at++) if (out.bytes[at] === 0) zeros++
  if (zeros === 0) return
  out.ensure(zeros)
  const { bytes } = out
  let to = out.at + zeros
  for (let from = out.at - 1; from >= start; from--) {
    const byte = bytes[from] as number
    if (byte === 0) bytes[--to] = 255
    bytes[--to] = byte
  }
  out.at += zeros
}

/** A copy of bytes[start, end) with 0 for each 0 255. */
function unescaped(bytes: Buffer, start: number, end: number, escapes: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start - escapes)
  for (let from = start, to = 0; from < end; from++) {
    const byte = bytes[from] as number
    copy[to++] = byte
    if (byte === 0) from++
  }
  return copy
}

function partValue(part: Codec<unknown>, bytes: Buffer, index: number): unknown {
  const value = part.decode(bytes)
  if (value === null && !part.nullable) throw unexpectedNull(`part ${index + 1} of the tuple`, part)
  return value
}

const nullPart = Uint8Array.of(0, 0)
