/**
 * A switch that corrects the outputs of the live version: which topics it can correct, what it appends to them, and
 * what it keeps of the version that leaves.
 */
import { present } from '../../core/assert.ts'
import { parsePlan, type StoredPlan } from '../../core/stored-plan.ts'
import { producedBy } from '../../core/stored-progress.ts'
import type { WriteTransaction } from '../../storage/environment.ts'
import { partitionAt, partitionsOf, type PartitionedTopic } from '../format/partition-id.ts'
import { isHiddenTopic, type VersionId } from '../kept/version-name.ts'
import { addWritten, writtenCounts } from '../kept/written-counts.ts'
import { ensureOwnTopic, outputsOfVersion, placesOf } from '../kept/written-outputs.ts'
import {
  type CorrectableOutput,
  type CorrectionLimits,
  type Corrections,
  correctionsOf,
} from '../outputs/corrections.ts'
import { knownWindows } from '../outputs/known-keys.ts'
import { lossOf, type VersionOutput } from '../outputs/output-rows.ts'
import { outputBeside } from '../outputs/version-outputs.ts'
import { type ApplicationsLog, type KeptVersion, keptVersions, versionsOf } from './application-log.ts'

/** What a switch corrects, and why it cannot correct the rest. */
export interface Correctable {
  readonly outputs: readonly CorrectableOutput[]
  readonly obstacles: readonly string[]
}

/** What was found in the records, and why that cannot be appended. */
export interface FoundCorrections {
  readonly corrections: readonly Corrections[]
  readonly obstacles: readonly string[]
}

export const noCorrections: FoundCorrections = { corrections: [], obstacles: [] }

/** @param renamed names that are free, which topics of the version that comes take: there is nothing to correct */
export function correctableOutputs(
  log: ApplicationsLog,
  live: KeptVersion,
  beside: KeptVersion,
  renamed: ReadonlySet<string>,
): Correctable {
  const outputs: CorrectableOutput[] = []
  const obstacles: string[] = []
  for (const name of outputsOfVersion(log.applications, beside.name, beside.row)) {
    if (renamed.has(name)) continue
    const output = correctable(log, live, beside, name)
    if (typeof output === 'string') obstacles.push(output)
    else outputs.push(output)
  }
  return { outputs, obstacles }
}

function correctable(
  log: ApplicationsLog,
  live: KeptVersion,
  { name: kept, row }: KeptVersion,
  name: string,
): CorrectableOutput | string {
  const topic = log.topics.find(name)
  if (topic === undefined) return `topic "${name}" is not there: create it`
  const plan = planOf(log, kept)
  // Of what it does not write any longer a version says nothing.
  const isNewest = [plan.outputs?.[name]?.newest, planOf(log, live.name).outputs?.[name]?.newest ?? true]
  if (isNewest.some((is) => is !== true)) {
    return (
      `topic "${name}" holds events and not the newest value of each key, as far as the topologies say: events that were ` +
      'written cannot be corrected'
    )
  }
  const coming = outputBeside(log.records, row, placesOf(row.replay), name) ?? { topic: undefined }
  return (
    problemOf(log, row, topic, coming) ??
    knowing(topic, coming, row.replay?.wholeFrom ?? null, plan) ??
    `version "${row.version}" did not begin at the beginning, and the keys of topic "${name}" are no windows of a kind ` +
      'that is known: which of them it knows all about cannot be told'
  )
}

function problemOf(
  log: ApplicationsLog,
  row: VersionId,
  topic: PartitionedTopic,
  coming: VersionOutput,
): string | undefined {
  const own = coming.topic
  // No one else writes to a hidden topic.
  const open = [topic, ...(own === undefined || isHiddenTopic(own.name) ? [] : [own])]
  const others = open.find((one) => hasOtherWriters(log, row, one))
  if (others !== undefined) {
    return (
      `topic "${others.name}" holds records that application "${row.applicationId}" has not written` +
      `${namesOfWriters(log, row, others)}: what is to become of them is not known`
    )
  }
  if (own !== undefined && own.partitions !== topic.partitions) {
    return (
      `topic "${topic.name}" has ${topic.partitions} partitions, and "${own.name}", which version "${row.version}" has ` +
      `written, has ${own.partitions}`
    )
  }
  const loss = lossOf(log.records, coming)
  return loss && `what version "${row.version}" has written to "${topic.name}" is not known any longer: ${loss}`
}

