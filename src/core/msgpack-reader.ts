/**
 * Reads the MessagePack of plain data, about five times as fast as a reader that knows nothing of what comes: records of a
 * topic have the same keys, so a key is compared with the one that followed last time and hardly ever decoded.
 *
 * What is not plain data (extensions other than timestamps) is left to the library as a whole, and so are the single
 * values that it has ideas of its own about: binary data, 64-bit integers, timestamps.
 */
import { decodeText } from './text.ts'

/** Reads bytes[start, end) in full generality. */
export type Unpack = (bytes: Buffer, start: number, end: number) => unknown

/** Thrown where the library has to read the whole value; caught in {@link MsgpackReader.read}. */
const notPlain = new Error('not plain data')

/** A key of a map, and the keys that were seen behind it. */
class KeyNode {
  readonly key: string
  /** Its bytes with the length before them. */
  readonly bytes: Buffer
  readonly sibling: KeyNode | undefined
  next: KeyNode | undefined = undefined
  nextCount = 0

  constructor(key: string, bytes: Buffer, sibling: KeyNode | undefined) {
    this.key = key
    this.bytes = bytes
    this.sibling = sibling
  }
}

/** Maps that are dictionaries have ever new keys: so many are tried at one place, and so many are remembered in all. */
const siblingsMax = 8
const nodesMax = 2_048
const rememberedKeyBytesMax = 64
const rootSizeMax = 64

const noBytes = Buffer.alloc(0)
const rootNode = (): KeyNode => new KeyNode('', noBytes, undefined)

export class MsgpackReader {
  readonly #unpack: Unpack
  /** Where maps of so many keys begin, so that topics with different values do not crowd each other out. */
  #roots: (KeyNode | undefined)[] = []
  #nodeCount = 0
  #bytes: Buffer = noBytes
  #at = 0
  #end = 0

  constructor(unpack: Unpack) {
    this.#unpack = unpack
  }

  /** How many keys it expects somewhere; bounded. */
  get rememberedKeys(): number {
    return this.#nodeCount
  }

  /** @throws when bytes[start, end) are not one value */
  read(bytes: Buffer, start: number, end: number): unknown {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    let value: unknown
    try {
      value = this.#value()
    } catch (error) {
      if (error === notPlain) return this.#unpack(bytes, start, end)
      throw error
    }
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
        throw new RangeError('0xc1 stands for no value in MessagePack') // the library has a marker of its own for it
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#binary(1 << (token - 0xc4))
      case 0xc7:
        return this.#timestamp(2 + 12, bytes[this.#at] === 12 ? bytes[this.#at + 1] : undefined)
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
      case 0xd3:
        return this.#byLibrary(8)
      case 0xd6:
      case 0xd7:
        return this.#timestamp(1 + (token === 0xd6 ? 4 : 8), bytes[this.#at])
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
        throw notPlain
    }
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
    const at = this.#at
    this.#at += size
    if (this.#at > this.#end) throw new RangeError(cutOff)
    return size === 4 ? this.#bytes.readFloatBE(at) : this.#bytes.readDoubleBE(at)
  }

  #text(length: number): string {
    const start = this.#at
    const end = start + length
    if (!(end <= this.#end)) throw new RangeError(cutOff)
    this.#at = end
    return decodeText(this.#bytes, start, end)
  }

  #binary(sizeBytes: number): unknown {
    const lengthAt = this.#at
    const length = this.#unsigned(sizeBytes)
    this.#at = lengthAt
    return this.#byLibrary(sizeBytes + length)
  }

  #timestamp(length: number, type: number | undefined): unknown {
    if (type !== timestampType) throw notPlain
    return this.#byLibrary(length)
  }

  /** A value whose token is read and has so many bytes behind it. */
  #byLibrary(length: number): unknown {
    const start = this.#at - 1
    this.#at += length
    if (!(this.#at <= this.#end)) throw new RangeError(cutOff)
    return this.#unpack(this.#bytes, start, this.#at)
  }

  #array(length: number): unknown[] {
    const values: unknown[] = []
    for (let i = 0; i < length; i++) values.push(this.#value())
    return values
  }

  #map(size: number): Record<string, unknown> {
    const map: Record<string, unknown> = {}
    let node: KeyNode | undefined = size > rootSizeMax ? undefined : (this.#roots[size] ??= rootNode())
    for (let i = 0; i < size; i++) {
      const known: KeyNode | undefined = node === undefined ? undefined : this.#follow(node)
      if (known === undefined) {
        const keyAt = this.#at
        const key = this.#key()
        node = node === undefined ? undefined : this.#remember(node, key, keyAt)
        map[key] = this.#value()
      } else {
        node = known
        map[known.key] = this.#value()
      }
    }
    return map
  }

  /** The key at hand, if it has followed `node` before. */
  #follow(node: KeyNode): KeyNode | undefined {
    const bytes = this.#bytes
    const at = this.#at
    for (let next = node.next; next !== undefined; next = next.sibling) {
      const expected = next.bytes
      const { length } = expected
      let i = 0
      while (i < length && bytes[at + i] === expected[i]) i++
      if (i === length) {
        this.#at = at + length
        return next
      }
    }
    return undefined
  }

  /** A key is text here; the library turns others into text, and renames `__proto__`, in ways of its own. */
  #key(): string {
    const token = this.#bytes[this.#at] as number
    if (!((token >= 0xa0 && token < 0xc0) || (token >= 0xd9 && token <= 0xdb))) throw notPlain
    const key = this.#value() as string
    if (key === '__proto__') throw notPlain
    return key
  }

  #remember(node: KeyNode, key: string, keyAt: number): KeyNode | undefined {
    if (node.nextCount === siblingsMax || this.#at - keyAt > rememberedKeyBytesMax) return undefined
    if (this.#nodeCount === nodesMax) {
      this.#roots = []
      this.#nodeCount = 0
      return undefined
    }
    this.#nodeCount++
    node.nextCount++
    return (node.next = new KeyNode(key, Buffer.from(this.#bytes.subarray(keyAt, this.#at)), node.next))
  }
}

const timestampType = 0xff
const cutOff = 'the value is cut off'
