/**
 * Operators that a start adds to an application that has read its topics already: they keep something, and have not
 * seen what was read before. So their results are not those of the whole history, and it is said.
 */
import type { FoundApplication } from '../log/contract.ts'
import { partitionsOf } from '../log/format/partition-id.ts'
import type { PlanChange } from '../plan/comparison.ts'
import type { PlanNode } from '../plan/node.ts'
import type { Topology } from '../plan/topology.ts'
import type { Layout } from './layout.ts'

/** The code of the warning about operators that start without history. */
const historyWarning = 'MILLRACE_STARTS_WITHOUT_HISTORY'

/** The ids of what is new, keeps something, and comes after a topic of which a part was read before. */
export function withoutHistory(
  topology: Topology,
  { sourceTopics }: Layout,
  found: FoundApplication,
  { added }: PlanChange,
): readonly string[] {
  const wasRead = new Set<PlanNode>()
  for (const { node, description } of sourceTopics) {
    const isRead = partitionsOf(description).some((one) => (found.position(one) ?? 0) > found.startOffset(one))
    if (isRead) wasRead.add(node)
  }
  // A node comes after its parents.
  for (const node of topology.nodes) if (node.parents.some((parent) => wasRead.has(parent))) wasRead.add(node)
  // What a mapAsync keeps are calls: of those before it none was made.
  const remembers = (node: PlanNode): boolean => node.kind === 'operator' && node.calls === 'none'
  const owners = topology.stores.map(({ owner }) => owner)
  const nodes = owners.filter((node) => added.has(node.id) && wasRead.has(node) && remembers(node))
  return [...new Set(nodes.map(({ id }) => id))]
}

export function warnOfMissingHistory(applicationId: string, ids: readonly string[]): void {
  if (ids.length === 0) return
  const names = ids.map((id) => `"${id}"`).join(', ')
  process.emitWarning(
    `new in application "${applicationId}": ${names} ${ids.length === 1 ? 'begins' : 'begin'} with the next record, without ` +
      'what was read before. To give it the history, run this topology with replay() beside the old one and switch to it',
    { type: 'MillraceWarning', code: historyWarning },
  )
}
