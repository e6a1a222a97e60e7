/**
 * Where a topology stops giving the same records in the same order every time: answers of asynchronous calls come when
 * they come.
 *
 * A mapAsync that keeps the order of its partition changes nothing alone. One that does not, and whatever brings its
 * records together with others, has an order of its own in each run. A regrouping brings those of several partitions
 * together, and so does a topic that is written to from two places. A processor after it goes by the stream time of its
 * task, in punctuations for instance, and that runs ahead of the answers.
 */
import { entrancesOf, type PlanNode, type PlanStore, type SinkNode } from './node.ts'

/** @returns the first node, in the order of the calls that made them; undefined: none, as far as a plan can tell */
export function breakOfDeterminism(nodes: readonly PlanNode[], stores: readonly PlanStore[]): PlanNode | undefined {
  const afterCalls = new Set<PlanNode>()
  /** Those in the same task as the calls. */
  const beside = new Set<PlanNode>()
  for (const node of nodes) {
    if (node.kind === 'operator' && node.calls === 'unordered') return node
    if (node.parents.some((parent) => afterCalls.has(parent))) afterCalls.add(node)
    if (node.parents.some((parent) => parent.kind !== 'regroup' && beside.has(parent))) beside.add(node)
    if (node.kind === 'operator' && node.goesByTaskTime && beside.has(node)) return node
    const meets = [...node.parents, ...sharers(node, stores), ...writersBefore(node, nodes)]
    const isMeeting = meets.length > 1 || (node.kind === 'regroup' && !isOfOnePartition(node))
    if (isMeeting && [node, ...meets].some((one) => afterCalls.has(one))) return node
    if (node.kind !== 'operator' || node.calls !== 'ordered') continue
    afterCalls.add(node)
    beside.add(node)
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

/** Sinks before this one that write to a topic of its own, or may: who asks a function may name any. */
function writersBefore(node: PlanNode, nodes: readonly PlanNode[]): readonly PlanNode[] {
  if (node.kind !== 'sink') return []
  return nodes.filter((other) => other.kind === 'sink' && other.index < node.index && shareTopic(node, other))
}

function shareTopic(one: SinkNode, other: SinkNode): boolean {
  if (one.choose !== undefined || other.choose !== undefined) return true
  return one.topics.some(({ name }) => other.topics.some((topic) => topic.name === name))
}

/** Whether its records all come from one partition, as far as the plan says. */
function isOfOnePartition(node: PlanNode): boolean {
  return [...entrancesOf(node)].every((from) =>
    from.kind === 'source'
      ? from.topics.length > 0 && from.topics.every(({ partitions }) => partitions === 1)
      : from.kind === 'regroup' && from.partitions === 1,
  )
}
