/**
 * The transaction that exchanges two versions: what is kept of them, the names of their topics, the positions of groups
 * in these, and what a correction appends.
 */
import { present } from '../../core/assert.ts'
import type { WriteTransaction } from '../../storage/environment.ts'
import { partitionAt, type PartitionId } from '../format/partition-id.ts'
import type { OutputBases } from '../kept/application-rows.ts'
import type { ApplicationSwitch } from '../kept/application-switch.ts'
import { exchangeVersions, type Renames } from '../kept/exchange-versions.ts'
import { putSwitch } from '../kept/switch-rows.ts'
import { besideTopic } from '../kept/version-name.ts'
import { ensureOwnTopic, isCompacted, sharedOutputs } from '../kept/written-outputs.ts'
import type { Corrections } from '../outputs/corrections.ts'
import type { ApplicationsLog, KeptVersion } from './application-log.ts'
import type { ResettableLog } from './application-reset.ts'
import { appendCorrections, type FoundCorrections } from './switch-corrections.ts'
import type { SwitchPlan } from './switch-face.ts'
import {
  type ExchangedTopic,
  outputsBeside,
  type PlannedSwitch,
  planSwitch,
  renamesOf,
  type SwitchWishes,
} from './switch-plan.ts'
import { refuse } from './switch-refusal.ts'
import { startAllOver } from './switch-resets.ts'

/** The two versions of a switch. */
export interface Pair {
  readonly live: KeptVersion
  readonly beside: KeptVersion
}

/** What becomes of the outputs. */
export interface Outcome extends SwitchWishes {
  readonly found: FoundCorrections
}

/** What was done. */
export interface Exchanged {
  readonly plan: SwitchPlan
  /** Partitions whose records are to be removed, in steps. */
  readonly emptied: readonly PartitionId[]
}

/**
 * The live version has stopped, and the outputs are as they were when they were compared.
 *
 * @throws MillraceError `switch_refused`
 */
export function exchange(
  log: ResettableLog,
  transaction: WriteTransaction,
  { live, beside }: Pair,
  { outputs, reset, found }: Outcome,
): Exchanged {
  const planned = planSwitch(log, live, beside, { outputs, reset }, found)
  refuse(planned.plan, planned.plan.refusals)
  const { applicationId, version } = live.row
  const renames = renamesOf(applicationId, version, planned.exchanged)
  const { number, from, to } = planned.plan
  const corrections = outputs === 'correct' ? planned.plan.corrections : undefined
  const atMs = log.clock.now()
  const positions = positionsOf(log, beside, renames.coming)
  putSwitch(transaction, applicationId, { number, atMs, from, to, outputs, corrections, positions })
  const bases = outputs === 'replace' ? undefined : shareOutputs(log, transaction, live, found.corrections)
  exchangeTopics(log, transaction, planned, besideNameOf(applicationId, version))
  appendCorrections(log, transaction, live.row, found.corrections)
  // The version that comes has no use for what it has written for itself.
  if (outputs !== 'replace')
    for (const topic of outputsBeside(log, beside)) log.topics.deleteIn(transaction, topic.name)
  exchangeVersions(log, transaction, applicationId, beside.name, { ...renames, bases })
  return { plan: planned.plan, emptied: startAllOver(log, transaction, planned.resets) }
}

/** What the version that leaves has written up to now is in topics that stay as they are called. */
function shareOutputs(
  log: ApplicationsLog,
  transaction: WriteTransaction,
  { row }: KeptVersion,
  corrections: readonly Corrections[],
): OutputBases {
  const { bases, topics } = sharedOutputs(log, row.applicationId)
  for (const topic of topics) if (isCompacted(topic)) ensureOwnTopic(log.topics, transaction, topic, row)
  const added = new Map(corrections.map(({ topic, added: records }) => [topic.id, records]))
  const kept = Object.entries(bases).map(([name, base]) => {
    const keptTo = base.ends.map((end, partition) => end + (added.get(base.topicId)?.[partition] ?? 0))
    return [name, { ...base, keptTo }] as const
  })
  return Object.fromEntries(kept)
}

/** Of the version that comes, in topics as they are called from now on. */
function positionsOf(
  log: ApplicationsLog,
  { name: kept }: KeptVersion,
  names: Renames,
): ApplicationSwitch['positions'] {
  return log.topics
    .named(log.positions.list(kept))
    .map(({ topic, partition, offset }) => ({ topic: names.get(topic) ?? topic, partition, offset }))
}

function besideNameOf(applicationId: string, version: string): (topic: string) => string {
  return (topic) => besideTopic(topic, { applicationId, version })
}

/** The topics of the version that comes take the names; groups go on in them. */
function exchangeTopics(
  log: ApplicationsLog,
  transaction: WriteTransaction,
  { exchanged, plan }: PlannedSwitch,
  nameOfLeaving: (topic: string) => string,
): void {
  for (const { name, coming, leaving } of exchanged) {
    log.topics.forget(transaction, coming.name)
    if (leaving !== undefined) log.topics.put(transaction, { ...leaving, name: nameOfLeaving(name) })
    log.topics.put(transaction, { ...coming, name })
  }
  const topics = new Map(exchanged.map((topic) => [topic.name, topic]))
  for (const move of plan.positions) movePosition(log, transaction, move, present(topics.get(move.topic), 'it moves'))
}

function movePosition(
  log: ApplicationsLog,
  transaction: WriteTransaction,
  { group, partition, after }: SwitchPlan['positions'][number],
  { coming, leaving }: ExchangedTopic,
): void {
  const from = partitionAt(present(leaving, 'positions move from one topic to another'), partition)
  const { metadata } = present(log.positions.get(group, from), 'a position that moves is there')
  log.positions.remove(transaction, group, from)
  log.positions.put(transaction, group, partitionAt(coming, partition), {
    offset: after,
    committedMs: log.clock.now(),
    metadata,
  })
}
