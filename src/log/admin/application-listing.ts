/**
 * The applications of a log: which there are, in which versions, and who runs them.
 */
import type { InstanceFigures } from '../../core/figures.ts'
import { type Standstill, standstillOf } from './standstill.ts'
import { type ApplicationsLog, isLive, type KeptVersion, keptVersions } from './application-log.ts'
import { eachPosition } from './each-position.ts'

/**
 * `running`: an instance has it. `fenced`: no instance has it, and one that was stopped, by a switch for instance, has
 * not closed yet: it may be frozen, and can commit nothing. `stopped`: neither.
 */
export type ApplicationCondition = 'running' | 'stopped' | 'fenced'

/** A process that runs an application, or ran it. */
export interface ApplicationInstance {
  /** Its process. */
  readonly pid: number
  /** The machine, or the container, that it runs in. */
  readonly host: string
  /** When it started the application, in ms since the epoch. */
  readonly startedMs: number
}

/** A version of an application, and how it is doing. */
export interface ApplicationVersion {
  /** What it is called. */
  readonly version: string
  /** Whether it is the one that `startStreams` runs. */
  readonly isLive: boolean
  /** Whether it runs. */
  readonly state: ApplicationCondition
  /** Who runs it; who ran it last, where that one ended without closing it; null after a close. */
  readonly instance: ApplicationInstance | null
  /** An instance that was stopped by a newer one, or by an act of administration, and has not closed yet. */
  readonly fenced: ApplicationInstance | null
  /** Whether it was the live one before, so that a switch can bring it back. */
  readonly wasLive: boolean
  /** Whether it rests beside the live one until it is resumed: `log.admin.pauseVersion`. */
  readonly isPaused: boolean
  /** When it was started last, in ms since the epoch. */
  readonly startedMs: number
  /** When it last committed a position, in ms since the epoch; null before the first. */
  readonly lastCommitMs: number | null
  /** Records between its positions and the ends of what it reads. */
  readonly lag: number
  /**
   * The figures that its instance left: at most two seconds old while it commits, older if it is idle or hangs. Null if
   * no instance runs, or it has left none yet.
   */
  readonly figures: InstanceFigures | null
  /** Where it stands still: it runs and has records to read, but does not move. Null while all is well. */
  readonly standstill: Standstill | null
}

/** An application among others. */
export interface ApplicationListing {
  /** What it is called. */
  readonly applicationId: string
  /** The live version; null when it only has versions that were never live. */
  readonly version: string | null
  /** Of the live version. */
  readonly state: ApplicationCondition
  /** As in {@link ApplicationVersion}, of the live version; so are the next two. */
  readonly instance: ApplicationInstance | null
  /** When the live version last committed a position. */
  readonly lastCommitMs: number | null
  /** Records that the live version has yet to read. */
  readonly lag: number
  /** Where the live version stands still. */
  readonly standstill: Standstill | null
  /** All of its versions, the live one first. */
  readonly versions: readonly ApplicationVersion[]
}

/** By name. */
export function* listApplications(log: ApplicationsLog): Generator<void, ApplicationListing[]> {
  log.refresh()
  const byApplication = new Map<string, ApplicationVersion[]>()
  for (const kept of keptVersions(log)) {
    const { applicationId } = kept.row
    const version = yield* describeVersion(log, kept, yield* unreadOf(log, kept))
    byApplication.set(applicationId, [...(byApplication.get(applicationId) ?? []), version])
  }
  return [...byApplication]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([applicationId, versions]) => listingOf(applicationId, versions))
}

export function listingOf(applicationId: string, all: readonly ApplicationVersion[]): ApplicationListing {
  const versions = all.toSorted((a, b) => Number(b.isLive) - Number(a.isLive))
  const live = versions.find((version) => version.isLive)
  return {
    applicationId,
    version: live?.version ?? null,
    state: live?.state ?? 'stopped',
    instance: live?.instance ?? null,
    lastCommitMs: live?.lastCommitMs ?? null,
    lag: live?.lag ?? 0,
    standstill: live?.standstill ?? null,
    versions,
  }
}

/** How much a version has yet to read, and when it last committed a position. */
export type Unread = Pick<ApplicationVersion, 'lag' | 'lastCommitMs'>

/** @param unread what its positions say: they are read once for all that is told of a version */
export function* describeVersion(
  log: ApplicationsLog,
  kept: KeptVersion,
  { lag, lastCommitMs }: Unread,
): Generator<void, ApplicationVersion> {
  const { name, row } = kept
  const isRunning = log.applications.runnerOf(name) !== undefined
  const fenced = log.applications.fencedOf(name)
  const instance = row.session && { pid: row.session.pid, host: row.session.host, startedMs: row.startedMs }
  return {
    version: row.version,
    isLive: isLive(kept),
    state: isRunning ? 'running' : fenced === undefined ? 'stopped' : 'fenced',
    instance,
    fenced:
      fenced === undefined ? null : { pid: fenced.session.pid, host: fenced.session.host, startedMs: fenced.startedMs },
    wasLive: !isLive(kept) && row.switches > 0,
    isPaused: row.isPaused,
    startedMs: row.startedMs,
    lastCommitMs,
    lag,
    figures: log.applications.figures(name) ?? null,
    standstill: isRunning && lag > 0 ? yield* standstillOf(log, kept, lastCommitMs) : null,
  }
}

export function* unreadOf(log: ApplicationsLog, { name }: KeptVersion): Generator<void, Unread> {
  let lag = 0
  const lastCommitMs = yield* eachPosition(log, name, (position) => {
    lag += offsetsLeft(position.offset, log.partitions.row(position))
  })
  return { lag, lastCommitMs }
}

/** From a position to the end of its partition, those that compaction has emptied included. */
export function offsetsLeft(
  offset: number,
  kept: { readonly startOffset: number; readonly endOffset: number },
): number {
  return Math.max(0, kept.endOffset - Math.max(offset, kept.startOffset))
}
