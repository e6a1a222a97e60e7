/**
 * One application, looked at closely: what it reads and keeps, and how far it has come.
 */
import { yieldToEventLoop } from '../../core/clock.ts'
import { checkBoolean, checkOptions } from '../../core/checks.ts'
import { MillraceError } from '../../core/errors.ts'
import { type Facts, parsePlan, type StoredPlan, type StoredStore, versionFact } from '../../core/stored-plan.ts'
import type { TopologyDescription } from '../../core/topology-description.ts'
import { type Counters, type Counts, decodeEntries, migratedCell, sumOf } from '../../core/stored-progress.ts'
import type { TaskProgress } from '../kept/application-rows.ts'
import type { ApplicationSwitch } from '../kept/application-switch.ts'
import { switchesOf } from '../kept/switch-rows.ts'
import { applicationUnknown } from '../kept/applications.ts'
import {
  type ApplicationsLog,
  findVersions,
  isLive,
  type KeptVersion,
  keptVersions,
  versionsOf,
} from './application-log.ts'
import {
  type ApplicationListing,
  type ApplicationVersion,
  describeVersion,
  listingOf,
  offsetsLeft,
  unreadOf,
} from './application-listing.ts'
import { type PartitionLag, reachOf } from './lag.ts'

/** What `log.admin.describeApplication` takes. */
export interface DescribeApplicationOptions {
  /** Which version to look at. Default: the live one. */
  readonly version?: string | undefined
  /** Whether its stores are counted too: that takes longest. Without, `stores` is empty. Default true. */
  readonly stores?: boolean | undefined
}

/** A store of an application. */
export interface StoreDescription {
  /** What it is called. */
  readonly name: string
  /** `keyValue`, `window`, `session`, `versioned`; `buffer` for one that an operator has for itself. */
  readonly kind: string
  /** The id of the operator that it belongs to. */
  readonly owner: string
  /** The name of the serde of its keys. */
  readonly key: string
  /** The name of the serde of its values. */
  readonly value: string
  /** How many partitions it has. */
  readonly partitions: number
  /** The version of its values; 0 where their serde has none. */
  readonly valueVersion: number
  /** In how many partitions every row has that version. The others are migrated while there is nothing else to do. */
  readonly migratedPartitions: number
  /** Rows that are stored; those that have expired count until they are removed. */
  readonly rows: number
  /** About what they take, from the mean of some of them. */
  readonly bytes: number
}

/** An application, looked at closely. */
export interface ApplicationDescription extends Omit<ApplicationListing, 'version'> {
  /** Which version the rest is about. */
  readonly version: string
  /** An instance that was stopped by a newer one, or by an act of administration, and has not closed yet. */
  readonly fenced: ApplicationVersion['fenced']
  /** When the version was started last, in ms since the epoch. */
  readonly startedMs: number
  /** The figures that its instance left, as in {@link ApplicationVersion}. */
  readonly figures: ApplicationVersion['figures']
  /** Each time that another version became the live one, in their order. */
  readonly switches: readonly ApplicationSwitch[]
  /** The topics that it reads. */
  readonly reads: readonly string[]
  /** The topics that it has written records to, dead letters included. */
  readonly writes: readonly string[]
  /** What stored data depends on: the operators that read, move or keep something, by id, as they were last started. */
  readonly operators: Readonly<Record<string, Facts>>
  /** Its shape as it was last started, as `topology.describe({ format: 'json' })` gives it. */
  readonly topology: TopologyDescription
  /** Its positions, and how far each is from the end. */
  readonly positions: readonly PartitionLag[]
  /** Its stores, by name. */
  readonly stores: readonly StoreDescription[]
  /** Source records since it first started, by topic. */
  readonly consumed: Counts
  /** Records written since it first started, by topic. */
  readonly produced: Counts
  /** Records that operators dropped, by operator and reason. */
  readonly dropped: Counters
  /** Turns that failed and were passed over, by operator and error code. */
  readonly failed: Counters
  /** The largest timestamp of a source record so far, ms since the epoch; -1 before the first. */
  readonly eventTime: number
  /** The largest event time that each operator has seen, by operator and partition (`operator/0`). */
  readonly streamTimes: Counts
}

export async function describeApplication(
  log: ApplicationsLog,
  applicationId: string,
  options: DescribeApplicationOptions = {},
): Promise<ApplicationDescription> {
  const { version, stores = true } = checkOptions('describeApplication', options, ['version', 'stores'])
  checkBoolean('stores', stores)
  log.refresh()
  const versions = versionsOf(log, applicationId)
  const kept = pickVersion(versions, applicationId, version)
  const [found] = await inSteps(describeVersions(log, applicationId, versions, [kept]))
  if (found === undefined) throw applicationUnknown(applicationId)
  return { ...found, stores: stores ? await storesOf(log, kept) : [] }
}

/** Every version of every application, by name; without those that go meanwhile. */
export async function* describeApplications(log: ApplicationsLog): AsyncGenerator<ApplicationDescription, void, void> {
  log.refresh()
  const names = new Set(keptVersions(log).map(({ row }) => row.applicationId))
  for (const applicationId of [...names].toSorted()) {
    log.refresh()
    const versions = findVersions(log, applicationId)
    if (versions.length > 0) yield* await inSteps(describeVersions(log, applicationId, versions, versions))
  }
}

