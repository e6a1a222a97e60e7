/**
 * A store of versions in the hands of a processor, and which store each kind of constant is.
 */
import { checkOptions } from '../core/checks.ts'
import { present } from '../core/assert.ts'
import type { StoreRow } from '../core/store-row.ts'
import { type Timestamp, toTimestamp } from '../core/units.ts'
import { historyOf, keyOf, type StoreSpec } from '../plan/store.ts'
import type {
  ProcessorKeyValueStore,
  ProcessorSessionStore,
  ProcessorVersionedStore,
  ProcessorWindowStore,
  VersionAsOf,
} from './dsl/processor-stores.ts'
import { KeyValues, ProcessorStore, Sessions, type StoreContext, Windows } from './processor-stores.ts'
import type { ProcessorTurn } from './processor-turn.ts'
import { Versions } from './versions.ts'

class VersionedRows<K, V> extends ProcessorStore<K, V> implements ProcessorVersionedStore<K, V> {
  readonly #versions: Versions
  readonly #clock: Pick<StoreContext, 'taskTime'>
  readonly #historyMs: number

  constructor(context: StoreContext, turn: ProcessorTurn, newest: StoreSpec, history: StoreSpec) {
    super(context, turn, newest)
    this.#versions = new Versions(context, [newest, history])
    this.#clock = context
    this.#historyMs = present(history.layout.retentionMs, 'a history expires')
  }

  put(key: K, value: V | null, timestamp: number): void {
    this.begin('put')
    // It could never be asked for: the history no longer reaches that far back.
    if (toTimestamp(timestamp) < this.#clock.taskTime - this.#historyMs) return this.passedOver()
    this.#versions.put(keyOf<unknown>(key), this.#versions.newest(keyOf<unknown>(key)), value, timestamp)
  }

  get(key: K, options: VersionAsOf = {}): V | undefined {
    return this.row(key, options)?.value
  }

  row(key: K, options: VersionAsOf = {}): StoreRow<K, V> | undefined {
    this.turn.atWork(`get of ${this.name}`)
    const { asOf } = checkOptions('get', options, ['asOf'])
    const newest = this.#versions.newest(keyOf<unknown>(key))
    const found = asOf === undefined ? newest : this.#versions.asOf(keyOf<unknown>(key), toTimestamp(asOf))
    if (found === undefined || (found === newest && !newest.exists)) return undefined
    return Object.freeze({ key, value: found.value as V, timestamp: found.timestamp as Timestamp })
  }
}

/** What processors can do with a store of each kind. */
export type AnyProcessorStore =
  | ProcessorKeyValueStore<unknown, unknown>
  | ProcessorWindowStore<unknown, unknown>
  | ProcessorSessionStore<unknown, unknown>
  | ProcessorVersionedStore<unknown, unknown>

/** @param stores of the operator, among which is the history of a store of versions */
export function processorStore(
  context: StoreContext,
  turn: ProcessorTurn,
  spec: StoreSpec,
  stores: readonly StoreSpec[],
): AnyProcessorStore {
  const { form, kind } = spec
  if (kind === 'versioned') {
    const history = stores.find(({ name }) => name === historyOf(spec.name))
    return new VersionedRows(context, turn, spec, present(history, 'a store of versions has a history'))
  }
  if (form === undefined) return new KeyValues(context, turn, spec)
  return kind === 'session' ? new Sessions(context, turn, spec, form) : new Windows(context, turn, spec, form)
}
