/**
 * Adds the node of a processor to a plan: its stores are made with the first processor that names them, or are those of
 * tables and aggregations.
 */
import { checkedFunction, checkList } from '../core/checks.ts'
import { checkStore } from '../core/store-constants.ts'
import type { OperatorNode, PlanNode } from '../plan/node.ts'
import type { PlanBuilder } from '../plan/plan-builder.ts'
import { historyOf, type StoreSpec } from '../plan/store.ts'
import type { StoreConstant } from './dsl/processor.ts'
import { type AnyProcessor, type Forwarding, processing } from './processor.ts'
import { checkSameStore, processorStoreSpecs } from './processor-store-spec.ts'

export interface ProcessorRequest {
  readonly verb: string
  readonly parents: readonly PlanNode[]
  readonly name: string | undefined
  readonly processor: AnyProcessor
  readonly stores: readonly StoreConstant[] | undefined
  readonly forwarding: Forwarding
}

/** @throws MillraceError `bad_option`, `topology_invalid` */
export function addProcessor(plan: PlanBuilder, request: ProcessorRequest): OperatorNode {
  const { verb, parents, name, processor, stores = [], forwarding } = request
  checkedFunction(verb, processor)
  const named = namedStores(verb, stores)
  return plan.stateful(verb, parents, name, (id) => {
    const specs = named(plan, id)
    return {
      stores: specs,
      operator: processing(processor, specs, forwarding),
      readsRanges: specs,
      goesByTaskTime: true,
      namesChildren: true,
    }
  })
}

/**
 * What the constants that an operator of the user's names stand for.
 *
 * @throws MillraceError `bad_option`; and what it returns `topology_invalid`
 */
export function namedStores(
  verb: string,
  stores: readonly StoreConstant[],
): (plan: PlanBuilder, id: string) => readonly StoreSpec[] {
  const constants = checkList('the list of stores', stores).map((store) => checkStore(verb, store))
  return (plan, id) => [...new Set(constants.flatMap((constant) => specsOf(plan, id, constant)))]
}

/** One for each constant; of a store of versions two, the second of which is its history. */
function specsOf(plan: PlanBuilder, id: string, constant: StoreConstant): readonly StoreSpec[] {
  const known = plan.store(constant.name)
  if (known === undefined) return processorStoreSpecs(id, constant)
  checkSameStore('topology_invalid', id, constant, known)
  const history = known.kind === 'versioned' ? plan.store(historyOf(constant.name)) : undefined
  return history === undefined ? [known] : [known, history]
}
