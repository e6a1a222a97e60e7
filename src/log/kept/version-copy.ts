/**
 * A version beside the live one that begins with a copy of it: its state, positions, counters and plan, all of one
 * moment.
 *
 * Rows are copied in small steps while the live version goes on, and then those that it has changed meanwhile, until
 * few are left. One transaction copies those few, with the positions of the same moment: how long it takes does not
 * depend on how large the state is. Killed before it, the copy is worth nothing and begins again.
 */
import { present } from '../../core/assert.ts'
import { type Clock, yieldToEventLoop } from '../../core/clock.ts'
import { parsePlan } from '../../core/stored-plan.ts'
import { decodeEntries, encodeEntries } from '../../core/stored-progress.ts'
import type { WriteTransaction } from '../../storage/environment.ts'
import type { SessionOwner } from '../../storage/sessions.ts'
import type { StateStores } from '../../storage/state/state-stores.ts'
import { applicationUnknown } from './applications.ts'
import type { StoredReplay } from './application-rows.ts'
import type { Partitions } from './partitions.ts'
import { CopyTrail } from './copy-trail.ts'
import { type CopiedStore, type CopyStep, differencesOf } from './store-copy.ts'
import { besideName, type VersionId } from './version-name.ts'
import { sweepDeleted, type VersionsGround } from './version-removal.ts'
import { checkVersion } from './wanted-version.ts'
import { ensureOwnTopic, isCompacted, sharedOutputs } from './written-outputs.ts'

/** What a copy needs of its log. */
export interface CopyGround extends VersionsGround {
  readonly clock: Clock
  readonly partitions: Partitions
  readonly state: StateStores
}

/** This many changed rows at most are left to the transaction that ends the copy, unless the passes run out. */
const rowsLeft = 1_024
const passesMax = 8

/**
 * Does nothing where the version is there already.
 *
 * @throws MillraceError `application_unknown` when there is no live version, `superseded`, `bad_option`
 */
export async function copyLiveVersion(ground: CopyGround, id: VersionId, session: SessionOwner): Promise<void> {
  const { environment } = ground
  for (let isDone = false; !isDone;) {
    const copy = await environment.writeInTurn((transaction) => begin(ground, transaction, id, session))
    if (copy === undefined) return
    await sweepDeleted(environment)
    for (const { copied } of copy.stores) await copySteps(ground, copy, differencesOf(ground.state, copied))
    isDone = await catchUp(ground, id, copy)
    ground.state.forget(copy.stores.map(({ copied }) => copied.to))
  }
}

interface BegunCopy {
  readonly name: string
  readonly epoch: number
  readonly stores: readonly { readonly copied: CopiedStore; readonly trail: CopyTrail }[]
  /**
   * Whether the live version still is the one that was copied.
   *
   * @throws MillraceError `fenced`, or what else has taken the copy away
   */
  readonly isOfLive: () => boolean
}

function begin(
  ground: CopyGround,
  transaction: WriteTransaction,
  id: VersionId,
  session: SessionOwner,
): BegunCopy | undefined {
  const { applications, clock, positions, state } = ground
  const { applicationId } = id
  const name = besideName(id)
  const version = checkVersion(applications, { ...id, isBeside: true })
  const before = applications.find(name)
  if (before !== undefined && before.replay?.isCopying !== true) return undefined
  const plan = applications.plan(applicationId)
  if (plan === undefined) throw applicationUnknown(applicationId)
  for (const store of applications.storeNames(name)) applications.deleteStore(transaction, name, store)
  positions.removeAll(transaction, name)
  const begun = { applicationId, version, startedMs: clock.now(), session }
  const epoch = applications.begin(transaction, name, { ...begun, replay: { isCopying: true } }, plan)
  const stores = Object.entries(parsePlan(applicationId, plan).stores).map(([store, { reading }]) => {
    const from = present(applications.idOf(applicationId, store), 'every store of a stored plan has an id')
    const copied = { from, to: applications.storeId(transaction, name, store), partitions: reading.partitions }
    return { store, copied, trail: new CopyTrail(state, copied) }
  })
  const isOfLive = (): boolean => {
    if (!applications.isCurrent(name, epoch)) throw applications.fence(name, epoch)
    const isSame = stores.every(({ store, copied }) => applications.idOf(applicationId, store) === copied.from)
    return isSame && applications.plan(applicationId) === plan
  }
  return { name, epoch, stores, isOfLive }
}

/** Makes all steps, and takes note of what changes meanwhile. */
async function copySteps(
  { environment, state }: CopyGround,
  copy: BegunCopy,
  steps: Iterable<CopyStep>,
): Promise<void> {
  environment.refresh()
  for (const { rows, write } of steps) {
    const goesOn = await environment.writeInTurn((transaction) => {
      if (!copy.isOfLive()) return false
      for (const { trail } of copy.stores) trail.follow()
      if (rows === 0) return true
      const writer = state.begin(transaction)
      write(writer)
      state.end(writer)
      return true
    })
    if (!goesOn) return
    await yieldToEventLoop()
  }
}

/** Copies what has changed since, until little is left for the last transaction. False: the copy has to begin again. */
async function catchUp(ground: CopyGround, id: VersionId, copy: BegunCopy): Promise<boolean> {
  for (let pass = 0; ; pass++) {
    const isLast = pass === passesMax
    const end = await ground.environment.writeInTurn((transaction) => {
      if (!copy.isOfLive()) return 'begin again'
      for (const { trail } of copy.stores) trail.follow()
      const left = copy.stores.reduce((total, { trail }) => total + trail.size, 0)
      if (left > rowsLeft && !isLast) return 'much is left'
      finish(ground, transaction, id, copy)
      return 'done'
    })
    if (end !== 'much is left') return end === 'done'
    for (const { trail } of copy.stores) await copySteps(ground, copy, trail.steps())
  }
}

/** The rows that have changed since, and all else. */
function finish(
  ground: CopyGround,
  transaction: WriteTransaction,
  id: VersionId,
  { name, epoch, stores }: BegunCopy,
): void {
  const { applications, positions, state } = ground
  const writer = state.begin(transaction)
  for (const { trail } of stores) for (const { write } of trail.steps()) write(writer)
  state.end(writer)
  const { bases, topics: shared } = sharedOutputs(ground, id.applicationId)
  for (const topic of shared) if (isCompacted(topic)) ensureOwnTopic(ground.topics, transaction, topic, id)
  const replay = { outputs: {}, bases, isCopying: false } satisfies StoredReplay
  positions.removeAll(transaction, name)
  for (const position of positions.list(id.applicationId)) positions.put(transaction, name, position, position)
  for (const { task, progress } of applications.progress(id.applicationId)) {
    // What it has written is in other topics.
    const own = progress && encodeEntries({ ...decodeEntries(progress), produced: {} })
    applications.putProgress(transaction, name, { task, progress: own })
  }
  applications.setReplay(transaction, name, { replay })
  applications.end(transaction, name, epoch)
}
