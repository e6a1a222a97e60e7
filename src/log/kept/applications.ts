/**
 * The applications of a log: who may commit for each, the plan that it was started with, how far it has come, and the
 * ids of its stores. Its positions are those of the group of its name (positions.ts).
 *
 * Only the instance that started last may commit. Its epoch comes from one counter for the whole log, which never
 * repeats: a frozen instance of an application that was deleted can never commit into a new one of the same name.
 */
import { present } from '../../core/assert.ts'
import { MillraceError } from '../../core/errors.ts'
import type { InstanceFigures } from '../../core/figures.ts'
import { nearestName } from '../../core/near-names.ts'
import { parsePlan, type StoredPlan } from '../../core/stored-plan.ts'
import { producedBy } from '../../core/stored-progress.ts'
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import { afterPrefix, namedKey } from '../../storage/keys.ts'
import { damaged } from '../../storage/read-failure.ts'
import type { SessionOwner } from '../../storage/sessions.ts'
import {
  applicationKey,
  applicationNames,
  type ApplicationRow,
  decodeApplication,
  encodeApplication,
  epochOf,
  type FencedInstance,
  planKey,
  type RetiredReason,
  type StoredReplay,
  storedPlan,
  type TaskId,
  taskKey,
  taskOfKey,
  taskPrefix,
  type TaskProgress,
} from './application-rows.ts'
import type { StateReader } from '../../storage/state-rows.ts'
import type { StateStores } from '../../storage/state/state-stores.ts'
import type { Catalogue } from './catalogue.ts'
import { markStoreDeleted } from './deleted-stores.ts'
import { figuresOf, forgetFigures } from './figures-row.ts'
import { applicationOf, isHiddenTopic } from './version-name.ts'
import { addWritten } from './written-counts.ts'

const pageRows = 512

/** What an application has left in the log, to look at from anywhere. */
export interface LookedAtApplication {
  /** That it was started with last. */
  readonly plan: string
  readonly state: StateReader
  storeId(name: string): number | undefined
  /** What a task has committed. */
  progress(task: TaskId): Buffer | undefined
  /** What every task has committed that ever did. */
  allProgress(): readonly TaskProgress[]
  /** Whether an instance of it runs now, in whatever process. */
  isRunning(): boolean
  /** Whether its replay rests until it is told to go on. */
  isPaused(): boolean
  /** How it began beside the live one; undefined where it did not. */
  replay(): StoredReplay | undefined
  /** Later reads see what is new. False: there is no such application any longer, or only a new one of its name. */
  refresh(): boolean
  /** False once it was started again, reset, switched or deleted: until then its positions only go forward. */
  isTheSame(): boolean
}

export class Applications {
  readonly #environment: Environment
  readonly #catalogue: Catalogue
  readonly #state: StateStores

  constructor(environment: Environment, catalogue: Catalogue, state: StateStores) {
    this.#environment = environment
    this.#catalogue = catalogue
    this.#state = state
  }

