/**
 * What travels from operator to operator: a record whose key and value stay bytes until someone asks for them.
 *
 * A carrier belongs to the engine. User functions get its `view()`, a plain frozen object. A key or value is decoded at
 * most once, and what was never decoded is written from its original bytes (docs/decisions/0001-eager-views.md).
 */
import { assert } from '../core/assert.ts'
import type { ByteWriter } from '../core/bytes.ts'
import { MillraceError, messageOf } from '../core/errors.ts'
import { type Header, noHeaders } from '../core/headers.ts'
import type { RecordView } from '../core/record.ts'
import { type Codec, encodeInto, unexpectedNull } from '../core/serde.ts'
import type { Timestamp } from '../core/units.ts'
import type { JobPlace, RecordPlace } from './origin.ts'
import { codeOfDecoding, lazyView, madeEnd, nullEnd, ofRowEnd, sameWire, standsForNull } from './carried-bytes.ts'
import type { RowKey } from './store.ts'

/** Stands for a key or value that is not decoded yet. */
const undecoded: unique symbol = Symbol('undecoded')
/** Stands for the old value of a record that says nothing of one. */
const noOld: unique symbol = Symbol('no old value')
/** Stands for the old value of a version that is not the newest: it replaced nothing that is seen now. */
const olderVersion: unique symbol = Symbol('an older version')
/** Keys and values up to this size are decoded when the view is made, larger ones when they are read. */
const eagerBytesMax = 1_024
const noBytes = Buffer.alloc(0)
const nowhere: RecordPlace = { topic: '', partition: 0 }

/** A record on its way through a task. */
export class Carrier<K = unknown, V = unknown> {
  timestamp: number
  headers: readonly Header[] = noHeaders
  /** The carrier that the current turn began with. */
  root: Carrier
  /** Of an origin its place; of a root that is none, its origin; of all others nothing. */
  #from: RecordPlace | JobPlace | Carrier = nowhere
  /** Of a record of the log. */
  offset = -1
  /** Set on a root: a decoding error of its turn, even when user code caught the throw. */
  failure: MillraceError | undefined = undefined

  /** Of the key, the value or both: what has bytes of its own for one has none for the other. Or whose the key is. */
  #bytes: Buffer | RowKey = noBytes

  #keyCodec: Codec<K> | undefined = undefined
  #keyStart = 0
  #keyEnd: number = nullEnd
  #key: K | typeof undecoded = undecoded

  #valueCodec: Codec<V> | undefined = undefined
  #valueStart = 0
  #valueEnd: number = nullEnd
  #value: V | typeof undecoded = undecoded

  /** As a change of a table: the value that this one replaced. Never part of the view, nor of what is written. */
  #old: V | null | typeof noOld | typeof olderVersion = noOld

  #view: RecordView<K, V> | undefined = undefined

  private constructor(timestamp: number, root?: Carrier) {
    this.timestamp = timestamp
    this.root = root ?? (this as unknown as Carrier)
  }

  /** A record of the log. `keyEnd` or `valueEnd` of -1 is null. */
  static ofLog(
    place: RecordPlace,
    offset: number,
    timestamp: number,
    headers: readonly Header[],
    bytes: Buffer,
    keyCodec: Codec<unknown>,
    keyStart: number,
    keyEnd: number,
    valueCodec: Codec<unknown>,
    valueStart: number,
    valueEnd: number,
  ): Carrier {
    const carrier = new Carrier<unknown, unknown>(timestamp)
    carrier.#from = place
    carrier.offset = offset
    carrier.headers = headers
    carrier.#bytes = bytes
    carrier.#keyCodec = keyCodec
    carrier.#keyStart = keyStart
    carrier.#keyEnd = keyEnd
    carrier.#valueCodec = valueCodec
    carrier.#valueStart = valueStart
    carrier.#valueEnd = valueEnd
    return carrier
  }

