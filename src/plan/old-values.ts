/**
 * Old values: what operators have to do with them, and which have to give them. Only nodes with something downstream
 * that needs them are asked; all others pay nothing.
 */
import { MillraceError } from '../core/errors.ts'
import type { OldValues, PlanNode, Spared } from './node.ts'

export const ofStreams: OldValues = Object.freeze({ needed: false, from: 'nowhere' })
/** Of a verb that makes a change of a change: it maps both sides. */
export const ofTableVerbs: OldValues = Object.freeze({ needed: false, from: 'input' })
/** Of an operator of tables that cannot tell what was there before. */
export const ofForgetful: OldValues = Object.freeze({ needed: false, from: 'nowhere' })
/** Of a filter of a table. */
export const ofFilters: OldValues = Object.freeze({ ...ofTableVerbs, leavesOut: true })
/** Of an operator that keeps the rows whose changes it emits. */
export const ofTables: OldValues = Object.freeze({ needed: false, from: 'state' })
/** Of a table that is made of records, and has no store by name. */
export const ofPlainTables: OldValues = Object.freeze({ ...ofTables, onlyIfNeeded: true })

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
    const needsThem = reads(node) || (asked.has(node) && sourceOf(node) === 'input')
    for (const [index, parent] of node.parents.entries()) {
      if (!needsThem) {
        if (leavesOut(parent) && canGive(parent, sparedOf(node, index))) asked.add(parent)
        continue
      }
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

const sparedOf = (node: PlanNode, index: number): Spared =>
  (node.kind === 'operator' ? node.oldValues.spared?.[index] : undefined) ?? 'never'

/** Whether a change may be left out on the way to what comes from a node. */
function leavesOut(node: PlanNode): boolean {
  if (node.kind !== 'operator' || sourceOf(node) !== 'input') return false
  return node.oldValues.leavesOut === true || node.parents.some(leavesOut)
}

/** Whether old values can be had for it. A join of two tables keeps the rows of both. */
function canGive(node: PlanNode, spared: Spared): boolean {
  if (spared === 'never' || sourceOf(node) === 'nowhere') return false
  if (sourceOf(node) === 'input') {
    return node.parents.every((parent) => canGive(parent, node.parents.length > 1 ? 'always' : spared))
  }
  return spared === 'always' || node.kind !== 'operator' || node.oldValues.onlyIfNeeded !== true
}