  /** @throws MillraceError `damaged` when the row is no description of an application */
  find(name: string): ApplicationRow | undefined {
    const stored = this.#environment.get('applications', applicationKey(name))
    if (stored === undefined) return undefined
    const row = decodeApplication(stored)
    if (row !== undefined) return row
    throw damaged(this.#environment.dir, `the row of application "${name}" does not describe one`)
  }

  /** The plan that an application was started with last. */
  plan(name: string): string | undefined {
    return storedPlan(this.#environment, name)
  }

  /** The progress of every task that has any. */
  progress(name: string): TaskProgress[] {
    const prefix = taskPrefix(name)
    const pages = this.#environment.pages('applications', prefix, afterPrefix(prefix), pageRows)
    return [...pages].flatMap((page) => page.map(({ key, value }) => ({ task: taskOfKey(name, key), progress: value })))
  }

  /** An application as of the snapshot that is read, to look at; undefined when there is none of this name. */
  look(name: string): LookedAtApplication | undefined {
    this.#environment.refresh()
    const row = this.find(name)
    const plan = row === undefined ? undefined : this.plan(name)
    if (plan === undefined) return undefined
    const epoch = epochOf(this.#environment, name)
    const ids = new Map<string, number | undefined>()
    return {
      plan,
      state: this.#state,
      storeId: (store) => {
        const id = this.idOf(name, store)
        ids.set(store, id)
        return id
      },
      progress: (task) => this.#environment.get('applications', taskKey(name, task)),
      allProgress: () => this.progress(name),
      isRunning: () => this.runnerOf(name) !== undefined,
      isPaused: () => this.find(name)?.isPaused === true,
      replay: () => this.find(name)?.replay ?? undefined,
      isTheSame: () => this.isCurrent(name, epoch),
      refresh: () => {
        this.#environment.refresh()
        const isThere = this.find(name) !== undefined && [...ids].every(([store, id]) => this.idOf(name, store) === id)
        if (!isThere) this.#state.forget([...ids.values()].filter((id) => id !== undefined))
        return isThere
      },
    }
  }

  /** Makes an instance the one that may commit; returns its epoch. */
  begin(transaction: WriteTransaction, name: string, begun: BegunVersion, plan: string): number {
    const fenced = this.#stillThere(name)
    const epoch = this.#catalogue.takeEpoch(transaction)
    const before = this.find(name)
    const replay = begun.replay ?? before?.replay ?? null
    const { switches = 0, isPaused = false } = before ?? {}
    const row = { ...begun, epoch, switches, retired: null, replay, isPaused, fenced }
    forgetFigures(transaction, name)
    transaction.put('applications', applicationKey(name), encodeApplication(row))
    transaction.put('applications', planKey(name), Buffer.from(plan))
    return epoch
  }

  /** The instance that a new epoch fences; the one before, when that is all that is left of it. */
  #stillThere(name: string): FencedInstance | null {
    const row = this.find(name)
    const session = this.runnerOf(name)
    if (row === undefined || session === undefined) return this.fencedOf(name) ?? null
    return { epoch: row.epoch, session, startedMs: row.startedMs }
  }

  /** The instance has stopped: the application is not running now, unless a newer instance has started. */
  end(transaction: WriteTransaction, name: string, epoch: number): void {
    const row = this.find(name)
    if (row?.epoch === epoch) {
      forgetFigures(transaction, name)
      transaction.put('applications', applicationKey(name), encodeApplication({ ...row, session: null }))
      return
    }
    // A switch may have given what it ran another name.
    for (const [other, { fenced, ...rest }] of this.list()) {
      if (fenced?.epoch !== epoch) continue
      transaction.put('applications', applicationKey(other), encodeApplication({ ...rest, fenced: null }))
    }
  }

  /** Whether no newer instance has started, as of the snapshot that is read. */
  isCurrent(name: string, epoch: number): boolean {
    return epochOf(this.#environment, name) === epoch
  }

  /** Why an instance that began under a name may not commit any longer. */
  fence(name: string, epoch: number): MillraceError {
    const row = this.find(name)
    const retired = this.#hasMoved(name, epoch) ? 'superseded' : row === undefined ? 'application_deleted' : row.retired
    return retired === null ? fencedBySuccessor(name) : new MillraceError(retired, retiredMessages[retired](name))
  }

  /** Whether a switch keeps under another name what an instance ran. */
  #hasMoved(name: string, epoch: number): boolean {
    return [...this.list()].some(([other, { fenced }]) => other !== name && fenced?.epoch === epoch)
  }

  /** Where an application runs; undefined when it is not running, however its last instance ended. */
  runnerOf(name: string): SessionOwner | undefined {
    const session = this.find(name)?.session ?? undefined
    return session !== undefined && this.#isAlive(session) ? session : undefined
  }

  /** What the instance that runs has left of itself; undefined where none runs, or it has left nothing yet. */
  figures(name: string): InstanceFigures | undefined {
    return this.runnerOf(name) && figuresOf(this.#environment, name, epochOf(this.#environment, name))
  }

  /** The fenced instance of an application, while its process is there. */
  fencedOf(name: string): FencedInstance | undefined {
    const fenced = this.find(name)?.fenced ?? undefined
    return fenced !== undefined && this.#isAlive(fenced.session) ? fenced : undefined
  }

  #isAlive(session: SessionOwner): boolean {
    return this.#environment.sessions.isAlive(session.id)
  }

  /**
   * The names under which the versions of applications are kept, with their rows.
   *
   * @param applicationId leaves out most of the other ones
   */
  *list(applicationId?: string): Generator<readonly [name: string, row: ApplicationRow]> {
    for (const name of applicationNames(this.#environment, applicationId)) {
      const row = this.find(name)
      if (row !== undefined) yield [name, row]
    }
  }

  putProgress(transaction: WriteTransaction, name: string, { task, progress }: TaskProgress): void {
    const key = taskKey(name, task)
    if (progress === undefined) transaction.remove('applications', key)
    else transaction.put('applications', key, progress)
  }

  /** The names of all stores of an application, those that its plan no longer has too. */
  storeNames(name: string): string[] {
    const prefix = namedKey(name, '')
    const pages = this.#environment.pages('stores', prefix, afterPrefix(prefix), pageRows)
    return [...pages].flatMap((page) => page.map(({ key }) => key.subarray(prefix.length).toString()))
  }

  /**
   * Makes an application unknown: its row, its plan, the progress of its tasks and the names of its stores go, as many
   * rows as it has tasks and stores. What its stores hold goes in steps, later.
   */
  remove(transaction: WriteTransaction, name: string): void {
    this.#keepWritten(transaction, name)
    for (const { task } of this.progress(name)) this.putProgress(transaction, name, { task, progress: undefined })
    for (const store of this.storeNames(name)) this.deleteStore(transaction, name, store)
    forgetFigures(transaction, name)
    transaction.remove('applications', planKey(name))
    transaction.remove('applications', applicationKey(name))
  }

  /**
   * Makes an application start over: its stores get new ids, without rows, and no progress of its tasks is left. Every
   * instance is fenced. As many rows change as it has tasks and stores.
   */
  reset(transaction: WriteTransaction, name: string, planAfter: (before: StoredPlan) => StoredPlan): void {
    const row = present(this.find(name), 'an application that is reset is there')
    const fenced = this.#stillThere(name)
    const epoch = this.#catalogue.takeEpoch(transaction)
    const plan = planAfter(parsePlan(row.applicationId, present(this.plan(name), 'an application has a plan')))
    this.#keepWritten(transaction, name)
    for (const { task } of this.progress(name)) this.putProgress(transaction, name, { task, progress: undefined })
    for (const store of this.storeNames(name)) this.deleteStore(transaction, name, store)
    for (const store of Object.keys(plan.stores)) this.storeId(transaction, name, store)
    forgetFigures(transaction, name)
    const reset: ApplicationRow = { ...row, epoch, retired: 'application_reset', session: null, fenced }
    transaction.put('applications', applicationKey(name), encodeApplication(reset))
    transaction.put('applications', planKey(name), Buffer.from(JSON.stringify(plan)))
  }

  /** Stores another plan of an application that does not run; who has looked at the old one looks again. */
  putPlan(transaction: WriteTransaction, name: string, plan: StoredPlan): void {
    const row = present(this.find(name), 'an application whose plan changes is there')
    const epoch = this.#catalogue.takeEpoch(transaction)
    transaction.put('applications', applicationKey(name), encodeApplication({ ...row, epoch }))
    transaction.put('applications', planKey(name), Buffer.from(JSON.stringify(plan)))
  }

  /** What the tasks have counted that go now. */
  #keepWritten(transaction: WriteTransaction, name: string): void {
    const counts = Object.entries(producedBy(this.progress(name))).flatMap(([topic, records]) => {
      const id = isHiddenTopic(topic) ? undefined : this.#catalogue.topic(topic)?.id
      return id === undefined ? [] : [[id, records] as const]
    })
    addWritten(this.#environment, transaction, name, counts)
  }

  /** The id of a store; undefined when the application has none of this name. */
  idOf(name: string, store: string): number | undefined {
    return this.#catalogue.store(namedKey(name, store))
  }

  /** Whether a store holds a row in one of its partitions. */
  hasRows(name: string, store: string, partitions: number): boolean {
    const id = this.idOf(name, store)
    if (id === undefined) return false
    const isFilled = (_: unknown, partition: number): boolean =>
      this.#state.range(id, partition, Buffer.alloc(0), undefined, 1).length > 0
    return Array.from({ length: partitions }, isFilled).some(Boolean)
  }

  /** Nothing names the store any longer; its rows go in steps, later. */
  deleteStore(transaction: WriteTransaction, name: string, store: string): void {
    const id = this.idOf(name, store)
    if (id === undefined) return
    this.#catalogue.put(transaction, 'stores', namedKey(name, store), undefined)
    markStoreDeleted(transaction, id)
  }

  /** Says which rows are those of a store; undefined: this name has no such store any longer. */
  putStoreId(transaction: WriteTransaction, name: string, store: string, id: number | undefined): void {
    this.#catalogue.put(transaction, 'stores', namedKey(name, store), id === undefined ? undefined : storeIdRow(id))
  }

  /** Says that the instance of a version is none any longer, and why. */
  retire(transaction: WriteTransaction, name: string, retired: RetiredReason): number {
    const row = present(this.find(name), 'a version that is retired is there')
    const fenced = this.#stillThere(name)
    const epoch = this.#catalogue.takeEpoch(transaction)
    forgetFigures(transaction, name)
    transaction.put(
      'applications',
      applicationKey(name),
      encodeApplication({ ...row, epoch, retired, session: null, fenced }),
    )
    return epoch
  }

  /** Says how a version began beside the live one, or whether it rests. */
  setReplay(
    transaction: WriteTransaction,
    name: string,
    facts: Partial<Pick<ApplicationRow, 'replay' | 'isPaused'>>,
  ): void {
    const row = present(this.find(name), 'a version that has begun is there')
    transaction.put('applications', applicationKey(name), encodeApplication({ ...row, ...facts }))
  }

  /** Gives stores other names, old to new; their rows stay where they are. */
  renameStores(transaction: WriteTransaction, name: string, names: ReadonlyMap<string, string>): void {
    const renamed = [...names].map(([from, to]) => {
      const id = present(this.idOf(name, from), 'every store of a stored plan has an id')
      return { key: namedKey(name, from), newKey: namedKey(name, to), id }
    })
    for (const { key } of renamed) this.#catalogue.put(transaction, 'stores', key, undefined)
    for (const { newKey, id } of renamed) this.#catalogue.put(transaction, 'stores', newKey, storeIdRow(id))
  }

  /** The id of a store, given to it the first time it is asked for. */
  storeId(transaction: WriteTransaction, name: string, store: string): number {
    const key = namedKey(name, store)
    const stored = this.#catalogue.store(key)
    if (stored !== undefined) return stored
    const id = this.#catalogue.takeId(transaction)
    this.#catalogue.put(transaction, 'stores', key, storeIdRow(id))
    this.#state.create(transaction, id)
    return id
  }
}

export function applicationUnknown(applicationId: string, known: readonly string[] = []): MillraceError {
  const near = nearestName(applicationId, known)
  const hint = near === undefined ? '; log.admin.applications() lists those that it has' : `; did you mean "${near}"?`
  return new MillraceError(
    'application_unknown',
    `this log has no application "${applicationId}": it was never started here, or it was deleted${hint}`,
  )
}

/** What an instance says of itself when it begins. */
export interface BegunVersion extends Pick<ApplicationRow, 'applicationId' | 'version' | 'startedMs' | 'session'> {
  /** Undefined: as it is stored. */
  readonly replay?: StoredReplay | undefined
}

function storeIdRow(id: number): Buffer {
  const value = Buffer.alloc(4)
  value.writeUInt32BE(id)
  return value
}

/** What stops an instance when a newer one has taken over. */
export function fencedBySuccessor(applicationId: string): MillraceError {
  return new MillraceError(
    'fenced',
    `another instance of application "${applicationId}" has started; this one stops, and nothing since its last commit is kept`,
  )
}

const rest = 'this instance stops, and nothing since its last commit is kept'

const retiredMessages: Readonly<Record<RetiredReason, (name: string) => string>> = {
  superseded: (name) => `another version of "${applicationOf(name)}" is the live one now: ${rest}`,
  application_deleted: (name) => `application "${name}" was deleted: ${rest}`,
  application_reset: (name) => `application "${name}" was reset: ${rest}. Start it again`,
}
