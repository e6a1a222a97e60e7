/**
 * Whether a running version stands still although it has records to read: the one rule, for everyone who looks. One
 * look from any process is enough; it needs no memory of earlier ones.
 *
 * A process whose event loop runs gives a sign of life every few seconds (sign-of-life.ts). So an old sign means that a
 * function never returns. With a fresh sign, a version may rest for many good reasons: it is paused, lets others go
 * first, waits for an empty partition or for the lock, or commits seldom. The only one worth reporting is that calls of
 * `mapAsync` take all slots; committed state says how many are open, and how many may be.
 */
import { isInstance } from '../../core/checks.ts'
import { MillraceError } from '../../core/errors.ts'
import { commitEveryMsOf } from '../../core/stored-plan.ts'
import { callSlotsCell, decodeEntries, openCallsCell } from '../../core/stored-progress.ts'
import type { Offset } from '../../core/units.ts'
import type { SignOfLife } from '../../storage/sessions.ts'
import type { PartitionId } from '../format/partition-id.ts'
import type { StoredPosition } from '../kept/positions.ts'
import { type ApplicationsLog, isLive, type KeptVersion } from './application-log.ts'
import { eachPosition } from './each-position.ts'
import { timestampAt } from './lag.ts'

/** Less is not worth reporting: signs come every 5 s, commits every 100 ms by default. */
const standstillMs = 30_000

/** A running version that has records to read and does not move. */
export interface Standstill {
  /**
   * `hangs`: its process has given no sign of life. A function does not return, or the process was stopped.
   * `waitsForCalls`: the process is well, and all calls of `mapAsync` that may be open at a time are open; each ends at
   * its `timeoutMs`.
   */
  readonly kind: 'hangs' | 'waitsForCalls'
  /** The topic of the record where it stands: of the next in each partition, the one with the smallest timestamp. */
  readonly topic: string
  /** Its partition. */
  readonly partition: number
  /** Its offset. */
  readonly offset: Offset
  /** How long it has stood still, in ms. */
  readonly forMs: number
  /** How many calls of each operator are open; if it hangs, as of its last commit. */
  readonly calls: Readonly<Record<string, number>>
}

/** Null while it moves, or has nothing to read. */
export function* standstillOf(
  log: ApplicationsLog,
  kept: KeptVersion,
  lastCommitMs: number | null,
): Generator<void, Standstill | null> {
  const { name, row } = kept
  if (row.isPaused || row.session === null) return null
  const sign = log.environment.sessions.signed(row.session.id)
  if (sign === undefined) return null
  const nowMs = log.clock.now()
  // After the wall clock was set back, a time in the future says nothing: it counts as 0.
  const known = (atMs: number): number => (atMs <= nowMs ? atMs : 0)
  const committedMs = Math.max(known(lastCommitMs ?? 0), known(row.startedMs))
  const silentMs = Math.min(silenceOf(log, sign, nowMs), nowMs - committedMs)
  const hangs = silentMs >= standstillMs
  if (!hangs && nowMs - committedMs < standstillMs + commitEveryMs(log, name)) return null
  const { calls, isFull } = openCalls(log, name)
  if (!hangs && !isFull) return null
  const next = yield* nextRecord(log, kept)
  if (next === undefined) return null
  // If the wall clock was set back after all of these, nothing says for how long.
  const sinceMs = Math.max(committedMs, known(appendedMs(log, next)))
  const forMs = hangs ? silentMs : sinceMs === 0 ? 0 : nowMs - sinceMs
  if (forMs < standstillMs) return null
  const { topic, partition, offset } = next
  return { kind: hangs ? 'hangs' : 'waitsForCalls', topic, partition, offset: offset as Offset, forMs, calls }
}

/** How long its process has been silent. A sign from the future is from before the wall clock was set back. */
function silenceOf({ clock }: ApplicationsLog, { atMs, elapsedMs }: SignOfLife, nowMs: number): number {
  return atMs > nowMs ? clock.elapsed() - elapsedMs : nowMs - atMs
}

