/**
 * Reads JSON whose shape it has seen before, about twice as fast as JSON.parse: records of a topic have the same keys
 * in the same order, so a key, with everything between two values, is compared with what followed last time.
 *
 * It gives what JSON.parse gives, or `unpredicted`, for anything that it does not read itself: malformed text above
 * all, but also what is merely rare. Then JSON.parse decides, so this reader never says what is an error. Where shapes
 * do not repeat, it soon stops trying for a while, and JSON.parse reads alone.
 */
import { KnownKey, knownKeysMax } from './known-key.ts'
import { bytesAsText, decodeText } from './text.ts'

/** The answer for text that JSON.parse has to read. */
export const unpredicted: unique symbol = Symbol('unpredicted')

const rememberedBytesMax = 96
/** Far below what the stack holds. */
const nestingMax = 64
/** JSON.parse reads large values as fast, and needs no stack for deep ones. */
const valueBytesMax = 16_384
/** The most values that it leaves to JSON.parse before it tries again. */
const restMax = 64

const noBytes = Buffer.alloc(0)
const powersOf10 = Array.from({ length: 16 }, (_, power) => 10 ** power)
/** An integer of this many digits fits a double exactly. */
const exactDigitsMax = 15

export class JsonReader {
  #root = new KnownKey()
  #keyCount = 0
  /** Values that are left to JSON.parse before the next try, and after the next failure. */
  #resting = 0
  #rest = 0
  #bytes: Buffer = noBytes
  #at = 0
  #end = 0
  #depth = 0

  /** How many keys it expects somewhere; bounded. */
  get rememberedKeys(): number {
    return this.#keyCount
  }

  /** What JSON.parse gives for bytes[start, end), or `unpredicted`. */
  read(bytes: Buffer, start: number, end: number): unknown {
    if (end - start > valueBytesMax) return unpredicted
    if (this.#resting > 0) {
      this.#resting--
      return unpredicted
    }
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    this.#depth = 0
    const value = this.#whole()
    if (value === unpredicted) this.#fail()
    else this.#rest >>= 1
    return value
  }

  #fail(): void {
    this.#resting = this.#rest = Math.min(this.#rest * 2 + 1, restMax)
    if (this.#rest === restMax) this.#forget() // what it knows is no longer of use
  }

