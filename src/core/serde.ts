/**
 * What a serde is: the small interface that users implement, and the codec that the engine works with.
 */
import { asBuffer, ByteWriter, copyOf } from './bytes.ts'
import { isInstance, readField } from './checks.ts'
import { MillraceError, messageOf } from './errors.ts'
import { disown, isPromise } from './promises.ts'
import { shown } from './shown.ts'
import { bytesAsText } from './text.ts'
import type { WindowForm } from './windows/window-form.ts'

/**
 * Turns values of one type into bytes and back.
 *
 * Write your own for formats that millrace does not include (Avro, Protobuf, a line of text). Both functions must be
 * synchronous and pure: the same value always gives the same bytes, because keys are compared by their bytes. A throw
 * fails the record at hand, and the application's `onError` deals with it. Null never reaches a serde.
 *
 * @example
 * ```ts
 * const upperCase: Serde<string> = {
 *   name: 'upper-case',
 *   encode: (text) => new TextEncoder().encode(text.toUpperCase()),
 *   decode: (bytes) => new TextDecoder().decode(bytes),
 * }
 * ```
 */
export interface Serde<T> {
  /**
   * Part of the stored plan: an application whose stored data names another serde is refused. A topology requires it
   * where it reads, regroups or stores with the serde. Change it when the bytes change: two serdes with one name count
   * as the same.
   */
  readonly name?: string | undefined
  /** The bytes of a value. millrace copies them. */
  readonly encode: (value: T) => Uint8Array
  /** The value that the bytes stand for. They are a copy, so the value may keep them. */
  readonly decode: (bytes: Uint8Array) => T
}

/** The half of a serde that a sink needs: a serde of a wider type may encode narrower values. */
export interface Encoder<T> {
  readonly encode: (value: T) => Uint8Array
}

/**
 * A serde as the engine uses it: into and out of the middle of a buffer, without a separate buffer for every value.
 */
export abstract class Codec<T> implements Serde<T> {
  abstract readonly name: string
  /** Whether null may stand for a value; null itself is a length of -1 in a record and never reaches the codec. */
  readonly nullable: boolean = false
  /** Whether a decoded value cannot be changed in place, so that one object may serve several readers. */
  readonly immutable: boolean = false

  /** Whether the name tells it from other codecs; false for a user's serde without a name. */
  readonly isNamed: boolean = true

  /** Equal for two codecs whose bytes are the same format, so that bytes of one may pass as bytes of the other. */
  get wire(): object {
    return this
  }

  /** Equal for two codecs that differ only in what they check: their bytes mean the same. */
  get format(): object {
    return this.wire
  }

  /** Of the values that it writes; 0 where values have no versions. */
  readonly version: number = 0

  /** The same without versions: how values stand in topics. */
  get plain(): Codec<T> {
    return this
  }

  /** Appends the encoded value. */
  abstract write(value: T, out: ByteWriter): void

  /** Appends what the bytes of all keys begin with that begin with this one. */
  writePrefix(value: T, out: ByteWriter): void {
    this.write(value, out)
  }

  /** Decodes bytes[start, end); the result does not refer to `bytes`. */
  abstract read(bytes: Buffer, start: number, end: number): T

  /** As {@link read}, of a key: keys come again and again. */
  readKey(bytes: Buffer, start: number, end: number): T {
    return this.read(bytes, start, end)
  }

  /** Whether the bytes mean null, as the text null of JSON does. */
  isNull(_bytes: Buffer, _start: number, _end: number): boolean {
    return false
  }

  /** Equal for two values exactly when their bytes are equal: what caches use as the key of a Map. */
  identity(value: T): string | number {
    scratch.at = 0
    this.write(value, scratch)
    return bytesAsText(scratch.bytes, 0, scratch.at)
  }

  /** How many bytes at the end of a key do not take part in choosing its partition. */
  get partitionSuffixBytes(): number {
    return 0
  }

  /** Of the part of a key that chooses its partition. */
  get placing(): Codec<unknown> {
    return this as Codec<unknown>
  }

  /** Of which windows its values are, from the outside in; empty for other values, or when any are allowed. */
  get windowForms(): readonly WindowForm[] {
    return []
  }

  /** @throws MillraceError `encode_failed` */
  readonly encode = (value: T): Uint8Array => {
    const out = new ByteWriter(64)
    try {
      this.write(value, out)
    } catch (cause) {
      throw coded('encode_failed', `cannot encode a value with ${this.name}`, cause)
    }
    return out.copyFrom(0)
  }

