/**
 * What is live of a version beside the live one: how far it is.
 */
import type { ApplicationDescription } from '../log/admin/application-description.ts'
import { applicationLogOf } from '../log/contract.ts'
import type { Log } from '../log/face.ts'
import { shownDuration, shownTime } from '../inspect/amounts.ts'
import { etaOf } from '../replay/extent.ts'
import type { OffsetsByTopic } from '../replay/face.ts'
import type { AskedRange } from '../replay/range.ts'
import { storedExtent } from '../replay/stored-extent.ts'
import type { Rates } from './history.ts'
import type { ReplayView } from './replay-views.ts'

/** Undefined where it stands beside no longer. */
export function replayView(
  log: Log,
  { applicationId, version, versions }: ApplicationDescription,
  rates: Rates,
  elapsedMs: number,
): ReplayView | undefined {
  const { isPaused = false, wasLive = false } = versions.find((one) => one.version === version) ?? {}
  const extent = storedExtent(applicationLogOf(log), { applicationId, version })
  if (extent === undefined) return undefined
  const { phase, range, done, total, percent, eventTime, lag } = extent
  const rate = done === null ? null : rates.of(`replay/${applicationId}/${version}`, done, elapsedMs)
  const etaMs = done === null || total === null ? null : etaOf({ done, total }, rate ?? 0)
  return {
    applicationId,
    version,
    isPaused,
    wasLive,
    phase,
    range: range && wordsOf(range),
    done,
    total,
    percent,
    rate,
    etaMs,
    eventTimeMs: eventTime,
    lag,
  }
}

/** `from 2025-03-04 08:00:00.000Z to where the live version is`. */
function wordsOf({ from, to, outputs }: AskedRange): string {
  const others = Object.entries(outputs).map(([topic, other]) => `, ${topic} goes to ${other}`)
  return `from ${beginOf(from)} ${endOf(to)}${others.join('')}`
}

function beginOf(from: AskedRange['from']): string {
  if (from === 'beginning') return 'the beginning'
  if (from === 'live') return 'a copy of the live version'
  if ('offsets' in from) return `offsets ${offsetsOf(from.offsets)}`
  return 'time' in from ? shownTime(from.time, true) : `${shownDuration(from.ago)} before it began`
}

function endOf(to: AskedRange['to']): string {
  if (to === null) return 'on, and follows the live version'
  return 'time' in to ? `until ${shownTime(to.time, true)}` : `until offsets ${offsetsOf(to.offsets)}`
}

function offsetsOf(offsets: OffsetsByTopic): string {
  return Object.entries(offsets)
    .map(([topic, list]) => `${topic} ${list.join(' ')}`)
    .join(', ')
}
