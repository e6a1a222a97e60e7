/**
 * The session of an application in a directory: positions, outputs and state of a commit are one LMDB transaction.
 */
import { present } from '../core/assert.ts'
import type { Clock } from '../core/clock.ts'
import type { MillraceError } from '../core/errors.ts'
import type { InstanceFigures } from '../core/figures.ts'
import type { DiskGuard } from '../storage/disk-guard.ts'
import type { Environment, WriteTransaction } from '../storage/environment.ts'
import type { StateReader } from '../storage/state-rows.ts'
import type { StateStores } from '../storage/state/state-stores.ts'
import type { StoreSize } from '../storage/state/store-size.ts'
import {
  type ApplicationStart,
  type Commit,
  type FoundApplication,
  newTopicId,
  type OpenedApplication,
  type Position,
  type Session,
  type SessionInstance,
  type StartLeaves,
} from './contract.ts'
import { type PartitionedTopic, type PartitionId, partitionName } from './format/partition-id.ts'
import type { Groups } from './group/groups.ts'
import type { GroupSession } from './group/group-session.ts'
import { showLife } from './group/sign-of-life.ts'
import type { Applications } from './kept/applications.ts'
import type { Catalogue } from './kept/catalogue.ts'
import { putFigures } from './kept/figures-row.ts'
import type { PartitionEnds } from './kept/partition-ends.ts'
import type { Partitions, StoredBatch } from './kept/partitions.ts'
import type { Positions } from './kept/positions.ts'
import type { TopicDescription, EngineTopicRequest, Topics } from './kept/topics.ts'
import { checkVersion, keptNameOf, type WantedVersion } from './kept/wanted-version.ts'

/** What sessions need of their log. */
export interface SessionGround {
  readonly environment: Environment
  readonly catalogue: Catalogue
  readonly topics: Topics
  readonly partitions: Partitions
  readonly ends: PartitionEnds
  readonly positions: Positions
  readonly applications: Applications
  readonly groups: Groups
  readonly groupSession: GroupSession
  readonly state: StateStores
  readonly guard: DiskGuard
  readonly clock: Clock
  offsetAtTime(partition: PartitionId, timestamp: number): number
}

/** As {@link ApplicationLog.open}, at once. */
export function openSession<S extends ApplicationStart>(
  ground: SessionGround,
  wanted: WantedVersion,
  topics: readonly EngineTopicRequest[],
  begin: (found: FoundApplication) => S,
): OpenedApplication<S> & { readonly session: EmbeddedSession } {
  const { environment, applications, catalogue, clock } = ground
  const { applicationId } = wanted
  const name = keptNameOf(wanted)
  const session = ground.groupSession.begin()
  try {
    return environment.write((transaction) => {
      const version = checkVersion(applications, wanted)
      if (applications.find(name) === undefined) ground.groups.checkUnused(name)
      const start = begin(findApplication(ground, name, ground.topics.ensureIn(transaction, topics)))
      putPositions(ground, transaction, name, start.positions)
      for (const task of start.progress) applications.putProgress(transaction, name, task)
      if (start.leaves !== undefined) leave(ground, transaction, name, start.leaves)
      const stores = start.stores.map((store) => [store, applications.storeId(transaction, name, store)] as const)
      const begun = { applicationId, version, startedMs: clock.now(), session, replay: start.replay }
      const instance = { applicationId, version, tookOver: runningNow(applications, name) }
      const epoch = applications.begin(transaction, name, begun, start.plan)
      const begunSession = { keptName: name, epoch, storeIds: new Map(stores), instance, ownerId: session.id }
      return { session: new EmbeddedSession(ground, begunSession), start }
    })
  } catch (error) {
    catalogue.forgetChecks() // topics that it had made are gone again
    throw error
  }
}

function runningNow(applications: Applications, keptName: string): SessionInstance['tookOver'] {
  const session = applications.runnerOf(keptName)
  const startedMs = applications.find(keptName)?.startedMs
  return session && startedMs !== undefined ? { pid: session.pid, host: session.host, startedMs } : undefined
}

function findApplication(
  ground: SessionGround,
  keptName: string,
  topics: readonly TopicDescription[],
): FoundApplication {
  const { applications, positions, partitions } = ground
  const listed = positions.list(keptName)
  const kept = new Map(listed.map((one) => [partitionName(one), one.offset]))
  return {
    topics,
    topic: (name) => ground.topics.find(name),
    plan: applications.plan(keptName),
    progress: applications.progress(keptName),
    replay: applications.find(keptName)?.replay ?? undefined,
    position: (partition) => kept.get(partitionName(partition)),
    positions: listed,
    hasRows: (store, count) => applications.hasRows(keptName, store, count),
    startOffset: (partition) => partitions.startOffset(partition),
    endOffset: (partition) => partitions.endOffset(partition),
    offsetAtTime: (partition, timestamp) => ground.offsetAtTime(partition, timestamp),
    nowMs: ground.clock.now(),
  }
}

function leave(
  { applications, positions }: SessionGround,
  transaction: WriteTransaction,
  keptName: string,
  leaves: StartLeaves,
): void {
  for (const partition of leaves.positions) positions.remove(transaction, keptName, partition)
  for (const store of leaves.stores) applications.deleteStore(transaction, keptName, store)
  applications.renameStores(transaction, keptName, leaves.renamedStores)
}

/** What a session is begun with. */
interface BegunSession {
  readonly keptName: string
  readonly epoch: number
  readonly storeIds: ReadonlyMap<string, number>
  readonly instance: SessionInstance
  /** Of the session of the log that it belongs to. */
  readonly ownerId: string
}

