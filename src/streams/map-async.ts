/**
 * mapAsync: keeps each record until its call is done, and goes on with the result in a turn of its own.
 */
import type { Subscriber } from 'rxjs'
import { checkChoice, checkWhole } from '../core/checks.ts'
import { asBuffer, ByteWriter, copyBytes, copyOf } from '../core/bytes.ts'
import { crc32c } from '../core/checksum.ts'
import { MillraceError } from '../core/errors.ts'
import { type Header, noHeaders } from '../core/headers.ts'
import type { RecordView, StreamRecord } from '../core/record.ts'
import { Codec, codecOf, unexpectedNull } from '../core/serde.ts'
import { int64, msgpack } from '../core/serdes.ts'
import { callSlotsCell, openCallsCell } from '../core/stored-progress.ts'
import { bytesAsText } from '../core/text.ts'
import type { Timestamp } from '../core/units.ts'
import type { AsyncCall, AsyncPolicy, AsyncRequest, AsyncWork, PassedOver } from '../plan/async-calls.ts'
import type { Carrier } from '../plan/carrier.ts'
import { type OperatorContext, operatorError, type OperatorFactory, type PersistentNumber } from '../plan/operator.ts'
import { keyOf, ordered, type OrderedRow, type OrderedStore, type StoreSpec } from '../plan/store.ts'
import { keyLayout } from '../plan/store-layout.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import { storeSpec } from './store-spec.ts'

/** A record whose call is not done: the bytes of its key and value, null where there are none. */
interface Pending {
  readonly id: string
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly (readonly [key: string, value: Uint8Array | null])[]
}

interface Asked extends AsyncRequest {
  /** What its row will hold; undefined once it has one. */
  pending: Pending | undefined
}

const numberCodec = codecOf(int64())
const pendingCodec = codecOf(msgpack<Pending>())

/** The codecs of the records that are kept. */
export interface RecordCodecs {
  readonly keyCodec: Codec<unknown>
  readonly valueCodec: Codec<unknown>
}

/** As `msgpack`, under a name that says of what: records that were kept can only be read with the same serdes. */
class PendingCodec extends Codec<Pending> {
  readonly name: string
  override readonly isNamed: boolean

  constructor({ keyCodec, valueCodec }: RecordCodecs) {
    super()
    this.name = `pending(${keyCodec.name},${valueCodec.name})`
    this.isNamed = keyCodec.isNamed && valueCodec.isNamed
  }

  write(value: Pending, out: ByteWriter): void {
    pendingCodec.write(value, out)
  }

  read(bytes: Buffer, start: number, end: number): Pending {
    return pendingCodec.read(bytes, start, end)
  }
}

/** One row for each record whose call is not done, by the order in which they came. */
export function pendingStore(id: string, codecs: RecordCodecs): StoreSpec {
  const spec = storeSpec(id, undefined, {
    kind: 'keyValueStore',
    keyCodec: numberCodec as Codec<unknown>,
    valueCodec: new PendingCodec(codecs) as Codec<unknown>,
    layout: keyLayout({ isOrdered: true }),
  })
  return Object.freeze({ ...spec, isOfTask: true })
}

const defaults: AsyncPolicy = { concurrency: 16, order: 'partition', timeoutMs: 30_000, retries: 0 }
const hour = 3_600_000

export const mapAsyncOptions: readonly string[] = [
  'concurrency',
  'order',
  'timeoutMs',
  'retries',
  'key',
  'value',
  'name',
]

/** @throws MillraceError `bad_option` */
export function checkPolicy(given: {
  readonly [Name in keyof AsyncPolicy]?: AsyncPolicy[Name] | undefined
}): AsyncPolicy {
  const { concurrency, order, timeoutMs, retries } = { ...defaults, ...given }
  return {
    concurrency: checkWhole('concurrency', concurrency ?? defaults.concurrency, 1, 10_000),
    order: checkChoice('order', order ?? defaults.order, ['key', 'partition', 'none']),
    timeoutMs: checkWhole('timeoutMs', timeoutMs ?? defaults.timeoutMs, 1, 24 * hour),
    retries: checkWhole('retries', retries ?? defaults.retries, 0, 1_000),
  }
}

