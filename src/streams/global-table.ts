/**
 * A global table: one store for all tasks, filled by a task of its own from all partitions of a topic. Everything runs
 * in one thread, turn by turn, so that the others can read that store where it is.
 */
import { checkName, checkOptions } from '../core/checks.ts'
import type { Codec } from '../core/serde.ts'
import { checkStore } from '../core/store-constants.ts'
import type { SourceNode } from '../plan/node.ts'
import { ofTables } from '../plan/old-values.ts'
import type { PlanBuilder } from '../plan/plan-builder.ts'
import { keyLayout } from '../plan/store-layout.ts'
import type { Named } from './dsl/functions.ts'
import type { GlobalKTable } from './dsl/global-table.ts'
import type { GlobalTableParts } from './parts.ts'
import { type ErasedStore, nameOf, storeSpec } from './store-spec.ts'
import { rowsOf } from './table-rows.ts'
import { keepingRows } from './table-source.ts'

export class GlobalTable<K, V> implements GlobalKTable<K, V> {
  readonly parts: GlobalTableParts
  readonly storeName: string

  constructor(parts: GlobalTableParts, storeName: string) {
    this.parts = parts
    this.storeName = storeName
  }
}

interface ErasedOptions extends Named {
  readonly store?: ErasedStore | undefined
}

/** @throws MillraceError `bad_option` */
export function checkGlobalTableOptions<T extends ErasedOptions>(given: T): T {
  const options = checkOptions('globalTable', given, ['store', 'timestamp', 'name'])
  const { name, store } = options
  if (name !== undefined) checkName('the name of an operator', name)
  return store === undefined ? options : { ...options, store: checkStore('globalTable', store) }
}

export function newGlobalTable<K, V>(
  plan: PlanBuilder,
  source: SourceNode,
  keyCodec: Codec<unknown>,
  valueCodec: Codec<unknown>,
  name: string | undefined,
  store: ErasedStore | undefined,
): GlobalKTable<K, V> {
  const node = plan.stateful('globalTable', source, nameOf({ name, store }, source), (id) => {
    const wish = { kind: 'keyValueStore', keyCodec, valueCodec, layout: keyLayout() } as const
    const spec = Object.freeze({ ...storeSpec(id, store, wish), isGlobal: true })
    return { stores: [spec], operator: keepingRows(spec), oldValues: ofTables }
  })
  const rows = rowsOf(node)
  return new GlobalTable({ plan, node, rows }, rows.stores.map((spec) => spec.name).join())
}
