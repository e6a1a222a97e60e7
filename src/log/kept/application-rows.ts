/**
 * The rows of applications: their keys, and what is in them.
 */
import { readInt64, writeInt32, writeUint64 } from '../../core/bytes.ts'
import type { Environment } from '../../storage/environment.ts'
import { afterName, namedKey } from '../../storage/keys.ts'
import type { SessionOwner } from '../../storage/sessions.ts'
import { figuresProblem } from './figures-row.ts'
import { redrivenProblem } from './redriven-letters.ts'
import { switchProblem } from './switch-rows.ts'
import { readJson } from './topic-row.ts'
import { keptNamesOf } from './version-name.ts'
import { writtenProblem } from './written-counts.ts'

/** An instance that a newer one, or an act of administration, has stopped, and that has not closed yet. */
export interface FencedInstance {
  readonly epoch: number
  readonly session: SessionOwner
  readonly startedMs: number
}

/** What an act of administration has done to an application while an instance of it may have run. */
export type RetiredReason = 'superseded' | 'application_deleted' | 'application_reset'

const retiredReasons: readonly unknown[] = ['superseded', 'application_deleted', 'application_reset', null]

/** How a version began beside the live one: plain data of the replay, of which the log knows this much. */
export interface StoredReplay {
  /** The outputs that go to topics of the user's: names by names. */
  readonly outputs?: Readonly<Record<string, string>> | undefined
  /** Of a copy of the live version: whether it is unfinished. */
  readonly isCopying?: boolean | undefined
  /** The offsets that it stops before, by topic and partition; null: it follows the live version. */
  readonly ends?: Readonly<Record<string, readonly number[]>> | null | undefined
  /** Windows that start then or later, in ms since the epoch, are whole; null: everything is. */
  readonly wholeFrom?: number | null | undefined
  /** What its outputs begin with, where that is in other topics than its own. */
  readonly bases?: OutputBases | undefined
}

/** By output, what a version shares with another one. */
export type OutputBases = Readonly<Record<string, OutputBase>>

/** A topic up to an offset in each partition. */
export interface OutputBase {
  readonly topicId: number
  readonly ends: readonly number[]
  /**
   * Up to here nothing that follows can take the place of what counts: the version has that itself. Default: the ends.
   */
  readonly keptTo?: readonly number[] | undefined
}

/** What stands under the kept name of a version: who may commit for it. */
export interface ApplicationRow {
  /** Of the instance that started last: only it commits. No two starts in a log ever have the same one. */
  readonly epoch: number
  /** Whose version this is; the row may be kept under another name than that (version-name.ts). */
  readonly applicationId: string
  /** Which version of the application. */
  readonly version: string
  /** When it was started last, by the clock of the log, ms since the epoch. */
  readonly startedMs: number
  /**
   * Of the live version how often another one had become it; of one beside the number of the switch that it left by, 0
   * where it was never live.
   */
  readonly switches: number
  /** Why the epoch is no longer that of an instance; null while the instance that started last may commit. */
  readonly retired: RetiredReason | null
  /** Null where it did not begin beside the live one. */
  readonly replay: StoredReplay | null
  /** Of a version beside the live one: whether its replay rests until it is told to go on, whatever process runs it. */
  readonly isPaused: boolean
  /** The session of the log that runs it; null when it was closed. */
  readonly session: SessionOwner | null
  /** The instance before, until it has closed: it may be frozen, and not know yet. */
  readonly fenced: FencedInstance | null
}

/** The epoch stands before the JSON, so that a commit need not parse the rest. */
const epochBytes = 8
const partitionBytes = 4

export function applicationKey(name: string): Buffer {
  return namedKey(name, '')
}

export function planKey(name: string): Buffer {
  return namedKey(name, 'plan')
}

/** A task of an application: a sub-topology, by a name that it keeps, and a partition. */
export interface TaskId {
  readonly subTopology: string
  readonly partition: number
}

/** The progress of a task; undefined when the task is no more. */
export interface TaskProgress {
  readonly task: TaskId
  readonly progress: Buffer | undefined
}

const taskWord = 'task'

