/**
 * Deleting a version that stands beside the live one, with everything that is its own.
 */
import { checkBoolean, checkName, checkOptions } from '../../core/checks.ts'
import { besideName } from '../kept/version-name.ts'
import { removeVersionIn, sweepDeleted, topicsOf, versionLive } from '../kept/version-removal.ts'
import { pickVersion } from './application-description.ts'
import { sizesOfStores, type ApplicationDeletion } from './application-deletion.ts'
import { type ApplicationsLog, checkNotRunning, isLive, type KeptVersion, versionsOf } from './application-log.ts'
import { recordsIn } from './switch-plan.ts'

/** What `log.admin.deleteVersion` takes. */
export interface DeleteVersionOptions {
  /** Whether to say what would be done, and do nothing. Default false. */
  readonly dryRun?: boolean | undefined
}

/** What `log.admin.deleteVersion` has done, or would do. */
export interface VersionDeletion {
  /** The application; it stays. */
  readonly applicationId: string
  /** The version. */
  readonly version: string
  /** Whether it was live before, so that `switchBack` can no longer come back to it. */
  readonly endsWayBack: boolean
  /** Its stores: they go with their rows. */
  readonly stores: ApplicationDeletion['stores']
  /** How many positions go. */
  readonly positions: number
  /** The topics that are its alone, and how many offsets they hold: they go. */
  readonly topics: readonly { readonly topic: string; readonly records: number }[]
}

export async function deleteVersion(
  log: ApplicationsLog,
  applicationId: string,
  version: string,
  options: DeleteVersionOptions = {},
): Promise<VersionDeletion> {
  const { dryRun = false } = checkOptions('deleteVersion', options, ['dryRun'])
  checkBoolean('dryRun', dryRun)
  const id = { applicationId, version: checkName('a version', version) }
  const find = (): KeptVersion => {
    const kept = pickVersion(versionsOf(log, applicationId), applicationId, version)
    if (isLive(kept)) throw versionLive(id)
    checkNotRunning(log, kept)
    return kept
  }
  log.refresh()
  const stores = await sizesOfStores(log, [find()])
  const plan = (): VersionDeletion => ({
    ...id,
    endsWayBack: find().row.switches > 0,
    stores,
    positions: log.positions.list(besideName(id)).length,
    topics: topicsOf(log.topics, id).map((topic) => ({ topic: topic.name, records: recordsIn(log, topic) })),
  })
  if (dryRun) {
    log.refresh()
    return plan()
  }
  const deletion = await log.environment.inTurn(() =>
    log.environment.write((transaction) => {
      const planned = plan()
      removeVersionIn(log, transaction, id)
      return planned
    }),
  )
  await sweepDeleted(log.environment)
  return deletion
}
