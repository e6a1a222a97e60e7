/**
 * The start of an application: it takes over from the previous instance, or starts afresh, in one step.
 */
import { present } from '../core/assert.ts'
import { MillraceError } from '../core/errors.ts'
import {
  type ApplicationLog,
  type ApplicationStart,
  type FoundApplication,
  type OpenedApplication,
  type PartitionId,
  type Position,
  type StartLeaves,
  type TopicDescription,
  type EngineTopicRequest,
  type WantedVersion,
} from '../log/contract.ts'
import { partitionsOf } from '../log/format/partition-id.ts'
import { parsePlan, type PlanNotes, type StoredPlan } from '../core/stored-plan.ts'
import { type ChangeWishes, comparePlans, noWishes, type PlanChange } from '../plan/comparison.ts'
import { noLayouts } from '../plan/kept-layouts.ts'
import type { PlanNode, SourceNode, SourceReset } from '../plan/node.ts'
import { storedPlan } from '../plan/plan-to-store.ts'
import { own } from '../plan/renamed-plan.ts'
import type { Topology } from '../plan/topology.ts'
import { inherit } from './inherited-ledgers.ts'
import { redrivenOf } from './redriven.ts'
import { byName, type Layout, layOut, type SourceTopicLayout, topicsOf } from './layout.ts'
import type { LedgerEntries } from '../core/stored-progress.ts'
import { withoutHistory } from './missing-history.ts'
import { SourceLane } from './sequence.ts'
import { tellOfTimeZones, timeZonesOf } from './time-zones.ts'

/** What an application begins with, as the log stores it and as the engine works with it. */
export interface TakeOver extends ApplicationStart {
  /** The ids of operators that are new and have not seen what was read before. */
  readonly withoutHistory: readonly string[]
  readonly layout: Layout
  /** Of tasks that were there before, by {@link taskName}. */
  readonly ledgers: ReadonlyMap<string, LedgerEntries>
  /** One for each source partition, by topic name, then partition. */
  readonly lanes: readonly SourceLane[]
}

/** What to open a session with: the topics that a topology needs, and what it makes of what it finds. */
export interface Beginning {
  readonly topics: readonly EngineTopicRequest[]
  readonly begin: (found: FoundApplication) => TakeOver
}

/**
 * Nothing is stored when it throws, and the instance before goes on.
 *
 * @throws MillraceError `superseded`, `version_unknown`, `plan_changed`, `format_unknown`, `partitions_differ`,
 *   `topology_invalid`, `position_lost`
 */
export function takeOver(
  log: ApplicationLog,
  topology: Topology,
  wanted: WantedVersion,
  wishes: ChangeWishes,
  notes: PlanNotes,
): Promise<OpenedApplication<TakeOver>> {
  const { topics, begin } = beginningOf(topology, wanted.applicationId, wishes, notes)
  return log.open(wanted, topics, begin)
}

/** How a version that begins beside the live one differs from an application that starts. */
export interface Variation {
  /** What the stored plan is of: the topology before its topics were mapped. */
  readonly planned: Topology
  /** Where a partition without a position begins. */
  readonly firstOffset: (found: FoundApplication, partition: PartitionId, node: SourceNode) => number
}

export function beginningOf(
  topology: Topology,
  applicationId: string,
  wishes: ChangeWishes = noWishes,
  notes: PlanNotes = {},
  variation?: Variation,
): Beginning {
  const planned = variation?.planned ?? topology
  const begin = (found: FoundApplication): TakeOver => {
    const laidOut = layOut(topology, found.topics)
    const redriven = redrivenOf(laidOut.sourceTopics, applicationId, (name) => found.topic(name))
    const layout = { ...laidOut, sourceTopics: byName([...laidOut.sourceTopics, ...redriven]) }
    const partitionsOf = (node: PlanNode): number =>
      layout.partitionsOf(present(topology.nodes[planned.nodes.indexOf(node)], 'mapped topics change no node'))
    const before = found.plan === undefined ? undefined : parsePlan(applicationId, found.plan)
    const loaded = loadedOf(layout, found, before)
    const timeZones = timeZonesOf(topology)
    const asked = storedPlan(planned, partitionsOf, loaded)
    const hasRows = (store: string, partitions: number): boolean => found.hasRows(store, partitions)
    // After a reset nothing is left that an operator could go on with, so all may change, and starts with history.
    const isReset = before?.isReset === true
    const wished = isReset ? { ...wishes, drop: Object.keys(before.nodes) } : wishes
    const change = before && comparePlans(applicationId, before, asked, wished, hasRows)
    const kept = isReset ? noLayouts : (change?.layouts ?? noLayouts)
    const plan: StoredPlan = { ...storedPlan(planned, partitionsOf, loaded, kept), ...notes, timeZones }
    if (before !== undefined && !isReset) tellOfTimeZones(applicationId, before, plan)
    const { lanes, positions } = lanesOf(layout, found, before, loaded, variation)
    const { ledgers, changed } = inherit(topology, layout.partitionsOfSub, found.progress, change)
    const stores = topology.stores.map(({ spec }) => spec.name)
    const leaves = change && leavesOf(change, layout, found)
    const news = change === undefined || isReset ? [] : withoutHistory(topology, layout, found, change)
    return {
      plan: JSON.stringify(plan),
      positions,
      progress: changed,
      stores,
      leaves,
      withoutHistory: news,
      layout: { ...layout, kept },
      ledgers,
      lanes,
    }
  }
  return { topics: topicsOf(topology), begin }
}