  #forget(): void {
    this.#root = new KnownKey()
    this.#keyCount = 0
  }

  #whole(): unknown {
    try {
      this.#byte()
      const value = this.#value(this.#root)
      if (this.#at < this.#end) this.#byte()
      return this.#at === this.#end ? value : unpredicted
    } catch {
      return unpredicted // a text is not UTF-8, an escape or a number is malformed: JSON.parse says so in its own words
    }
  }

  /** The byte at hand, after blanks. */
  #byte(): number | undefined {
    const byte = this.#bytes[this.#at]
    return byte === undefined || byte > 0x20 ? byte : this.#byteAfterBlanks()
  }

  #byteAfterBlanks(): number | undefined {
    const bytes = this.#bytes
    let at = this.#at
    while (isBlank(bytes[at])) at++
    this.#at = at
    return bytes[at]
  }

  /** @param place the key whose value it is */
  #value(place: KnownKey): unknown {
    const token = this.#bytes[this.#at++] as number
    if (token === 0x22) return this.#text()
    if (token <= 0x39) return token > 0x20 ? this.#number(token) : this.#valueAfterBlanks(place)
    switch (token) {
      case 0x5b: // [
        return this.#array(place)
      case 0x66: // f
        return this.#expect(0x61, 0x6c, 0x73) && this.#bytes[this.#at++] === 0x65 ? false : unpredicted
      case 0x6e: // n
        return this.#expect(0x75, 0x6c, 0x6c) ? null : unpredicted
      case 0x74: // t
        return this.#expect(0x72, 0x75, 0x65) ? true : unpredicted
      case 0x7b: // {
        return this.#object((place.inner ??= new KnownKey()))
      default:
        return unpredicted
    }
  }

  #valueAfterBlanks(place: KnownKey): unknown {
    if (!isBlank(this.#bytes[--this.#at])) return unpredicted
    this.#byte()
    return this.#value(place)
  }

  #expect(first: number, second: number, third: number): boolean {
    const bytes = this.#bytes
    const at = this.#at
    this.#at += 3
    return bytes[at] === first && bytes[at + 1] === second && bytes[at + 2] === third
  }

  /** After the opening quote. */
  #text(): unknown {
    const bytes = this.#bytes
    const end = this.#end
    const start = this.#at
    let at = start
    let isEscaped = false
    let all = 0
    for (; at < end; at++) {
      const byte = bytes[at] as number
      if (byte === 0x22) break
      if (byte < 0x20) return unpredicted
      all |= byte
      if (byte !== 0x5c) continue
      isEscaped = true
      at++
    }
    this.#at = at + 1
    if (isEscaped) return JSON.parse(decodeText(bytes, start - 1, at + 1))
    return all < 0x80 ? bytesAsText(bytes, start, at) : decodeText(bytes, start, at)
  }

  #number(token: number): unknown {
    const bytes = this.#bytes
    const start = this.#at - 1
    const first = token === 0x2d ? this.#at : start
    let at = first
    let byte = bytes[at] as number
    let value = 0
    while (byte >= 0x30 && byte <= 0x39) {
      value = value * 10 + (byte - 0x30)
      byte = bytes[++at] as number
    }
    const digits = at - first
    if (digits === 0 || (digits > 1 && bytes[first] === 0x30)) return unpredicted
    if (byte === 0x2e) {
      byte = bytes[++at] as number
      while (byte >= 0x30 && byte <= 0x39) {
        value = value * 10 + (byte - 0x30)
        byte = bytes[++at] as number
      }
      const decimals = at - first - digits - 1
      if (decimals === 0) return unpredicted
      // Both are exact, so the quotient is the double nearest to what is written.
      if (digits + decimals <= exactDigitsMax) value /= powersOf10[decimals] as number
    }
    if (at - first > exactDigitsMax || (byte | 0x20) === 0x65) return this.#longNumber(start)
    this.#at = at
    return token === 0x2d ? -value : value
  }

  /** One that takes more care, or has an exponent. */
  #longNumber(start: number): unknown {
    const bytes = this.#bytes
    let at = start
    while (isOfNumber(bytes[at] as number)) at++
    this.#at = at
    return JSON.parse(decodeText(bytes, start, at))
  }

  #array(place: KnownKey): unknown {
    if (++this.#depth > nestingMax) return unpredicted
    const values: unknown[] = []
    if (this.#byte() === 0x5d) this.#at++
    else
      for (;;) {
        const value = this.#value(place)
        if (value === unpredicted) return unpredicted
        values.push(value)
        const byte = this.#byte()
        this.#at++
        if (byte === 0x5d) break
        if (byte !== 0x2c) return unpredicted
        this.#byte()
      }
    this.#depth--
    return values
  }

  #object(root: KnownKey): unknown {
    if (++this.#depth > nestingMax) return unpredicted
    const object: Record<string, unknown> = {}
    let node = root
    while (this.#byte() !== 0x7d) {
      const next = this.#known(node) ?? this.#learn(node, node === root)
      if (next === undefined) return unpredicted
      const value = this.#value(next)
      if (value === unpredicted) return unpredicted
      object[next.key] = value
      node = next
    }
    this.#at++
    this.#depth--
    return object
  }

  #known(node: KnownKey): KnownKey | undefined {
    const next = node.next(this.#bytes, this.#at)
    if (next !== undefined) this.#at += next.bytes.length
    return next
  }

  /** Reads a key that is new at this place, and remembers it; undefined when it is not one to remember. */
  #learn(node: KnownKey, isFirst: boolean): KnownKey | undefined {
    const bytes = this.#bytes
    const start = this.#at
    if (!isFirst && bytes[this.#at++] !== 0x2c) return undefined
    this.#byte()
    if (bytes[this.#at++] !== 0x22) return undefined
    const key = this.#text()
    this.#byte()
    if (bytes[this.#at++] !== 0x3a) return undefined
    this.#byte()
    // An assignment to a name of Object.prototype is not what JSON.parse does.
    if (typeof key !== 'string' || key in Object.prototype) return undefined
    if (node.isFull || this.#at - start > rememberedBytesMax || this.#at > this.#end) return undefined
    if (this.#keyCount === knownKeysMax) {
      this.#forget()
      return undefined
    }
    this.#keyCount++
    return node.learn(key, bytes.subarray(start, this.#at))
  }
}

export function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** A digit, or one of + - . e E */
function isOfNumber(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x2e || (byte | 0x20) === 0x65
}
