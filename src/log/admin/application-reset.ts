/**
 * Resetting an application: it starts over from a place that is named, with nothing of what it knew. One small
 * transaction moves its positions, gives its stores new ids without rows, and forgets its counters, stream times and
 * pending work; the rows of the old ids are removed after that, in steps.
 */
import { checkBoolean, checkList, checkOptions, checkWhole, isList, onlyField, readField } from '../../core/checks.ts'
import { present } from '../../core/assert.ts'
import { MillraceError, messageOf } from '../../core/errors.ts'
import { shown } from '../../core/shown.ts'
import type { StorePosition } from '../../core/store-position.ts'
import { parsePlan, type StoredPlan } from '../../core/stored-plan.ts'
import type { Offset } from '../../core/units.ts'
import type { WriteTransaction } from '../../storage/environment.ts'
import type { Retention } from '../cleaning/retention.ts'
import { type PartitionId, partitionName, partitionsOf, type TopicPartition } from '../format/partition-id.ts'
import { nameOf, type TopicName } from '../kept/topic-name.ts'
import { stepsInTurn } from '../kept/steps-in-turn.ts'
import { sweepDeleted } from '../kept/version-removal.ts'
import { isHiddenTopic, redriveTopic } from '../kept/version-name.ts'
import { sizesOfStores } from './application-deletion.ts'
import type { StoreDescription } from './application-description.ts'
import { type ApplicationsLog, checkNotRunning, type KeptVersion, liveVersionOf } from './application-log.ts'
import { type ApplicationOutput, checkOutputs, outputsOf } from './application-outputs.ts'
import type { OffsetReset } from './reset-offsets.ts'

/** Where an application is to read next in a partition. */
export interface ApplicationPosition extends TopicPartition {
  /** Of the next record to read. */
  readonly offset: number
}

/**
 * Where an application starts over: at the first record that is kept; at the first one with at least this time (ms
 * since the epoch); at the first one that is at most this old (ms) by the clock of the log; at offsets by topic, where
 * what is not named begins at its first record; or at a list of positions that names every partition.
 */
export type ApplicationResetTarget =
  | 'beginning'
  | { readonly time: number }
  | { readonly ago: number }
  | { readonly offsets: StorePosition }
  | readonly ApplicationPosition[]

/** What `log.admin.resetApplication` takes. */
export interface ResetApplicationOptions {
  /** Where to start over. It is clamped to what a partition holds; topics of global tables begin at the beginning. */
  readonly to: ApplicationResetTarget
  /**
   * Which of the topics that it has written are emptied: none, all except its dead letters, or these, which may name
   * its dead letters. Default `keep`.
   */
  readonly outputs?: 'keep' | 'empty' | readonly TopicName[] | undefined
  /** Whether to say what would be done, and do nothing. Default false. */
  readonly dryRun?: boolean | undefined
}

/** What `log.admin.resetApplication` has done, or would do. */
export interface ApplicationReset {
  /** The application. */
  readonly applicationId: string
  /** Its live version: others are as they were. */
  readonly version: string
  /** Its positions, before and after. */
  readonly positions: readonly OffsetReset[]
  /** Its stores, with what they held. */
  readonly stores: readonly Pick<StoreDescription, 'name' | 'rows' | 'bytes'>[]
  /** The topics that it has written, and which of them are emptied. */
  readonly outputs: readonly ApplicationOutput[]
}

/** What a reset uses of a log. */
export interface ResettableLog extends ApplicationsLog {
  readonly retention: Retention
}

type Target = 'beginning' | { readonly fromMs: number } | OffsetsByPlace

interface OffsetsByPlace {
  readonly offsets: ReadonlyMap<string, number>
  /** Whether every partition that is read has to be among them. */
  readonly isWhole: boolean
}

