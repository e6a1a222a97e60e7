/**
 * A switch, as rows: what is kept of a version beside becomes what is kept of the live one, and the other way round. It
 * moves a row for each task, position and store, and never a row of state.
 */
import { present } from '../../core/assert.ts'
import { parsePlan, type StoredPlan } from '../../core/stored-plan.ts'
import { decodeEntries, encodeEntries } from '../../core/stored-progress.ts'
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import {
  applicationKey,
  type ApplicationRow,
  encodeApplication,
  type OutputBases,
  planKey,
  type TaskProgress,
} from './application-rows.ts'
import type { Applications } from './applications.ts'
import type { Catalogue } from './catalogue.ts'
import { forgetFigures } from './figures-row.ts'
import type { Positions, StoredPosition } from './positions.ts'
import type { Topics } from './topics.ts'
import { besideName } from './version-name.ts'

/** What of a log is changed. */
export interface ExchangeGround {
  readonly environment: Environment
  readonly catalogue: Catalogue
  readonly topics: Topics
  readonly applications: Applications
  readonly positions: Positions
}

/** Names of topics, old to new. */
export type Renames = ReadonlyMap<string, string>

/** What becomes of the outputs of two versions that are exchanged. */
export interface ExchangedOutputs {
  /** What the topics of the version that comes are called from now on. */
  readonly coming: Renames
  /** And those of the one that leaves. */
  readonly leaving: Renames
  /** What the outputs of that one begin with, where their topics stay with the other. */
  readonly bases?: OutputBases | undefined
}

/** All that is kept of a version. */
interface Kept {
  readonly row: ApplicationRow
  readonly plan: string
  readonly tasks: readonly TaskProgress[]
  readonly positions: readonly StoredPosition[]
  /** By name. */
  readonly stores: ReadonlyMap<string, number>
}

/**
 * Makes the version that is kept under `beside` the live one.
 */
export function exchangeVersions(
  ground: ExchangeGround,
  transaction: WriteTransaction,
  applicationId: string,
  beside: string,
  { bases, coming: namesOfComing, leaving: namesOfLeaving }: ExchangedOutputs,
): void {
  const leaving = take(ground, transaction, applicationId)
  const coming = take(ground, transaction, beside)
  const { version } = leaving.row
  const switches = leaving.row.switches + 1
  const gone = put(ground, transaction, besideName({ applicationId, version }), leaving, namesOfLeaving)
  const wholeFrom = leaving.row.replay?.wholeFrom
  gone({ retired: 'superseded', switches, replay: bases === undefined ? leaving.row.replay : { bases, wholeFrom } })
  const live = put(ground, transaction, applicationId, coming, namesOfComing)
  const { replay } = coming.row
  // From now on it writes the topics of the topology.
  live({ retired: null, switches, replay: replay && { ...replay, outputs: {}, bases: undefined } })
}

/** Reads what is kept under a name, and removes it. */
function take({ applications, positions }: ExchangeGround, transaction: WriteTransaction, name: string) {
  const kept: Kept = {
    row: present(applications.find(name), 'a version that takes part in a switch is there'),
    plan: present(applications.plan(name), 'every version has a plan'),
    tasks: applications.progress(name),
    positions: positions.list(name),
    stores: new Map(
      applications.storeNames(name).map((store) => [store, present(applications.idOf(name, store), 'it was listed')]),
    ),
  }
  for (const { task } of kept.tasks) applications.putProgress(transaction, name, { task, progress: undefined })
  for (const store of kept.stores.keys()) applications.putStoreId(transaction, name, store, undefined)
  positions.removeAll(transaction, name)
  forgetFigures(transaction, name)
  transaction.remove('applications', planKey(name))
  transaction.remove('applications', applicationKey(name))
  return kept
}

/** Stores it under another name; what is returned writes its row, with a new epoch, so that no instance goes on. */
function put(
  { applications, catalogue, positions }: ExchangeGround,
  transaction: WriteTransaction,
  name: string,
  kept: Kept,
  renames: Renames,
): (facts: Partial<ApplicationRow>) => void {
  for (const { task, progress } of kept.tasks) {
    const renamed = progress === undefined ? undefined : renamedProgress(progress, renames)
    applications.putProgress(transaction, name, { task, progress: renamed })
  }
  for (const [store, id] of kept.stores) applications.putStoreId(transaction, name, store, id)
  for (const position of kept.positions) positions.put(transaction, name, position, position)
  const plan = JSON.stringify(renamedPlan(parsePlan(name, kept.plan), renames))
  transaction.put('applications', planKey(name), Buffer.from(plan))
  return (facts) => {
    const { epoch, session, startedMs } = kept.row
    const fenced = session === null ? kept.row.fenced : { epoch, session, startedMs }
    const epochNow = catalogue.takeEpoch(transaction)
    const row = { ...kept.row, isPaused: false, session: null, fenced, ...facts, epoch: epochNow }
    transaction.put('applications', applicationKey(name), encodeApplication(row))
  }
}

function renamedProgress(progress: Buffer, renames: Renames): Buffer {
  const entries = decodeEntries(progress)
  const produced: Record<string, number> = {}
  for (const [topic, records] of Object.entries(entries.produced)) {
    const name = renames.get(topic) ?? topic
    produced[name] = (produced[name] ?? 0) + records
  }
  return encodeEntries({ ...entries, produced })
}

function renamedPlan(plan: StoredPlan, renames: Renames): StoredPlan {
  const nameOf = (topic: string): string => renames.get(topic) ?? topic
  const stores = Object.entries(plan.stores).map(([name, store]) => {
    return [name, { ...store, topics: store.topics.map(nameOf) }] as const
  })
  return {
    ...plan,
    topics: plan.topics.map(nameOf),
    stores: Object.fromEntries(stores),
    loaded: renamedFields(plan.loaded, renames),
    ...(plan.deadLetters === undefined ? {} : { deadLetters: nameOf(plan.deadLetters) }),
  }
}

function renamedFields<T>(fields: Readonly<Record<string, T>>, renames: Renames): Record<string, T> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [renames.get(name) ?? name, value]))
}
