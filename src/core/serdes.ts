/**
 * The serdes that millrace brings. Those for numbers and tuples keep order: smaller values have smaller bytes.
 */
import { type ByteWriter, copyOf, readInt32, writeFloat64, writeInt64 } from './bytes.ts'
import { MillraceError } from './errors.ts'
import { JsonCodec } from './json-codec.ts'
import { type MarkedFormat, migrating, type ValueVersions } from './migrating-codec.ts'
import { MsgpackCodec } from './msgpack-codec.ts'
import { RecentTexts } from './recent-texts.ts'
import { decodeText, encodeText } from './text.ts'
import { isStandardSchema, type StandardSchema, type SchemaOutput, type OutputFitsInput, validated } from './schema.ts'
import { Codec, codecOf, type Serde } from './serde.ts'
import { TupleCodec } from './tuple-codec.ts'
import type { WindowForm } from './windows/window-form.ts'

class StringCodec extends Codec<string> {
  readonly name = 'string'
  override readonly immutable = true
  readonly #keys = new RecentTexts()

  write(value: string, out: ByteWriter): void {
    if (typeof value !== 'string') throw new TypeError(`expected a string, got ${typeof value}`)
    encodeText(value, out)
  }

  read(bytes: Buffer, start: number, end: number): string {
    return decodeText(bytes, start, end)
  }

  override readKey(bytes: Buffer, start: number, end: number): string {
    return this.#keys.read(bytes, start, end)
  }

  override identity(value: string): string {
    return value
  }
}

const signBit = 1 << 31
const twoTo32 = 4_294_967_296

class Int64Codec extends Codec<number> {
  readonly name = 'int64'
  override readonly immutable = true

  write(value: number, out: ByteWriter): void {
    if (!Number.isSafeInteger(value)) throw new TypeError(`expected a safe integer, got ${String(value)}`)
    out.ensure(8)
    writeInt64(out.bytes, out.at, value)
    out.bytes[out.at] = (out.bytes[out.at] as number) ^ 0x80
    out.at += 8
  }

  read(bytes: Buffer, start: number, end: number): number {
    expectLength(start, end, 8)
    const value = (readInt32(bytes, start) ^ signBit) * twoTo32 + (readInt32(bytes, start + 4) >>> 0)
    if (!Number.isSafeInteger(value)) throw new RangeError('the integer is outside the safe integers; use bigint64()')
    return value
  }

  override identity(value: number): number {
    return value
  }
}

class Bigint64Codec extends Codec<bigint> {
  readonly name = 'bigint64'
  override readonly immutable = true

  write(value: bigint, out: ByteWriter): void {
    if (typeof value !== 'bigint') throw new TypeError(`expected a bigint, got ${typeof value}`)
    if (BigInt.asIntN(64, value) !== value) throw new RangeError(`${value} does not fit into 64 bits`)
    out.ensure(8)
    out.bytes.writeBigInt64BE(value, out.at)
    out.bytes[out.at] = (out.bytes[out.at] as number) ^ 0x80
    out.at += 8
  }

  read(bytes: Buffer, start: number, end: number): bigint {
    expectLength(start, end, 8)
    return BigInt.asIntN(64, bytes.readBigUInt64BE(start) ^ (1n << 63n))
  }
}

class Float64Codec extends Codec<number> {
  readonly name = 'float64'
  override readonly immutable = true

  /** Positive numbers get the sign bit set, negative ones are inverted: bytes then sort like the numbers. */
  write(value: number, out: ByteWriter): void {
    if (typeof value !== 'number') throw new TypeError(`expected a number, got ${typeof value}`)
    out.ensure(8)
    const { bytes, at } = out
    writeFloat64(bytes, at, value)
    if (((bytes[at] as number) & 0x80) === 0) bytes[at] = (bytes[at] as number) | 0x80
    else for (let i = at; i < at + 8; i++) bytes[i] = ~(bytes[i] as number)
    out.at += 8
  }

  read(bytes: Buffer, start: number, end: number): number {
    expectLength(start, end, 8)
    const raw = Buffer.from(bytes.subarray(start, end))
    if (((raw[0] as number) & 0x80) !== 0) raw[0] = (raw[0] as number) & 0x7f
    else for (let i = 0; i < 8; i++) raw[i] = ~(raw[i] as number)
    return raw.readDoubleBE(0)
  }
}

class BooleanCodec extends Codec<boolean> {
  readonly name = 'boolean'
  override readonly immutable = true