function knowing(
  topic: CorrectableOutput['topic'],
  coming: VersionOutput,
  wholeFrom: number | null,
  plan: StoredPlan,
): CorrectableOutput | undefined {
  const isKnown = wholeFrom === null ? () => true : knownWindows(wholeFrom, topic.serdes?.key ?? '', plan)
  return isKnown && { topic, coming, isKnown }
}

/** Nothing but records has offsets in what an application commits. */
function hasOtherWriters(log: ApplicationsLog, { applicationId }: VersionId, topic: PartitionedTopic): boolean {
  const records = partitionsOf(topic).reduce((total, partition) => total + log.partitions.endOffset(partition), 0)
  const counted = versionsOf(log, applicationId).reduce((total, { name }) => total + producedIn(log, name, topic), 0)
  return records > counted + (writtenCounts(log.environment, applicationId)[topic.id] ?? 0)
}

function namesOfWriters(log: ApplicationsLog, { applicationId }: VersionId, topic: PartitionedTopic): string {
  const others = keptVersions(log).filter(({ name, row }) => {
    return row.applicationId !== applicationId && producedIn(log, name, topic) > 0
  })
  const names = [...new Set(others.map(({ row }) => `"${row.applicationId}"`))]
  return names.length === 0 ? '' : `, and ${names.join(', ')} writes it too`
}

function producedIn(log: ApplicationsLog, keptName: string, { name }: PartitionedTopic): number {
  return producedBy(log.applications.progress(keptName))[name] ?? 0
}

function planOf(log: ApplicationsLog, keptName: string): StoredPlan {
  return parsePlan(keptName, present(log.applications.plan(keptName), 'every version has a plan'))
}

/**
 * Looks for what differs, letting others commit meanwhile.
 *
 * @param limits how much all of it may take, and what gives it up
 * @throws MillraceError `switch_refused` when an output never stands still
 */
export async function findCorrections(
  log: ApplicationsLog,
  outputs: readonly CorrectableOutput[],
  number: number,
  { bytesMax, signal }: CorrectionLimits,
): Promise<FoundCorrections> {
  const corrections: Corrections[] = []
  const obstacles: string[] = []
  let bytes = 0
  for (const output of outputs) {
    const { name } = output.topic
    const found = await correctionsOf(log.records, output, number, { bytesMax: Math.max(0, bytesMax - bytes), signal })
    if (found === 'unkeyed') {
      obstacles.push(`topic "${name}" has records without keys: they are events, which cannot be corrected`)
      continue
    }
    if (found.deletes > 0 && found.isComingCut) {
      obstacles.push(
        `retention has deleted records of the version that comes, of "${name}", so that ${found.deletes} keys which it seems ` +
          'to lack may be there',
      )
    }
    bytes += found.bytes
    corrections.push(found)
  }
  if (bytes > bytesMax) {
    obstacles.push(
      `the corrections take ${bytes} bytes, more than correctMaxBytes, which is ${bytesMax}: take the topics of the new ` +
        "version whole, with { outputs: 'replace' }",
    )
  }
  return { corrections, obstacles }
}

/** Appends what was found, and to the topic of the version that leaves what that overwrites. */
export function appendCorrections(
  log: ApplicationsLog,
  transaction: WriteTransaction,
  leaver: VersionId,
  corrections: readonly Corrections[],
): void {
  const nowMs = log.clock.now()
  for (const { topic, keys, corrected, overwritten } of corrections) {
    const usesAppendTime = topic.config.messageTimestampType === 'LogAppendTime'
    const [own] = ensureOwnTopic(log.topics, transaction, topic, leaver)
    const append = (to: PartitionedTopic, batches: Corrections['corrected']): void => {
      for (const [partition, list] of batches.entries()) {
        if (list.length === 0) continue
        log.partitions.append(transaction, partitionAt(to, partition), list, { nowMs, usesAppendTime })
      }
    }
    append(topic, corrected)
    append(present(own, 'one request has one answer'), overwritten)
    addWritten(log.environment, transaction, leaver.applicationId, [[topic.id, keys]])
  }
}
