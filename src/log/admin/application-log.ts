/**
 * What the administration of applications uses of a log, and how it names their versions.
 */
import { checkName } from '../../core/checks.ts'
import { MillraceError } from '../../core/errors.ts'
import type { Environment } from '../../storage/environment.ts'
import type { StateStores } from '../../storage/state/state-stores.ts'
import type { ApplicationRow } from '../kept/application-rows.ts'
import { type Applications, applicationUnknown } from '../kept/applications.ts'
import type { StoredRecords } from '../contract.ts'
import type { Catalogue } from '../kept/catalogue.ts'
import type { GroupLog } from './group-log.ts'

export interface ApplicationsLog extends GroupLog {
  /** Calls back after commits of anyone, until the returned function is called. */
  onCommit(listener: () => void): () => void
  readonly environment: Environment
  readonly catalogue: Catalogue
  readonly applications: Applications
  readonly state: StateStores
  readonly records: StoredRecords
}

/** A version of an application: its row, and the name under which everything of it is kept. */
export interface KeptVersion {
  readonly name: string
  readonly row: ApplicationRow
}

/** The live one is kept under the name of its application. */
export function isLive({ name, row }: KeptVersion): boolean {
  return name === row.applicationId
}

/** Every version of every application, by the name under which it is kept. */
export function keptVersions({ applications }: ApplicationsLog): KeptVersion[] {
  return [...applications.list()].map(([name, row]) => ({ name, row }))
}

/**
 * Every version of an application, the live one first.
 *
 * @throws MillraceError `application_unknown`, `bad_option`
 */
export function versionsOf(log: ApplicationsLog, applicationId: string): KeptVersion[] {
  checkName('an application id', applicationId)
  const found = findVersions(log, applicationId)
  if (found.length > 0) return found
  throw applicationUnknown(
    applicationId,
    keptVersions(log).map(({ row }) => row.applicationId),
  )
}

/** As {@link versionsOf}; none where there is no such application. */
export function findVersions({ applications }: ApplicationsLog, applicationId: string): KeptVersion[] {
  return [...applications.list(applicationId)]
    .map(([name, row]) => ({ name, row }))
    .filter(({ row }) => row.applicationId === applicationId)
    .toSorted((a, b) => Number(isLive(b)) - Number(isLive(a)))
}

/** @throws MillraceError `application_unknown`, `version_unknown` when no version of it is live, `bad_option` */
export function liveVersionOf(log: ApplicationsLog, applicationId: string): KeptVersion {
  const versions = versionsOf(log, applicationId)
  const live = versions.find(isLive)
  if (live !== undefined) return live
  const known = versions.map(({ row }) => `"${row.version}"`).join(', ')
  throw new MillraceError('version_unknown', `application "${applicationId}" has no live version; it has ${known}`)
}

/** @throws MillraceError `application_running`, which says who runs it */
export function checkNotRunning({ applications }: ApplicationsLog, kept: KeptVersion): void {
  const { name, row } = kept
  const runner = applications.runnerOf(name)
  if (runner === undefined) return
  const what = `application "${row.applicationId}"${isLive(kept) ? '' : `, version "${row.version}",`}`
  throw new MillraceError(
    'application_running',
    `${what} runs in process ${runner.pid} on ${runner.host}, since ${new Date(row.startedMs).toISOString()}: close it ` +
      'first; end a process that does not answer',
  )
}
