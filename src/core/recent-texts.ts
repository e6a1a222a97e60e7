/**
 * Keys as text that were read lately, found by their bytes: keys come again and again. One that is found is the string
 * of before, so it takes no memory, and a Map that is asked for it knows its hash.
 *
 * Where few come again, searching costs more than it saves, so it rests for a while.
 */
import { decodeText } from './text.ts'

const places = 4_096
const bytesMax = 32
/** After this many questions it rests, unless half of them were answered. */
const questions = 1_024
const rest = 32 * questions

export class RecentTexts {
  readonly #texts: string[] = new Array<string>(places).fill('')
  /** The bytes of each text. */
  readonly #bytes: Uint8Array = new Uint8Array(places * bytesMax)
  /** Until it is looked at how many were found; more than {@link questions} while it rests. */
  #left = questions
  #found = 0
  readonly #decode: (bytes: Buffer, start: number, end: number) => string

  constructor(decode: (bytes: Buffer, start: number, end: number) => string = decodeText) {
    this.#decode = decode
  }

  /** The text of bytes, as it is decoded. */
  read(bytes: Buffer, start: number, end: number): string {
    if (--this.#left <= 0) this.#look()
    const length = end - start
    if (length > bytesMax || this.#left > questions) return this.#decode(bytes, start, end)
    let hash = length
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0
    const place = (hash ^ (hash >>> 15)) & (places - 1)
    const text = this.#texts[place] as string
    if (text.length === length && this.#isAt(place, bytes, start, end)) {
      this.#found++
      return text
    }
    return this.#remember(place, bytes, start, end)
  }

  #isAt(place: number, bytes: Buffer, start: number, end: number): boolean {
    const known = this.#bytes
    for (let i = start, at = place * bytesMax; i < end; i++, at++) if (bytes[i] !== known[at]) return false
    return true
  }

  #remember(place: number, bytes: Buffer, start: number, end: number): string {
    const text = this.#decode(bytes, start, end)
    if (text.length === end - start) {
      // one character for each byte, so no other bytes stand for it
      this.#texts[place] = text
      this.#bytes.set(bytes.subarray(start, end), place * bytesMax)
    }
    return text
  }

  #look(): void {
    this.#left = 2 * this.#found < questions ? questions + rest : questions
    this.#found = 0
  }
}
