/**
 * Queries: the content of a store as of the last commit, read from the log while the application runs.
 */
import { present } from '../core/assert.ts'
import { MillraceError } from '../core/errors.ts'
import { checkOptions, checkWhole } from '../core/checks.ts'
import { type Codec, codecOf } from '../core/serde.ts'
import {
  checkStore,
  type KeyValueStore,
  type SessionStore,
  type VersionedStore,
  type WindowStore,
} from '../core/store-constants.ts'
import type { StoreRow, TimeBounds } from '../core/store-row.ts'
import type { Timestamp } from '../core/units.ts'
import { rowCodecOf, shownValue } from '../core/with-headers.ts'
import type { Windowed } from '../core/windows/window.ts'
import type { WindowForm } from '../core/windows/window-form.ts'
import type { Session } from '../log/contract.ts'
import type { PlanStore } from '../plan/node.ts'
import { historyOf, type KeyOf, keyOf, type RowRange } from '../plan/store.ts'
import type { Topology } from '../plan/topology.ts'
import { type CommittedGround, type CommittedRow, CommittedStore } from '../state/committed-store.ts'
import type { Engine } from './engine.ts'
import { taskName, taskOf } from './inherited-ledgers.ts'
import { type ReadOnlyVersionedStore, VersionedQuery } from './versioned-query.ts'

/**
 * A store without windows, to read: what `app.store(…)` and `driver.store(…)` return. Each call sees the last commit; a
 * range that is read while commits go on may show some rows before and others after one.
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
 * A store of windows, to read, as {@link ReadOnlyKeyValueStore}. Bounds are starts of windows in ms since the epoch,
 * both inclusive. A window is there until stream time has passed its start by `retentionMs`.
 *
 * @example
 * ```ts
 * const rows = app.store(counts).fetch('/', { from: 0, to: minutes(5) })
 * for (const { key, value } of rows) console.log(key.window.start, value)
 * ```
 */
export interface ReadOnlyWindowStore<K, V> {
  /** The windows of a key, in the order of time. */
  fetch(key: K, bounds?: TimeBounds): readonly StoreRow<Windowed<K>, V>[]
  /**
   * The windows of all keys, in the order of time, then of the encoded keys. Sliding windows come as sessions do, see
   * {@link ReadOnlySessionStore.range}.
   */
  range(bounds?: TimeBounds): Iterable<StoreRow<Windowed<K>, V>>
}

/**
 * A store of sessions, to read, as {@link ReadOnlyKeyValueStore}. Bounds are times in ms since the epoch: a session is
 * found when it overlaps them, both ends inclusive. A session is there until stream time has passed its end by
 * `retentionMs`.
 *
 * @example
 * ```ts
 * for (const { key, value } of app.store(visits).find('10.0.0.1', { from: 0 })) {
 *   console.log(key.window.start, key.window.end, value)
 * }
 * ```
 */
export interface ReadOnlySessionStore<K, V> {
  /** The sessions of a key, in the order of time. */
  find(key: K, bounds?: TimeBounds): readonly StoreRow<Windowed<K>, V>[]
  /** The sessions of all keys. In each stretch of time they are in the order of the encoded keys, then of time. */
  range(bounds?: TimeBounds): Iterable<StoreRow<Windowed<K>, V>>
}

/** The constant of a store. */
export type AnyStore<K, V> = KeyValueStore<K, V> | WindowStore<K, V> | SessionStore<K, V> | VersionedStore<K, V>
/** What it is read with. */
export type AnyQuery<K, V> =
  | ReadOnlyKeyValueStore<K, V>
  | ReadOnlyWindowStore<K, V>
  | ReadOnlySessionStore<K, V>
  | ReadOnlyVersionedStore<K, V>

/**
 * @throws MillraceError `store_unknown`, `bad_option` when the constant's serdes are not the store's
 */
export function queryStore<K, V>(
  session: Session,
  topology: Topology,
  engine: Engine,
  given: AnyStore<K, V>,
): AnyQuery<K, V> {
  const constant = checkStore('store', given)
  const askable = topology.stores.filter(({ spec }) => spec.kind !== 'buffer')
  const found = askable.find(({ spec }) => spec.name === constant.name)
  const storeId = session.storeId(constant.name)
  if (found === undefined || storeId === undefined) {
    const names = askable.map(({ spec }) => `"${spec.name}"`).join(', ')
    throw new MillraceError(
      'store_unknown',
      `the topology has no store "${constant.name}"; it has ${names === '' ? 'none' : names}`,
      { store: constant.name },
    )
  }
  const { spec, owner } = found
  const kind = `${spec.kind}Store` as const
  if (constant.kind !== kind) {
    throw new MillraceError(
      'bad_option',
      `store "${constant.name}" is a ${kind}, but the constant is a ${constant.kind}`,
      {
        store: constant.name,
      },
    )
  }
  checkSerde(constant.name, 'keys', codecOf(constant.key), spec.keyCodec)
  checkSerde(constant.name, 'values', rowCodecOf(constant), spec.valueCodec)
  const partitions = engine.layout.partitionsOf(owner)
  const ground = { reader: session.state, refresh: () => session.refresh(), spec, storeId, partitions }
  const { form } = spec
  if (spec.kind === 'versioned')
    return new VersionedQuery(ground, ...historyIn(session, topology, engine, found, ground))
  if (form === undefined) return new KeyValueQuery(ground)
  return spec.kind === 'session' ? new SessionQuery(ground, form) : new WindowQuery(ground, form)
}

