/**
 * How the log is used: who holds up others, and how much of the file is of no use.
 */
import type { GroupDescription } from '../../log/admin/group-admin.ts'
import type { ApplicationListing } from '../../log/admin/application-listing.ts'
import type { LogStatistics } from '../../storage/statistics.ts'
import { shownBytes, shownDuration } from '../../inspect/amounts.ts'
import { shownStandstill } from '../../inspect/app-state.ts'
import { oldSnapshotOf, shownSnapshot } from '../../inspect/old-snapshot.ts'
import { type Finding, ok, problem, warning } from './finding.ts'

export interface UseFacts {
  readonly nowMs: number
  readonly statistics: LogStatistics
  readonly groups: readonly GroupDescription[]
  readonly applications: readonly ApplicationListing[]
}

/** Members are heard of every few seconds. */
const silentMs = 15_000
const largeBytes = 256 * 1_048_576

export function checkUse({ nowMs, statistics, groups, applications }: UseFacts): Finding[] {
  return [
    checkReaders(statistics),
    ...checkMembers(groups, nowMs),
    ...checkApplications(applications),
    checkFile(statistics),
  ]
}

function checkReaders({ readers }: LogStatistics): Finding {
  const old = oldSnapshotOf(readers)
  if (old === undefined) return ok('readers', `${readers.length} of 512 places are taken`)
  const { what, advice } = shownSnapshot(old.pid, String(old.commits))
  return warning('readers', what, advice)
}

function checkMembers(groups: readonly GroupDescription[], nowMs: number): Finding[] {
  const silent = groups.flatMap(({ name, members }) =>
    members
      .map((member) => ({ name, member, ms: nowMs - member.lastHeartbeatMs }))
      .filter(({ ms }) => ms > silentMs)
      .map(({ member, ms }) =>
        warning(
          'members',
          `process ${member.pid} on ${member.host} is a member of group ${name}, and was last heard of ${shownDuration(ms)} ago: ` +
            'its partitions wait for its session timeout',
          'end it if it is frozen: then others take over at once',
        ),
      ),
  )
  if (silent.length > 0) return silent
  const count = groups.reduce((total, { members }) => total + members.length, 0)
  return [ok('members', `${count} of groups, all of them heard of lately`)]
}

function checkApplications(applications: readonly ApplicationListing[]): Finding[] {
  const fenced = applications.flatMap(({ applicationId, versions }) =>
    versions.flatMap(({ version, fenced: instance }) =>
      instance === null
        ? []
        : [
            warning(
              'applications',
              `process ${instance.pid} on ${instance.host} still has ${applicationId}, version ${version}, which was taken over: it can commit nothing`,
              'end it, or let it go on if it is frozen',
            ),
          ],
    ),
  )
  const standing = applications.flatMap(({ applicationId, versions }) =>
    versions.flatMap(({ version, isLive, instance, standstill }) => {
      if (standstill === null) return []
      const name = isLive ? applicationId : `${applicationId}/${version}`
      const { what, advice } = shownStandstill(name, standstill, instance)
      return [
        standstill.kind === 'hangs' ? problem('applications', what, advice) : warning('applications', what, advice),
      ]
    }),
  )
  const found = [...standing, ...fenced]
  if (found.length > 0) return found
  const running = applications.filter(({ state }) => state === 'running').length
  return [ok('applications', `${applications.length}, of which ${running} run`)]
}

function checkFile({ fileBytes, freeBytes }: LogStatistics): Finding {
  const share = Math.round((freeBytes / fileBytes) * 100)
  const what = `${shownBytes(fileBytes)}, of which ${share}% are free pages`
  if (fileBytes < largeBytes || share < 50) return ok('file', what)
  return warning(
    'file',
    what,
    'nothing, if the log will grow again; to make it small, stop all that use it, and restore a backup in its place',
  )
}