function commitEveryMs(log: ApplicationsLog, name: string): number {
  return commitEveryMsOf(readable(() => log.applications.plan(name)) ?? '{}')
}

/** How many calls each operator has open, and whether one of them has as many as it may. */
function openCalls(log: ApplicationsLog, name: string) {
  const calls: Record<string, number> = {}
  const slots: Record<string, number> = {}
  for (const { progress } of readable(() => log.applications.progress(name)) ?? []) {
    if (progress === undefined) continue
    for (const [operator, cells] of Object.entries(decodeEntries(progress).cells)) {
      const open = cells[openCallsCell] ?? 0
      if (open === 0) continue
      calls[operator] = (calls[operator] ?? 0) + open
      slots[operator] = Math.max(slots[operator] ?? 0, cells[callSlotsCell] ?? 0)
    }
  }
  const isFull = Object.entries(calls).some(([operator, open]) => open >= (slots[operator] ?? 0))
  return { calls, isFull }
}

/** Verification tells of damaged rows; they must not keep anyone from looking at the application. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isInstance(error, MillraceError) && error.code === 'damaged') return undefined
    throw error
  }
}

interface NextRecord extends PartitionId {
  readonly offset: number
  readonly timestamp: number
}

/** The one that its sequence takes next: the smallest timestamp, then by topic and partition. */
function* nextRecord(log: ApplicationsLog, kept: KeptVersion): Generator<void, NextRecord | undefined> {
  let first: NextRecord | undefined
  yield* eachPosition(log, kept.name, (position) => {
    if (isPastBounds(log, kept, position)) return
    const { topic, topicId, partition } = position
    const offset = Math.max(position.offset, log.partitions.row(position).startOffset)
    const timestamp = readableTimestamp(log, position, offset)
    if (timestamp === undefined) return
    const next = { topic, topicId, partition, offset, timestamp }
    if (first === undefined || isBefore(next, first)) first = next
  })
  return first
}

function isBefore(one: NextRecord, other: NextRecord): boolean {
  if (one.timestamp !== other.timestamp) return one.timestamp < other.timestamp
  return one.topic === other.topic ? one.partition < other.partition : one.topic < other.topic
}

/** A version beside the live one reads no further than the live one has, and no further than its own end. */
function isPastBounds(log: ApplicationsLog, kept: KeptVersion, position: StoredPosition & PartitionId): boolean {
  if (isLive(kept)) return false
  const { applicationId, replay } = kept.row
  const end = replay?.ends?.[position.topic]?.[position.partition] ?? Number.POSITIVE_INFINITY
  return (
    position.offset >= Math.min(end, log.positions.get(applicationId, position)?.offset ?? Number.POSITIVE_INFINITY)
  )
}

/** One that cannot be read comes first: that says more about it than its place. */
function readableTimestamp(log: ApplicationsLog, partition: PartitionId, offset: number): number | undefined {
  const found = readable(() => ({ timestamp: timestampAt(log, partition, offset) }))
  return found === undefined ? -1 : found.timestamp
}

/**
 * Records do not say when they were appended, but their segment says between when and when. A timestamp in between is
 * taken at its word; with any other one, as that of old records which are imported, the record is taken to be new.
 */
function appendedMs(log: ApplicationsLog, next: NextRecord): number {
  const { offset, timestamp } = next
  if (log.partitions.find(next) === undefined) return log.clock.now() // its topic was deleted meanwhile
  const all = readable(() => [...log.partitions.segments(next)]) ?? []
  const segments = all.filter(({ batchCount }) => batchCount > 0)
  const segment = segments.findLast(({ baseOffset }) => baseOffset <= offset) ?? segments.at(-1)
  if (segment === undefined) return log.clock.now()
  const { firstAppendMs, lastAppendMs } = segment
  return timestamp >= firstAppendMs && timestamp <= lastAppendMs ? timestamp : lastAppendMs
}