  /** What a job without a record begins with: its key and value are null, and what the job emits is made from it. */
  static ofJob(place: JobPlace, timestamp: number): Carrier {
    const carrier = new Carrier<unknown, unknown>(timestamp)
    carrier.#from = place
    carrier.#makeKey(null, undefined)
    carrier.#makeValue(null, undefined)
    return carrier
  }

  /** The same record with another key. Without a codec it can go on to functions, but not into a topic's bytes. */
  withKey<K2>(key: K2, codec: Codec<K2> | undefined): Carrier<K2, V> {
    const next = new Carrier<K2, V>(this.timestamp, this.root)
    next.headers = this.headers
    next.#makeKey(key, codec)
    next.#copyValue(this)
    return next
  }

  /** The same record with a key that is given as bytes, decoded only if someone reads it. */
  withKeyBytes<K2, V2>(
    codec: Codec<K2>,
    keyBytes: Buffer,
    value: V2,
    valueCodec: Codec<V2> | undefined,
  ): Carrier<K2, V2> {
    const next = new Carrier<K2, V2>(this.timestamp, this.root)
    next.headers = this.headers
    next.#bytes = keyBytes
    next.#keyCodec = codec
    next.#keyEnd = keyBytes.length
    next.#makeValue(value, valueCodec)
    return next
  }

  /** As {@link withKeyBytes}, with the key of a row, of which no buffer is made where it is only written. */
  withKeyOf<K2, V2>(codec: Codec<K2>, row: RowKey, value: V2, valueCodec: Codec<V2> | undefined): Carrier<K2, V2> {
    const next = this.withKeyBytes(codec, noBytes, value, valueCodec)
    next.#bytes = row
    next.#keyEnd = ofRowEnd
    return next
  }

  /** Makes the bytes of a key that is a row's. */
  #readRowKey(): void {
    if (this.#keyEnd !== ofRowEnd) return
    const { keyBytes } = this.#bytes as RowKey
    this.#bytes = keyBytes
    this.#keyEnd = keyBytes.length
  }

  /** The same record with another value. */
  withValue<V2>(value: V2, codec: Codec<V2> | undefined): Carrier<K, V2> {
    const next = new Carrier<K, V2>(this.timestamp, this.root)
    next.headers = this.headers
    next.#copyKey(this)
    next.#makeValue(value, codec)
    return next
  }

  /** As a change: `value` replaced `old`, both of `codec`; null is no row, and undefined an old value not known. */
  withChange<V2>(value: V2, old: V2 | null | undefined, codec: Codec<V2> | undefined): Carrier<K, V2> {
    const next = this.withValue(value, codec)
    if (old !== undefined) next.#old = old
    return next
  }

  /** The same record at another time. */
  withTimestamp(timestamp: number): Carrier<K, V> {
    const next = new Carrier<K, V>(timestamp, this.root)
    next.headers = this.headers
    next.#copyKey(this)
    next.#copyValue(this)
    return next
  }

  /** The same record and value, in place of another old value; undefined: that is not known. */
  withOld(old: V | null | undefined): Carrier<K, V> {
    const next = this.withTimestamp(this.timestamp)
    if (old !== undefined) next.#old = old
    return next
  }

  /** The same record as an older version of its row: see {@link isOlderVersion}. */
  withOlderVersion<V2>(value: V2, codec: Codec<V2> | undefined): Carrier<K, V2> {
    const next = this.withValue(value, codec)
    next.#old = olderVersion
    return next
  }

  /** Another key and value in place of these. */
  withKeyAndValue<K2, V2>(
    key: K2,
    keyCodec: Codec<K2> | undefined,
    value: V2,
    valueCodec: Codec<V2> | undefined,
  ): Carrier<K2, V2> {
    const next = new Carrier<K2, V2>(this.timestamp, this.root)
    next.headers = this.headers
    next.#makeKey(key, keyCodec)
    next.#makeValue(value, valueCodec)
    return next
  }

