/**
 * Which topics a version writes, and what it shares of them with another version.
 */
import { present } from '../../core/assert.ts'
import { parsePlan, type StoredPlan } from '../../core/stored-plan.ts'
import { producedBy } from '../../core/stored-progress.ts'
import type { WriteTransaction } from '../../storage/environment.ts'
import { partitionsOf } from '../format/partition-id.ts'
import type { ApplicationRow, OutputBases, StoredReplay, TaskProgress } from './application-rows.ts'
import type { Applications } from './applications.ts'
import type { Partitions } from './partitions.ts'
import type { TopicDescription, Topics } from './topics.ts'
import { besideTopic, isHiddenTopic, topicBeside, type VersionId } from './version-name.ts'

/** Of a version beside the live one, as its row says it. */
export interface OutputPlaces {
  /** The outputs that go to topics of the user's: names by names. */
  readonly outputs: Readonly<Record<string, string>>
  readonly bases: OutputBases
}

/** Where versions, their topics and partitions are found. */
interface OutputsGround {
  readonly applications: Applications
  readonly partitions: Partitions
  readonly topics: Topics
}

export function placesOf(replay: StoredReplay | null): OutputPlaces {
  return { outputs: replay?.outputs ?? {}, bases: replay?.bases ?? {} }
}

/** Which topics of its topology a version has written records to so far, without that of its dead letters. */
export function writtenOutputs(
  version: VersionId,
  { outputs }: OutputPlaces,
  { deadLetters = `${version.applicationId}.dead-letters` }: StoredPlan,
  progress: readonly TaskProgress[],
): readonly string[] {
  const others = new Map(Object.entries(outputs).map(([name, other]) => [other, name]))
  const nameOf = (topic: string): string => others.get(topic) ?? topicBeside(topic, version) ?? topic
  const letters = nameOf(deadLetters)
  const written = new Set(Object.keys(producedBy(progress)).map(nameOf))
  return [...written].filter((topic) => topic !== letters && !isHiddenTopic(topic))
}

/** The topics of its topology that a version may have written records to. */
export function outputsOfVersion(
  applications: Applications,
  keptName: string,
  row: Pick<ApplicationRow, 'applicationId' | 'version' | 'replay'>,
): readonly string[] {
  const stored = applications.plan(keptName)
  if (stored === undefined) return []
  const plan = parsePlan(row.applicationId, stored)
  const written = writtenOutputs(row, placesOf(row.replay), plan, applications.progress(keptName))
  return [...new Set([...Object.keys(plan.outputs ?? {}), ...written])].toSorted()
}

/** What the live version has written so far: a version that begins as a copy of it, or leaves it, begins with that. */
export function sharedOutputs(
  { applications, partitions, topics }: OutputsGround,
  applicationId: string,
): { readonly bases: OutputBases; readonly topics: readonly TopicDescription[] } {
  const live = present(applications.find(applicationId), 'there is a live version')
  const shared = outputsOfVersion(applications, applicationId, live).flatMap((topic) => topics.find(topic) ?? [])
  const bases = shared.map((topic) => {
    return [
      topic.name,
      { topicId: topic.id, ends: partitionsOf(topic).map((one) => partitions.endOffset(one)) },
    ] as const
  })
  return { bases: Object.fromEntries(bases), topics: shared }
}

export function isCompacted({ config }: Pick<TopicDescription, 'config'>): boolean {
  return (config.cleanupPolicy ?? 'delete') !== 'delete'
}

/**
 * The topic that a version writes instead of one which it shares the past of. A delete in it hides what lies there, so
 * compaction may never take it.
 */
export function ensureOwnTopic(
  topics: Topics,
  transaction: WriteTransaction,
  { name, partitions, config, serdes }: TopicDescription,
  version: VersionId,
): TopicDescription[] {
  const kept = isCompacted({ config }) ? { ...config, deleteRetentionMs: Number.MAX_SAFE_INTEGER } : config
  return topics.ensureIn(transaction, [{ name: besideTopic(name, version), partitions, config: kept, serdes }])
}
