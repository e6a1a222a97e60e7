/**
 * What a switch to another version would do: which versions, which outputs change places, whose positions move, and why
 * it cannot be done as things are.
 */
import { present } from '../../core/assert.ts'
import { parsePlan } from '../../core/stored-plan.ts'
import { decodeEntries, hasWorkLeft } from '../../core/stored-progress.ts'
import { BatchCursor } from '../format/batch-cursor.ts'
import { partitionAt, partitionName, partitionsOf, type PartitionId } from '../format/partition-id.ts'
import type { TopicDescription } from '../kept/topics.ts'
import { besideTopic, topicBeside } from '../kept/version-name.ts'
import { type ApplicationsLog, type KeptVersion, keptVersions } from './application-log.ts'
import type { CorrectableOutput } from '../outputs/corrections.ts'
import { correctableOutputs, type FoundCorrections, noCorrections } from './switch-corrections.ts'
import type { PositionMove, SwitchOutputs, SwitchPlan } from './switch-face.ts'
import {
  type PlannedReset,
  plannedResets,
  readersOfEmptied,
  resetObstacles,
  type WantedReset,
} from './switch-resets.ts'

/** An output that changes places: the topic of the name, and the one that comes. */
export interface ExchangedTopic {
  readonly name: string
  readonly coming: TopicDescription
  /** Undefined where there was no topic of the name. */
  readonly leaving: TopicDescription | undefined
}

/** A plan, and what it needs to be carried out. */
export interface PlannedSwitch {
  readonly plan: SwitchPlan
  readonly exchanged: readonly ExchangedTopic[]
  /** What can be corrected, whether anything differs or not. */
  readonly correctable: readonly CorrectableOutput[]
  /** Applications that start over. */
  readonly resets: readonly PlannedReset[]
}

/** What a switch is asked for. */
export interface SwitchWishes {
  readonly outputs: SwitchOutputs
  /** Applications that start over. */
  readonly reset: readonly WantedReset[]
}

/** @param found what was found before, in the records */
export function planSwitch(
  log: ApplicationsLog,
  live: KeptVersion,
  beside: KeptVersion,
  { outputs, reset }: SwitchWishes,
  { corrections, obstacles: unfit }: FoundCorrections = noCorrections,
): PlannedSwitch {
  const { applicationId } = live.row
  const exchanged = exchangedBy(log, beside, outputs)
  const names = new Set(exchanged.map(({ name }) => name))
  const { outputs: correctable, obstacles: uncorrectable } =
    outputs === 'correct' ? correctableOutputs(log, live, beside, names) : { outputs: [], obstacles: [] }
  const moves = exchanged.flatMap((topic) => movesOf(log, topic))
  const resets = plannedResets(log, reset)
  const startOver = new Set(reset.map((one) => one.applicationId))
  const emptied = [...new Map(resets.flatMap((one) => one.emptied.map((topic) => [topic.topic, topic]))).values()]
  const others = new Set([...names, ...emptied.map(({ topic }) => topic)])
  const readers = [
    ...[...exchanged, ...correctable.map(({ topic }) => topic)].flatMap(({ name }) =>
      readersOf(log, applicationId, name),
    ),
    ...readersOfEmptied(resets),
  ]
  const lag = lagBetween(log, live, beside)
  const lags =
    lag > 0 && !goesBack(beside, outputs)
      ? [`version "${beside.row.version}" is ${lag} records away from the live one`]
      : []
  const obstacles = [
    ...(beside.row.replay?.isCopying === true ? [`version "${beside.row.version}" is not copied whole yet`] : []),
    ...(beside.row.isPaused && !goesBack(beside, outputs)
      ? [`version "${beside.row.version}" is paused, and does not come to where the live one stands: resume it`]
      : []),
    ...goneInputsOf(log, beside),
    ...exchanged.flatMap((topic) => membersOf(log, topic)),
    ...readers
      .filter((one) => others.has(one.topic) && !startOver.has(one.applicationId))
      .map((one) => `application "${one.applicationId}" has read topic "${one.topic}", and its state is of that one`),
    ...(outputs === 'replace' ? [...othersOf(beside), ...basesOf(beside)] : loopsOf(log, beside)),
    ...resetObstacles(log, resets, live, beside),
    ...uncorrectable,
    ...unfit,
  ]
  return {
    exchanged,
    correctable,
    resets,
    plan: {
      applicationId,
      from: live.row.version,
      to: beside.row.version,
      outputs,
      number: live.row.switches + 1,
      topics: [
        ...exchanged.map(({ name, coming, leaving }) => ({
          topic: name,
          records: recordsIn(log, coming),
          recordsBefore: leaving === undefined ? 0 : recordsIn(log, leaving),
        })),
        ...corrections.map(({ topic, keys }) => {
          const recordsBefore = recordsIn(log, topic)
          return { topic: topic.name, records: recordsBefore + keys, recordsBefore }
        }),
        ...emptied.map(({ topic, records }) => ({ topic, records: 0, recordsBefore: records })),
      ],
      corrections: corrections.map(({ topic, keys, deletes, bytes }) => ({ topic: topic.name, keys, deletes, bytes })),
      reset: [...startOver],
      readers,
      positions: moves,
      lag,
      refusals: [...lags, ...obstacles],
      obstacles,
    },
  }
}

