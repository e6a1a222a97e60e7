/**
 * How a version of a row is written: one byte says whether there was a value, which follows, or the row was deleted.
 */
import type { ByteWriter } from './bytes.ts'
import { Codec, composedWire } from './serde.ts'

const deleted = 0
const present = 1

export class VersionCodec<V> extends Codec<V | null> {
  readonly name: string
  override readonly isNamed: boolean
  override readonly version: number
  override readonly immutable: boolean
  readonly #inner: Codec<V>

  constructor(inner: Codec<V>) {
    super()
    this.#inner = inner
    this.name = `version(${inner.name})`
    this.isNamed = inner.isNamed
    this.version = inner.version
    this.immutable = inner.immutable
  }

  override get wire(): object {
    return composedWire('version', [this.#inner.wire])
  }

  override get format(): object {
    return composedWire('version', [this.#inner.format])
  }

  write(value: V | null, out: ByteWriter): void {
    out.appendAll(Uint8Array.of(value === null ? deleted : present))
    if (value !== null) this.#inner.write(value, out)
  }

  read(bytes: Buffer, start: number, end: number): V | null {
    const mark = bytes[start]
    if (end - start === 1 && mark === deleted) return null
    if (end - start < 1 || mark !== present) throw new RangeError('it is no version of a row')
    return this.#inner.read(bytes, start + 1, end)
  }
}
