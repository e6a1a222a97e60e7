/**
 * JSON: what JSON.stringify would write of plain data, written in one pass over the value.
 */
import type { ByteWriter } from './bytes.ts'
import { isBlank, JsonReader, unpredicted } from './json-reader.ts'
import { PlainDataWriter } from './plain-data.ts'
import { Codec } from './serde.ts'
import { decodeText, encodeText } from './text.ts'

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
/** Longer text is searched with a regular expression. */
const shortText = 48
// oxlint-disable-next-line no-control-regex -- these are the characters that JSON escapes
const escaped = /["\\\u0000-\u001f\ud800-\udfff]/

class JsonWriter extends PlainDataWriter {
  protected readonly format = 'JSON'

  protected null(out: ByteWriter): void {
    ascii('null', out)
  }

  protected boolean(value: boolean, out: ByteWriter): void {
    ascii(value ? 'true' : 'false', out)
  }

  protected number(value: number, out: ByteWriter): void {
    if (!Number.isFinite(value)) this.refuse(String(value))
    ascii(value === 0 && 1 / value < 0 ? '-0' : String(value), out)
  }

  protected bigint(): void {
    this.refuse('a bigint')
  }

  protected text(value: string, out: ByteWriter): void {
    const { length } = value
    if (length > shortText) return longText(value, out)
    out.ensure(length + 2)
    const { bytes } = out
    let at = out.at
    bytes[at++] = quote
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i)
      if (code < 0x20 || code > 0x7e || code === quote || code === backslash) return longText(value, out)
      bytes[at++] = code
    }
    bytes[at++] = quote
    out.at = at
  }

  protected special(): boolean {
    return false
  }

  protected beginList(_length: number, out: ByteWriter): void {
    put(0x5b, out)
  }

  protected beforeItem(index: number, out: ByteWriter): void {
    if (index > 0) put(comma, out)
  }

  protected endList(out: ByteWriter): void {
    put(0x5d, out)
  }

  protected beginMap(_sizeMax: number, out: ByteWriter): void {
    put(0x7b, out)
  }

  protected key(key: string, index: number, out: ByteWriter): void {
    if (index > 0) put(comma, out)
    this.text(key, out)
    put(0x3a, out)
  }

  protected endMap(_start: number, _sizeMax: number, _size: number, out: ByteWriter): void {
    put(0x7d, out)
  }
}

function put(byte: number, out: ByteWriter): void {
  out.ensure(1)
  out.bytes[out.at++] = byte
}

function ascii(text: string, out: ByteWriter): void {
  const { length } = text
  out.ensure(length)
  const { bytes } = out
  let at = out.at
  for (let i = 0; i < length; i++) bytes[at++] = text.charCodeAt(i)
  out.at = at
}

function longText(text: string, out: ByteWriter): void {
  if (escaped.test(text)) return encodeText(JSON.stringify(text), out)
  put(quote, out)
  encodeText(text, out)
  put(quote, out)
}

const writer = new JsonWriter()

/** The bytes of every codec of JSON are the same format. */
const wire = {}

export class JsonCodec extends Codec<unknown> {
  readonly name = 'json'
  /** Of its own, so that the values of one topic do not crowd out the shapes of another. */
  readonly #reader = new JsonReader()

  override get wire(): object {
    return wire
  }

  write(value: unknown, out: ByteWriter): void {
    writer.write(value, out)
  }

  read(bytes: Buffer, start: number, end: number): unknown {
    const value = this.#reader.read(bytes, start, end)
    return value === unpredicted ? JSON.parse(decodeText(bytes, start, end)) : value
  }

  override isNull(bytes: Buffer, start: number, end: number): boolean {
    let at = start
    while (isBlank(bytes[at])) at++
    if (bytes[at] !== 0x6e) return false // n
    while (isBlank(bytes[end - 1])) end--
    return end - at === 4 && decodeText(bytes, at, end) === 'null'
  }
}
