/**
 * Which version of an application an instance may run: the code of one version must not run on the state of another.
 */
import { MillraceError } from '../../core/errors.ts'
import { type Applications, fencedBySuccessor } from './applications.ts'
import { besideName, firstVersion } from './version-name.ts'

/** An application as an instance asks for it. */
export interface WantedVersion {
  readonly applicationId: string
  /** Of the one beside, which it is called; of the live one, which it has to be. Default: the live one, whichever. */
  readonly version?: string | undefined
  /** Whether it runs beside the live one. Default false. */
  readonly isBeside?: boolean | undefined
  /** Whether an instance of it that runs goes on, and this one is refused. Default false. */
  readonly yields?: boolean | undefined
}

/** What a version is kept under. */
export function keptNameOf({ applicationId, version = firstVersion, isBeside = false }: WantedVersion): string {
  return isBeside ? besideName({ applicationId, version }) : applicationId
}

/**
 * The version that is to run, if it may.
 *
 * @throws MillraceError `superseded`, `version_unknown`, `fenced`
 */
export function checkVersion(applications: Applications, wanted: WantedVersion): string {
  const { applicationId, isBeside = false } = wanted
  const live = applications.find(applicationId)
  if (isBeside) return checkBeside(wanted, live?.version)
  const version = wanted.version ?? live?.version ?? firstVersion
  if (wanted.yields === true && applications.runnerOf(applicationId) !== undefined)
    throw fencedBySuccessor(applicationId)
  const isNamed = wanted.version !== undefined || live?.switches === 0
  if (live?.version === version && isNamed) return version
  if (live !== undefined && wanted.version === undefined) {
    throw new MillraceError(
      'superseded',
      `the live version of "${applicationId}" is "${version}", since a switch: say which version this code is, ` +
        `{ version: '${version}' } if it is that one. An older one must not run on its state`,
    )
  }
  const isKept = applications.find(besideName({ applicationId, version })) !== undefined
  if (live === undefined && !isKept) return version
  const which = live === undefined ? 'has no live version' : `has "${live.version}" as its live version`
  if (isKept) {
    throw new MillraceError(
      'superseded',
      `"${applicationId}" ${which}, and "${version}" stands beside it: run it there with replay(), or make it the live ` +
        `one with a switch`,
    )
  }
  throw new MillraceError(
    'version_unknown',
    `"${applicationId}" ${which}, and no version "${version}": let that one begin beside it with replay(), or start ` +
      'the live one',
  )
}

function checkBeside({ applicationId, version = firstVersion }: WantedVersion, live: string | undefined): string {
  if (live !== version) return version
  throw new MillraceError(
    'bad_option',
    `version "${version}" of "${applicationId}" is the live one, and cannot run beside itself: give the new version a ` +
      'name of its own',
  )
}
