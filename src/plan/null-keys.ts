/**
 * Null keys: which regroupings let them pass. A record without a key has no partition to go to, so it is dropped,
 * unless something further on has a use for it.
 */
import type { PlanNode } from './node.ts'

/**
 * The nodes with something after them, however far, that has a use for records with a null key.
 *
 * @param nodes parents before children
 */
export function keepersOfNullKeys(nodes: readonly PlanNode[]): ReadonlySet<PlanNode> {
  const keepers = new Set<PlanNode>()
  for (const node of nodes.toReversed()) {
    if (keepers.has(node) || (node.kind === 'operator' && node.takesNullKeys)) {
      for (const parent of node.parents) keepers.add(parent)
    }
  }
  return keepers
}
