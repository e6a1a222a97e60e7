/**
 * The codec of rows that keep the headers of their record: how many there are, each with its name and value, then the
 * value of the row. Lengths are 4 bytes, -1 for a header without a value.
 */
import { asBuffer, type ByteWriter, copyOf, readInt32, writeInt32 } from './bytes.ts'
import { type Header, noHeaders } from './headers.ts'
import { Codec, codecOf, composedWire, type Serde } from './serde.ts'

export interface WithHeaders<V> {
  readonly value: V
  readonly headers: readonly Header[]
}

const lengthBytes = 4

export class WithHeadersCodec<V> extends Codec<WithHeaders<V>> {
  readonly name: string
  override readonly isNamed: boolean
  override readonly version: number
  readonly #value: Codec<V>
  readonly #wire: object
  readonly #format: object

  constructor(value: Codec<V>) {
    super()
    this.#value = value
    this.name = `with-headers(${value.name})`
    this.isNamed = value.isNamed
    this.version = value.version
    this.#wire = composedWire('with headers', [value.wire])
    this.#format = composedWire('with headers', [value.format])
  }

  override get wire(): object {
    return this.#wire
  }

  override get format(): object {
    return this.#format
  }

  write({ value, headers }: WithHeaders<V>, out: ByteWriter): void {
    writeLength(headers.length, out)
    for (const header of headers) {
      writePart(Buffer.from(header.key), out)
      writePart(header.value, out)
    }
    this.#value.write(value, out)
  }

  read(bytes: Buffer, start: number, end: number): WithHeaders<V> {
    const parts = new PartReader(bytes, start, end)
    const count = parts.length()
    const headers: Header[] = []
    for (let i = 0; i < count; i++) {
      const key = parts.next()
      if (key === null) throw new RangeError('a header has no name')
      headers.push(Object.freeze({ key: asBuffer(key).toString(), value: parts.next() }))
    }
    const value = this.#value.read(bytes, parts.at, end)
    return { value, headers: count === 0 ? noHeaders : Object.freeze(headers) }
  }
}

/** The codec of a row's value in the store of a constant. */
export function rowCodecOf(constant: {
  readonly value: object
  readonly headers?: boolean | undefined
}): Codec<unknown> {
  const codec = codecOf(constant.value as Serde<unknown>)
  return constant.headers === true ? (new WithHeadersCodec(codec) as Codec<unknown>) : codec
}

/** What a row shows of its stored value. */
export function shownValue(
  stored: unknown,
  codec: Codec<unknown>,
): { readonly value: unknown; readonly headers?: readonly Header[] | undefined } {
  return codec instanceof WithHeadersCodec ? (stored as WithHeaders<unknown>) : { value: stored }
}

function writeLength(length: number, out: ByteWriter): void {
  out.ensure(lengthBytes)
  writeInt32(out.bytes, out.at, length)
  out.at += lengthBytes
}

function writePart(part: Uint8Array | null, out: ByteWriter): void {
  writeLength(part === null ? -1 : part.length, out)
  if (part !== null) out.appendAll(part)
}

class PartReader {
  at: number
  readonly #bytes: Buffer
  readonly #end: number

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes
    this.at = start
    this.#end = end
  }

  length(): number {
    if (this.at + lengthBytes > this.#end) throw new RangeError('the headers of a row are cut off')
    const length = readInt32(this.#bytes, this.at)
    this.at += lengthBytes
    return length
  }

  next(): Uint8Array | null {
    const length = this.length()
    if (length === -1) return null
    const start = this.at
    if (length < 0 || start + length > this.#end) throw new RangeError('the headers of a row are cut off')
    this.at += length
    return copyOf(this.#bytes, start, this.at)
  }
}
