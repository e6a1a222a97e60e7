/**
 * The stores of a test driver: they are read as those of an application are, and those of processors can be filled
 * before a test, each row in a turn of its own.
 */
import { present } from '../core/assert.ts'
import { ByteWriter } from '../core/bytes.ts'
import { MillraceError } from '../core/errors.ts'
import { partitionOf } from '../core/partitioner.ts'
import type {
  AnyQuery,
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedStore,
  ReadOnlyWindowStore,
} from '../core/read-only-stores.ts'
import type { StoreKind } from '../core/store-constants.ts'
import { Carrier } from '../plan/carrier.ts'
import { entrancesOf } from '../plan/node.ts'
import { keyOf, type Store } from '../plan/store.ts'
import type { Topology } from '../plan/topology.ts'
import type { Engine } from '../runtime/engine.ts'
import { taskName, taskOf } from '../runtime/inherited-ledgers.ts'
import type {
  ProcessorKeyValueStore,
  ProcessorSessionStore,
  ProcessorWindowStore,
} from '../streams/dsl/processor-stores.ts'
import { processorStore } from '../streams/processor-versions.ts'
import { ProcessorTurn } from '../streams/processor-turn.ts'

/**
 * A key-value store of a test driver: what a processor keeps there can be put before a test. A row has the driver's
 * wall-clock time, unless another is given.
 */
export interface TestKeyValueStore<K, V>
  extends ReadOnlyKeyValueStore<K, V>, Pick<ProcessorKeyValueStore<K, V>, 'put' | 'delete'> {}

/** A window store of a test driver, as {@link TestKeyValueStore}. */
export interface TestWindowStore<K, V> extends ReadOnlyWindowStore<K, V>, Pick<ProcessorWindowStore<K, V>, 'put'> {}

/** A session store of a test driver, as {@link TestKeyValueStore}. */
export interface TestSessionStore<K, V>
  extends ReadOnlySessionStore<K, V>, Pick<ProcessorSessionStore<K, V>, 'put' | 'remove'> {}

export type AnyTestStore<K, V> =
  | TestKeyValueStore<K, V>
  | TestWindowStore<K, V>
  | TestSessionStore<K, V>
  | ReadOnlyVersionedStore<K, V>

/** Runs work on the store of the partition that a key belongs to. */
type Fill = (key: unknown, work: (store: never) => void) => void

export function testStore<K, V>(kind: StoreKind, query: AnyQuery<K, V>, fill: Fill): AnyTestStore<K, V> {
  switch (kind) {
    case 'keyValueStore': {
      const rows = query as ReadOnlyKeyValueStore<K, V>
      return {
        get: (key) => rows.get(key),
        row: (key) => rows.row(key),
        range: (bounds) => rows.range(bounds),
        prefix: (key) => rows.prefix(key),
        put: (key, value, timestamp) =>
          fill(key, (store: ProcessorKeyValueStore<K, V>) => store.put(key, value, timestamp)),
        delete: (key) => fill(key, (store: ProcessorKeyValueStore<K, V>) => store.delete(key)),
      } satisfies TestKeyValueStore<K, V>
    }
    case 'windowStore': {
      const rows = query as ReadOnlyWindowStore<K, V>
      return {
        get: (key, windowStart) => rows.get(key, windowStart),
        fetch: (key, bounds) => rows.fetch(key, bounds),
        range: (bounds) => rows.range(bounds),
        put: (key, value, windowStart) =>
          fill(key, (store: ProcessorWindowStore<K, V>) => store.put(key, value, windowStart)),
      } satisfies TestWindowStore<K, V>
    }
    case 'sessionStore': {
      const rows = query as ReadOnlySessionStore<K, V>
      return {
        get: (key, session) => rows.get(key, session),
        find: (key, bounds) => rows.find(key, bounds),
        range: (bounds) => rows.range(bounds),
        put: (key, session, value) => fill(key, (store: ProcessorSessionStore<K, V>) => store.put(key, session, value)),
        remove: (key, session) => fill(key, (store: ProcessorSessionStore<K, V>) => store.remove(key, session)),
      } satisfies TestSessionStore<K, V>
    }
    case 'versionedStore':
      return query as ReadOnlyVersionedStore<K, V>
  }
}

/**
 * Changes a store of processors in a turn, as a processor would in a punctuation at this time.
 *
 * @throws MillraceError `bad_option` for a store that a table or an aggregation keeps, and as the work does
 */
export function fillStore(
  topology: Topology,
  engine: Engine,
  name: string,
  key: unknown,
  nowMs: number,
  work: (store: never) => void,
): void {
  const { spec, owner } = present(
    topology.stores.find((store) => store.spec.name === name),
    'a store that is filled was found before',
  )
  if (spec.isOfProcessors !== true) {
    throw new MillraceError(
      'bad_option',
      `a table or an aggregation keeps store "${name}": pipe in the records that make its rows`,
      { store: name },
    )
  }
  const subTopology = present(
    topology.subTopologies.find(({ nodes }) => nodes.includes(owner)),
    'every node is in a sub-topology',
  )
  const bytes = new ByteWriter(64)
  keyOf(key).writeKey(spec.keyCodec, bytes)
  const keyEnd = bytes.at - spec.keyCodec.partitionSuffixBytes
  // Other records of its tasks may lie in more partitions than those that it gets.
  const widths = [...entrancesOf(owner)].map((entrance) => engine.layout.partitionsOf(entrance))
  const partition = partitionOf(bytes.bytes, 0, keyEnd, Math.max(...widths))
  const task = taskName(taskOf(subTopology, partition))
  const ledger = present(
    engine.ledgers.find((one) => taskName(one.task) === task),
    'every task has a ledger',
  )
  const operator = 'the test driver'
  const state = <K, V>(): Store<K, V> => engine.state(spec, ledger) as unknown as Store<K, V>
  const turn = new ProcessorTurn({ operator, stop: (error) => engine.stop(error) })
  const count = (reason: string): void => ledger.drop(owner.id, reason)
  const context = { operator, partition, state, taskTime: ledger.time, count }
  const store = turn.make(() => processorStore(context, turn, spec, []))
  const job = Carrier.ofJob({ kind: 'punctuation', operator, partition }, nowMs)
  engine.intervene(() => turn.run(job, () => work(store as never)))
}
