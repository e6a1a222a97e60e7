/**
 * The rows of applications: their keys, and what is in them.
 */
import { readInt64, writeUint64 } from '../../core/bytes.ts'
import type { Environment } from '../../storage/environment.ts'
import { afterPrefix, namedKey } from '../../storage/keys.ts'
import type { SessionOwner } from '../../storage/sessions.ts'
import { readJson } from './topic-row.ts'

/** What stands under the name of an application: who may commit for it. */
export interface ApplicationRow {
  /** Of the instance that started last: only it commits. No two starts in a log ever have the same one. */
  readonly epoch: number
  /** Whose version this is; the row may be kept under another name than that. */
  readonly applicationId: string
  /** Which version of the application; null for the one that `startStreams` runs. */
  readonly version: string | null
  /** The session of the log that runs it; null when it was closed. */
  readonly session: SessionOwner | null
}

/** The epoch stands before the JSON, so that a commit need not parse the rest. */
const epochBytes = 8

export function applicationKey(name: string): Buffer {
  return namedKey(name, '')
}

export function planKey(name: string): Buffer {
  return namedKey(name, 'plan')
}

export function progressKey(name: string): Buffer {
  return namedKey(name, 'progress')
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
  const { applicationId, version, session } = rest ?? {}
  const isRow =
    epoch >= 1 &&
    typeof applicationId === 'string' &&
    (version === null || typeof version === 'string') &&
    (session === null || typeof session?.id === 'string')
  return isRow ? { epoch, applicationId, version, session } : undefined
}

export function isApplication(environment: Environment, name: string): boolean {
  return environment.get('applications', applicationKey(name)) !== undefined
}

/** 0 for an application that never started. */
export function epochOf(environment: Environment, name: string): number {
  const stored = environment.get('applications', applicationKey(name))
  return stored === undefined ? 0 : readInt64(stored, 0)
}

/** Every application, by name. */
export function* applicationNames(environment: Environment): Generator<string> {
  for (let from: Buffer = Buffer.of(0); ;) {
    const [key] = environment.keys('applications', from, Buffer.of(255), 1)
    if (key === undefined) return
    const name = key.subarray(0, key.indexOf(0)).toString()
    yield name
    from = afterPrefix(namedKey(name, ''))
  }
}

export function storedPlan(environment: Environment, name: string): string | undefined {
  return environment.get('applications', planKey(name))?.toString()
}

/** What is wrong with a row of `applications`, for verification. */
export function applicationProblem(key: Buffer, value: Buffer): string | undefined {
  const what = key.subarray(key.indexOf(0) + 1).toString()
  switch (what) {
    case '':
      return decodeApplication(value) === undefined ? 'it does not describe an application' : undefined
    case 'plan':
    case 'progress':
      return readJson(value) === undefined ? `it is no ${what}` : undefined
    default:
      return 'no application has such a row'
  }
}
