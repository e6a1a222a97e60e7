/**
 * A version beside the live one that is to rest, or to go on: a fact of its row. Whatever process replays it reads that
 * with the commit that says it, and one that begins after a crash finds it there.
 */
import { checkName } from '../../core/checks.ts'
import { versionLive } from '../kept/version-removal.ts'
import { pickVersion } from './application-description.ts'
import { type ApplicationsLog, isLive, type KeptVersion, versionsOf } from './application-log.ts'

export async function setPaused(
  log: ApplicationsLog,
  applicationId: string,
  version: string,
  isPaused: boolean,
): Promise<void> {
  const id = { applicationId, version: checkName('a version', version) }
  const find = (): KeptVersion => {
    const kept = pickVersion(versionsOf(log, applicationId), applicationId, version)
    if (isLive(kept)) throw versionLive(id)
    return kept
  }
  log.refresh()
  if (find().row.isPaused === isPaused) return
  await log.environment.inTurn(() =>
    log.environment.write((transaction) => log.applications.setReplay(transaction, find().name, { isPaused })),
  )
}
