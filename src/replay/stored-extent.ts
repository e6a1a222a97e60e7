/**
 * How far a version beside the live one has come, as the log has it: for those who look from another process, or while
 * none replays it.
 */
import { decodeEntries, sumOf } from '../core/stored-progress.ts'
import type { ApplicationLog } from '../log/contract.ts'
import { besideName, type VersionId } from '../log/kept/version-name.ts'
import { type Extent, extentOf, percentOf } from './extent.ts'
import { storedBounds } from './live-position.ts'
import { type AskedRange, storedOf } from './range.ts'

/** `copying`: it is to begin as a copy of the live one, which is not whole yet. */
export type ReplayPhase = 'copying' | 'replaying' | 'following' | 'done'

/** What a version has come to. */
export interface StoredExtent {
  readonly phase: ReplayPhase
  /** Where it began and where it stops, as it was asked for, and outputs of its own; null: it has never replayed. */
  readonly range: AskedRange | null
  /** Records that it has read; null as above, and so are the next two. */
  readonly done: number | null
  readonly total: number | null
  readonly percent: number | null
  /** The largest timestamp of a record so far, ms since the epoch; null before the first. */
  readonly eventTime: number | null
  /** Records that the live version has read, or that are there where it does not read, and this one has not yet. */
  readonly lag: number
}

/** Undefined where there is no such version beside the live one. */
export function storedExtent(log: ApplicationLog, id: VersionId): StoredExtent | undefined {
  const version = log.find(besideName(id))
  if (version === undefined) return undefined
  const stored = storedOf(version.replay())
  const range = stored !== undefined && 'from' in stored ? stored : undefined
  const boundOf = storedBounds(log, id.applicationId)
  const { records } = log
  const reached = version.positions().map(({ partition, offset }) => {
    const logEnd = records.endOffset(partition)
    const end = range?.ends?.[partition.topic]?.[partition.partition] ?? logEnd
    const bound = Math.max(offset, Math.min(logEnd, end, boundOf(partition)))
    return { partition, position: offset, bound, logEnd }
  })
  const extent = extentOf(range?.starts ?? {}, range?.ends ?? null, reached)
  const { eventTime } = sumOf(
    version.allProgress().flatMap(({ progress }) => (progress === undefined ? [] : [decodeEntries(progress)])),
  )
  const { done, total, lag } = extent
  const counted =
    range === undefined ? { done: null, total: null, percent: null } : { done, total, percent: percentOf(extent) }
  return {
    phase: stored !== undefined && 'isCopying' in stored && stored.isCopying === true ? 'copying' : phaseOf(extent),
    range: range === undefined ? null : { from: range.from, to: range.to, outputs: range.outputs },
    ...counted,
    eventTime: eventTime < 0 ? null : eventTime,
    lag,
  }
}

function phaseOf({ isAtEnd, lag }: Extent): ReplayPhase {
  if (isAtEnd) return 'done'
  return lag === 0 ? 'following' : 'replaying'
}
