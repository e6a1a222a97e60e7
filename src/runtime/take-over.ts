/**
 * The start of an application: it takes over from whoever ran it before, or begins anew, in one transaction.
 */
import { MillraceError } from '../core/errors.ts'
import type { LogContract, StoredApplication } from '../log/contract.ts'
import { partitionsOf } from '../log/format/partition-id.ts'
import { parsePlan, type StoredPlan } from '../core/stored-plan.ts'
import { comparePlans, storedPlan } from '../plan/comparison.ts'
import type { Topology } from '../plan/topology.ts'
import type { Layout, SourceTopicLayout } from './layout.ts'
import { SourceLane } from './sequence.ts'

export interface TakeOver {
  readonly epoch: number
  /** How the topology compares with the one that was started before. */
  readonly plan: 'new' | 'same' | 'extended'
  readonly progress: Buffer | undefined
  /** One for each source partition, by topic name, then partition. */
  readonly lanes: readonly SourceLane[]
}

/**
 * Nothing is stored when it throws, and the instance before goes on.
 *
 * @throws MillraceError `plan_changed`, `format_unknown`, `position_lost`
 */
export function takeOver(log: LogContract, topology: Topology, layout: Layout, applicationId: string): TakeOver {
  const plan = storedPlan(topology, layout.partitionsOf)
  let found: Omit<TakeOver, 'epoch'> | undefined
  const epoch = log.startApplication(applicationId, (stored) => {
    const before = stored.plan === undefined ? undefined : parsePlan(applicationId, stored.plan)
    const comparison = before === undefined ? 'new' : comparePlans(applicationId, before, plan)
    const { lanes, positions } = lanesOf(log, layout, stored, before)
    found = { plan: comparison, progress: stored.progress, lanes }
    return { plan: JSON.stringify(plan), positions }
  })
  return { ...(found as Omit<TakeOver, 'epoch'>), epoch }
}

/**
 * Checks a topology against what its application left, before anything is created for it.
 *
 * @throws MillraceError `plan_changed`, `format_unknown`
 */
export function checkPlan(log: LogContract, topology: Topology, layout: Layout, applicationId: string): void {
  const stored = log.storedPlan(applicationId)
  if (stored === undefined) return
  comparePlans(applicationId, parsePlan(applicationId, stored), storedPlan(topology, layout.partitionsOf))
}

/** The lanes, and the positions of those that begin now: from here on they count as begun, even without a record. */
function lanesOf(
  log: LogContract,
  layout: Layout,
  stored: StoredApplication,
  before: StoredPlan | undefined,
): Pick<TakeOver, 'lanes'> & { readonly positions: { partition: SourceLane['partition']; offset: number }[] } {
  const lanes: SourceLane[] = []
  const positions = []
  for (const { node, source, description } of layout.sourceTopics) {
    // The same topic has got more partitions when it has positions in the first ones.
    const partitions = partitionsOf(description)
    const hasGrown = partitions.slice(0, 1).some((first) => stored.position(first) !== undefined)
    for (const partition of partitions) {
      let offset = stored.position(partition)
      if (offset === undefined) {
        const wasRead = before?.topics.includes(description.name) === true
        if (wasRead && !hasGrown) throw topicReplaced({ node, source, description })
        // Of a partition that was added while nobody looked, `latest` would pass over records.
        offset = node.reset === 'latest' && !wasRead ? log.endOffset(partition) : log.startOffset(partition)
        positions.push({ partition, offset })
      }
      lanes.push(new SourceLane(partition, node, source, lanes.length, offset))
    }
  }
  return { lanes, positions }
}

function topicReplaced({ description: { name } }: SourceTopicLayout): MillraceError {
  return new MillraceError(
    'position_lost',
    `the application has read another topic "${name}" before: it was deleted and created again. ` +
      'Start under a new application id to read it from the beginning',
    { topic: name },
  )
}
