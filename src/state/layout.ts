/**
 * The bytes of a row's key in its store, by layout: docs/format.md has the table.
 *
 * Where something follows a key, the key is written so that it ends before anything that could continue it: a 0 in it as
 * 0 255, then a 0. What follows is a number of 8 bytes, which begins with 0. So keys keep their order, and the rows of one
 * key are one range, whatever its bytes.
 */
import { readInt64, writeUint64 } from '../core/bytes.ts'
import { MillraceError } from '../core/errors.ts'
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
    const length = isEnded ? escaped(key.subarray(0, keyEnd)).length : keyEnd
    if (length <= this.#keyLengthMax) return
    const zeros = length === keyEnd ? '' : `, and each of the ${length - keyEnd} zeros among them counts twice`
    throw new MillraceError(
      'key_too_long',
      `the key has ${keyEnd} bytes${zeros}; store "${store}" takes keys of up to ${this.#keyLengthMax}`,
      { store },
    )
  }

  /** What rows are ordered by first: 0, the time, or the number of its segment. */
  front(at: number): number {
    return this.order === 'segment' ? Math.floor(at / this.#segmentMs) : at
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

  storedKey(keyBytes: Buffer, keyEnd: number, at: number, number: number): Buffer {
    const mark = this.#markBytes
    switch (this.order) {
      case 'key':
        if (mark === 0) return keyBytes
        return Buffer.concat([this.firstKey, keyBytes])
      case 'time': {
        const stored = Buffer.allocUnsafe(mark + 8 + keyEnd)
        if (mark > 0) stored[0] = rowMark
        writeUint64(stored, mark, at)
        keyBytes.copy(stored, mark + 8, 0, keyEnd)
        return stored
      }
      case 'segment':
        return this.#ended([this.frontKey(this.front(at))], keyBytes, keyEnd, at, number)
    }
  }

  /** The start of a segment's rows with this key, or a key that begins with these bytes. */
  segmentKey(front: number, key: Buffer): Buffer {
    return Buffer.concat([this.frontKey(front), escaped(key)])
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

  /** The key of a row's entry in the order by due time. */
  dueKey({ keyBytes, keyEnd, at, number }: RowPlace, due: number): Buffer {
    return this.#ended([this.dueKeyFrom(due)], keyBytes, keyEnd, at, number)
  }

  /** Before all entries with this due time. */
  dueKeyFrom(due: number): Buffer {
    const key = Buffer.allocUnsafe(9)
    key[0] = dueMark
    writeUint64(key, 1, due)
    return key
  }

  dueOf(entry: Buffer): number {
    return readInt64(entry, 1)
  }

  /** Of which row an entry is. */
  placeOfDue(entry: Buffer): RowPlace {
    return this.#endedPlace(entry, 9)
  }

  /** Something, a key that is ended, and what the layout has besides. */
  #ended(before: readonly Buffer[], keyBytes: Buffer, keyEnd: number, at: number, number: number): Buffer {
    return Buffer.concat([...before, escaped(keyBytes.subarray(0, keyEnd)), keyTerminator, this.#numbers(at, number)])
  }

  #numbers(at: number, number: number): Buffer {
    const bytes = Buffer.allocUnsafe(this.#numberBytes)
    if (this.hasTimes) writeUint64(bytes, 0, at)
    if (this.isNumbered) writeUint64(bytes, 8, number)
    return bytes
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

/** Before the store's own part of a key: store id and partition. */
const storeBytes = 8

const keyTerminator = Buffer.of(0)

function escaped(key: Buffer): Buffer {
  if (!key.includes(0)) return key
  const bytes: number[] = []
  for (const byte of key) {
    bytes.push(byte)
    if (byte === 0) bytes.push(255)
  }
  return Buffer.from(bytes)
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
