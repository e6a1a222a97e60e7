/**
 * Queries: the content of a store as of the last commit, read from the log while the application runs.
 */
import { present } from '../core/assert.ts'
import { checkBoolean, checkOptions } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import type { AnyQuery } from '../core/read-only-stores.ts'
import { type Codec, codecOf } from '../core/serde.ts'
import { type AnyStore, checkStore } from '../core/store-constants.ts'
import type { StoreChanges, WatchOptions } from '../core/store-changes.ts'
import { rowCodecOf } from '../core/with-headers.ts'
import type { Session, StateReader, TaskId } from '../log/contract.ts'
import { laidOut } from '../plan/kept-layouts.ts'
import { historyOf, type StoreSpec } from '../plan/store.ts'
import type { Topology } from '../plan/topology.ts'
import { type CommittedGround, CommittedStore } from '../state/committed-store.ts'
import type { StoreSnapshots } from '../core/store-position.ts'
import type { Changes } from './change-feed.ts'
import type { Engine } from './engine.ts'
import { committedExpiry } from './expiry.ts'
import { taskName, taskOf } from './inherited-ledgers.ts'
import { KeyValueQuery } from './key-value-query.ts'
import type { LedgerEntries } from '../core/stored-progress.ts'
import { Moments, type MovingPlace, withSnapshots } from './moments.ts'
import { shownChange } from './shown-change.ts'
import { VersionedQuery } from './versioned-query.ts'
import { SessionQuery, WindowQuery } from './windowed-query.ts'

/** Where the rows of an application's stores are read, wherever it runs. */
export interface QueryPlace extends MovingPlace {
  readonly reader: StateReader
  storeId(name: string): number
  /** What a task has committed of its progress. */
  entriesOf(task: TaskId): LedgerEntries | undefined
}

/** A store, and what lets its rows expire. */
export interface QueriedStore {
  readonly spec: StoreSpec
  /** Of a store of versions. */
  readonly history: StoreSpec | undefined
  /** The id of the node that lets its rows expire. */
  readonly owner: string
  /** What the tasks of that node are called. */
  readonly subTopology: string
  readonly partitions: number
}

/** All rows of a store as of the last commit, as a change shows them. */
function contentOf(ground: CommittedGround): Changes {
  return new CommittedStore<unknown, unknown>(ground).rowsAtOnce({}).map((row) => shownChange(ground.spec, row))
}

export function queryOf<K, V>(place: QueryPlace, store: QueriedStore): AnyStoreQuery<K, V> {
  const moments = new Moments(place)
  return withSnapshots(rowsOf<K, V>(place, moments, store), moments)
}

function rowsOf<K, V>(place: QueryPlace, moments: Moments, store: QueriedStore): AnyQuery<K, V> {
  const { spec, history } = store
  const ground = groundOf(place, moments, store, spec)
  if (history !== undefined) return new VersionedQuery(moments, ground, groundOf(place, moments, store, history))
  if (spec.form === undefined) return new KeyValueQuery(ground)
  return spec.kind === 'session' ? new SessionQuery(ground, spec.form) : new WindowQuery(ground, spec.form)
}

function groundOf(place: QueryPlace, moments: Moments, store: QueriedStore, spec: StoreSpec): CommittedGround {
  const { owner, subTopology, partitions } = store
  return {
    reader: place.reader,
    refresh: () => moments.refresh(),
    spec,
    storeId: place.storeId(spec.name),
    partitions,
    expiryTime: (partition) => committedExpiry(spec, owner, place.entriesOf({ subTopology, partition })),
  }
}

/**
 * A store of an application that runs here.
 *
 * @throws MillraceError `store_unknown`, `bad_option` when the constant's serdes are not the store's
 */
export function queryStore<K, V>(
  session: Session,
  topology: Topology,
  engine: Engine,
  given: AnyStore<K, V>,
  options: WatchOptions = {},
): AnyStoreQuery<K, V> & StoreChanges<unknown, unknown> {
  const constant = checkStore('store', given)
  const { initial = false } = checkOptions('store', options, ['initial'])
  checkBoolean('initial', initial)
  const found = topology.stores.find(({ spec }) => isAskable(spec) && spec.name === constant.name)
  if (found === undefined) {
    throw storeUnknown('the topology', constant.name, topology.stores.map(({ spec }) => spec).filter(isAskable))
  }
  const { spec, owner } = found
  checkKind(constant, spec.kind)
  checkSerde(constant.name, 'keys', codecOf(constant.key), spec.keyCodec)
  checkSerde(constant.name, 'values', rowCodecOf(constant), spec.valueCodec)
  const sub = present(
    topology.subTopologies.find(({ nodes }) => nodes.includes(owner)),
    'every node is in a sub-topology',
  )
  const ledgers = new Map(engine.ledgers.map((ledger) => [taskName(ledger.task), ledger]))
  const place: QueryPlace = {
    reader: session.state,
    refresh: () => {
      session.refresh()
      if (!session.hasStores) throw session.fence()
    },
    positions: () => session.positions(),
    watch: (onNews, onEnd) => {
      const stopNews = session.onNews(onNews)
      const stopEnd = engine.changes.onEnd((error) => onEnd(error ?? wasClosed()))
      return () => {
        stopNews()
        stopEnd()
      }
    },
    storeId: (name) => present(session.storeId(name), 'a session has an id for each store'),
    entriesOf: (task) => ledgers.get(taskName(task))?.committed,
  }
  const past = topology.stores.find(({ spec: { name } }) => spec.kind === 'versioned' && name === historyOf(spec.name))
  const queried: QueriedStore = {
    spec: laidOut(spec, engine.layout.kept),
    history: past && laidOut(past.spec, engine.layout.kept),
    owner: owner.id,
    subTopology: taskOf(sub, 0).subTopology,
    partitions: engine.layout.partitionsOf(owner),
  }
  const content = (): Changes => contentOf(groundOf(place, new Moments(place), queried, queried.spec))
  return Object.assign(queryOf<K, V>(place, queried), {
    changes$: engine.changes.watch(spec, initial ? content : undefined),
  })
}

/** What is asked of a store, of any kind. */
export type AnyStoreQuery<K, V> = AnyQuery<K, V> & StoreSnapshots<AnyQuery<K, V>>

function wasClosed(): MillraceError {
  return new MillraceError('closed', 'the application was closed before it had read that far')
}

/** A buffer is its operator's own. */
export function isAskable({ kind }: { readonly kind: string }): boolean {
  return kind !== 'buffer'
}

export function storeUnknown(where: string, name: string, known: readonly { readonly name: string }[]): MillraceError {
  const names = known.map((store) => `"${store.name}"`).join(', ')
  return new MillraceError(
    'store_unknown',
    `${where} has no store "${name}"; it has ${names === '' ? 'none' : names}`,
    { store: name },
  )
}

/** @throws MillraceError `bad_option` */
export function checkKind(constant: { readonly kind: string; readonly name: string }, kind: string): void {
  if (constant.kind === `${kind}Store`) return
  const message = `store "${constant.name}" is a ${kind}Store, but the constant is a ${constant.kind}`
  throw new MillraceError('bad_option', message, { store: constant.name })
}

function checkSerde<T>(store: string, what: string, given: Codec<T>, codec: Codec<unknown>): void {
  if (given.format !== codec.format) throw otherSerde(store, what, given.name, codec.name)
}

export function otherSerde(store: string, what: string, given: string, stored: string): MillraceError {
  const message = `the ${what} of store "${store}" are ${stored}, but the constant says ${given}`
  return new MillraceError('bad_option', message, { store })
}