export async function resetApplication(
  log: ResettableLog,
  applicationId: string,
  options: ResetApplicationOptions,
): Promise<ApplicationReset> {
  const {
    to,
    outputs = 'keep',
    dryRun = false,
  } = checkOptions('resetApplication', options, ['to', 'outputs', 'dryRun'])
  const target = checkTarget(log, to)
  const wanted = checkOutputs(outputs, 'empty')
  checkBoolean('dryRun', dryRun)
  log.refresh()
  const stores = await sizesOfStores(log, [liveVersionOf(log, applicationId)])
  log.refresh()
  const timed = timesOf(log, liveVersionOf(log, applicationId), target)
  const plan = (): ApplicationReset & { readonly kept: KeptVersion; readonly places: readonly PartitionId[] } => {
    const kept = liveVersionOf(log, applicationId)
    checkNotRunning(log, kept)
    const written = outputsOf(log, applicationId, [kept], wanted)
    const emptied = new Set(written.filter(({ isTaken }) => isTaken).map(({ topic }) => topic))
    const places = sourcesOf(log, kept, planOf(log, kept))
    const positions = positionsOf(log, kept, places, target, timed, emptied)
    return { applicationId, version: kept.row.version, positions, stores, outputs: written, kept, places }
  }
  if (dryRun) return answerOf(plan())
  const reset = await log.environment.inTurn(() =>
    log.environment.write((transaction) => {
      const planned = plan()
      const { kept, positions, places } = planned
      const emptied = outputPartitions(log, planned.outputs)
      log.retention.deleteBeforeIn(
        transaction,
        emptied.map((partition) => ({ partition, beforeOffset: log.partitions.endOffset(partition) })),
      )
      startOver(log, transaction, kept, places, positions)
      return { planned, emptied }
    }),
  )
  await sweepDeleted(log.environment)
  for (const partition of reset.emptied) await stepsInTurn(log.environment, log.retention.removeDeleted(partition))
  return answerOf(reset.planned)
}

function startOver(
  log: ApplicationsLog,
  transaction: WriteTransaction,
  kept: KeptVersion,
  places: readonly PartitionId[],
  positions: readonly OffsetReset[],
): void {
  log.positions.removeAll(transaction, kept.name)
  const committedMs = log.clock.now()
  for (const [at, place] of places.entries()) {
    const { after: offset } = present(positions[at], 'each partition that is read gets a position')
    log.positions.put(transaction, kept.name, place, { offset, committedMs, metadata: '' })
  }
  log.applications.reset(transaction, kept.name, (before) => planAfter(log, before))
}

/** Makes an application start over at the beginning, in a transaction that is open; its outputs stay. */
export function startOverIn(log: ApplicationsLog, transaction: WriteTransaction, kept: KeptVersion): void {
  const places = sourcesOf(log, kept, planOf(log, kept))
  startOver(log, transaction, kept, places, positionsOf(log, kept, places, 'beginning', new Map(), new Set()))
}

function answerOf({ applicationId, version, positions, stores, outputs }: ApplicationReset): ApplicationReset {
  return { applicationId, version, positions, stores, outputs }
}

/** @throws MillraceError `bad_option` */
function checkTarget(log: ApplicationsLog, to: ApplicationResetTarget): Target {
  if (to === 'beginning') return to
  if (isList(to)) {
    const offsets = checkList('to', to).map((position) => {
      const field = (name: keyof ApplicationPosition): unknown =>
        readField('a position', Object(position) as object, name)
      const topic = nameOf(field('topic') as TopicName)
      const partition = checkWhole('the partition of a position', field('partition') as number, 0)
      const place = placeOf({ topic, partition })
      return [place, checkWhole(`the offset in ${place}`, field('offset') as number, 0)] as const
    })
    return { offsets: new Map(offsets), isWhole: true }
  }
  const [name, value] = onlyField(to) ?? []
  if (name === 'time') return { fromMs: checkWhole(name, value as number, 0) }
  if (name === 'ago') return { fromMs: Math.max(0, log.clock.now() - checkWhole(name, value as number, 0)) }
  if (name === 'offsets') {
    const offsets = Object.entries(checkOffsets(value)).flatMap(([topic, list]) =>
      checkList(`the offsets in "${topic}"`, list).map((offset, partition) => {
        const place = placeOf({ topic, partition })
        return [place, checkWhole(`the offset in ${place}`, offset, 0)] as const
      }),
    )
    return { offsets: new Map(offsets), isWhole: false }
  }
  throw new MillraceError(
    'bad_option',
    `resetApplication cannot go to ${shown(to)}; expected 'beginning', { time }, { ago }, { offsets: { topic: [...] } } ` +
      'or a list of { topic, partition, offset }',
  )
}