export class EmbeddedSession implements Session {
  readonly state: StateReader
  readonly instance: SessionInstance
  readonly #ground: SessionGround
  readonly #keptName: string
  readonly #epoch: number
  readonly #storeIds: ReadonlyMap<string, number>
  readonly #ownerId: string
  #stopSigns: () => void = () => undefined
  #isClosed = false

  constructor(ground: SessionGround, { keptName, epoch, storeIds, instance, ownerId }: BegunSession) {
    this.instance = instance
    this.#ownerId = ownerId
    this.#ground = ground
    this.#keptName = keptName
    this.#epoch = epoch
    this.#storeIds = storeIds
    this.state = ground.state
  }

  get stateBytes(): number {
    return this.#ground.state.memoryBytes(this.#storeIds.values())
  }

  storeId(name: string): number | undefined {
    return this.#storeIds.get(name)
  }

  storeSize(name: string): StoreSize | undefined {
    const id = this.#storeIds.get(name)
    const { environment, state } = this.#ground
    return id === undefined || this.#isClosed || environment.isClosed ? undefined : state.sizeAbout(id)
  }

  refresh(): void {
    this.#ground.environment.refresh()
  }

  newestCommit(): number {
    return this.#ground.environment.newestCommit()
  }

  positions(): readonly Position[] {
    return positionsOf(this.#ground, this.#keptName)
  }

  endOffset(partition: PartitionId): number {
    return this.#ground.partitions.endOffset(partition)
  }

  endOffsets(topic: PartitionedTopic): readonly number[] {
    return this.#ground.ends.of(topic)
  }

  offsetAtTime(partition: PartitionId, timestamp: number): number {
    return this.#ground.offsetAtTime(partition, timestamp)
  }

  batchAt(partition: PartitionId, offset: number): StoredBatch | undefined {
    return this.#ground.partitions.batchAt(partition, offset)
  }

  findTopic(name: string): TopicDescription | undefined {
    return this.#ground.topics.find(name)
  }

  topicsVersion(): number {
    return this.#ground.topics.version()
  }

  ensureTopic(topic: EngineTopicRequest): TopicDescription | Promise<TopicDescription> {
    const { environment, topics } = this.#ground
    return environment.inTurn(() => {
      environment.refresh()
      if (this.isFenced) throw this.fence()
      return present(topics.ensureHere([topic])[0], 'one request has one answer')
    })
  }

  get isFenced(): boolean {
    return !this.#ground.applications.isCurrent(this.#keptName, this.#epoch)
  }

  get hasStores(): boolean {
    const { applications } = this.#ground
    return !this.isFenced || [...this.#storeIds].every(([store, id]) => applications.idOf(this.#keptName, store) === id)
  }

  fence(): MillraceError {
    return this.#ground.applications.fence(this.#keptName, this.#epoch)
  }

  commit(commit: Commit): void | Promise<void> {
    return this.#ground.environment.writeInTurn((transaction) => this.#write(transaction, commit))
  }

  leaveFigures(figures: InstanceFigures): void | Promise<void> {
    return this.#ground.environment.writeInTurn((transaction) => {
      if (!this.isFenced) putFigures(transaction, this.#keptName, { epoch: this.#epoch, figures })
    })
  }

  #write(transaction: WriteTransaction, commit: Commit): void {
    const { tasks, newTopics, appends, figures, writeState, journalBytes } = commit
    const { applications, clock, guard, partitions, state, topics } = this.#ground
    if (this.isFenced) throw this.fence()
    const nowMs = clock.now()
    guard.check(0)
    const created = topics.ensureIn(transaction, newTopics)
    for (const { partition, batches, usesAppendTime } of appends) {
      partitions.append(transaction, placed(partition, created), batches, { nowMs, usesAppendTime })
    }
    const changes = state.begin(transaction)
    writeState(changes)
    state.end(changes, journalBytes)
    for (const task of tasks) {
      putPositions(this.#ground, transaction, this.#keptName, task.positions)
      applications.putProgress(transaction, this.#keptName, task)
    }
    if (figures !== undefined) putFigures(transaction, this.#keptName, { epoch: this.#epoch, figures })
  }

  onNews(listener: () => void): () => void {
    return this.#ground.environment.onCommit(listener)
  }

  /** From now on others see that its process goes on, until it is closed. */
  showLife(): void {
    const { environment, clock } = this.#ground
    this.#stopSigns = showLife(environment, clock, this.#ownerId)
  }

  close(): void | Promise<void> {
    const { environment, applications, state } = this.#ground
    this.#isClosed = true
    this.#stopSigns()
    state.forget(this.#storeIds.values())
    return environment.writeInTurn((transaction) => applications.end(transaction, this.#keptName, this.#epoch))
  }
}

export function positionsOf({ positions, topics }: SessionGround, applicationId: string): readonly Position[] {
  return topics.named(positions.list(applicationId)).map((at) => ({ partition: at, offset: at.offset }))
}

function putPositions(
  { clock, positions }: SessionGround,
  transaction: WriteTransaction,
  keptName: string,
  moved: readonly Position[],
): void {
  const committedMs = clock.now()
  for (const { partition, offset } of moved) {
    positions.put(transaction, keptName, partition, { offset, committedMs, metadata: '' })
  }
}

/** The partition with the id of its topic, which may have been created by this commit. */
function placed(partition: PartitionId, created: readonly TopicDescription[]): PartitionId {
  if (partition.topicId !== newTopicId) return partition
  const topic = created.find(({ name }) => name === partition.topic)
  return topic === undefined ? partition : { ...partition, topicId: topic.id }
}
