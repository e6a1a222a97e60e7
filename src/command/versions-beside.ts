/**
 * Versions of an application as they are named on a command line.
 */
import { present } from '../core/assert.ts'
import type { ApplicationVersion } from '../log/admin/application-listing.ts'
import type { Log } from '../log/face.ts'
import { UsageError } from './exit-codes.ts'

/**
 * A version that stands beside the live one, if there is a live one.
 *
 * @throws MillraceError `application_unknown`, `version_unknown`
 */
export async function versionBeside(
  { admin }: Log,
  applicationId: string,
  version: string,
): Promise<ApplicationVersion> {
  const { versions } = await admin.describeApplication(applicationId, { version, stores: false })
  const found = present(
    versions.find((one) => one.version === version),
    'a version that is described is there',
  )
  if (!found.isLive) return found
  throw new UsageError(`${version} is the live version of ${applicationId}: name one that stands beside it`)
}
