/**
 * A topology made of another one: the same nodes in the same order, some of them changed.
 */
import { assert } from '../core/assert.ts'
import type { PlanNode } from './node.ts'
import { Topology } from './topology.ts'

/** @param change gets each node with its new parents, and may return it as it is */
export function withNodes(topology: Topology, change: (node: PlanNode) => PlanNode): Topology {
  const changed = new Map<PlanNode, PlanNode>()
  for (const node of topology.nodes) {
    const parents = Object.freeze(
      node.parents.map((parent) => {
        const found = changed.get(parent)
        assert(found !== undefined, 'a node comes after its parents')
        return found
      }),
    )
    changed.set(node, Object.freeze(change({ ...node, parents })))
  }
  return new Topology([...changed.values()])
}
