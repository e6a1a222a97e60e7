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
  readonly #parts: readonly Codec<unknown>[]
  readonly #wire: object
  readonly #format: object

  constructor(parts: readonly Codec<unknown>[]) {
    super()
    this.#parts = parts
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
    return this.version === 0 ? this : new TupleCodec(this.#parts.map(({ plain }) => plain))
  }

  override get wire(): object {
    return this.#wire
  }

  override get format(): object {
    return this.#format
  }

  /** Each part: its bytes with 0 written as 0 255, then 0 1; a null part is 0 0, before every other value. */
  write(value: readonly unknown[], out: ByteWriter): void {
    if (!Array.isArray(value) || value.length !== this.#parts.length) {
      throw new TypeError(`expected an array of ${this.#parts.length}`)
    }
    this.#writeParts(value, out)
  }

  /** Each part ends before another could continue it, so the first parts of a tuple are its beginning. */
  override writePrefix(value: readonly unknown[], out: ByteWriter): void {
    if (!Array.isArray(value) || value.length > this.#parts.length) {
      throw new TypeError(`expected an array of up to ${this.#parts.length}`)
    }
    this.#writeParts(value, out)
  }

  #writeParts(value: readonly unknown[], out: ByteWriter): void {
    for (const [index, part] of this.#parts.slice(0, value.length).entries()) {
      const item: unknown = value[index]
      if (item === null && part.nullable) {
        out.appendAll(nullPart)
        continue
      }
      const bytes = partBytes(part, item, index)
      out.ensure(bytes.length * 2 + 2)
      for (const byte of bytes) {
        out.bytes[out.at++] = byte
        if (byte === 0) out.bytes[out.at++] = 255
      }
      out.appendAll(partEnd)
    }
  }

  read(bytes: Buffer, start: number, end: number): readonly unknown[] {
    let at = start
    const values = this.#parts.map((part, index) => {
      const raw: number[] = []
      for (;;) {
        if (at >= end) throw new RangeError('the tuple is cut off')
        const byte = bytes[at++] as number
        if (byte !== 0) {
          raw.push(byte)
          continue
        }
        const mark = bytes[at++]
        if (mark === 255) raw.push(0)
        else if (mark === 1) return partValue(part, Buffer.from(raw), index)
        else if (mark === 0 && raw.length === 0 && part.nullable) return null
        else throw new RangeError('the tuple is malformed')
      }
    })
    if (at !== end) throw new RangeError('the tuple is longer than its parts')
    return values
  }
}

function partBytes(part: Codec<unknown>, item: unknown, index: number): Uint8Array {
  try {
    if (item === null) throw new TypeError(`it is null; use nullable(${part.name})`)
    return part.encode(item)
  } catch (cause) {
    throw new TypeError(`part ${index + 1}: ${messageOf(cause)}`, { cause })
  }
}

function partValue(part: Codec<unknown>, bytes: Buffer, index: number): unknown {
  const value = part.decode(bytes)
  if (value === null && !part.nullable) throw unexpectedNull(`part ${index + 1} of the tuple`, part)
  return value
}

const nullPart = Uint8Array.of(0, 0)
const partEnd = Uint8Array.of(0, 1)