  /** @throws MillraceError `undecodable` */
  readonly decode = (bytes: Uint8Array): T => {
    try {
      return this.read(asBuffer(bytes), 0, bytes.length)
    } catch (cause) {
      throw coded('undecodable', `cannot decode bytes as ${this.name}`, cause)
    }
  }
}

/** What a codec threw, with a code unless it has one already. */
function coded(code: 'encode_failed' | 'undecodable', what: string, cause: unknown): MillraceError {
  return isInstance(cause, MillraceError) ? cause : new MillraceError(code, `${what}: ${messageOf(cause)}`, { cause })
}

const scratch = new ByteWriter(256)

const wireIds = new WeakMap<object, number>()
const composedWires = new Map<string, object>()

/** The wire format of a codec that is made of others: the same for the same kind over the same wire formats. */
export function composedWire(kind: string, parts: readonly object[]): object {
  const ids = parts.map((part) => {
    let id = wireIds.get(part)
    if (id === undefined) wireIds.set(part, (id = nextWireId++))
    return id
  })
  const name = `${kind}:${ids.join(',')}`
  let wire = composedWires.get(name)
  if (wire === undefined) composedWires.set(name, (wire = { name }))
  return wire
}

let nextWireId = 0

/** Decides about every null that is read, whether from bytes or from none. */
export function unexpectedNull(what: string, codec: { readonly name: string }): MillraceError {
  return new MillraceError(
    'unexpected_null',
    `the ${what} is null, but the topic does not allow it: use nullable(${codec.name})`,
  )
}

/** A user's serde with the codec's interface. */
class ForeignCodec<T> extends Codec<T> {
  readonly name: string
  override readonly isNamed: boolean
  readonly #serde: Serde<T>

  constructor(serde: Serde<T>) {
    super()
    this.#serde = serde
    const { name = '' } = serde
    this.isNamed = name !== ''
    this.name = this.isNamed ? name : 'custom'
  }

  write(value: T, out: ByteWriter): void {
    const bytes = this.#serde.encode(value)
    if (!(bytes instanceof Uint8Array)) {
      disown(bytes)
      throw new MillraceError(
        'encode_failed',
        `serde ${this.name} did not return a Uint8Array${isPromise(bytes) ? ', but a promise: a serde must be synchronous' : ''}`,
      )
    }
    out.appendAll(bytes)
  }

  read(bytes: Buffer, start: number, end: number): T {
    const value = this.#serde.decode(copyOf(bytes, start, end))
    if (!isPromise(value)) return value
    disown(value)
    throw new TypeError('decode returned a promise, but a serde must be synchronous')
  }
}

const foreignCodecs = new WeakMap<object, unknown>()

/**
 * The codec of a serde; the same one each time.
 *
 * @throws MillraceError `bad_option` when it is not a serde
 */
export function codecOf<T>(serde: Serde<T>): Codec<T> {
  if (isInstance(serde, Codec)) return serde as Codec<T>
  if (!isSerde(serde)) {
    throw new MillraceError(
      'bad_option',
      `expected a serde, an object with encode and decode, such as string() or json(), not ${shown(serde)}`,
    )
  }
  let codec = foreignCodecs.get(serde) as Codec<T> | undefined
  if (codec === undefined) {
    codec = new ForeignCodec(serde)
    foreignCodecs.set(serde, codec)
  }
  return codec
}

/**
 * The codec with which a topic holds what a serde writes.
 *
 * @throws MillraceError `bad_option` when it is not a serde
 */
export function topicCodecOf<T>(serde: Serde<T>): Codec<T> {
  return codecOf(serde).plain
}

/**
 * The codec of keys: equal keys must have equal bytes for ever, so they have no versions.
 *
 * @throws MillraceError `bad_option` when it is not a serde, or one with versions
 */
export function keyCodecOf<T>(what: string, serde: Serde<T>): Codec<T> {
  const codec = codecOf(serde)
  if (codec.version === 0) return codec
  throw new MillraceError(
    'bad_option',
    `the keys of ${what} have versions, so a key of another version would be another key: leave the versions out`,
  )
}

function isSerde(serde: unknown): boolean {
  if (Object(serde) !== serde) return false
  const field = (name: string): unknown => readField('a serde', serde as object, name)
  if (typeof field('encode') !== 'function' || typeof field('decode') !== 'function') return false
  const name = field('name')
  return name === undefined || typeof name === 'string'
}

/** Runs the codec's write and gives what it throws a code. */
export function encodeInto<T>(codec: Codec<T>, value: T, out: ByteWriter, what: string): void {
  try {
    codec.write(value, out)
  } catch (cause) {
    throw new MillraceError('encode_failed', `cannot encode the ${what} with ${codec.name}: ${messageOf(cause)}`, {
      cause,
    })
  }
}
