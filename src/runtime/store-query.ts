/**
 * Queries: the content of a store as of the last commit, read from the log beside the running application.
 */
import { ByteWriter, readInt64 } from '../core/bytes.ts'
import { MillraceError } from '../core/errors.ts'
import { checkOptions, checkWhole } from '../core/checks.ts'
import { type Codec, codecOf, encodeInto, type Serde } from '../core/serde.ts'
import { checkStore, type KeyValueStore, type WindowStore } from '../core/topic.ts'
import type { Timestamp } from '../core/units.ts'
import { type Windowed, windowedKey } from '../core/window.ts'
import type { Session } from '../log/contract.ts'
import type { StoreSpec } from '../plan/store.ts'
import type { Topology } from '../plan/topology.ts'
import { readStoredRow } from '../state/row.ts'
import { windowRowKey } from '../state/table.ts'
import type { Engine } from './engine.ts'

/** A row of a store, decoded anew for each query. */
export interface StoreRow<K, V> {
  /** The key; in a window store with its window. */
  readonly key: K
  /** The newest value. */
  readonly value: V
  /** The largest timestamp of the records in it, ms since the epoch. */
  readonly timestamp: Timestamp
}

/**
 * A store without windows, to read: what `app.store(…)` and `driver.store(…)` return. Each call sees the last commit; a range
 * that is read while commits go on may show some rows before and others after one.
 *
 * @example
 * ```ts
 * const totalsNow = app.store(totals)
 * console.log(totalsNow.get('/'), [...totalsNow.range({ from: '/a', to: '/b' })])
 * ```
 */
export interface ReadOnlyKeyValueStore<K, V> {
  /** The value of a key; undefined when there is none. */
  get(key: K): V | undefined
  /** The rows with from <= key <= to in the order of the encoded keys; a bound that is left out does not limit. */
  range(bounds?: { readonly from?: K | undefined; readonly to?: K | undefined }): Iterable<StoreRow<K, V>>
}

/**
 * A store of windows, to read, as {@link ReadOnlyKeyValueStore}. Bounds are starts of windows in ms since the epoch, both
 * inclusive. A window is there until stream time has passed its start by `retentionMs`.
 *
 * @example
 * ```ts
 * for (const { key, value } of app.store(counts).fetch('/', { from: 0, to: minutes(5) })) console.log(key.window.start, value)
 * ```
 */
export interface ReadOnlyWindowStore<K, V> {
  /** The windows of a key, in the order of time. */
  fetch(key: K, bounds?: TimeBounds): readonly StoreRow<Windowed<K>, V>[]
  /** The windows of all keys, in the order of time, then of the encoded keys. */
  range(bounds?: TimeBounds): Iterable<StoreRow<Windowed<K>, V>>
}

/** Starts of windows, ms since the epoch, both inclusive. */
export interface TimeBounds {
  /** Default 0. */
  readonly from?: number | undefined
  /** Default: no bound. */
  readonly to?: number | undefined
}

/** What a query needs to find the rows of a store. */
interface StorePlace {
  readonly log: Pick<Session, 'refresh' | 'state'>
  readonly spec: StoreSpec
  readonly storeId: number
  readonly partitions: number
}

interface RawRow {
  readonly key: Buffer
  readonly value: Buffer
}

/** Rows are read in pages of this size, so that no snapshot is held while a caller thinks. */
const pageRows = 512

/**
 * @throws MillraceError `store_unknown`, `bad_option` when the constant's serdes are not the store's
 */
export function queryStore<K, V>(
  session: Session,
  topology: Topology,
  engine: Engine,
  given: KeyValueStore<K, V> | WindowStore<K, V>,
): ReadOnlyKeyValueStore<K, V> | ReadOnlyWindowStore<K, V> {
  const constant = checkStore('store', given)
  const found = topology.stores.find(({ spec }) => spec.name === constant.name)
  const storeId = session.storeId(constant.name)
  if (found === undefined || storeId === undefined) {
    const names = topology.stores.map(({ spec }) => `"${spec.name}"`).join(', ')
    throw new MillraceError(
      'store_unknown',
      `the topology has no store "${constant.name}"; it has ${names === '' ? 'none' : names}`,
      { store: constant.name },
    )
  }
  const { spec, owner } = found
  const kind = spec.kind === 'window' ? 'windowStore' : 'keyValueStore'
  if (constant.kind !== kind) {
    throw new MillraceError(
      'bad_option',
      `store "${constant.name}" is a ${kind}, but the constant is a ${constant.kind}`,
      {
        store: constant.name,
      },
    )
  }
  checkSerde(constant.name, 'keys', constant.key, spec.keyCodec)
  checkSerde(constant.name, 'values', constant.value, spec.valueCodec)
  const place = { log: session, spec, storeId, partitions: engine.layout.partitionsOf(owner) }
  return constant.kind === 'windowStore' ? new WindowQuery<K, V>(place) : new KeyValueQuery<K, V>(place)
}

function checkSerde<T>(store: string, what: string, serde: Serde<T>, codec: Codec<unknown>): void {
  if (codecOf(serde).format === codec.format) return
  throw new MillraceError(
    'bad_option',
    `the ${what} of store "${store}" are ${codec.name}, but the constant says ${codecOf(serde).name}`,
    { store },
  )
}

const scratch = new ByteWriter(256)

function encodedKey(codec: Codec<unknown>, key: unknown): Buffer {
  scratch.at = 0
  encodeInto(codec, key, scratch, 'key')
  return scratch.copyFrom(0)
}

class KeyValueQuery<K, V> implements ReadOnlyKeyValueStore<K, V> {
  readonly #place: StorePlace

