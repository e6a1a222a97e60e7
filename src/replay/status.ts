/**
 * How far the versions beside the live ones are: what the log says of each, and how fast those go that run.
 */
import type { Clock } from '../core/clock.ts'
import type { ApplicationVersion } from '../log/admin/application-listing.ts'
import { applicationLogOf, applicationUnknown } from '../log/contract.ts'
import type { Log } from '../log/face.ts'
import { etaOf } from './extent.ts'
import { type StoredExtent, storedExtent } from './stored-extent.ts'

/** A version beside a live one, and how far it is. */
export interface ReplayStatus extends StoredExtent {
  readonly applicationId: string
  readonly version: string
  readonly state: ApplicationVersion['state']
  readonly wasLive: boolean
  readonly isPaused: boolean
  /** Who runs it, or ran it last. */
  readonly instance: ApplicationVersion['instance']
  /** Null where it does not run, or nothing is known. */
  readonly recordsPerSecond: number | null
  readonly etaMs: number | null
}

/** How long a rate is measured. */
const measuredMs = 1_000

/**
 * @param applicationIds which applications; none: all
 * @throws MillraceError `application_unknown`
 */
export async function replayStatus(
  log: Log,
  applicationIds: readonly string[],
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<readonly ReplayStatus[]> {
  const first = await look(log, applicationIds)
  if (!first.some(isWorking)) return first
  const sinceMs = clock.elapsed()
  await waitUntil(clock, measuredMs, signal)
  const tookMs = clock.elapsed() - sinceMs
  const before = new Map(first.filter(isWorking).map((one) => [keyOf(one), one.done]))
  return (await look(log, applicationIds)).map((one) => measured(one, before.get(keyOf(one)), tookMs))
}

const keyOf = ({ applicationId, version }: ReplayStatus): string => `${applicationId}@${version}`

function isWorking({ state, isPaused, phase }: ReplayStatus): boolean {
  return state === 'running' && !isPaused && phase === 'replaying'
}

function measured(status: ReplayStatus, before: number | null | undefined, tookMs: number): ReplayStatus {
  const { done, total } = status
  if (before === undefined || before === null || done === null || total === null || tookMs <= 0) return status
  const recordsPerSecond = (1_000 * (done - before)) / tookMs
  return { ...status, recordsPerSecond, etaMs: etaOf({ done, total }, recordsPerSecond) }
}

async function look(log: Log, applicationIds: readonly string[]): Promise<readonly ReplayStatus[]> {
  const all = await log.admin.applications()
  const known = all.map(({ applicationId }) => applicationId)
  for (const id of applicationIds) if (!known.includes(id)) throw applicationUnknown(id, known)
  const wanted = all.filter((one) => applicationIds.length === 0 || applicationIds.includes(one.applicationId))
  return wanted.flatMap(({ applicationId, versions }) =>
    versions.flatMap(({ version, isLive, wasLive, state, isPaused, instance }) => {
      const extent = isLive ? undefined : storedExtent(applicationLogOf(log), { applicationId, version })
      if (extent === undefined) return []
      const known = { applicationId, version, state, wasLive, isPaused, instance, ...extent }
      return {
        ...known,
        recordsPerSecond: null,
        etaMs: extent.done !== null && extent.done === extent.total ? 0 : null,
      }
    }),
  )
}

function waitUntil(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.schedule(ms, resolve)
    signal.addEventListener('abort', () => {
      cancel()
      resolve()
    })
  })
}
