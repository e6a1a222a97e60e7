/**
 * One look at a log for its metrics: what is committed, in an amount of work that has a bound.
 *
 * It reads through `log.admin`, as any process can: so every process that serves metrics serves the same ones.
 */
import type { ApplicationDescription } from '../../log/admin/application-description.ts'
import type { ApplicationListing } from '../../log/admin/application-listing.ts'
import type { GroupListing } from '../../log/admin/group-admin.ts'
import type { PartitionLag } from '../../log/admin/lag.ts'
import type { TopicSize } from '../../log/admin/sizes.ts'
import type { Log } from '../../log/face.ts'
import type { LogStatistics } from '../../storage/statistics.ts'
import { ifThere } from '../if-there.ts'
import type { Slices } from '../slices.ts'
import { sizesInSlices } from '../topic-sizes.ts'
import { Limit } from './limit.ts'
import type { StoreSizes } from './store-sizes.ts'

/** What to look at, by name; all of a kind where it is undefined. */
export interface Wanted {
  readonly applications: readonly string[] | undefined
  readonly topics: readonly string[] | undefined
  readonly groups: readonly string[] | undefined
}

export interface VersionLook extends ApplicationDescription {
  readonly isLive: boolean
}

export interface GroupLook extends GroupListing {
  readonly lags: readonly PartitionLag[]
}

export interface Look {
  readonly file: LogStatistics
  readonly versions: readonly VersionLook[]
  readonly groups: readonly GroupLook[]
  readonly topics: readonly TopicSize[]
  readonly limit: Limit
}

export async function lookAt(log: Log, wanted: Wanted, slices: Slices, sizes: StoreSizes): Promise<Look> {
  const { admin } = log
  const limit = new Limit()
  const file = await admin.stats()
  const applications = (await admin.applications()).filter(isNamed(wanted.applications, (one) => one.applicationId))
  const versions = await versionsOf(log, applications, limit, slices, sizes)
  const groups = await groupsOf(log, wanted, limit, slices)
  const topics = await topicsOf(log, wanted, limit, slices)
  return { file, versions, groups, topics, limit }
}

function isNamed<T>(names: readonly string[] | undefined, nameOf: (one: T) => string): (one: T) => boolean {
  if (names === undefined) return () => true
  const known = new Set(names)
  return (one) => known.has(nameOf(one))
}

async function versionsOf(
  { admin }: Log,
  applications: readonly ApplicationListing[],
  limit: Limit,
  slices: Slices,
  sizes: StoreSizes,
): Promise<VersionLook[]> {
  const looks: VersionLook[] = []
  for (const { applicationId, versions } of applications) {
    for (const { version, isLive } of versions) {
      if (!limit.admits('applications')) continue
      if (!(await slices.next())) {
        limit.leaveOut('applications', 1)
        continue
      }
      const seen = await ifThere(sizes.describe(admin, applicationId, version))
      if (seen !== undefined) looks.push({ ...seen, isLive })
    }
  }
  return looks
}

async function groupsOf({ admin }: Log, wanted: Wanted, limit: Limit, slices: Slices): Promise<GroupLook[]> {
  const looks: GroupLook[] = []
  // An application is no group here: it has its positions itself.
  const groups = (await admin.groups()).filter(({ kind }) => kind === 'group')
  for (const group of groups.filter(isNamed(wanted.groups, ({ name }) => name))) {
    if (!limit.admits('groups')) continue
    if (!(await slices.next())) {
      limit.leaveOut('groups', 1)
      continue
    }
    const lags = await ifThere(admin.lag(group.name))
    if (lags !== undefined) looks.push({ ...group, lags })
  }
  return looks
}

async function topicsOf({ admin }: Log, wanted: Wanted, limit: Limit, slices: Slices): Promise<readonly TopicSize[]> {
  const listed = (await admin.listTopics()).filter(isNamed(wanted.topics, ({ name }) => name))
  const admitted = listed.filter(() => limit.admits('topics'))
  const { sizes, leftOut } = await sizesInSlices(admin, admitted, slices)
  limit.leaveOut('topics', leftOut)
  return sizes
}