  write(value: boolean, out: ByteWriter): void {
    if (typeof value !== 'boolean') throw new TypeError(`expected a boolean, got ${typeof value}`)
    out.ensure(1)
    out.bytes[out.at++] = value ? 1 : 0
  }

  read(bytes: Buffer, start: number, end: number): boolean {
    expectLength(start, end, 1)
    const byte = bytes[start] as number
    if (byte > 1) throw new RangeError(`a boolean is the byte 0 or 1, not ${byte}`)
    return byte === 1
  }
}

class BytesCodec extends Codec<Uint8Array> {
  readonly name = 'bytes'

  write(value: Uint8Array, out: ByteWriter): void {
    if (!(value instanceof Uint8Array)) throw new TypeError('expected a Uint8Array')
    out.appendAll(value)
  }

  read(bytes: Buffer, start: number, end: number): Uint8Array {
    return copyOf(bytes, start, end)
  }
}

class NullableCodec<T> extends Codec<T | null> {
  readonly name: string
  override readonly isNamed: boolean
  override readonly nullable = true
  override readonly immutable: boolean
  override readonly version: number
  readonly #inner: Codec<T>
  readonly #plain: Codec<T | null>

  constructor(inner: Codec<T>) {
    super()
    this.#inner = inner
    this.version = inner.version
    this.#plain = inner.plain === inner ? this : new NullableCodec(inner.plain)
    this.immutable = inner.immutable
    this.name = `nullable(${inner.name})`
    this.isNamed = inner.isNamed
  }

  override get plain(): Codec<T | null> {
    return this.#plain
  }

  write(value: T | null, out: ByteWriter): void {
    if (value === null) throw new TypeError('null has no bytes: a record holds it as a length of -1')
    this.#inner.write(value, out)
  }

  read(bytes: Buffer, start: number, end: number): T | null {
    return this.#inner.read(bytes, start, end)
  }

  override isNull(bytes: Buffer, start: number, end: number): boolean {
    return this.#inner.isNull(bytes, start, end)
  }

  override identity(value: T | null): string | number {
    return this.#inner.identity(value as T)
  }

  override get partitionSuffixBytes(): number {
    return this.#inner.partitionSuffixBytes
  }

  override get placing(): Codec<unknown> {
    return this.#inner.placing
  }

  override get windowForms(): readonly WindowForm[] {
    return this.#inner.windowForms
  }

  override get wire(): object {
    return this.#inner.wire
  }

  override get format(): object {
    return this.#inner.format
  }
}

function expectLength(start: number, end: number, length: number): void {
  if (end - start !== length) throw new RangeError(`expected ${length} bytes, got ${end - start}`)
}

const stringCodec = new StringCodec()
const int64Codec = new Int64Codec()
const bigint64Codec = new Bigint64Codec()
const float64Codec = new Float64Codec()
const booleanCodec = new BooleanCodec()
const bytesCodec = new BytesCodec()
const msgpackCodec = new MsgpackCodec()
/** MessagePack never begins a value with it. */
const unusedByte = 0xc1

/**
 * Text as UTF-8. Bytes that are not UTF-8 do not decode, and a lone surrogate does not encode.
 * @example topic('words', { key: string(), value: string() })
 */
export const string = (): Serde<string> => stringCodec

/**
 * Safe integers as 8 bytes, big-endian with the sign bit flipped, so that byte order is number order. Integers have one
 * zero: -0 is 0.
 * @example keyValueStore('totals', { key: string(), value: int64() })
 */
export const int64 = (): Serde<number> => int64Codec

/**
 * 64-bit integers as `bigint`; the bytes of {@link int64}.
 * @example topic('balances', { key: string(), value: bigint64() })
 */
export const bigint64 = (): Serde<bigint> => bigint64Codec

/**
 * Numbers as 8 bytes of IEEE 754, changed so that byte order is number order.
 * @example topic('temperatures', { key: string(), value: float64() })
 */
export const float64 = (): Serde<number> => float64Codec

/**
 * One byte, 0 or 1.
 * @example topic('switches', { key: string(), value: boolean() })
 */
export const boolean = (): Serde<boolean> => booleanCodec

/**
 * The bytes themselves. Reading returns a new Uint8Array, even when a Buffer was written.
 * @example topic('frames', { key: int64(), value: bytes() })
 */
export const bytes = (): Serde<Uint8Array> => bytesCodec

