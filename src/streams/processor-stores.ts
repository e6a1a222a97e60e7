/**
 * The stores in the hands of a processor: rows as plain data, over the store of the task.
 */
import { checkBoolean, checkOptions } from '../core/checks.ts'
import { MillraceError, messageOf } from '../core/errors.ts'
import type { Header } from '../core/headers.ts'
import type { Codec } from '../core/serde.ts'
import { shown, shownBytes } from '../core/shown.ts'
import type { KeyBounds, KeyPrefix, StoreRow, TimeBounds, WindowBounds } from '../core/store-row.ts'
import { type Timestamp, toTimestamp } from '../core/units.ts'
import { shownValue, WithHeadersCodec } from '../core/with-headers.ts'
import type { Window, Windowed } from '../core/windows/window.ts'
import type { WindowForm } from '../core/windows/window-form.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { OperatorContext } from '../plan/operator.ts'
import {
  keyOf,
  type KeyOf,
  ordered,
  type OrderedRow,
  type OrderedStore,
  prefixOf,
  type RowRange,
  type StoreSpec,
} from '../plan/store.ts'
import type { ProcessorKeyValueStore, ProcessorSessionStore, ProcessorWindowStore } from './dsl/processor-stores.ts'
import type { ProcessorTurn } from './processor-turn.ts'

/** What a store of a processor needs of its operator. */
export type StoreContext = Pick<OperatorContext, 'operator' | 'partition' | 'state' | 'taskTime' | 'count'>

/** The time and number of a row, as its form says what they are. */
interface RowTimes {
  readonly at: number
  readonly number: number
}

const noTimes: RowTimes = { at: 0, number: 0 }

/** What all kinds have in common. */
export abstract class ProcessorStore<K, V> {
  protected readonly turn: ProcessorTurn
  protected readonly rows: OrderedStore<K, unknown>
  protected readonly name: string
  readonly #spec: StoreSpec
  readonly #context: StoreContext

  constructor(context: StoreContext, turn: ProcessorTurn, spec: StoreSpec) {
    this.turn = turn
    this.rows = ordered(context.state<K, unknown>(spec))
    this.name = `store "${spec.name}"`
    this.#context = context
    this.#spec = spec
  }

  protected found(call: string, key: K, place: RowTimes = noTimes): OrderedRow<unknown> | undefined {
    this.turn.atWork(`${call} of ${this.name}`)
    const row = this.rows.row(keyOf(key), place.at, place.number)
    return row.exists ? row : undefined
  }

