// What a log holds of an application and its versions, all of one snapshot, while others write.
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { partitionsOf } from '../../src/log/format/partition-id.ts'
import type { ApplicationRow } from '../../src/log/kept/application-rows.ts'
import type { ApplicationSwitch } from '../../src/log/kept/application-switch.ts'
import { switchesOf } from '../../src/log/kept/switch-rows.ts'
import type { HexRecord } from '../support/batches.ts'
import { recordsOf } from '../support/partition-contents.ts'
import { switchedLine } from './version-corrections.ts'
import { answerLine, type Input, type Place, restLine, resultLine } from './version-model.ts'
import { answers, applicationId, clicks, groupName, laneCount, restResults, results, rests, sums } from './versioned.ts'

/** An output of a version: lines by partition. */
type Lanes = readonly (readonly string[])[]

/** The topics that a version writes, where they are there. */
export interface WrittenTopics {
  readonly results: Lanes | undefined
  readonly answers: Lanes | undefined
  /** By key, in their order. */
  readonly rests: ReadonlyMap<string, readonly string[]> | undefined
}

export interface KeptVersion {
  readonly row: ApplicationRow
  readonly isLive: boolean
  readonly isRunning: boolean
  readonly place: Place
  /** Rows as text. */
  readonly sums: ReadonlyMap<string, string>
  readonly rests: ReadonlyMap<string, string>
  /** Of its own name: those of the live one are those of the topology. */
  readonly topics: WrittenTopics
}

export interface VersionContents {
  readonly input: Input
  readonly versions: readonly KeptVersion[]
  /** Topics of a version that is the live one, or that is not there. */
  readonly strayTopics: readonly string[]
  readonly switches: readonly (Omit<ApplicationSwitch, 'positions'> & { readonly place: Place })[]
  /** Of the group, in the topic of the name. */
  readonly group: Place
}

/** Where a version stands, and what its row says. */
export type VersionGlance = Pick<KeptVersion, 'row' | 'place' | 'isRunning'>

/** The live version, where none is named. */
export function glanceAt(log: EmbeddedLog, version?: string): VersionGlance {
  log.refresh()
  for (const [name, row] of log.applications.list()) {
    if (version === undefined ? name !== applicationId : row.version !== version) continue
    if (row.applicationId !== applicationId) continue
    return { row, place: placeIn(log, name, clicks.name), isRunning: log.applications.runnerOf(name) !== undefined }
  }
  throw new Error(`there is no ${version ?? 'live version'}`)
}

export function readVersions(log: EmbeddedLog): VersionContents {
  log.refresh()
  const rows = [...log.applications.list()].filter(([, row]) => row.applicationId === applicationId)
  const beside = rows.flatMap(([name, { version }]) => (name === applicationId ? [] : [version]))
  const hidden = log.topics.list().filter(({ name }) => name.includes('@'))
  return {
    input: decodedLanes(log, clicks.name, ({ value }) => clicks.value.decode(value).n) ?? [],
    versions: rows.map(([name, row]) => ({
      row,
      isLive: name === applicationId,
      isRunning: log.applications.runnerOf(name) !== undefined,
      place: placeIn(log, name, clicks.name),
      sums: rowsOf(log, name, sums.name, (bytes) => JSON.stringify(sums.value.decode(bytes))),
      rests: rowsOf(log, name, rests.name, (bytes) => JSON.stringify(rests.value.decode(bytes))),
      topics: writtenTopics(log, name === applicationId ? '' : `@${applicationId}@${row.version}`),
    })),
    strayTopics: hidden.map(({ name }) => name).filter((name) => !beside.includes(name.split('@')[2] ?? '')),
    switches: switchesOf(log.environment, applicationId).map(({ positions, ...made }) => {
      return { ...made, place: placeOf(positions.filter(({ topic }) => topic === clicks.name)) }
    }),
    group: placeIn(log, groupName, results.name),
  }
}

function placeOf(positions: readonly { readonly partition: number; readonly offset: number }[]): Place {
  const place = Array.from({ length: laneCount }, () => 0)
  for (const { partition, offset } of positions) place[partition] = offset
  return place
}

export function placeIn(log: EmbeddedLog, name: string, topic: string): Place {
  const id = log.topics.find(topic)?.id
  return placeOf(log.positions.list(name).filter(({ topicId }) => topicId === id))
}

export function endsOf(log: EmbeddedLog, name: string): Place {
  const topic = log.topics.find(name)
  return topic === undefined ? [] : partitionsOf(topic).map((partition) => log.endOffset(partition))
}

function writtenTopics(log: EmbeddedLog, suffix: string): WrittenTopics {
  const keyed = decodedLanes(log, `${restResults.name}${suffix}`, ({ key, value, headers }) => {
    const { sum, by } = restResults.value.decode(value)
    return { key: restResults.key.decode(key), line: marked(restLine(sum, by), headers) }
  })
  const byKey = new Map<string, string[]>()
  for (const { key, line } of keyed?.flat() ?? []) byKey.set(key, [...(byKey.get(key) ?? []), line])
  return {
    results: decodedLanes(log, `${results.name}${suffix}`, ({ value, headers }) => {
      const { of, sum, by } = results.value.decode(value)
      return marked(resultLine(of, sum, by), headers)
    }),
    answers: decodedLanes(log, `${answers.name}${suffix}`, ({ value }) => {
      const { of, by } = answers.value.decode(value)
      return answerLine(of, by)
    }),
    rests: keyed && byKey,
  }
}

export function decodedLanes<T>(
  log: EmbeddedLog,
  name: string,
  decode: (record: { readonly key: Buffer; readonly value: Buffer; readonly headers: HexRecord['headers'] }) => T,
): T[][] | undefined {
  const topic = log.topics.find(name)
  if (topic === undefined) return undefined
  return Array.from({ length: topic.partitions }, (_, partition) =>
    recordsOf(log, { topic: name, topicId: topic.id, partition }).map(({ key, value, headers }) =>
      decode({ key: Buffer.from(key ?? '', 'hex'), value: Buffer.from(value ?? '', 'hex'), headers }),
    ),
  )
}

/** What a switch has appended says which one. */
function marked(line: string, headers: HexRecord['headers']): string {
  const mark = headers.find(({ key }) => key === 'millrace-switch')
  return mark === undefined ? line : switchedLine(line, Number(Buffer.from(mark.value ?? '', 'hex').toString()))
}

/** A stored row begins with its time. */
const timeBytes = 8

export function rowsOf(
  log: EmbeddedLog,
  name: string,
  store: string,
  show: (bytes: Buffer) => string,
): Map<string, string> {
  const id = log.applications.idOf(name, store)
  const rows = new Map<string, string>()
  if (id === undefined) return rows
  for (let partition = 0; partition < laneCount; partition++) {
    for (const { key, value } of log.state.range(id, partition, Buffer.alloc(0), undefined, 10_000))
      rows.set(key.toString(), show(value.subarray(timeBytes)))
  }
  return rows
}
