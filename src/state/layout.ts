/**
 * The bytes of a row's key in its store, by layout: docs/format.md has the table.
 *
 * Where something follows a key, the key is written so that it ends before anything that could continue it: a 0 in it
 * as 0 255, then a 0. What follows is a number of 8 bytes, which begins with 0. So keys keep their order, and the rows
 * of one key are one range, whatever its bytes.
 */
import { ByteWriter, readInt64, writeUint64 } from '../core/bytes.ts'
import { MillraceError } from '../core/errors.ts'
import { appendBytesOfText, bytesAsText } from '../core/text.ts'
import type { StoreLayout } from '../plan/store-layout.ts'
import { keyBytesMax } from '../storage/keys.ts'

/** Tells rows from entries of the order by due time, in a store that has both. */
const rowMark = 0
const dueMark = 1

/** What the key of a row says. */
export interface RowPlace {
  /** As it stands in a topic: the key, then its time and number where it has them. */
  readonly keyBytes: Buffer
  readonly keyEnd: number
  readonly at: number
  readonly number: number
}

export class KeyLayout {
  readonly order: StoreLayout['order']
  readonly hasTimes: boolean
  readonly isNumbered: boolean
  readonly hasDueTimes: boolean
  readonly #segmentMs: number
  /** Bytes before the front. */
  readonly #markBytes: number
  readonly #keyLengthMax: number

  constructor({ order, segmentMs, isNumbered, hasDueTimes }: StoreLayout) {
    this.order = order
    this.hasTimes = order !== 'key'
    this.isNumbered = isNumbered
    this.hasDueTimes = hasDueTimes
    this.#segmentMs = segmentMs ?? 1
    this.#markBytes = hasDueTimes ? 1 : 0
    const isEnded = order === 'segment' || hasDueTimes
    this.#keyLengthMax = keyBytesMax - storeBytes - (isEnded ? 10 + this.#numberBytes : 8)
  }

  /** @throws MillraceError `key_too_long` */
  checkLength(store: string, key: Buffer, keyEnd: number): void {
    const isEnded = this.order === 'segment' || this.hasDueTimes
    this.#checkLength(store, keyEnd, isEnded ? zerosIn(key, keyEnd) : 0)
  }

  /** The same of what stored keys have in common. */
  checkCommonKey(store: string, common: string): void {
    if (common.length > this.#keyLengthMax) {
      const keyEnd = this.keyEndOf(common)
      this.#checkLength(store, keyEnd, common.length - keyEnd)
    }
  }

  #checkLength(store: string, keyEnd: number, zeros: number): void {
    if (keyEnd + zeros <= this.#keyLengthMax) return
    const counted = zeros === 0 ? '' : `, and each of the ${zeros} zeros among them counts twice`
    throw new MillraceError(
      'key_too_long',
      `the key has ${keyEnd} bytes${counted}; store "${store}" takes keys of up to ${this.#keyLengthMax}`,
      { store },
    )
  }

