/**
 * What is live of a version of an application.
 */
import type { Counters, Counts } from '../core/stored-progress.ts'
import type { ApplicationDescription } from '../log/admin/application-description.ts'
import { besideName } from '../log/kept/version-name.ts'
import { sum } from '../inspect/counts.ts'
import type { Rates } from './history.ts'
import { figuresView } from './instance-figures.ts'
import { coarse, positionView } from './position-view.ts'
import type {
  ApplicationView,
  FactsView,
  Flow,
  PartName,
  PassedOver,
  VersionPositionView,
  VersionView,
} from './views.ts'
import { type Lag, type Memory, positionsMax } from './watch-memory.ts'

export interface ApplicationParts {
  readonly version: VersionView
  /** The group that it reads as. */
  readonly readsAs: string
  /** Of that: only records that are still there count, unlike in the lag of the version. */
  readonly lag: Lag
  /** Those that are shown. */
  readonly positions: readonly VersionPositionView[]
  readonly parts: readonly (readonly [PartName, unknown])[]
}

export function applicationParts(
  found: ApplicationDescription,
  { rates, instanceRates, failures }: Memory,
  elapsedMs: number,
): ApplicationParts {
  const { applicationId, version } = found
  const name = `${applicationId}/${version}`
  const streamTimes = streamTimesOf(found.streamTimes)
  const positions = found.positions.slice(0, positionsMax).map((at): VersionPositionView => {
    const streamTimeMs = streamTimes.get(at.partition) ?? null
    const standsForMs = at.records > 0 ? coarse(found.standstill?.forMs ?? 0) : 0
    return { ...positionView(at), streamTimeMs, standsForMs }
  })
  const isRunning = found.state === 'running' // one that was killed has left its last figures
  const lagMs = coarse(found.positions.reduce((most, { ageMs }) => Math.max(most, ageMs), 0))
  const consumed = sumOf(found.consumed)
  const passedOver = [...passedOverOf(found.dropped, 'dropped'), ...passedOverOf(found.failed, 'failed')]
  const { state, instance, startedMs, lastCommitMs, eventTime, lag, standstill } = found
  const isLive = found.versions.some((one) => one.version === version && one.isLive)
  const failed = sum(passedOver, ({ kind, count }) => (kind === 'failed' ? count : 0))
  // A version beside the live one may begin with a copy of that one's counts.
  const lately = failures.of(name, failed, elapsedMs, isLive)
  const view: VersionView = {
    applicationId,
    version,
    isLive,
    state,
    instance,
    startedMs,
    lastCommitMs,
    eventTimeMs: eventTime < 0 ? null : eventTime,
    lag,
    lagMs,
    rate: rates.of(`application/${name}`, consumed, elapsedMs),
    consumed,
    dropped: sum(passedOver, ({ kind, count }) => (kind === 'dropped' ? count : 0)),
    failed,
    failedLately: lately.count,
    failedAgoMs: coarse(lately.agoMs),
    standstill: standstill && { ...standstill, forMs: coarse(standstill.forMs) },
  }
  const detail: ApplicationView = {
    ...view,
    versions: found.versions.map((one) => ({ version: one.version, isLive: one.isLive, state: one.state })),
    fenced: found.fenced,
    figures:
      isRunning && found.figures !== null
        ? figuresView(found.figures, `${name} ${found.startedMs}`, instanceRates)
        : null,
    reads: found.reads,
    writes: found.writes,
    positions,
    positionsLeftOut: found.positions.length - positions.length,
    passedOver,
    consumedByTopic: flowsOf(found.consumed, `in ${name}`, rates, elapsedMs),
    producedByTopic: flowsOf(found.produced, `out ${name}`, rates, elapsedMs),
  }
  return {
    version: view,
    readsAs: isLive ? applicationId : besideName({ applicationId, version }),
    lag: { lag: sum(found.positions, ({ records }) => records), lagMs },
    positions,
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

/** The latest of each partition. */
function streamTimesOf(streamTimes: ApplicationDescription['streamTimes']): ReadonlyMap<number, number> {
  const latest = new Map<number, number>()
  for (const [at, time] of Object.entries(streamTimes)) {
    const partition = Number(at.slice(at.lastIndexOf('/') + 1))
    if (time >= 0) latest.set(partition, Math.max(latest.get(partition) ?? 0, time))
  }
  return latest
}
