/**
 * Reads the MessagePack of plain data, about five times as fast as a reader that knows nothing of what comes: records
 * of a topic have the same keys, so a key is compared with the one that followed last time and hardly ever decoded.
 *
 * The bytes may come from anyone, so nothing in them can build a cycle, set a prototype, overflow the stack or allocate
 * memory for bytes that are not there. Of the extensions only timestamps are read, keys are text, and 64-bit integers
 * are bigints. Of two equal keys in one map the last one counts, as in JSON.
 */
import { copyOf, readInt32, readInt64 } from './bytes.ts'
import { KnownKey, knownKeysMax } from './known-key.ts'
import { decodeText } from './text.ts'

const rememberedKeyBytesMax = 64
const rootSizeMax = 64

/** More than our writer nests, and far below what the stack holds. */
const nestingMax = 1_000

const noBytes = Buffer.alloc(0)

export class MsgpackReader {
  /** Where maps with this many keys begin, so that topics with different values do not crowd each other out. */
  #roots: (KnownKey | undefined)[] = []
  #keyCount = 0
  #bytes: Buffer = noBytes
  #at = 0
  #end = 0
  #depth = 0

  /** How many keys it expects somewhere; bounded. */
  get rememberedKeys(): number {
    return this.#keyCount
  }

  /** @throws when bytes[start, end) are not one value */
  read(bytes: Buffer, start: number, end: number): unknown {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    this.#depth = 0
    const value = this.#value()
    if (this.#at === end) return value
    throw new RangeError(this.#at > end ? cutOff : 'bytes are left over behind the value')
  }

  #value(): unknown {
    if (this.#at >= this.#end) throw new RangeError(cutOff)
    const bytes = this.#bytes
    const token = bytes[this.#at++] as number
    if (token < 0x80) return token
    if (token < 0x90) return this.#map(token & 0x0f)
    if (token < 0xa0) return this.#array(token & 0x0f)
    if (token < 0xc0) return this.#text(token & 0x1f)
    if (token >= 0xe0) return token - 0x100
    switch (token) {
      case 0xc0:
        return null
      case 0xc1:
        throw new RangeError('0xc1 stands for no value in MessagePack')
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#binary(this.#unsigned(1 << (token - 0xc4)))
      case 0xc7:
        return this.#extension(bytes[this.#at++] as number)
      case 0xca:
      case 0xcb:
        return this.#float(token === 0xca ? 4 : 8)
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#unsigned(1 << (token - 0xcc))
      case 0xd0:
      case 0xd1:
      case 0xd2:
        return this.#signed(1 << (token - 0xd0))
      case 0xcf:
        return bytes.readBigUInt64BE(this.#skip(8))
      case 0xd3:
        return bytes.readBigInt64BE(this.#skip(8))
      case 0xd6:
      case 0xd7:
        return this.#extension(token === 0xd6 ? 4 : 8)
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(1 << (token - 0xd9)))
      case 0xdc:
      case 0xdd:
        return this.#array(this.#unsigned(token === 0xdc ? 2 : 4))
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(token === 0xde ? 2 : 4))
      default:
        throw new RangeError(notPlain)
    }
  }

  /** Skips `length` bytes and returns where they begin. */
  #skip(length: number): number {
    const start = this.#at
    this.#at += length
    if (!(this.#at <= this.#end)) throw new RangeError(cutOff)
    return start
  }

  #unsigned(size: number): number {
    const bytes = this.#bytes
    let value = 0
    for (let i = 0; i < size; i++) value = value * 256 + (bytes[this.#at++] as number)
    return value
  }

  #signed(size: number): number {
    const value = this.#unsigned(size)
    const range = 256 ** size
    return value >= range / 2 ? value - range : value
  }

  #float(size: 4 | 8): number {
    const at = this.#skip(size)
    return size === 4 ? this.#bytes.readFloatBE(at) : this.#bytes.readDoubleBE(at)
  }

  #text(length: number): string {
    const start = this.#skip(length)
    return decodeText(this.#bytes, start, this.#at)
  }

  #binary(length: number): Uint8Array {
    const start = this.#skip(length)
    return copyOf(this.#bytes, start, this.#at)
  }

  /** A timestamp of 4, 8 or 12 bytes, truncated to ms, because a Date holds no more. */
  #extension(size: number): Date {
    const bytes = this.#bytes
    const at = this.#skip(1 + size) + 1
    if (bytes[at - 1] !== timestampType || (size !== 4 && size !== 8 && size !== 12)) throw new RangeError(notPlain)
    const head = readInt32(bytes, at) >>> 0
    const nanoseconds = size === 4 ? 0 : size === 8 ? head >>> 2 : head
    let seconds = head
    if (size === 8) seconds = (head & 3) * 2 ** 32 + (readInt32(bytes, at + 4) >>> 0)
    else if (size === 12) seconds = readInt64(bytes, at + 4)
    const date = new Date(seconds * 1_000 + Math.floor(nanoseconds / 1_000_000))
    if (nanoseconds > 999_999_999 || Number.isNaN(date.getTime()))
      throw new RangeError('the timestamp is not a valid date')
    return date
  }

  #deeper(): void {
    if (++this.#depth > nestingMax) throw new RangeError(`the value is nested more than ${nestingMax} deep`)
  }

  #array(length: number): unknown[] {
    this.#deeper()
    const values: unknown[] = []
    for (let i = 0; i < length; i++) values.push(this.#value())
    this.#depth--
    return values
  }

  #map(size: number): Record<string, unknown> {
    this.#deeper()
    const map: Record<string, unknown> = {}
    let known: KnownKey | undefined = size > rootSizeMax ? undefined : (this.#roots[size] ??= new KnownKey())
    for (let i = 0; i < size; i++) {
      const next: KnownKey | undefined = known === undefined ? undefined : this.#known(known)
      if (next === undefined) {
        const keyAt = this.#at
        const key = this.#key()
        known = known === undefined ? undefined : this.#learn(known, key, keyAt)
        if (key === '__proto__') define(map, key, this.#value())
        else map[key] = this.#value()
      } else {
        known = next
        map[next.key] = this.#value()
      }
    }
    this.#depth--
    return map
  }

  #known(before: KnownKey): KnownKey | undefined {
    const next = before.next(this.#bytes, this.#at)
    if (next !== undefined) this.#at += next.bytes.length
    return next
  }

  #key(): string {
    const key = this.#value()
    if (typeof key !== 'string') throw new RangeError('a map has a key that is not a string')
    return key
  }

  #learn(known: KnownKey, key: string, keyAt: number): KnownKey | undefined {
    if (key === '__proto__' || known.isFull || this.#at - keyAt > rememberedKeyBytesMax) return undefined
    if (this.#keyCount === knownKeysMax) {
      this.#roots = []
      this.#keyCount = 0
      return undefined
    }
    this.#keyCount++
    return known.learn(key, this.#bytes.subarray(keyAt, this.#at))
  }
}

const timestampType = 0xff
const cutOff = 'the value is cut off'
const notPlain = 'the value has an extension other than a timestamp'

/** Sets an own property whatever its name; an assignment to `__proto__` would change the prototype. */
function define(map: object, key: string, value: unknown): void {
  Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true })
}