  constructor(place: StorePlace) {
    this.#place = place
  }

  get(key: K): V | undefined {
    const { log, spec, storeId, partitions } = this.#place
    const bytes = encodedKey(spec.keyCodec, key)
    log.refresh()
    for (let partition = 0; partition < partitions; partition++) {
      const stored = log.state.get(storeId, partition, bytes)
      if (stored !== undefined) return readStoredRow(spec.valueCodec as Codec<V>, stored).value
    }
    return undefined
  }

  range(bounds: { readonly from?: K | undefined; readonly to?: K | undefined } = {}): Iterable<StoreRow<K, V>> {
    const { from, to } = checkOptions('range', bounds, ['from', 'to'])
    const { keyCodec } = this.#place.spec
    return this.#rows(
      from === undefined ? noBytes : encodedKey(keyCodec, from),
      to === undefined ? undefined : behind(encodedKey(keyCodec, to)),
    )
  }

  *#rows(from: Buffer, to: Buffer | undefined): Iterable<StoreRow<K, V>> {
    const { spec } = this.#place
    for (const { key, value } of rowsOf(this.#place, from, to)) {
      const row = readStoredRow(spec.valueCodec as Codec<V>, value)
      yield {
        key: spec.keyCodec.read(key, 0, key.length) as K,
        value: row.value,
        timestamp: row.timestamp as Timestamp,
      }
    }
  }
}

class WindowQuery<K, V> implements ReadOnlyWindowStore<K, V> {
  readonly #place: StorePlace

  constructor(place: StorePlace) {
    this.#place = place
  }

  fetch(key: K, bounds: TimeBounds = {}): readonly StoreRow<Windowed<K>, V>[] {
    const { log, spec, partitions } = this.#place
    const { from, to } = timeBounds(bounds)
    const bytes = encodedKey(spec.keyCodec, key)
    const rows: StoreRow<Windowed<K>, V>[] = []
    log.refresh()
    for (let partition = 0; partition < partitions; partition++) {
      for (const { start, stored } of this.#windowsOf(partition, bytes, from, to)) {
        const { value, timestamp } = readStoredRow(spec.valueCodec as Codec<V>, stored)
        rows.push({ key: windowedKey(key, start, this.#sizeMs), value, timestamp: timestamp as Timestamp })
      }
    }
    return rows.toSorted((a, b) => a.key.window.start - b.key.window.start)
  }

  /** Goes from window to window that has any rows, and looks for the key in each: two look-ups for a window. */
  *#windowsOf(
    partition: number,
    key: Buffer,
    from: number,
    to: number,
  ): Iterable<{ readonly start: number; readonly stored: Buffer }> {
    const { log, storeId } = this.#place
    for (let start = from; start <= to;) {
      const wanted = windowRowKey(start, key, key.length)
      const [row] = log.state.range(storeId, partition, wanted, undefined, 1)
      if (row === undefined) return
      if (row.key.equals(wanted)) yield { start, stored: row.value }
      const found = readInt64(row.key, 0)
      start = found > start ? found : start + 1
    }
  }

  range(bounds: TimeBounds = {}): Iterable<StoreRow<Windowed<K>, V>> {
    const { from, to } = timeBounds(bounds)
    const end = to === Number.MAX_SAFE_INTEGER ? undefined : windowRowKey(to + 1, noBytes, 0)
    return this.#rows(windowRowKey(from, noBytes, 0), end)
  }

  *#rows(from: Buffer, to: Buffer | undefined): Iterable<StoreRow<Windowed<K>, V>> {
    const { spec } = this.#place
    for (const { key, value } of rowsOf(this.#place, from, to)) {
      const row = readStoredRow(spec.valueCodec as Codec<V>, value)
      yield {
        key: windowedKey(spec.keyCodec.read(key, 8, key.length) as K, readInt64(key, 0), this.#sizeMs),
        value: row.value,
        timestamp: row.timestamp as Timestamp,
      }
    }
  }

  get #sizeMs(): number {
    return (this.#place.spec.window as NonNullable<StoreSpec['window']>).sizeMs
  }
}

const noBytes = Buffer.alloc(0)

function timeBounds(bounds: TimeBounds): { readonly from: number; readonly to: number } {
  const { from = 0, to = Number.MAX_SAFE_INTEGER } = checkOptions('the bounds of a query', bounds, ['from', 'to'])
  return { from: checkWhole('from', from, 0), to: checkWhole('to', to, 0) }
}

/** The first key behind a key. */
function behind(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.of(0)])
}

/** The rows of all partitions, merged in the order of their keys. */
function* rowsOf(place: StorePlace, from: Buffer, to: Buffer | undefined): Iterable<RawRow> {
  const partitions = Array.from({ length: place.partitions }, (_, partition) =>
    rowsOfPartition(place, partition, from, to),
  )
  const heads = partitions.map((rows) => rows.next())
  for (;;) {
    let best = -1
    for (const [index, head] of heads.entries()) {
      if (head.done === true) continue
      const other = heads[best]
      if (other === undefined || other.done === true || Buffer.compare(head.value.key, other.value.key) < 0)
        best = index
    }
    const head = heads[best]
    if (head === undefined || head.done === true) return
    yield head.value
    heads[best] = (partitions[best] as Iterator<RawRow, undefined>).next()
  }
}

function* rowsOfPartition(
  { log, storeId }: StorePlace,
  partition: number,
  from: Buffer,
  to: Buffer | undefined,
): Generator<RawRow, undefined> {
  for (let start = from; ;) {
    log.refresh()
    const page = log.state.range(storeId, partition, start, to, pageRows)
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < pageRows) return undefined
    start = behind(last.key)
  }
}