/**
 * Whether a version takes topics back that have stopped where it stands, so that it goes on from there however far the
 * live one is.
 */
export function goesBack({ row }: KeptVersion, outputs: SwitchOutputs): boolean {
  return row.retired === 'superseded' && outputs === 'replace' && row.replay?.bases === undefined
}

/** How many records of the partitions that both read lie between their positions. */
export function lagBetween(log: ApplicationsLog, live: KeptVersion, beside: KeptVersion): number {
  const positions = new Map(log.positions.list(live.name).map((one) => [partitionName(one), one.offset]))
  return log.positions
    .list(beside.name)
    .reduce((lag, one) => lag + Math.abs((positions.get(partitionName(one)) ?? one.offset) - one.offset), 0)
}

/** Whether a version has work left of the records that it has read. */
export function isAtRest(log: ApplicationsLog, { name }: KeptVersion): boolean {
  return log.applications
    .progress(name)
    .every(({ progress }) => progress === undefined || !hasWorkLeft(decodeEntries(progress)))
}

/**
 * What a version has written for itself. Letters are no output: those of both versions go to the topic of the
 * application.
 */
export function outputsBeside(log: ApplicationsLog, { name: kept, row }: KeptVersion): readonly TopicDescription[] {
  const plan = log.applications.plan(kept)
  const letters = (plan && parsePlan(row.applicationId, plan).deadLetters) ?? `${row.applicationId}.dead-letters`
  const lettersName = topicBeside(letters, row) ?? letters
  return log.topics.list().filter(({ name }) => ![undefined, lettersName].includes(topicBeside(name, row)))
}

/** With `correct`, a topic takes a name that is free. */
function exchangedBy(log: ApplicationsLog, beside: KeptVersion, outputs: SwitchOutputs): readonly ExchangedTopic[] {
  if (outputs === 'continue') return []
  const all = outputsBeside(log, beside).map((coming) => {
    const name = present(topicBeside(coming.name, beside.row), 'it is a topic of this version')
    return { name, coming, leaving: log.topics.find(name) }
  })
  return outputs === 'replace' ? all : all.filter(({ leaving }) => leaving === undefined)
}

/** A version that was stopped for long may have nothing to go on with. */
function goneInputsOf(log: ApplicationsLog, { name: kept, row }: KeptVersion): readonly string[] {
  const gone = log.topics
    .named(log.positions.list(kept))
    .filter((partition) => partition.offset < log.partitions.startOffset(partition))
  return [...new Set(gone.map(({ topic }) => topic))].map(
    (topic) => `version "${row.version}" has yet to read records of "${topic}" that are no longer there`,
  )
}

