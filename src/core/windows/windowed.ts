/**
 * The serdes of windowed keys.
 */
import { type ByteWriter, readInt64, writeUint64 } from '../bytes.ts'
import { checkOptions, checkWhole, isInstance } from '../checks.ts'
import { Codec, codecOf, composedWire, type Serde, unexpectedNull } from '../serde.ts'
import type { Windowed } from './window.ts'
import { sessionForm, SizedForm, type WindowForm } from './window-form.ts'
import { Windows } from './windows.ts'

/**
 * Keys of a windowed table: the bytes of the key, then the start of the window in 8 bytes, as in Kafka.
 *
 * For a topic that a windowed table is written to. The end is not stored: it follows from `size`, in ms, or from the
 * windows. Keys of sessions have both ends, as {@link sessionWindowed} writes them. Records are partitioned by the key
 * alone.
 *
 * @example
 * ```ts
 * const perMinute = topic('clicks-per-minute', { key: windowed(string(), { size: minutes(1) }), value: int64() })
 * const everyMinute = TimeWindows.of({ size: minutes(5), advance: minutes(1) })
 * const overlapping = topic('overlapping', { key: windowed(string(), everyMinute), value: int64() })
 * ```
 * @param windows their size, or the windows themselves, of any kind
 * @throws MillraceError `bad_option`
 */
export function windowed<K>(key: Serde<K>, windows: Windows | { readonly size: number }): Serde<Windowed<K>> {
  if (isInstance(windows, Windows)) return new WindowedCodec(codecOf(key), windows.form)
  const { size } = checkOptions('windowed', windows, ['size'])
  return new WindowedCodec(codecOf(key), new SizedForm(checkWhole('the size of a window', size, 1)))
}

/**
 * Keys of a table of sessions: the bytes of the key, then the end and the start of the session in 8 bytes each, as in
 * Kafka. Records are partitioned by the key alone.
 *
 * @example
 * ```ts
 * const visits = topic('visits', { key: sessionWindowed(string()), value: int64() })
 * ```
 */
export function sessionWindowed<K>(key: Serde<K>): Serde<Windowed<K>> {
  return new WindowedCodec(codecOf(key), sessionForm)
}

/** The codec of windowed keys, which aggregations write without building the key object. */
export class WindowedCodec<K> extends Codec<Windowed<K>> {
  readonly name: string
  override readonly isNamed: boolean
  readonly key: Codec<K>
  readonly form: WindowForm
  readonly #wire: object
  readonly #format: object

  constructor(key: Codec<K>, form: WindowForm) {
    super()
    this.key = key
    this.form = form
    this.name = `windowed(${key.name},${form.name})`
    this.isNamed = key.isNamed
    // The bytes do not hold the size, but with another size they mean another window.
    const kind = `windowed ${form.name}`
    this.#wire = composedWire(kind, [key.wire])
    this.#format = composedWire(kind, [key.format])
  }

  override get partitionSuffixBytes(): number {
    return this.form.isNumbered ? 16 : 8
  }

  override get placing(): Codec<unknown> {
    return this.key as Codec<unknown>
  }

  override get windowForms(): readonly WindowForm[] {
    return [this.form, ...this.key.windowForms]
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
    out.ensure(16)
    const { window } = value
    writeUint64(
      out.bytes,
      out.at,
      checkWhole(this.form.isNumbered ? 'the end of a session' : 'the start of a window', this.form.atOf(window), 0),
    )
    if (this.form.isNumbered) {
      writeUint64(out.bytes, out.at + 8, checkWhole('the start of a session', this.form.numberOf(window), 0))
    }
    out.at += this.partitionSuffixBytes
  }

  read(bytes: Buffer, start: number, end: number): Windowed<K> {
    const suffixBytes = this.partitionSuffixBytes
    const keyEnd = end - suffixBytes
    if (keyEnd < start) throw new RangeError(`a windowed key has at least ${suffixBytes} bytes, got ${end - start}`)
    const at = boundAt(bytes, keyEnd)
    const window = this.form.windowOf(at, this.form.isNumbered ? boundAt(bytes, keyEnd + 8) : 0)
    const key = this.key.readKey(bytes, start, keyEnd)
    if (key === null) throw unexpectedNull('key of the window', this.key)
    return { key, window }
  }
}

function boundAt(bytes: Buffer, at: number): number {
  const bound = readInt64(bytes, at)
  if (!Number.isSafeInteger(bound) || bound < 0) throw new RangeError('the window has no valid start')
  return bound
}
