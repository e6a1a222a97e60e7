/**
 * Windows over event time: their definitions, and the key of a row in a windowed table.
 */
import { type ByteWriter, readInt64, writeUint64 } from './bytes.ts'
import { MillraceError } from './errors.ts'
import { checkOptions, checkWhole } from './checks.ts'
import { Codec, codecOf, composedWire, type Serde, unexpectedNull } from './serde.ts'
import { sumMs } from './units.ts'

/**
 * A span of event time, half open: `start` belongs to it, `end` does not. Both in ms since the epoch, as plain numbers,
 * because users build keys with windows too: `{ key: 'a', window: { start: 0, end: 60_000 } }`.
 */
export interface Window {
  /** The first ms that belongs to it. */
  readonly start: number
  /** The first ms after it; the largest timestamp for a window that would end later, as in Kafka. */
  readonly end: number
}

/** The key of a row in a windowed table: a key, and the window that the row is about. */
export interface Windowed<K> {
  /** The key that the records were grouped by. */
  readonly key: K
  /** The window that they fell into. */
  readonly window: Window
}

/**
 * A record is counted in each of its windows, one after another: with more windows than this, the program would seem to
 * hang.
 */
const windowsMax = 100_000

/**
 * Windows of fixed size, aligned to the epoch: tumbling, or hopping when `advance` is smaller than `size`.
 *
 * A record belongs to every window that holds its timestamp. A window closes when stream time reaches its end plus the
 * grace; records that come later are dropped and counted. As in Kafka Streams, a window never starts below 0.
 *
 * @example
 * ```ts
 * TimeWindows.of({ size: minutes(5), advance: minutes(1), grace: seconds(10) })
 * ```
 */
export class TimeWindows {
  /** How long a window is, in ms. */
  readonly sizeMs: number
  /** From the start of a window to the start of the next, in ms. */
  readonly advanceMs: number
  /** How long a window waits for late records after its end, in ms of stream time. */
  readonly graceMs: number

  private constructor(sizeMs: number, advanceMs: number, graceMs: number) {
    this.sizeMs = sizeMs
    this.advanceMs = advanceMs
    this.graceMs = graceMs
  }

  /**
   * Windows of one size: tumbling, or hopping with an `advance`.
   *
   * @param options all in ms; `advance` defaults to `size` (tumbling), `grace` to 0
   * @throws MillraceError `bad_option` unless 0 < advance <= size and grace >= 0, or for more than 100,000 windows per
   *   record
   */
  static of(options: {
    readonly size: number
    readonly advance?: number | undefined
    readonly grace?: number | undefined
  }): TimeWindows {
    const checked = checkOptions('TimeWindows.of', options, ['size', 'advance', 'grace'])
    const size = checkWhole('the size of a window', checked.size, 1)
    const advance = checkWhole('the advance of a window', checked.advance ?? size, 1)
    if (advance > size) {
      throw new MillraceError(
        'bad_option',
        `the advance of a window, ${advance} ms, is larger than its size, ${size} ms`,
      )
    }
    if (size / advance > windowsMax) {
      throw new MillraceError(
        'bad_option',
        `with a size of ${size} ms and an advance of ${advance} ms a record would belong to more than ${windowsMax} windows; ` +
          'choose a larger advance',
      )
    }
    return Object.freeze(new TimeWindows(size, advance, checkWhole('the grace of a window', checked.grace ?? 0, 0)))
  }
}

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