  /** Makes this record the one that a turn begins with. */
  beginTurn(): void {
    const self = this as unknown as Carrier
    if (this.root !== self) {
      this.#from = this.origin
      this.root = self
    }
    this.failure = undefined
  }

  /** The record of the log that this one was made from, or the first carrier of the job. */
  get origin(): Carrier {
    const from = this.root.#from
    return from instanceof Carrier ? from : this.root
  }

  /** Of an origin. */
  get place(): RecordPlace | JobPlace {
    return this.#from instanceof Carrier ? nowhere : this.#from
  }

  #makeKey(key: K, codec: Codec<K> | undefined): void {
    this.#key = key
    this.#keyCodec = codec
    this.#keyEnd = key === null ? nullEnd : madeEnd
  }

  #makeValue(value: V, codec: Codec<V> | undefined): void {
    this.#value = value
    this.#valueCodec = codec
    this.#valueEnd = value === null ? nullEnd : madeEnd
  }

  #copyKey<V2>(from: Carrier<K, V2>): void {
    this.#bytes = from.#bytes
    this.#keyCodec = from.#keyCodec
    this.#keyStart = from.#keyStart
    this.#keyEnd = from.#keyEnd
    this.#key = from.#key
  }

  #copyValue<K2>(from: Carrier<K2, V>): void {
    this.#bytes = from.#bytes
    this.#valueCodec = from.#valueCodec
    this.#valueStart = from.#valueStart
    this.#valueEnd = from.#valueEnd
    this.#value = from.#value
  }

  get isKeyNull(): boolean {
    if (this.#key !== undecoded) return this.#key === null
    return standsForNull(this.#keyCodec, this.#bytes as Buffer, this.#keyStart, this.#keyEnd)
  }

  get isValueNull(): boolean {
    if (this.#value !== undecoded) return this.#value === null
    return standsForNull(this.#valueCodec, this.#bytes as Buffer, this.#valueStart, this.#valueEnd)
  }

  /** @throws MillraceError `undecodable`, `unexpected_null`; the turn fails even when the throw is caught */
  get key(): K {
    if (this.#key === undecoded) {
      this.#readRowKey()
      this.#key = this.#decode('key', this.#keyCodec, this.#bytes as Buffer, this.#keyStart, this.#keyEnd)
    }
    return this.#key
  }

  /** Whether it is a change that says what it replaced, as every change does where the plan wants it. */
  get hasOld(): boolean {
    return this.#old !== noOld && this.#old !== olderVersion
  }

  /**
   * Whether it is a change of a table of versions that has a newer one already: it changed what the table says of that
   * time, and not its current row. It has no old value, even where those are wanted. A grouping or a join of tables
   * drops it (`older_version`); what maps or filters rows passes it on as such.
   */
  get isOlderVersion(): boolean {
    return this.#old === olderVersion
  }

  /** Whether it is known to change nothing. What looks a row up knows it even where old values are not asked for. */
  get isDeleteOfNothing(): boolean {
    return this.#old === null && this.isValueNull
  }

  /** The value that a change replaced, or null where there was no row. Only a carrier that {@link hasOld} is asked. */
  get old(): V | null {
    const old = this.#old
    assert(old !== noOld && old !== olderVersion, 'an old value is read only where the plan asks for it')
    return old
  }

  /** For the operator that made this carrier, before it emits it. */
  set old(old: V | null) {
    this.#old = old
  }

  /** @throws MillraceError `undecodable`, `unexpected_null`; the turn fails even when the throw is caught */
  get value(): V {
    if (this.#value === undecoded) {
      this.#value = this.#decode('value', this.#valueCodec, this.#bytes as Buffer, this.#valueStart, this.#valueEnd)
    }
    return this.#value
  }

  #decode<T>(what: 'key' | 'value', codec: Codec<T> | undefined, bytes: Buffer, start: number, end: number): T {
    if (standsForNull(codec, bytes, start, end)) {
      if (codec === undefined || codec.nullable) return null as T
      throw (this.root.failure = unexpectedNull(what, codec))
    }
    const known = codec as Codec<T>
    let value: T
    try {
      value = what === 'key' ? known.readKey(bytes, start, end) : known.read(bytes, start, end)
    } catch (cause) {
      const message = `the ${what} cannot be decoded as ${known.name}: ${messageOf(cause)}`
      throw (this.root.failure = new MillraceError(codeOfDecoding(cause), message, { cause }))
    }
    if (value === null && !known.nullable) throw (this.root.failure = unexpectedNull(what, known))
    return value
  }

  /** Whether its value was read with this codec, and so is one that it writes. */
  hasValueOf(codec: Codec<unknown>): boolean {
    return this.#valueEnd >= 0 && sameWire(this.#valueCodec, codec)
  }

  /** What a user function sees. Small keys and values are plain data; large or bad ones show on access. */
  view(): RecordView<K, V> {
    return (this.#view ??= this.#makeView())
  }

  /** What a user function sees in place of {@link view} when it is asked about the old value, which is not null. */
  oldView(): RecordView<K, V> {
    const { key, timestamp, headers } = this.view()
    return Object.freeze({ key, value: this.old as V, timestamp, headers })
  }

  #makeView(): RecordView<K, V> {
    if (this.#key === undecoded) {
      this.#readRowKey()
      this.#key = this.#tried(this.#keyCodec, this.#keyStart, this.#keyEnd, true)
      if (this.#key === undecoded) return lazyView(this)
    }
    if (this.#value === undecoded) {
      this.#value = this.#tried(this.#valueCodec, this.#valueStart, this.#valueEnd, false)
      if (this.#value === undecoded) return lazyView(this)
    }
    return Object.freeze({
      key: this.#key,
      value: this.#value,
      timestamp: this.timestamp as Timestamp,
      headers: this.headers,
    })
  }

  /** Decodes if that is cheap and succeeds. A failure counts only when someone reads the view, which decodes again. */
  #tried<T>(codec: Codec<T> | undefined, start: number, end: number, isKey: boolean): T | typeof undecoded {
    if (end === nullEnd) return codec === undefined || codec.nullable ? (null as T) : undecoded
    if (codec === undefined || end - start > eagerBytesMax) return undecoded
    try {
      const bytes = this.#bytes as Buffer
      const found = isKey ? codec.readKey(bytes, start, end) : codec.read(bytes, start, end)
      return found === null && !codec.nullable ? undecoded : found
    } catch {
      return undecoded
    }
  }

  /**
   * Appends the key as `codec` writes it, from the original bytes where they are the same. The key must not be null.
   *
   * @throws MillraceError `encode_failed`, and as `key`
   */
  writeKey(codec: Codec<K>, out: ByteWriter): void {
    const hasBytes = this.#keyEnd >= 0 || this.#keyEnd === ofRowEnd
    if (!hasBytes || !sameWire(this.#keyCodec, codec)) encodeInto(codec, this.key, out, 'key')
    else if (this.#keyEnd >= 0) out.append(this.#bytes as Buffer, this.#keyStart, this.#keyEnd)
    else (this.#bytes as RowKey).appendKey(out)
  }

  /** Appends the value as {@link writeKey} does the key. */
  writeValue(codec: Codec<V>, out: ByteWriter): void {
    if (this.#valueEnd >= 0 && sameWire(this.#valueCodec, codec)) {
      out.append(this.#bytes as Buffer, this.#valueStart, this.#valueEnd)
    } else {
      encodeInto(codec, this.value, out, 'value')
    }
  }

  /** The original bytes of a record of the log, for a dead letter. */
  originalKey(): Uint8Array | null {
    return this.#keyEnd < 0 ? null : (this.#bytes as Buffer).subarray(this.#keyStart, this.#keyEnd)
  }

  originalValue(): Uint8Array | null {
    return this.#valueEnd < 0 ? null : (this.#bytes as Buffer).subarray(this.#valueStart, this.#valueEnd)
  }
}
