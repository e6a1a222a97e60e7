/**
 * Values that outlive their shape: bytes that say of which version their value is, and a function that makes an old one
 * into one of now.
 *
 * Two bytes stand before the value: one that no value of the format begins with, then the version. Bytes without them
 * were written before there were versions, and count as version 0. Topics have none of this: what is in them is for
 * other readers too, so they are written and read as the format alone ({@link Codec.plain}).
 */
import type { ByteWriter } from './bytes.ts'
import { checkedFunction, checkOptions, checkWhole } from './checks.ts'
import { disown, isPromise } from './promises.ts'
import { Codec, composedWire } from './serde.ts'

/** The version of the values that a serde writes, and what becomes of those that were stored with an older one. */
export interface ValueVersions<T> {
  /** From 1 to 255; raise it with every change that stored values have to follow. */
  readonly version: number
  /**
   * Makes a value of an older version into one of this; 0 is the version of what was stored without one. It must be
   * synchronous and pure. Where it throws, the record that needs the row fails.
   */
  migrate(value: unknown, version: number): T
}

/** What a format that has versions brings: a byte that none of its values begins with. */
export interface MarkedFormat {
  readonly codec: Codec<unknown>
  readonly mark: number
}

interface Options {
  readonly version: number
  readonly migrate: (value: unknown, version: number) => unknown
}

const versionMax = 255
const markBytes = 2

/**
 * @param checked what checks the values of now, by a schema or not
 * @throws MillraceError `bad_option`
 */
export function migrating(
  what: string,
  { codec, mark }: MarkedFormat,
  checked: Codec<unknown>,
  given: ValueVersions<unknown>,
): Codec<unknown> {
  const options: Options = checkOptions(what, given, ['version', 'migrate'])
  const { version, migrate } = options
  checkWhole(`the version of ${what}`, version, 1, versionMax)
  return new MigratingCodec(codec, mark, checked, version, checkedFunction(`migrate of ${what}`, migrate))
}

class MigratingCodec extends Codec<unknown> {
  readonly name: string
  override readonly version: number
  readonly #raw: Codec<unknown>
  readonly #mark: number
  readonly #checked: Codec<unknown>
  readonly #migrate: (value: unknown, version: number) => unknown

  constructor(
    raw: Codec<unknown>,
    mark: number,
    checked: Codec<unknown>,
    version: number,
    migrate: (value: unknown, version: number) => unknown,
  ) {
    super()
    this.name = checked.name
    this.version = version
    this.#raw = raw
    this.#mark = mark
    this.#checked = checked
    this.#migrate = migrate
  }

  override get wire(): object {
    return composedWire(`version ${this.version}`, [this.#raw.wire])
  }

  override get plain(): Codec<unknown> {
    return this.#checked
  }

  write(value: unknown, out: ByteWriter): void {
    out.ensure(markBytes)
    out.bytes[out.at++] = this.#mark
    out.bytes[out.at++] = this.version
    this.#checked.write(value, out)
  }

  read(bytes: Buffer, start: number, end: number): unknown {
    const isMarked = this.#isMarked(bytes, start, end)
    const version = isMarked ? (bytes[start + 1] as number) : 0
    const from = isMarked ? start + markBytes : start
    if (version === this.version) return this.#checked.read(bytes, from, end)
    if (version > this.version) {
      throw new RangeError(
        `the value has version ${version}, and this serde knows up to ${this.version}: a newer program wrote it; run that one`,
      )
    }
    const migrated = this.#migrate(this.#raw.read(bytes, from, end), version)
    if (isPromise(migrated)) {
      disown(migrated)
      throw new TypeError('migrate returned a promise, but a serde must be synchronous')
    }
    // As if it had been written and read: what a migration makes is not trusted more than what a program puts.
    return this.#checked.decode(this.#checked.encode(migrated))
  }

  override isNull(bytes: Buffer, start: number, end: number): boolean {
    return this.#raw.isNull(bytes, this.#isMarked(bytes, start, end) ? start + markBytes : start, end)
  }

  #isMarked(bytes: Buffer, start: number, end: number): boolean {
    return end - start >= markBytes && bytes[start] === this.#mark
  }
}
