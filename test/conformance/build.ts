// Builds the topology of a case over the public DSL, as a user would write it: serdes are given where a function changed
// the key or the value, and nowhere else.
import type { Topology } from 'millrace'
import { aggregations } from './aggregations.ts'
import { type Builder, CaseBuilder } from './built.ts'
import type { Case } from './case.ts'
import type { CaseStoreConstant, CaseTopics } from './data.ts'
import { cogroupOperations } from './cogroup-operations.ts'
import { CaseError } from './fields.ts'
import { joinOperations } from './join-operations.ts'
import type { BuiltOperation } from './operations.ts'
import { processorOperations } from './processor-operations.ts'
import { streamOperations } from './stream-operations.ts'
import { suppressOperations } from './suppress-operations.ts'
import { tableOperations } from './table-operations.ts'
import { windowOperations } from './window-operations.ts'

/** Each operation is built, or stands on the list of what is not there yet: the compiler sees to it. */
const builders: Readonly<Record<BuiltOperation, Builder>> = {
  ...streamOperations,
  ...aggregations,
  ...cogroupOperations,
  ...tableOperations,
  ...windowOperations,
  ...suppressOperations,
  ...processorOperations,
  ...joinOperations,
}

/** A topology with what is needed to play and to compare. */
export interface BuiltCase {
  readonly topology: Topology
  readonly topics: CaseTopics
  readonly stores: ReadonlyMap<string, CaseStoreConstant>
  /** Those of processors. */
  readonly ofProcessors: ReadonlySet<string>
}

/**
 * Builds the topology of a case.
 *
 * @param named whether every operator gets the id of its node as a name
 * @throws CaseError when the case does not fit together; MillraceError when millrace refuses it
 */
export function buildCase(one: Case, named: boolean): BuiltCase {
  const made = new CaseBuilder(one, named)
  for (const node of one.nodes) {
    const build = builders[node.op as BuiltOperation] as Builder | undefined
    if (build === undefined)
      throw new CaseError(`${node.where}: has no builder, and is not on the list of what is not there yet`)
    const built = build(made, node)
    if (built !== undefined) made.keep(node.id, built)
  }
  const { topics, stores, ofProcessors } = made
  return { topology: made.builder.build(), topics, stores, ofProcessors }
}
