/**
 * Versions of an application as they are named on a command line.
 */
import type { ApplicationVersion } from '../log/admin/application-listing.ts'
import { applicationUnknown } from '../log/contract.ts'
import type { Log } from '../log/face.ts'
import { NothingFound } from './exit-codes.ts'

/**
 * A version that stands beside the live one, if there is a live one.
 *
 * @throws NothingFound
 * @throws MillraceError `application_unknown`
 */
export async function versionBeside(
  { admin }: Log,
  applicationId: string,
  version: string,
): Promise<ApplicationVersion> {
  const all = await admin.applications()
  const application = all.find((one) => one.applicationId === applicationId)
  if (application === undefined)
    throw applicationUnknown(
      applicationId,
      all.map((one) => one.applicationId),
    )
  const found = application.versions.find((one) => one.version === version && !one.isLive)
  if (found !== undefined) return found
  const known = application.versions.map((one) => `"${one.version}"${one.isLive ? ' (live)' : ''}`).join(', ')
  throw new NothingFound(`${applicationId} has no version "${version}" beside the live one; it has ${known}`)
}