/** A copy, because its fields may be getters. */
function checkOffsets(value: unknown): Readonly<Record<string, readonly number[]>> {
  try {
    return { ...(Object(value) as Record<string, readonly number[]>) }
  } catch (cause) {
    throw new MillraceError('bad_option', `the offsets to start over at cannot be read: ${messageOf(cause)}`, { cause })
  }
}

function planOf({ applications }: ApplicationsLog, { name, row }: KeptVersion): StoredPlan {
  return parsePlan(row.applicationId, present(applications.plan(name), 'an application has a plan'))
}

/** The partitions that it reads, of the topics that are still there, with the dead letters that were sent again. */
function sourcesOf(log: ApplicationsLog, { row }: KeptVersion, { topics }: StoredPlan): PartitionId[] {
  const names = topics.flatMap((topic) => {
    return isHiddenTopic(topic) ? [topic] : [topic, redriveTopic(topic, row.applicationId)]
  })
  return names.flatMap((topic) => {
    const found = log.topics.find(topic)
    return found === undefined ? [] : partitionsOf(found)
  })
}

/** Times are looked for before the transaction, so that other writers do not wait for it. */
function timesOf(log: ApplicationsLog, kept: KeptVersion, target: Target): ReadonlyMap<string, number> {
  if (typeof target !== 'object' || !('fromMs' in target)) return new Map()
  const { fromMs } = target
  return new Map(
    sourcesOf(log, kept, planOf(log, kept)).map((partition) => [
      partitionName(partition),
      log.offsetAtTime(partition, fromMs),
    ]),
  )
}

function positionsOf(
  log: ApplicationsLog,
  kept: KeptVersion,
  partitions: readonly PartitionId[],
  target: Target,
  timed: ReadonlyMap<string, number>,
  emptied: ReadonlySet<string>,
): OffsetReset[] {
  const { loaded } = planOf(log, kept)
  const named = typeof target === 'object' && 'offsets' in target ? target : undefined
  if (named !== undefined) checkNamed(kept, partitions, named)
  return partitions.map((partition) => {
    const { topic } = partition
    const row = log.partitions.row(partition)
    const startOffset = emptied.has(topic) ? row.endOffset : row.startOffset
    // A global table is whole before anything else is read.
    const wanted = Object.hasOwn(loaded, topic)
      ? startOffset
      : (named?.offsets.get(placeOf(partition)) ?? timed.get(partitionName(partition)) ?? startOffset)
    const before = log.positions.get(kept.name, partition)?.offset
    return {
      topic,
      partition: partition.partition,
      before: before === undefined ? null : (before as Offset),
      after: Math.min(Math.max(wanted, startOffset), row.endOffset) as Offset,
    }
  })
}

/** Its state is emptied, so that a partition without an offset would have no place to go on from. */
function checkNamed(
  { row: { applicationId } }: KeptVersion,
  partitions: readonly PartitionId[],
  { offsets, isWhole }: OffsetsByPlace,
): void {
  const places = new Set(partitions.map(placeOf))
  // Dead letters that were sent again are few: they come again from the first on, unless the list says otherwise.
  const named = partitions.filter(({ topic }) => !isHiddenTopic(topic)).map(placeOf)
  const missing = isWhole ? named.find((place) => !offsets.has(place)) : undefined
  const unread = [...offsets.keys()].find((place) => !places.has(place))
  if (missing === undefined && unread === undefined) return
  const what =
    missing === undefined ? `does not read ${String(unread)}` : `also reads ${missing}, which the list does not name`
  throw new MillraceError(
    'bad_option',
    `application "${applicationId}" ${what}: log.admin.describeApplication lists what it reads with its positions`,
  )
}

function placeOf({ topic, partition }: TopicPartition): string {
  return `${topic}[${partition}]`
}

function outputPartitions(log: ApplicationsLog, outputs: readonly ApplicationOutput[]): PartitionId[] {
  return outputs.filter(({ isTaken }) => isTaken).flatMap(({ topic }) => partitionsOf(log.topics.describe(topic)))
}

/** Nothing depends on it any longer; readers still find in it what they need to know. */
function planAfter(log: ApplicationsLog, before: StoredPlan): StoredPlan {
  const topics = before.topics.filter((topic) => log.topics.find(topic) !== undefined)
  return { ...before, topics, loaded: {}, isReset: true }
}