/** What only a version that is described in full has. */
type CloseLook = Omit<
  ApplicationDescription,
  keyof ApplicationListing | keyof ApplicationVersion | 'switches' | 'stores'
>

/**
 * The positions of each version are read once; which other versions there are is told beside each.
 *
 * @param versions of the application, the live one first
 * @param wanted those of them to look at closely; one that goes meanwhile is left out
 */
function* describeVersions(
  log: ApplicationsLog,
  applicationId: string,
  versions: readonly KeptVersion[],
  wanted: readonly KeptVersion[],
): Generator<void, ApplicationDescription[]> {
  const listed: ApplicationVersion[] = []
  const looks: (readonly [own: ApplicationVersion, look: CloseLook])[] = []
  for (const kept of versions) {
    const plan = wanted.includes(kept) ? planOf(log, kept) : undefined
    if (plan === undefined) {
      listed.push(yield* describeVersion(log, kept, yield* unreadOf(log, kept)))
      continue
    }
    const counted = progressOf(log, kept)
    const { lags, lastCommitMs } = yield* reachOf(log, kept.name)
    const lag = lags.reduce((total, one) => total + offsetsLeft(one.offset, one), 0)
    const own = yield* describeVersion(log, kept, { lag, lastCommitMs })
    listed.push(own)
    const look: CloseLook = {
      reads: plan.topics,
      writes: Object.keys(counted.produced).toSorted(),
      operators: plan.nodes,
      topology: plan.topology ?? { subTopologies: [] },
      positions: lags,
      ...counted,
    }
    looks.push([own, look])
  }
  const { version: _, ...listing } = listingOf(applicationId, listed)
  const switches = switchesOf(log.environment, applicationId)
  return looks.map(([own, look]) => ({ ...listing, ...pickOwn(own), switches, ...look, stores: [] }))
}

/**
 * Undefined where it was deleted meanwhile.
 *
 * @throws MillraceError `format_unknown`
 */
function planOf(log: ApplicationsLog, { name, row }: KeptVersion): StoredPlan | undefined {
  const plan = log.applications.plan(name)
  return plan === undefined ? undefined : parsePlan(row.applicationId, plan)
}

function pickOwn(own: ApplicationVersion) {
  const { version, state, instance, fenced, startedMs, lastCommitMs, lag, figures, standstill } = own
  return { version, state, instance, fenced, startedMs, lastCommitMs, lag, figures, standstill }
}

/** @throws MillraceError `version_unknown` */
export function pickVersion(
  versions: readonly KeptVersion[],
  applicationId: string,
  version: string | undefined,
): KeptVersion {
  const [first] = versions
  const found = version === undefined ? first : versions.find(({ row }) => row.version === version)
  if (found !== undefined) return found
  const known = versions.map((one) => `"${one.row.version}"${isLive(one) ? ' (live)' : ''}`).join(', ')
  throw new MillraceError(
    'version_unknown',
    `application "${applicationId}" has no version "${version}"; it has ${known}`,
  )
}

function progressOf(log: ApplicationsLog, { name }: KeptVersion) {
  const tasks = log.applications
    .progress(name)
    .flatMap(({ task, progress }) => (progress === undefined ? [] : [{ task, entries: decodeEntries(progress) }]))
  const streamTimes = tasks.flatMap(({ task, entries }) =>
    Object.entries(entries.streamTimes).map(([operator, time]) => [`${operator}/${task.partition}`, time] as const),
  )
  return { ...sumOf(tasks.map(({ entries }) => entries)), streamTimes: Object.fromEntries(streamTimes) }
}

/** The stores of the plan of a version, by name. */
async function storesOf(log: ApplicationsLog, kept: KeptVersion): Promise<StoreDescription[]> {
  const { name } = kept
  const tasks = log.applications.progress(name)
  const described: StoreDescription[] = []
  for (const [store, stored] of Object.entries(planOf(log, kept)?.stores ?? {})) {
    const { owner, reading } = stored
    const { kind, key, value, partitions } = reading
    const id = log.applications.idOf(name, store)
    const { rows, bytes } = id === undefined ? { rows: 0, bytes: 0 } : await inSteps(log.state.size(id))
    described.push({
      name: store,
      kind,
      owner,
      key,
      value,
      partitions,
      ...migrationOf(store, stored, tasks),
      rows,
      bytes,
    })
  }
  return described.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function migrationOf(
  name: string,
  { facts, owner, reading: { partitions, subTopology } }: StoredStore,
  tasks: readonly TaskProgress[],
): Pick<StoreDescription, 'valueVersion' | 'migratedPartitions'> {
  const valueVersion = Number(facts[versionFact] ?? 0)
  if (valueVersion === 0) return { valueVersion, migratedPartitions: partitions }
  const isMigrated = ({ task, progress }: TaskProgress): boolean => {
    if (task.subTopology !== subTopology || progress === undefined) return false
    return (decodeEntries(progress).cells[owner]?.[migratedCell(name)] ?? 0) >= valueVersion
  }
  return { valueVersion, migratedPartitions: tasks.filter(isMigrated).length }
}

/** Does work that pauses, and lets the event loop go on in between. */
export async function inSteps<T>(steps: Generator<void, T>): Promise<T> {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    await yieldToEventLoop()
  }
}