export type AsyncFunction = (record: StreamRecord<unknown, unknown>, call: AsyncCall) => unknown

export function mappingAsync(
  fn: AsyncFunction,
  store: StoreSpec,
  codecs: RecordCodecs,
  policy: AsyncPolicy,
): OperatorFactory {
  return (context) => operate((out) => new MapAsyncSubscriber(out, context, fn, store, codecs, policy))
}

/** Asks nothing, so there are no results: every record is dropped, and counted. */
export const skipping: OperatorFactory = (context) => operate((out) => new SkipSubscriber(out, context))

class SkipSubscriber extends CarrierSubscriber {
  readonly #context: OperatorContext

  constructor(out: Subscriber<Carrier>, context: OperatorContext) {
    super(out)
    this.#context = context
  }

  protected override _next(carrier: Carrier): void {
    this.#context.drop('skipped', carrier)
  }
}

class MapAsyncSubscriber extends CarrierSubscriber implements AsyncWork<Asked> {
  readonly concurrency: number
  readonly order: AsyncPolicy['order']
  readonly timeoutMs: number
  readonly retries: number
  readonly #context: OperatorContext
  readonly #fn: AsyncFunction
  readonly #codecs: RecordCodecs
  readonly #store: OrderedStore<number, Pending>
  /** How many records have come so far. */
  readonly #count: PersistentNumber
  /** How many of their calls are not done. */
  readonly #open: PersistentNumber
  /** How many may be, for those who look at what is stored. */
  readonly #slots: PersistentNumber
  readonly #request: (request: Asked) => void
  readonly #scratch = new ByteWriter(256)
  /** What its ids begin with. */
  readonly #here: string
  /** What the record before came from, and how many had come before the first that came from it. */
  #origin: Carrier | undefined
  #before = 0

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    fn: AsyncFunction,
    store: StoreSpec,
    codecs: RecordCodecs,
    { concurrency, order, timeoutMs, retries }: AsyncPolicy,
  ) {
    super(out)
    this.concurrency = concurrency
    this.order = order
    this.timeoutMs = timeoutMs
    this.retries = retries
    this.#context = context
    this.#fn = fn
    this.#codecs = codecs
    this.#store = ordered(context.state<number, Pending>(store))
    this.#count = context.cell('records')
    this.#open = context.cell(openCallsCell)
    this.#slots = context.cell(callSlotsCell)
    this.#here = `${context.operator}/${context.partition}`
    this.#request = context.calls(this)
  }

  protected override _next(carrier: Carrier): void {
    const number = this.#count.value
    const pending = this.#pendingOf(carrier, number)
    this.#count.set(number + 1)
    this.#open.set(this.#open.value + 1)
    if (this.#slots.value !== this.concurrency) this.#slots.set(this.concurrency)
    const orderKey = this.#orderKeyOf(pending)
    this.#request({ number, id: pending.id, orderKey, record: carrier.view(), pending })
  }

  #orderKeyOf({ key }: Pending): string {
    return this.order !== 'key' || key === null ? '' : `k${bytesAsText(asBuffer(key), 0, key.length)}`
  }

  /**
   * Made of where the record comes from, because that is the same when it comes again after a crash. How many came
   * before is not, where several inputs are read while they are written; so for jobs the bytes say more.
   */
  #idOf(
    { place, offset, timestamp }: Carrier,
    number: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
  ): string {
    const here = this.#here
    const count = number - this.#before
    if (place.kind === undefined) return `${here}/${place.topic}/${place.partition}/${offset}/${count}`
    if (place.id !== undefined) return `${here}/${place.id}/${count}`
    const sum = [key, value].map((bytes) => (bytes === null ? 'null' : crc32c(bytes).toString(16))).join('/')
    return `${here}/${place.operator}/${timestamp}/${number}/${sum}`
  }

  #pendingOf(carrier: Carrier, number: number): Pending {
    const { keyCodec, valueCodec } = this.#codecs
    const { origin, headers } = carrier
    if (origin !== this.#origin) {
      this.#origin = origin
      this.#before = number
    }
    const scratch = this.#scratch
    try {
      scratch.at = 0
      if (!carrier.isKeyNull) carrier.writeKey(keyCodec, scratch)
      const key = carrier.isKeyNull ? null : copyOfWritten(scratch)
      scratch.at = 0
      if (!carrier.isValueNull) carrier.writeValue(valueCodec, scratch)
      const value = carrier.isValueNull ? null : copyOfWritten(scratch)
      const id = this.#idOf(origin, number, key, value)
      return { id, key, value, headers: headers.map(ownHeader) }
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
  }

  call(record: StreamRecord<unknown, unknown>, call: AsyncCall): unknown {
    return this.#fn(record, call)
  }

  finish(asked: Asked, result: unknown, job: Carrier): void {
    if (result === undefined) {
      const { operator, verb } = this.#context
      throw new MillraceError('bad_record', `the function of ${verb} returned nothing`, { operator })
    }
    const { key, headers } = this.#close(asked)
    const out =
      key === null
        ? job.withKeyAndValue<unknown, unknown>(null, this.#codecs.keyCodec, result, undefined)
        : job.withKeyBytes<unknown, unknown>(this.#codecs.keyCodec, asBuffer(key), result, undefined)
    out.headers = headersOf(headers)
    this.out.next(out)
  }

  passOver(asked: Asked): PassedOver {
    const { key, value, headers } = this.#close(asked)
    return { timestamp: asked.record.timestamp, key, value, headers: headersOf(headers) }
  }

  #close({ number, pending }: Asked): Pending {
    this.#open.set(this.#open.value - 1)
    if (pending !== undefined) return pending
    const row = this.#store.row(keyOf(number))
    const { value } = row
    this.#store.remove(row)
    return value
  }

  keep(asked: Asked): void {
    const { number, record, pending } = asked
    if (pending === undefined) return
    this.#store.put(this.#store.newRow(keyOf(number), 0, 0), pending, record.timestamp)
    asked.pending = undefined
  }

  *unfinished(): Iterable<Asked> {
    for (const row of this.#store.rows()) {
      const number = numberCodec.read(row.keyBytes, 0, row.keyEnd)
      const { value } = row
      yield { number, id: value.id, orderKey: this.#orderKeyOf(value), record: this.#recordOf(row), pending: undefined }
    }
  }

  /** What does not decode fails in the function that reads it, as when the record came. */
  #recordOf({ value: { key, value, headers }, timestamp }: OrderedRow<Pending>): StreamRecord<unknown, unknown> {
    const { keyCodec, valueCodec } = this.#codecs
    const record: RecordView<unknown, unknown> = {
      get key() {
        return decoded('key', keyCodec, key)
      },
      get value() {
        return decoded('value', valueCodec, value)
      },
      timestamp: timestamp as Timestamp,
      headers: headersOf(headers),
    }
    return Object.freeze(record)
  }
}

function decoded(what: string, codec: Codec<unknown>, bytes: Uint8Array | null): unknown {
  if (bytes !== null) return codec.decode(bytes)
  if (codec.nullable) return null
  throw unexpectedNull(what, codec)
}

/** Small ones share the memory of others: they do not live long. */
function copyOfWritten({ bytes, at }: ByteWriter): Uint8Array {
  const copy = Buffer.allocUnsafe(at)
  copyBytes(bytes, 0, at, copy, 0)
  return copy
}

/** The function may change its own. */
function ownHeader({ key, value }: Header): Pending['headers'][number] {
  return [key, value === null ? null : copyOf(value, 0, value.length)]
}

function headersOf(headers: Pending['headers']): readonly Header[] {
  if (headers.length === 0) return noHeaders
  return Object.freeze(headers.map(([key, value]) => Object.freeze({ key, value })))
}