/** Where the history of a store of versions is, and from when it can be asked for. */
function historyIn(
  session: Session,
  topology: Topology,
  engine: Engine,
  { spec, owner }: PlanStore,
  ground: CommittedGround,
): readonly [history: CommittedGround, from: (partition: number) => number] {
  const history = present(
    topology.stores.find(({ spec: { name } }) => name === historyOf(spec.name)),
    'a store of versions has a history',
  )
  const storeId = present(session.storeId(history.spec.name), 'a session has an id for each store')
  const historyMs = present(history.spec.layout.retentionMs, 'a history expires')
  const from = (partition: number): number => {
    const ofPartition = engine.ledgers.filter(({ task }) => task.partition === partition)
    if (spec.isOfProcessors === true) {
      const sub = present(
        topology.subTopologies.find(({ nodes }) => nodes.includes(owner)),
        'every node is in a sub-topology',
      )
      const task = taskName(taskOf(sub, partition))
      return (ofPartition.find((ledger) => taskName(ledger.task) === task)?.time ?? -1) - historyMs
    }
    return Math.max(-1, ...ofPartition.map(({ entries }) => entries.streamTimes[owner.id] ?? -1)) - historyMs
  }
  return [{ ...ground, spec: history.spec, storeId }, from]
}

function checkSerde<T>(store: string, what: string, given: Codec<T>, codec: Codec<unknown>): void {
  if (given.format === codec.format) return
  throw new MillraceError(
    'bad_option',
    `the ${what} of store "${store}" are ${codec.name}, but the constant says ${given.name}`,
    { store },
  )
}

class KeyValueQuery<K, V> implements ReadOnlyKeyValueStore<K, V> {
  readonly #rows: CommittedStore<K, unknown>
  readonly #valueCodec: Codec<unknown>

  constructor(ground: CommittedGround) {
    this.#rows = new CommittedStore(ground)
    this.#valueCodec = ground.spec.valueCodec
  }

  get(key: K): V | undefined {
    const row = this.#rows.get(keyOf(key))
    return row === undefined ? undefined : (shownValue(row.value, this.#valueCodec).value as V)
  }

  range(bounds: { readonly from?: K | undefined; readonly to?: K | undefined } = {}): Iterable<StoreRow<K, V>> {
    const { from, to } = checkOptions('range', bounds, ['from', 'to'])
    return this.#shown(
      this.#rows.rows({
        from: from === undefined ? undefined : keyOf<K>(from),
        to: to === undefined ? undefined : keyOf<K>(to),
      }),
    )
  }

  *#shown(rows: Iterable<CommittedRow<K, unknown>>): Generator<StoreRow<K, V>, undefined> {
    for (const { key, value: stored, timestamp } of rows) {
      const { value, ...headers } = shownValue(stored, this.#valueCodec)
      yield { key, value: value as V, timestamp: timestamp as Timestamp, ...headers }
    }
  }
}

/** What stores of windows of any form have in common. */
class WindowedRows<K, V> {
  readonly #rows: CommittedStore<K, V>
  readonly #form: WindowForm

  constructor(ground: CommittedGround, form: WindowForm) {
    this.#rows = new CommittedStore(ground)
    this.#form = form
  }

  *rows(range: RowRange<K>): Generator<StoreRow<Windowed<K>, V>, undefined> {
    for (const { key, at, number, value, timestamp } of this.#rows.rows(range)) {
      yield { key: { key, window: this.#form.windowOf(at, number) }, value, timestamp: timestamp as Timestamp }
    }
  }
}

class WindowQuery<K, V> implements ReadOnlyWindowStore<K, V> {
  readonly #windows: WindowedRows<K, V>

  constructor(ground: CommittedGround, form: WindowForm) {
    this.#windows = new WindowedRows(ground, form)
  }

  fetch(key: K, bounds: TimeBounds = {}): readonly StoreRow<Windowed<K>, V>[] {
    return [...this.#rows(keyOf(key), bounds)]
  }

  range(bounds: TimeBounds = {}): Iterable<StoreRow<Windowed<K>, V>> {
    return this.#rows(undefined, bounds)
  }

  #rows(key: KeyOf<K> | undefined, bounds: TimeBounds): Iterable<StoreRow<Windowed<K>, V>> {
    const { from, to } = timeBounds(bounds)
    return this.#windows.rows({ key, fromTime: from, toTime: to })
  }
}

class SessionQuery<K, V> implements ReadOnlySessionStore<K, V> {
  readonly #sessions: WindowedRows<K, V>

  constructor(ground: CommittedGround, form: WindowForm) {
    this.#sessions = new WindowedRows(ground, form)
  }

  find(key: K, bounds: TimeBounds = {}): readonly StoreRow<Windowed<K>, V>[] {
    return [...this.#overlapping(keyOf(key), timeBounds(bounds))]
  }

  range(bounds: TimeBounds = {}): Iterable<StoreRow<Windowed<K>, V>> {
    return this.#overlapping(undefined, timeBounds(bounds))
  }

  /** The time of a row is the end of its session. */
  *#overlapping(
    key: KeyOf<K> | undefined,
    { from, to }: { readonly from: number; readonly to: number },
  ): Generator<StoreRow<Windowed<K>, V>, undefined> {
    for (const row of this.#sessions.rows({ key, fromTime: from })) if (row.key.window.start <= to) yield row
  }
}

function timeBounds(bounds: TimeBounds): { readonly from: number; readonly to: number } {
  const { from = 0, to = Number.MAX_SAFE_INTEGER } = checkOptions('the bounds of a query', bounds, ['from', 'to'])
  return { from: checkWhole('from', from, 0), to: checkWhole('to', to, 0) }
}
