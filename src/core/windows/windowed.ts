/**
 * The serde of windowed keys.
 */
import { type ByteWriter, readInt64, writeUint64 } from '../bytes.ts'
import { checkOptions, checkWhole } from '../checks.ts'
import { Codec, codecOf, composedWire, type Serde, unexpectedNull } from '../serde.ts'
import { sumMs } from '../units.ts'
import type { Windowed } from './window.ts'

/**
 * Keys of a windowed table: the bytes of the key, then the start of the window in 8 bytes, as in Kafka.
 *
 * For a topic that a windowed table is written to. The end is not stored: it follows from `size`, in ms. Records are
 * partitioned by the key alone.
 *
 * @example
 * ```ts
 * const perMinute = topic('clicks-per-minute', { key: windowed(string(), { size: minutes(1) }), value: int64() })
 * ```
 * @throws MillraceError `bad_option`
 */
export function windowed<K>(key: Serde<K>, options: { readonly size: number }): Serde<Windowed<K>> {
  const { size } = checkOptions('windowed', options, ['size'])
  return new WindowedCodec(codecOf(key), checkWhole('the size of a window', size, 1))
}

/** The bytes of the window start that follows a key. */
const windowStartBytes = 8

/** The codec of {@link windowed}, which aggregations write without building the key object. */
export class WindowedCodec<K> extends Codec<Windowed<K>> {
  readonly name: string
  override readonly isNamed: boolean
  readonly key: Codec<K>
  readonly sizeMs: number
  readonly #wire: object
  readonly #format: object

  constructor(key: Codec<K>, sizeMs: number) {
    super()
    this.key = key
    this.sizeMs = sizeMs
    this.name = `windowed(${key.name},${sizeMs})`
    this.isNamed = key.isNamed
    // The bytes do not hold the size, but with another size they mean another window.
    const kind = `windowed ${sizeMs}`
    this.#wire = composedWire(kind, [key.wire])
    this.#format = composedWire(kind, [key.format])
  }

  override get partitionSuffixBytes(): number {
    return windowStartBytes
  }

  override get windowSizesMs(): readonly number[] {
    return [this.sizeMs, ...this.key.windowSizesMs]
  }

  override get wire(): object {
    return this.#wire
  }

  override get format(): object {
    return this.#format
  }

  write(value: Windowed<K>, out: ByteWriter): void {
    if (value.key === null) throw new TypeError('the key of a window may not be null')
    this.key.write(value.key, out)
    out.ensure(windowStartBytes)
    const { start, end } = value.window
    if (end !== sumMs(start, this.sizeMs))
      throw new RangeError(`the window [${start}, ${end}) is not ${this.sizeMs} ms long`)
    writeUint64(out.bytes, out.at, checkWhole('the start of a window', start, 0))
    out.at += windowStartBytes
  }

  read(bytes: Buffer, start: number, end: number): Windowed<K> {
    const keyEnd = end - windowStartBytes
    if (keyEnd < start)
      throw new RangeError(`a windowed key has at least ${windowStartBytes} bytes, got ${end - start}`)
    const windowStart = readInt64(bytes, keyEnd)
    if (!Number.isSafeInteger(windowStart) || windowStart < 0) throw new RangeError('the window has no valid start')
    const key = this.key.read(bytes, start, keyEnd)
    if (key === null) throw unexpectedNull('key of the window', this.key)
    return windowedKey(key, windowStart, this.sizeMs)
  }
}

/** The key object of a row in the window that starts at `start`. */
export function windowedKey<K>(key: K, start: number, sizeMs: number): Windowed<K> {
  return { key, window: { start, end: sumMs(start, sizeMs) } }
}
