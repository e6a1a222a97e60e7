/**
 * What is live of a version of an application.
 */
import type { Counters, Counts } from '../core/stored-progress.ts'
import type { ApplicationDescription } from '../log/admin/application-description.ts'
import type { Log } from '../log/face.ts'
import { sum } from '../inspect/counts.ts'
import type { Rates } from './history.ts'
import { figuresView } from './instance-figures.ts'
import type { ApplicationView, FactsView, Flow, PartName, PassedOver, PositionView, VersionView } from './views.ts'
import { coarse, type Memory } from './watch-memory.ts'

export interface ApplicationParts {
  readonly version: VersionView
  readonly parts: readonly (readonly [PartName, unknown])[]
}

/** @throws MillraceError `application_unknown`, `version_unknown` */
export async function applicationParts(
  { admin }: Log,
  applicationId: string,
  version: string,
  { rates, instanceRates }: Memory,
  elapsedMs: number,
): Promise<ApplicationParts> {
  const found = await admin.describeApplication(applicationId, { version, stores: false })
  const name = `${applicationId}/${version}`
  const positions = found.positions.map((at): PositionView => {
    const { topic, partition, offset, endOffset, records, ageMs } = at
    return {
      topic,
      partition,
      position: offset,
      end: endOffset,
      lag: records,
      lagMs: coarse(ageMs),
      streamTimeMs: streamTimeOf(found.streamTimes, partition),
      standsForMs: records > 0 ? coarse(found.standstill?.forMs ?? 0) : 0,
    }
  })
  const isRunning = found.state === 'running' // one that was killed has left its last figures
  const consumed = sumOf(found.consumed)
  const passedOver = [...passedOverOf(found.dropped, 'dropped'), ...passedOverOf(found.failed, 'failed')]
  const { state, instance, startedMs, lastCommitMs, eventTime, lag, standstill } = found
  const view: VersionView = {
    applicationId,
    version,
    isLive: found.versions.some((one) => one.version === version && one.isLive),
    state,
    instance,
    startedMs,
    lastCommitMs,
    eventTimeMs: eventTime < 0 ? null : eventTime,
    lag,
    lagMs: Math.max(0, ...positions.map(({ lagMs }) => lagMs)),
    rate: rates.of(`application/${name}`, consumed, elapsedMs),
    consumed,
    dropped: sum(passedOver, ({ kind, count }) => (kind === 'dropped' ? count : 0)),
    failed: sum(passedOver, ({ kind, count }) => (kind === 'failed' ? count : 0)),
    standstill: standstill && { ...standstill, forMs: coarse(standstill.forMs) },
  }
  const detail: ApplicationView = {
    ...view,
    versions: found.versions.map((one) => ({ version: one.version, isLive: one.isLive, state: one.state })),
    fenced: found.fenced,
    figures: isRunning && found.figures !== null ? figuresView(found.figures, name, instanceRates) : null,
    reads: found.reads,
    writes: found.writes,
    positions,
    passedOver,
    consumedByTopic: flowsOf(found.consumed, `in ${name}`, rates, elapsedMs),
    producedByTopic: flowsOf(found.produced, `out ${name}`, rates, elapsedMs),
  }
  return {
    version: view,
    parts: [
      [`application/${applicationId}/${version}`, view],
      [`detail/${applicationId}/${version}`, detail],
      [`shape/${applicationId}/${version}`, found.topology],
      [`facts/${applicationId}/${version}`, found.operators satisfies FactsView],
    ],
  }
}

function sumOf(counts: Counts): number {
  return sum(Object.values(counts), (count) => count)
}

function flowsOf(counts: Counts, name: string, rates: Rates, elapsedMs: number): Record<string, Flow> {
  const flows = Object.entries(counts).map(([topic, count]): [string, Flow] => {
    return [topic, { count, rate: rates.of(`${name} ${topic}`, count, elapsedMs) }]
  })
  return Object.fromEntries(flows)
}

function passedOverOf(counters: Counters, kind: PassedOver['kind']): PassedOver[] {
  return Object.entries(counters).flatMap(([operator, counts]) =>
    Object.entries(counts).map(([why, count]) => ({ operator, kind, why, count })),
  )
}

function streamTimeOf(streamTimes: ApplicationDescription['streamTimes'], partition: number): number | null {
  const times = Object.entries(streamTimes).flatMap(([at, time]) => (at.endsWith(`/${partition}`) ? [time] : []))
  const latest = Math.max(-1, ...times)
  return latest < 0 ? null : latest
}