  protected valueOf(row: OrderedRow<unknown>): V {
    return shownValue(row.value, this.#spec.valueCodec).value as V
  }

  /** The rest of a row. */
  protected shown<Shown>(key: Shown, row: OrderedRow<unknown>): StoreRow<Shown, V> {
    const { value, ...headers } = shownValue(row.value, this.#spec.valueCodec)
    return Object.freeze({ key, value: value as V, timestamp: row.timestamp as Timestamp, ...headers })
  }

  /** @throws MillraceError `undecodable` */
  protected keyOf({ keyBytes, keyEnd }: OrderedRow<unknown>): K {
    const codec = this.#spec.keyCodec as Codec<K>
    try {
      return codec.read(keyBytes, 0, keyEnd)
    } catch (cause) {
      throw new MillraceError(
        'undecodable',
        `the key ${shownBytes(keyBytes)} of ${this.name} cannot be decoded as ${codec.name}: ${messageOf(cause)}`,
        { store: this.#spec.name, partition: this.#context.partition, cause },
      )
    }
  }

  protected write(call: string, key: K, value: V | null, place: RowTimes = noTimes, timestamp?: number): void {
    const { timestamp: now, headers } = this.begin(call)
    const row = this.rows.row(keyOf(key), place.at, place.number)
    if (value === null) {
      if (row.exists) this.rows.remove(row)
      return
    }
    this.rows.put(row, this.#stored(value, headers), timestamp === undefined ? now : toTimestamp(timestamp))
    if (place.at < this.rows.expiredBefore) this.passedOver()
  }

  /** What was put has expired already, so it is not kept. */
  protected passedOver(): void {
    this.#context.count('expired')
  }

  /** The record at hand, where the store can be written. */
  protected begin(call: string): Carrier {
    const what = `${call} of ${this.name}`
    const at = this.turn.at(what)
    this.#checkOwn(what)
    return at
  }

  #stored(value: V, headers: readonly Header[]): unknown {
    return this.#spec.valueCodec instanceof WithHeadersCodec ? { value, headers } : value
  }

  /** What belongs to a table or an aggregation changes by their rules alone. */
  #checkOwn(what: string): void {
    if (this.#spec.isOfProcessors === true) return
    const { operator } = this.#context
    throw new MillraceError(
      'bad_option',
      `${operator} called ${what}, which a table or an aggregation keeps: a processor can only read it`,
      { operator, store: this.#spec.name },
    )
  }

  /** Each walk begins at the first row, and ends with the turn that it began in. */
  protected walk<Row>(call: string, range: RowRange<K>, show: (row: OrderedRow<unknown>) => Row): Iterable<Row> {
    const { rows, turn } = this
    const what = `${call} of ${this.name}`
    turn.atWork(what)
    return {
      *[Symbol.iterator]() {
        turn.atWork(what)
        const { number } = turn
        for (const row of rows.rows(range)) {
          yield show(row)
          turn.goesOn(what, number)
        }
      },
    }
  }
}

export class KeyValues<K, V> extends ProcessorStore<K, V> implements ProcessorKeyValueStore<K, V> {
  readonly #keyCodec: Codec<K>

  constructor(context: StoreContext, turn: ProcessorTurn, spec: StoreSpec) {
    super(context, turn, spec)
    this.#keyCodec = spec.keyCodec as Codec<K>
  }

  get(key: K): V | undefined {
    const row = this.found('get', key)
    return row === undefined ? undefined : this.valueOf(row)
  }

  row(key: K): StoreRow<K, V> | undefined {
    const row = this.found('row', key)
    return row === undefined ? undefined : this.#row(row)
  }

  put(key: K, value: V | null, timestamp?: number): void {
    this.write('put', key, value, noTimes, timestamp)
  }

  delete(key: K): void {
    this.write('delete', key, null)
  }

  range(bounds: KeyBounds<K> = {}): Iterable<StoreRow<K, V>> {
    const { from, to, reverse = false } = checkOptions('range', bounds, ['from', 'to', 'reverse'])
    const range = {
      from: from === undefined ? undefined : keyOf<K>(from),
      to: to === undefined ? undefined : keyOf<K>(to),
      isReverse: checkBoolean('reverse', reverse),
    }
    return this.walk('range', range, (row) => this.#row(row))
  }

  prefix(key: KeyPrefix<K>): Iterable<StoreRow<K, V>> {
    return this.walk('prefix', { prefix: prefixOf(key as K, this.#keyCodec) }, (row) => this.#row(row))
  }

  #row(row: OrderedRow<unknown>): StoreRow<K, V> {
    return this.shown(this.keyOf(row), row)
  }
}

/** What stores of windows of any form have in common. */
abstract class WindowedStore<K, V> extends ProcessorStore<K, V> {
  protected readonly form: WindowForm

  constructor(context: StoreContext, turn: ProcessorTurn, spec: StoreSpec, form: WindowForm) {
    super(context, turn, spec)
    this.form = form
  }

  protected valueAt(key: K, place: RowTimes): V | undefined {
    const row = this.found('get', key, place)
    return row === undefined ? undefined : this.valueOf(row)
  }

  protected windowed(row: OrderedRow<unknown>): StoreRow<Windowed<K>, V> {
    return this.shown(Object.freeze({ key: this.keyOf(row), window: this.form.windowOf(row.at, row.number) }), row)
  }
}

export class Windows<K, V> extends WindowedStore<K, V> implements ProcessorWindowStore<K, V> {
  put(key: K, value: V | null, windowStart: number): void {
    this.write('put', key, value, { at: toTimestamp(windowStart), number: 0 })
  }

  get(key: K, windowStart: number): V | undefined {
    return this.valueAt(key, { at: toTimestamp(windowStart), number: 0 })
  }

  fetch(key: K, bounds: TimeBounds = {}): Iterable<StoreRow<Windowed<K>, V>> {
    const { from, to, isReverse } = timesOf('fetch', bounds)
    return this.walk('fetch', { key: keyOf(key), fromTime: from, toTime: to, isReverse }, (row) => this.windowed(row))
  }

  range(bounds: WindowBounds<K> = {}): Iterable<StoreRow<Windowed<K>, V>> {
    const { key, from, to, isReverse } = windowsOf(bounds)
    return this.walk('range', { key, fromTime: from, toTime: to, isReverse }, (row) => this.windowed(row))
  }
}

export class Sessions<K, V> extends WindowedStore<K, V> implements ProcessorSessionStore<K, V> {
  put(key: K, session: Window, value: V | null): void {
    this.write('put', key, value, this.#timesOf(session))
  }

  /** The time of a row is the end of its session. */
  find(key: K, bounds: TimeBounds = {}): Iterable<StoreRow<Windowed<K>, V>> {
    return this.#overlapping('find', keyOf(key), timesOf('find', bounds))
  }

  get(key: K, session: Window): V | undefined {
    return this.valueAt(key, this.#timesOf(session))
  }

  range(bounds: WindowBounds<K> = {}): Iterable<StoreRow<Windowed<K>, V>> {
    const { key, ...times } = windowsOf(bounds)
    return this.#overlapping('range', key, times)
  }

  #overlapping(call: string, key: KeyOf<K> | undefined, times: Times): Iterable<StoreRow<Windowed<K>, V>> {
    const { from, to, isReverse } = times
    const found = this.walk(call, { key, fromTime: from, isReverse }, (row) => this.windowed(row))
    return {
      *[Symbol.iterator]() {
        for (const row of found) if (row.key.window.start <= to) yield row
      },
    }
  }

  remove(key: K, session: Window): void {
    this.write('remove', key, null, this.#timesOf(session))
  }

  /** @throws MillraceError `bad_record` */
  #timesOf(session: Window): RowTimes {
    const { start, end } = typeof session === 'object' && session !== null ? session : { start: -1, end: -1 }
    const window = { start: toTimestamp(start), end: toTimestamp(end) }
    if (start <= end) return { at: this.form.atOf(window), number: this.form.numberOf(window) }
    throw new MillraceError('bad_record', `the session from ${start} to ${end} ends before it starts`)
  }
}

/** {@link TimeBounds}, checked and complete. */
interface Times {
  readonly from: number
  readonly to: number
  readonly isReverse: boolean
}

function windowsOf<K>(bounds: WindowBounds<K>): Times & { readonly key: KeyOf<K> | undefined } {
  const { key, ...times } = checkOptions('range', bounds, ['key', 'from', 'to', 'reverse'])
  return { ...timesOf('range', times), key: key === undefined ? undefined : keyOf<K>(key) }
}

/**
 * What is worked out from the time of a record may come out below 0.
 *
 * @throws MillraceError `bad_record`, `bad_option`
 */
function timesOf(call: string, bounds: TimeBounds): Times {
  const given = checkOptions(call, bounds, ['from', 'to', 'reverse'])
  const { from = 0, to = Number.MAX_SAFE_INTEGER, reverse = false } = given
  const isReverse = checkBoolean('reverse', reverse)
  return { from: Math.max(0, checkTime('from', from)), to: checkTime('to', to), isReverse }
}

/** @throws MillraceError `bad_record` */
function checkTime(what: string, time: number): number {
  if (Number.isSafeInteger(time)) return time
  throw new MillraceError('bad_record', `${what} is ${shown(time)}; expected whole milliseconds since the epoch`)
}