  /** What rows are ordered by first: 0, the time, or the number of their segment. */
  front(at: number): number {
    return this.order === 'segment' ? Math.floor(at / this.#segmentMs) : at
  }

  /** The first time of a segment. */
  timeFrom(segment: number): number {
    return segment * this.#segmentMs
  }

  /** Before all rows of this front and after all rows of those before it. In order `key` there is one front, 0. */
  frontKey(front: number): Buffer {
    const key = Buffer.alloc(this.#markBytes + (this.hasTimes ? 8 : 0), rowMark)
    if (this.hasTimes) writeUint64(key, this.#markBytes, front)
    return key
  }

  /** Before all rows. */
  get firstKey(): Buffer {
    return Buffer.alloc(this.#markBytes, rowMark)
  }

  /** After all rows; undefined where nothing follows them. */
  get endKey(): Buffer | undefined {
    return this.hasDueTimes ? Buffer.of(dueMark) : undefined
  }

  /** The front of a row's key. */
  frontOf(stored: Buffer): number {
    return this.hasTimes ? readInt64(stored, this.#markBytes) : 0
  }

  /** The time of a row, from its key alone; 0 in a store without times. */
  timeOf(stored: Buffer): number {
    return this.order === 'segment' ? readInt64(stored, stored.length - this.#numberBytes) : this.frontOf(stored)
  }

  storedKey(keyBytes: Buffer, keyEnd: number, at: number, number: number): Buffer {
    if (this.order === 'key' && !this.hasDueTimes) return keyBytes
    scratch.at = 0
    this.writeStoredKey(scratch, keyBytes, keyEnd, at, number)
    return Buffer.from(scratch.bytes.subarray(0, scratch.at))
  }

  /** What stands before the key of a row. */
  writeFront(out: ByteWriter, front: number): void {
    if (this.hasDueTimes) writeByte(out, rowMark)
    if (this.hasTimes) writeNumber(out, front)
  }

  writeStoredKey(out: ByteWriter, key: Buffer, keyEnd: number, at: number, number: number): void {
    this.writeFront(out, this.front(at))
    if (this.order === 'segment') this.#writeEnded(out, key, keyEnd, at, number)
    else out.append(key, 0, keyEnd)
  }

  /** The start of a segment's rows with this key, or a key that begins with these bytes. */
  segmentKey(front: number, key: Buffer): Buffer {
    const out = new ByteWriter(64)
    out.appendAll(this.frontKey(front))
    writeEscaped(out, key, key.length)
    return out.copyFrom(0)
  }

  /** @throws RangeError when the bytes are of another layout */
  placeOf(stored: Buffer): RowPlace {
    const mark = this.#markBytes
    if (this.order === 'segment') return this.#endedPlace(stored, mark + 8)
    if (this.order === 'key') {
      return { keyBytes: mark === 0 ? stored : stored.subarray(mark), keyEnd: stored.length - mark, at: 0, number: 0 }
    }
    const keyEnd = stored.length - mark - 8
    if (keyEnd < 0) throw new RangeError('the key of a row is cut off')
    const keyBytes = Buffer.concat([stored.subarray(mark + 8), stored.subarray(mark, mark + 8)])
    return { keyBytes, keyEnd, at: readInt64(stored, mark), number: 0 }
  }

  /** Appends the key of a row as it stands in a topic, of its stored key in the other orders. */
  writeKeyOfText(out: ByteWriter, stored: string): void {
    const begin = this.#markBytes + (this.hasTimes ? 8 : 0)
    appendBytesOfText(begin === 0 ? stored : stored.slice(begin), out)
    if (this.hasTimes) appendBytesOfText(stored.slice(this.#markBytes, begin), out)
  }

  keyEndOfText(stored: string): number {
    return stored.length - this.#markBytes - (this.hasTimes ? 8 : 0)
  }

  /**
   * The key of a stored key, as it is written where something follows it: in order `segment`, what the stored keys of
   * all rows with a key have in common.
   */
  commonKeyOf(stored: string): string {
    if (this.order === 'segment') return stored.slice(this.#markBytes + 8, stored.length - this.#numberBytes - 1)
    const key = stored.slice(this.#markBytes + (this.hasTimes ? 8 : 0))
    return key.includes('\0') ? key.replaceAll('\0', '\0\xff') : key
  }

  /** The time of a row in order `segment`, and its number, of its stored key as text; in any order, of its entry. */
  timeOfText(stored: string): number {
    return this.hasTimes ? readTextInt64(stored, stored.length - this.#numberBytes) : 0
  }

  numberOfText(stored: string): number {
    return this.isNumbered ? readTextInt64(stored, stored.length - 8) : 0
  }

  /** Writes what {@link commonKeyOf} finds. */
  writeCommonKey(out: ByteWriter, key: Buffer, keyEnd: number): void {
    writeEscaped(out, key, keyEnd)
  }

  /** How many bytes a key has, of what its stored keys have in common. */
  keyEndOf(common: string): number {
    let count = 0
    for (let at = 0; at < common.length; at++) {
      count++
      if (common.charCodeAt(at) === 0) at++
    }
    return count
  }

  /** Appends the key of a row in order `segment` as it stands in a topic. */
  writeKeyOf(out: ByteWriter, common: string, at: number, number: number): void {
    const { length } = common
    out.ensure(length)
    const { bytes } = out
    let end = out.at
    for (let from = 0; from < length; from++) {
      const byte = common.charCodeAt(from)
      bytes[end++] = byte
      if (byte === 0) from++
    }
    out.at = end
    this.#writeNumbers(out, at, number)
  }

  /** Appends the stored key of a row in order `segment`. */
  writeEndedKey(out: ByteWriter, front: number, common: string, at: number, number: number): void {
    this.writeFront(out, front)
    appendBytesOfText(common, out)
    writeByte(out, 0)
    this.#writeNumbers(out, at, number)
  }

  /** The stored key of a row as text, in any order. */
  textOf(front: number, common: string, at: number, number: number): string {
    scratch.at = 0
    if (this.order === 'segment') {
      this.writeEndedKey(scratch, front, common, at, number)
    } else {
      this.writeFront(scratch, front)
      appendBytesOfText(common.includes('\0') ? common.replaceAll('\0\xff', '\0') : common, scratch)
    }
    return bytesAsText(scratch.bytes, 0, scratch.at)
  }

  #writeNumbers(out: ByteWriter, at: number, number: number): void {
    if (this.hasTimes) writeNumber(out, at)
    if (this.isNumbered) writeNumber(out, number)
  }

  /** Writes the key of a row's entry in the order by due time. */
  writeDueKey(out: ByteWriter, due: number, common: string, at: number, number: number): void {
    writeByte(out, dueMark)
    writeNumber(out, due)
    appendBytesOfText(common, out)
    writeByte(out, 0)
    this.#writeNumbers(out, at, number)
  }

  /** Before all entries with this due time. */
  dueKeyFrom(due: number): Buffer {
    const key = Buffer.allocUnsafe(9)
    key[0] = dueMark
    writeUint64(key, 1, due)
    return key
  }

  /** When an entry is due, of its key as text. */
  dueOf(entry: string): number {
    return readTextInt64(entry, 1)
  }

  /** What {@link commonKeyOf} finds, of an entry. */
  commonKeyOfDue(entry: string): string {
    return entry.slice(9, entry.length - this.#numberBytes - 1)
  }

  /** A key that is ended, and what the layout has besides. */
  #writeEnded(out: ByteWriter, key: Buffer, keyEnd: number, at: number, number: number): void {
    writeEscaped(out, key, keyEnd)
    writeByte(out, 0)
    this.#writeNumbers(out, at, number)
  }

  get #numberBytes(): number {
    return (this.hasTimes ? 8 : 0) + (this.isNumbered ? 8 : 0)
  }

  #endedPlace(stored: Buffer, start: number): RowPlace {
    const end = stored.length - this.#numberBytes - 1
    if (end < start || stored[end] !== 0) throw new RangeError('the key of a row is cut off')
    const key = unescaped(stored.subarray(start, end))
    const keyBytes = Buffer.concat([key, stored.subarray(end + 1)])
    return {
      keyBytes,
      keyEnd: key.length,
      at: this.hasTimes ? readInt64(stored, end + 1) : 0,
      number: this.isNumbered ? readInt64(stored, end + 9) : 0,
    }
  }
}

function readTextInt64(text: string, at: number): number {
  let high = 0
  let low = 0
  for (let i = at; i < at + 4; i++) high = (high << 8) | text.charCodeAt(i)
  for (let i = at + 4; i < at + 8; i++) low = (low << 8) | text.charCodeAt(i)
  return high * 2 ** 32 + (low >>> 0)
}

/** Before the store's own part of a key: store id and partition. */
const storeBytes = 8

const scratch = new ByteWriter(256)

function writeByte(out: ByteWriter, byte: number): void {
  out.ensure(1)
  out.bytes[out.at++] = byte
}

function writeNumber(out: ByteWriter, number: number): void {
  out.ensure(8)
  writeUint64(out.bytes, out.at, number)
  out.at += 8
}

function writeEscaped(out: ByteWriter, key: Buffer, keyEnd: number): void {
  out.ensure(keyEnd * 2)
  const { bytes } = out
  let at = out.at
  for (let i = 0; i < keyEnd; i++) {
    const byte = key[i] as number
    bytes[at++] = byte
    if (byte === 0) bytes[at++] = 255
  }
  out.at = at
}

function zerosIn(key: Buffer, keyEnd: number): number {
  let zeros = 0
  for (let i = 0; i < keyEnd; i++) if (key[i] === 0) zeros++
  return zeros
}

function unescaped(bytes: Buffer): Buffer {
  if (!bytes.includes(0)) return bytes
  const key: number[] = []
  for (let at = 0; at < bytes.length; at++) {
    key.push(bytes[at] as number)
    if (bytes[at] === 0 && bytes[++at] !== 255) throw new RangeError('the key of a row is malformed')
  }
  return Buffer.from(key)
}

const layouts = new WeakMap<StoreLayout, KeyLayout>()

export function keyLayoutOf(spec: StoreLayout): KeyLayout {
  let layout = layouts.get(spec)
  if (layout === undefined) layouts.set(spec, (layout = new KeyLayout(spec)))
  return layout
}
