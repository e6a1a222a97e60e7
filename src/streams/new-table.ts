/**
 * The node of a table that is made of records, for `builder.table` and `toTable`: it keeps the newest value of each key
 * in a store of its own.
 */
import { checkOptions } from '../core/checks.ts'
import type { Codec } from '../core/serde.ts'
import { checkStore } from '../core/store-constants.ts'
import { ofTables } from '../plan/old-values.ts'
import { keyLayout } from '../plan/store-layout.ts'
import type { Named } from './dsl/functions.ts'
import type { KnownSerdes } from './dsl/known.ts'
import type { KTable } from './dsl/table.ts'
import type { KeyedParts } from './parts.ts'
import { type ErasedStore, nameOf, storeSpec } from './store-spec.ts'
import { rowsOf } from './table-rows.ts'
import { keepingRows } from './table-source.ts'

/** Serdes are invariant in their type, so they are erased where only the interface says which ones fit. */
export interface ErasedTableOptions extends Named {
  readonly store?: ErasedStore | undefined
}

/** What both verbs take. */
const known = ['store', 'name']

/**
 * @param others what this verb takes besides
 * @throws MillraceError `bad_option`
 */
export function checkTableOptions<T extends ErasedTableOptions>(
  verb: string,
  given: T,
  others: readonly string[] = [],
): T {
  const options = checkOptions(verb, given, [...known, ...others])
  return options.store === undefined ? options : { ...options, store: checkStore(verb, options.store) }
}

/** @param parts `node` is what the records come from, in the partitions of their keys */
export function newTable<K, V, Known extends KnownSerdes>(
  verb: string,
  parts: KeyedParts & { readonly valueCodec: Codec<unknown> },
  options: ErasedTableOptions,
): KTable<K, V, Known> {
  const { plan, faces, node, keyCodec, valueCodec } = parts
  const made = plan.stateful(verb, node, nameOf(options, node), (id) => {
    const spec = storeSpec(id, options.store, { kind: 'keyValueStore', keyCodec, valueCodec, layout: keyLayout() })
    return { stores: [spec], operator: keepingRows(spec), oldValues: ofTables }
  })
  return faces.table({ ...parts, node: made, rows: rowsOf(made) })
}