/**
 * JSON in UTF-8, for plain data: strings, finite numbers, booleans, null, arrays, and plain objects of these.
 *
 * What it accepts comes back equal, except that a property that is undefined is left out, and that an object without a
 * prototype comes back as a plain one. Everything else is `encode_failed`, and the message names the place: NaN,
 * Infinity, a bigint, a Date, bytes, undefined in an array, a function, a symbol, a Map, a Set, an object of any other
 * class, nesting of more than 500. `toJSON` is not called. As keys, two values with their properties in different order
 * are different keys.
 *
 * The JSON text `null` reads as null where the topic says `nullable`, and is `unexpected_null` elsewhere.
 *
 * With a Standard Schema (zod, valibot, arktype …) the type comes from the schema, and values are validated on decode
 * and on encode. What is written and read back is the schema's output; a schema that would change its own output again
 * on reading is `encode_failed`.
 *
 * With {@link ValueVersions}, what a store holds knows the version of its shape. A row of an older one is migrated when
 * it is read, and all of them are rewritten in the background while the application has nothing else to do. Records of
 * topics stay plain JSON, and are not migrated; keys have no versions.
 *
 * @example
 * ```ts
 * const clicks = topic('clicks', { key: string(), value: json<{ page: string; status: number }>() })
 * const totals = json<{ clicks: number; bytes: number }>({
 *   version: 1,
 *   migrate: (clicks: number) => ({ clicks, bytes: 0 }),
 * })
 * ```
 * @throws MillraceError `bad_option`
 */
export function json<T>(versions?: ValueVersions<T>): Serde<T>
export function json<S extends StandardSchema>(
  schema: S & OutputFitsInput<S>,
  versions?: ValueVersions<SchemaOutput<S>>,
): Serde<SchemaOutput<S>>
export function json(
  first?: StandardSchema | ValueVersions<unknown>,
  versions?: ValueVersions<unknown>,
): Serde<unknown> {
  return serdeOf('json', { codec: new JsonCodec(), mark: 0 }, first, versions)
}

/** A schema, versions, both or nothing. */
function serdeOf(
  what: string,
  format: MarkedFormat,
  first: StandardSchema | ValueVersions<unknown> | undefined,
  second: ValueVersions<unknown> | undefined,
): Codec<unknown> {
  const isSchema = first !== undefined && isStandardSchema(what, first)
  const versions = isSchema || first === undefined ? second : first
  const checked = isSchema ? validated(format.codec, first) : format.codec
  return versions === undefined ? checked : migrating(what, format, checked, versions)
}

/**
 * MessagePack for plain data: smaller and faster than JSON, and any MessagePack library can read it.
 *
 * It accepts what {@link json} accepts, under the same rules, and also NaN and Infinity, 64-bit bigints, a Date (to the
 * ms), and bytes, which come back as a Uint8Array. A string with half a surrogate pair is `encode_failed`. It reads
 * plain data only: an extension other than a timestamp, a key that is not a string, or nesting of more than 1,000 is
 * `undecodable`. 64-bit integers that another program wrote are read as bigints.
 *
 * Takes a Standard Schema and versions as {@link json} does.
 * @example topic('readings', { key: string(), value: msgpack<{ readonly celsius: number }>() })
 */
export function msgpack<T>(versions?: ValueVersions<T>): Serde<T>
export function msgpack<S extends StandardSchema>(
  schema: S & OutputFitsInput<S>,
  versions?: ValueVersions<SchemaOutput<S>>,
): Serde<SchemaOutput<S>>
export function msgpack(
  first?: StandardSchema | ValueVersions<unknown>,
  versions?: ValueVersions<unknown>,
): Serde<unknown> {
  return serdeOf('msgpack', { codec: msgpackCodec, mark: unusedByte }, first, versions)
}

/**
 * Several values as one key: compared part by part, in order, when every part keeps order.
 *
 * @example
 * ```ts
 * const byCountryAndYear = tuple(string(), int64()) // Serde<readonly [string, number]>
 * ```
 */
export function tuple<T extends readonly unknown[]>(
  ...parts: { readonly [I in keyof T]: Serde<T[I]> }
): Serde<Readonly<T>> {
  return new TupleCodec(parts.map((part) => codecOf(part))) as Serde<unknown> as Serde<Readonly<T>>
}

/**
 * The same type with null: for a key or a value that may be missing. Without it a null that is read fails its record
 * with `unexpected_null`.
 * @example topic('profiles', { key: string(), value: nullable(json<{ readonly name: string }>()) })
 * @throws MillraceError `bad_option` when the serde is nullable already
 */
export function nullable<T>(serde: Serde<T>): Serde<T | null> {
  const codec = codecOf(serde)
  if (codec.nullable) throw new MillraceError('bad_option', `${codec.name} is nullable already`)
  return new NullableCodec(codec)
}
