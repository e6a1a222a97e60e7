/**
 * UTF-8, strictly: a string and its bytes stand for each other one to one, because keys are compared by their bytes.
 */
import type { ByteWriter } from './bytes.ts'

/** Methods of Node's Buffer that skip the lookup of the encoding; newer type packages declare them. */
interface NativeText {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
  latin1Write(text: string, at: number): number
  utf8Write(text: string, at: number): number
}

const native = (bytes: Buffer): NativeText => bytes as Buffer & NativeText

const shortText = 32

/** Appends the text as UTF-8. */
export function encodeText(text: string, out: ByteWriter): void {
  const length = text.length
  out.ensure(length * 3)
  if (length <= shortText) {
    const { bytes } = out
    let at = out.at
    let i = 0
    for (; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) break
      bytes[at++] = code
    }
    if (i === length) {
      out.at = at
      return
    }
  }
  if (!isWellFormed(text)) throw new TypeError('the string holds half a surrogate pair, which has no UTF-8 form')
  out.at += native(out.bytes).utf8Write(text, out.at)
}

/** Reads bytes[start, end) as UTF-8. */
export function decodeText(bytes: Buffer, start: number, end: number): string {
  let i = start
  while (i < end && (bytes[i] as number) < 128) i++
  if (i === end) return native(bytes).latin1Slice(start, end)
  const text = native(bytes).utf8Slice(start, end)
  if (text.includes('\ufffd') && Buffer.compare(Buffer.from(text), bytes.subarray(start, end)) !== 0) {
    throw new TypeError('the bytes are not UTF-8')
  }
  return text
}

/** A method of strings since Node 20; newer type packages declare it. */
interface UnicodeText {
  isWellFormed(): boolean
}

/** Whether a string has a UTF-8 form: no half of a surrogate pair stands alone. */
export function isWellFormed(text: string): boolean {
  return (text as string & UnicodeText).isWellFormed()
}

/** One character for every byte: bytes as the key of a Map. */
export function bytesAsText(bytes: Buffer, start: number, end: number): string {
  return native(bytes).latin1Slice(start, end)
}

/** Whether a text is what {@link bytesAsText} makes of the first `end` bytes. */
export function isTextOf(text: string | number, bytes: Buffer, end: number): text is string {
  if (typeof text === 'number' || text.length !== end) return false
  for (let i = 0; i < end; i++) if (text.charCodeAt(i) !== bytes[i]) return false
  return true
}

/** Appends the bytes that {@link bytesAsText} has read. */
export function appendBytesOfText(text: string, out: ByteWriter): void {
  const { length } = text
  out.ensure(length)
  const { bytes, at } = out
  if (length <= shortText) for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i)
  else native(bytes).latin1Write(text, at)
  out.at = at + length
}
