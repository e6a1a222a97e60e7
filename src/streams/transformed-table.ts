/**
 * The node of `transformValues`: a table whose values an operator of the user's makes.
 */
import { checkedFunction, checkOptions } from '../core/checks.ts'
import { codecOf, type Serde } from '../core/serde.ts'
import { checkStore } from '../core/store-constants.ts'
import { ofForgetful, ofTables } from '../plan/old-values.ts'
import { keyLayout } from '../plan/store-layout.ts'
import type { ProcessOptions } from './dsl/processor.ts'
import type { TableParts } from './parts.ts'
import { namedStores } from './process-node.ts'
import { type InErasedStore, nameOf, storeSpec } from './store-spec.ts'
import { rowsIn, unknownRows } from './table-rows.ts'
import { type AnyTransformer, transforming } from './transform-values.ts'

/** @throws MillraceError `bad_option`, `topology_invalid` */
export function transformedTable(
  parts: TableParts,
  transformer: AnyTransformer,
  given: InErasedStore & Pick<ProcessOptions, 'stores'>,
): TableParts {
  const verb = 'transformValues'
  checkedFunction(verb, transformer)
  const options = checkOptions(verb, given, ['stores', 'store', 'name'])
  const named = namedStores(verb, options.stores ?? [])
  const store = options.store === undefined ? undefined : checkStore(verb, options.store)
  const { plan, node, keyCodec } = parts
  const valueCodec = store && codecOf(store.value as Serde<unknown>)
  const name = nameOf({ name: options.name, store }, node)
  const id = plan.idOf(verb, [node], name)
  const wish = valueCodec && ({ kind: 'keyValueStore', keyCodec, valueCodec, layout: keyLayout() } as const)
  const kept = wish && storeSpec(id, store, wish)
  const made = plan.stateful(verb, node, name, () => {
    const stores = named(plan, id)
    return {
      stores: kept === undefined ? stores : [kept, ...stores],
      operator: transforming(transformer, stores, kept),
      oldValues: kept === undefined ? ofForgetful : ofTables,
      readsRanges: stores,
      goesByTaskTime: true,
    }
  })
  const rows = kept === undefined ? unknownRows(id, 'transformValues keeps none') : rowsIn(kept)
  return { ...parts, node: made, valueCodec, rows }
}