/** What becomes of the positions of groups: they go on at the first record that is no older than the next one was. */
function movesOf(log: ApplicationsLog, { name, coming, leaving }: ExchangedTopic): readonly PositionMove[] {
  if (leaving === undefined) return []
  const groups = log.positions.names().filter((group) => !log.positions.isApplication(group))
  return groups.flatMap((group) =>
    log.positions
      .list(group)
      .filter(({ topicId, partition }) => topicId === leaving.id && partition < coming.partitions)
      .map(({ partition, offset: before }) => {
        const to = partitionAt(coming, partition)
        const time = timeAt(log, partitionAt(leaving, partition), before)
        const after = time === undefined ? log.partitions.endOffset(to) : log.offsetAtTime(to, time)
        return { group, topic: name, partition, before, after }
      }),
  )
}

/** Of the first record from an offset on; undefined where there is none. */
function timeAt(log: ApplicationsLog, partition: PartitionId, offset: number): number | undefined {
  const { startOffset, endOffset } = log.partitions.row(partition)
  for (let from = Math.max(offset, startOffset); from < endOffset;) {
    const batch = log.batchAt(partition, from)
    if (batch === undefined) return undefined
    const cursor = new BatchCursor(partition)
    cursor.load(batch.bytes, batch.baseOffset)
    while (cursor.next()) if (cursor.offset >= from) return cursor.timestamp
    from = cursor.endOffset
  }
  return undefined
}

function membersOf(log: ApplicationsLog, { name, leaving }: ExchangedTopic): readonly string[] {
  return log.groups.names().flatMap((group) => {
    const reads = log.groups
      .alive(group)
      .members.some(({ owned, target }) => [...owned, ...target].some(({ topicId }) => topicId === leaving?.id))
    return reads ? [`group "${group}" reads topic "${name}" now: close its consumers`] : []
  })
}

function readersOf(log: ApplicationsLog, applicationId: string, name: string): SwitchPlan['readers'] {
  const readers = keptVersions(log).flatMap(({ name: kept, row }) => {
    const plan = log.applications.plan(kept)
    if (plan === undefined || row.applicationId === applicationId) return []
    return parsePlan(row.applicationId, plan).topics.includes(name) ? [row.applicationId] : []
  })
  return [...new Set(readers)].map((reader) => ({ topic: name, applicationId: reader }))
}

function loopsOf(log: ApplicationsLog, { name, row }: KeptVersion): readonly string[] {
  const others = Object.values(row.replay?.outputs ?? {})
  const read = new Set(log.topics.named(log.positions.list(name)).map(({ topic }) => topic))
  return [...read]
    .filter((topic) => topicBeside(topic, row) !== undefined || others.includes(topic))
    .map((topic) => `version "${row.version}" has read its own topic "${topic}", and cannot go on in another`)
}

/** A topic of the user's keeps its name. */
function othersOf({ row }: KeptVersion): readonly string[] {
  return Object.entries(row.replay?.outputs ?? {}).map(
    ([topic, other]) =>
      `version "${row.version}" has written "${other}" instead of "${topic}", and topics of yours keep their names`,
  )
}

/** Of a copy, and of a version that left its topics to another, what came before lies in the topics of that one. */
function basesOf({ row }: KeptVersion): readonly string[] {
  const topics = Object.keys(row.replay?.bases ?? {})
  if (topics.length === 0) return []
  return [
    `version "${row.version}" has not written all of its outputs itself: what came before is in ` +
      `${topics.map((topic) => `"${topic}"`).join(', ')} only`,
  ]
}

/** How many offsets a topic holds. */
export function recordsIn(log: ApplicationsLog, topic: TopicDescription): number {
  return partitionsOf(topic).reduce((total, partition) => {
    const { startOffset, endOffset } = log.partitions.row(partition)
    return total + endOffset - startOffset
  }, 0)
}

/** What the topics of both versions are called after a switch. */
export function renamesOf(
  applicationId: string,
  from: string,
  exchanged: readonly ExchangedTopic[],
): { readonly coming: ReadonlyMap<string, string>; readonly leaving: ReadonlyMap<string, string> } {
  const leaver = { applicationId, version: from }
  return {
    coming: new Map(exchanged.map(({ name, coming }) => [coming.name, name])),
    leaving: new Map(exchanged.map(({ name }) => [name, besideTopic(name, leaver)])),
  }
}
