/**
 * Old values: what operators have to do with them, and which have to give them. Asked are those with something
 * downstream that needs them, and filters that leave changes of nothing out by them; all others pay nothing.
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
/** Of one that keeps the rows that pass. */
export const ofKeptFilters: OldValues = Object.freeze({ needed: false, from: 'state', leavesOut: true })
/** Of an operator that keeps the rows whose changes it emits. */
export const ofTables: OldValues = Object.freeze({ needed: false, from: 'state' })
/** A change that a filter leaves out moves the time of suppress all the same (decision 0024, M1). */
export const ofSuppress: OldValues = Object.freeze({ ...ofTables, spared: Object.freeze(['ifOwn'] as const) })
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
      // A join that keeps its rows has old values of its own, and those of both sides in any case.
      const spared = asked.has(node) && isJoinOfTables(node) ? 'always' : sparedOf(node, index)
      if (spared !== undefined) for (const giver of askedToSpare(parent, spared)) asked.add(giver)
      if (!needsThem) continue
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

/** Undefined: it passes changes on, and what comes after it says what it is to be spared. */
function sparedOf(node: PlanNode, index: number): Spared | undefined {
  if (node.kind === 'operator' && node.oldValues.spared !== undefined) return node.oldValues.spared[index]
  return sourceOf(node) === 'input' ? undefined : 'ifKept'
}

/**
 * What has to know old values so that changes of nothing are left out: filters, and, for what is to be spared all of
 * them, whatever may make a null of a row. A table says by itself that a row was not there.
 */
function askedToSpare(node: PlanNode, spared: Spared): readonly PlanNode[] {
  if (node.kind !== 'operator') return []
  if (node.oldValues.leavesOut === true) return leavesOut(node, spared) ? [node] : []
  const [passesOn, isJoin] = [sourceOf(node) === 'input', isJoinOfTables(node)]
  if (spared === 'always') {
    if ((passesOn || isJoin) && canGive(node, spared)) return [node]
  } else if (isJoin) return []
  return passesOn ? node.parents.flatMap((parent) => askedToSpare(parent, spared)) : []
}

function leavesOut(filter: PlanNode, spared: Spared): boolean {
  if (sourceOf(filter) === 'state' && spared !== 'ifKept') return true
  return filter.parents.every((parent) => canGive(parent, spared))
}

/** Whether old values can be had of a node, in any case or where they cost no store. */
function canGive(node: PlanNode, spared: Spared): boolean {
  switch (sourceOf(node)) {
    case 'nowhere':
      return false
    case 'input':
      // A join of two tables keeps the rows of both.
      return node.parents.every((parent) => canGive(parent, isJoinOfTables(node) ? 'always' : spared))
    case 'state':
      return spared === 'always' || (spared === 'ifKept' && !isOnlyIfNeeded(node))
  }
}

const isJoinOfTables = (node: PlanNode): boolean => node.kind === 'operator' && node.oldValues.spared?.length === 2

const isOnlyIfNeeded = (node: PlanNode): boolean => node.kind === 'operator' && node.oldValues.onlyIfNeeded === true
