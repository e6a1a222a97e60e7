/**
 * Compares a version with the live one by what the log has of both, so it works from any process, whether they run or
 * not.
 */
import type { ApplicationLog } from '../log/contract.ts'
import { besideName, type VersionId } from '../log/kept/version-name.ts'
import { placesOf } from '../log/kept/written-outputs.ts'
import { compareVersions } from './compare.ts'
import type { CompareOptions, ComparisonReport } from './comparison-face.ts'
import type { Hold } from './equal-moments.ts'
import { versionOutputs } from './version-outputs.ts'

/**
 * @param hold holds the version where the live one is now; only the process that replays it can
 * @throws MillraceError as {@link compareVersions}
 */
export async function compareWithLive(
  log: ApplicationLog,
  { applicationId, version }: VersionId,
  options?: CompareOptions,
  hold?: Hold,
): Promise<ComparisonReport> {
  const id = { applicationId, version }
  const here = besideName(id)
  const places = placesOf(log.find(here)?.replay() ?? null)
  const outputs = versionOutputs(log, id, places)
  return compareVersions(log, { here, live: applicationId, outputs }, options, hold)
}