/** Of the progress of a task. */
export function taskKey(name: string, { subTopology, partition }: TaskId): Buffer {
  const number = Buffer.allocUnsafe(partitionBytes)
  writeInt32(number, 0, partition)
  return namedKey(name, namedKey(taskWord, namedKey(subTopology, number)))
}

/** The keys of the progress of all tasks of an application begin with it. */
export function taskPrefix(name: string): Buffer {
  return namedKey(name, namedKey(taskWord, ''))
}

export function taskOfKey(name: string, key: Buffer): TaskId {
  const at = taskPrefix(name).length
  const end = key.length - partitionBytes
  return { subTopology: key.toString('utf8', at, end - 1), partition: key.readUInt32BE(end) }
}

export function encodeApplication({ epoch, ...rest }: ApplicationRow): Buffer {
  const number = Buffer.allocUnsafe(epochBytes)
  writeUint64(number, 0, epoch)
  return Buffer.concat([number, Buffer.from(JSON.stringify(rest))])
}

/** Undefined when the bytes are no such row. */
export function decodeApplication(value: Buffer): ApplicationRow | undefined {
  if (value.length < epochBytes) return undefined
  const epoch = readInt64(value, 0)
  const rest = readJson(value.subarray(epochBytes)) as Partial<ApplicationRow> | null | undefined
  const {
    applicationId,
    version,
    startedMs = 0,
    switches = 0,
    retired = null,
    replay = null,
    isPaused = false,
    session,
    fenced = null,
  } = rest ?? {}
  const isRow =
    epoch >= 1 &&
    typeof applicationId === 'string' &&
    typeof version === 'string' &&
    Number.isSafeInteger(startedMs) &&
    Number.isSafeInteger(switches) &&
    retiredReasons.includes(retired) &&
    typeof replay === 'object' &&
    typeof isPaused === 'boolean' &&
    (session === null || typeof session?.id === 'string') &&
    (fenced === null || typeof fenced?.session?.id === 'string')
  if (!isRow) return undefined
  return { epoch, applicationId, version, startedMs, switches, retired, replay, isPaused, session, fenced }
}

export function isApplication(environment: Environment, name: string): boolean {
  return environment.get('applications', applicationKey(name)) !== undefined
}

/** 0 for an application that never started. */
export function epochOf(environment: Environment, name: string): number {
  const stored = environment.get('applications', applicationKey(name))
  return stored === undefined ? 0 : readInt64(stored, 0)
}

/**
 * The names under which versions are kept, in order.
 *
 * @param applicationId leaves out most of those of other applications
 */
export function* applicationNames(environment: Environment, applicationId?: string): Generator<string> {
  const [first, end] = applicationId === undefined ? [Buffer.of(0), Buffer.of(255)] : keptNamesOf(applicationId)
  for (let from: Buffer = first; ;) {
    const [key] = environment.keys('applications', from, end, 1)
    if (key === undefined) return
    const name = key.subarray(0, key.indexOf(0)).toString()
    yield name
    from = afterName(name, key, from)
  }
}

export function storedPlan(environment: Environment, name: string): string | undefined {
  return environment.get('applications', planKey(name))?.toString()
}

/** What is wrong with a row of `applications`, for verification. */
export function applicationProblem(key: Buffer, value: Buffer): string | undefined {
  const name = key.toString('utf8', 0, key.indexOf(0))
  if (key.equals(applicationKey(name))) {
    return decodeApplication(value) === undefined ? 'it does not describe an application' : undefined
  }
  if (key.equals(planKey(name))) return readJson(value) === undefined ? 'it is no plan' : undefined
  const redriven = redrivenProblem(name, key, value)
  if (redriven !== false) return redriven
  const made = switchProblem(name, key, value)
  if (made !== false) return made
  const written = writtenProblem(name, key, value)
  if (written !== false) return written
  const figures = figuresProblem(name, key, value)
  if (figures !== false) return figures
  const isTask = key.subarray(0, taskPrefix(name).length).equals(taskPrefix(name))
  if (!isTask || !key.equals(taskKey(name, taskOfKey(name, key)))) return 'no application has such a row'
  return readJson(value) === undefined ? 'it is no progress of a task' : undefined
}
