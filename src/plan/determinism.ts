/**
 * Where a topology stops giving the same records in the same order every time: answers of asynchronous calls come when
 * they come.
 *
 * A mapAsync that keeps the order of its partition changes nothing alone. One that does not, and whatever brings its
 * records together with others, has an order of its own in each run. A regrouping brings those of several partitions
 * together.
 */
import { entrancesOf, type PlanNode, type PlanStore } from './node.ts'

/** @returns the first node, in the order of the calls that made them; undefined: none, as far as a plan can tell */
export function breakOfDeterminism(nodes: readonly PlanNode[], stores: readonly PlanStore[]): PlanNode | undefined {
  const afterCalls = new Set<PlanNode>()
  for (const node of nodes) {
    if (node.kind === 'operator' && node.calls === 'unordered') return node
    if (node.parents.some((parent) => afterCalls.has(parent))) afterCalls.add(node)
    const meets = [...node.parents, ...sharers(node, stores)]
    const isMeeting = meets.length > 1 || (node.kind === 'regroup' && !isOfOnePartition(node))
    if (isMeeting && [node, ...meets].some((one) => afterCalls.has(one))) return node
    if (node.kind === 'operator' && node.calls === 'ordered') afterCalls.add(node)
  }
  return undefined
}

/** Nodes that share a store with this one: what it finds there depends on how far they are. */
function sharers(node: PlanNode, stores: readonly PlanStore[]): readonly PlanNode[] {
  return stores
    .map(({ owner, readers }) => [owner, ...readers])
    .filter((users) => users.includes(node))
    .flatMap((users) => users.filter((user) => user.index < node.index))
}

/** Whether its records all come from one partition, as far as the plan says. */
function isOfOnePartition(node: PlanNode): boolean {
  return [...entrancesOf(node)].every((from) =>
    from.kind === 'source'
      ? from.topics.length > 0 && from.topics.every(({ partitions }) => partitions === 1)
      : from.kind === 'regroup' && from.partitions === 1,
  )
}