/** Positions in topics that are no longer read go: who reads them later begins at the reset. */
function leavesOf({ droppedStores, renamed }: PlanChange, { sourceTopics }: Layout, found: FoundApplication) {
  const topicIds = new Set(sourceTopics.map(({ description }) => description.id))
  const positions = found.positions.filter(({ topicId }) => !topicIds.has(topicId))
  return { positions, stores: droppedStores, renamedStores: renamed.stores } satisfies StartLeaves
}

/** The lanes, and the positions of those that begin now: from here on they count as begun, even without a record. */
function lanesOf(
  layout: Layout,
  found: FoundApplication,
  before: StoredPlan | undefined,
  loaded: StoredPlan['loaded'],
  variation: Variation | undefined,
): { readonly lanes: SourceLane[]; readonly positions: Position[] } {
  const lanes: SourceLane[] = []
  const positions: Position[] = []
  for (const { node, source, description, isRedriven = false } of layout.sourceTopics) {
    // When it has positions in the first partitions, the same topic has got more of them.
    const partitions = partitionsOf(description)
    const hasGrown = partitions.slice(0, 1).some((first) => found.position(first) !== undefined)
    for (const partition of partitions) {
      let offset = found.position(partition)
      if (offset === undefined) {
        const wasRead = before?.topics.includes(description.name) === true
        if (wasRead && !hasGrown) throw topicReplaced({ node, source, description })
        const reset = isRedriven ? 'earliest' : node.reset
        offset = variation?.firstOffset(found, partition, node) ?? firstOffset(found, partition, reset, wasRead)
        positions.push({ partition, offset })
      }
      const loadedTo = loaded[description.name]?.[partition.partition] ?? 0
      lanes.push(new SourceLane(partition, node, source, lanes.length, offset, loadedTo, isRedriven))
    }
  }
  return { lanes, positions }
}

/**
 * Where the topics of global tables ended when they were new. It is stored, so that a restart on the way there changes
 * nothing.
 */
function loadedOf({ sourceTopics }: Layout, found: FoundApplication, before: StoredPlan | undefined) {
  const tables = sourceTopics.filter(({ node, isRedriven }) => node.isGlobal && isRedriven !== true)
  const known = before?.loaded ?? {}
  const endsOf = (topic: TopicDescription): readonly number[] =>
    own(known, topic.name) ?? partitionsOf(topic).map((partition) => found.endOffset(partition))
  return Object.fromEntries(tables.map(({ description }) => [description.name, endsOf(description)]))
}

/** @param wasAdded to a topic that is read already, while no instance ran: what time it is now says nothing there */
function firstOffset(found: FoundApplication, partition: PartitionId, reset: SourceReset, wasAdded: boolean): number {
  if (typeof reset === 'object' && 'time' in reset) return found.offsetAtTime(partition, reset.time)
  if (reset === 'earliest' || wasAdded) return found.startOffset(partition)
  if (reset === 'latest') return found.endOffset(partition)
  return found.offsetAtTime(partition, Math.max(0, found.nowMs - reset.ago))
}

function topicReplaced({ description: { name } }: SourceTopicLayout): MillraceError {
  return new MillraceError(
    'position_lost',
    `the application has read another topic "${name}" before: it was deleted and created again. ` +
      "To start over with this one, reset the application: log.admin.resetApplication(id, { to: 'beginning' })",
    { topic: name },
  )
}
