/**
 * Old values: what operators have to do with them, and which have to give them. Only nodes with something downstream
 * that needs them are asked; all others pay nothing.
 */
import { MillraceError } from '../core/errors.ts'
import type { OldValues, PlanNode } from './node.ts'

export const ofStreams: OldValues = Object.freeze({ needed: false, from: 'nowhere' })
/** Of a verb that makes a change of a change: it maps both sides. */
export const ofTableVerbs: OldValues = Object.freeze({ needed: false, from: 'input' })
/** Of an operator of tables that cannot tell what was there before. */
export const ofForgetful: OldValues = Object.freeze({ needed: false, from: 'nowhere' })
/** Of an operator that keeps the rows whose changes it emits. */
export const ofTables: OldValues = Object.freeze({ needed: false, from: 'state' })

/**
 * The nodes whose changes carry their old values: from each reader up, through what passes old values on, to what keeps
 * them.
 *
 * @param nodes parents before children
 * @throws MillraceError `topology_invalid` where one is asked that has none to give
 */
export function giversOfOld(nodes: readonly PlanNode[]): ReadonlySet<PlanNode> {
  const asked = new Set<PlanNode>()
  for (const node of nodes.toReversed()) {
    if (!reads(node) && !(asked.has(node) && sourceOf(node) === 'input')) continue
    for (const parent of node.parents) {
      if (sourceOf(parent) === 'nowhere') {
        throw new MillraceError(
          'topology_invalid',
          `"${node.id}" needs the old values of changes, but "${parent.id}" before it has none to give: let it keep its rows, with { store: … }`,
          { operator: node.id },
        )
      }
      asked.add(parent)
    }
  }
  return asked
}

function reads(node: PlanNode): boolean {
  return node.kind === 'operator' ? node.oldValues.needed : node.kind === 'regroup' && node.of === 'changes'
}

function sourceOf(node: PlanNode): 'state' | 'input' | 'nowhere' {
  switch (node.kind) {
    case 'operator':
      return node.oldValues.from
    case 'regroup':
      return node.of === 'changes' ? 'input' : 'nowhere'
    case 'port':
      return 'input'
    case 'source':
    case 'sink':
      return 'nowhere'
  }
}
