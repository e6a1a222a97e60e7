/**
 * The log in one LMDB environment: everything that it keeps, and what looks after that.
 */
import { type Clock, systemClock } from '../core/clock.ts'
import { DiskGuard, freeDiskBytes as freeBytesOf } from '../storage/disk-guard.ts'
import type { Environment } from '../storage/environment.ts'
import { StateStores } from '../storage/state/state-stores.ts'
import { cleaner } from './cleaning/cleaner.ts'
import { Compaction } from './cleaning/compaction.ts'
import type {
  ApplicationLog,
  ApplicationStart,
  FoundApplication,
  OpenedApplication,
  Position,
  StoredApplication,
  StoredRecords,
} from './contract.ts'
import { openSession, positionsOf, type SessionGround } from './embedded-session.ts'
import { Applications } from './kept/applications.ts'
import { Catalogue } from './kept/catalogue.ts'
import { readCompaction } from './kept/compaction-row.ts'
import { sweepDeletedStores } from './kept/deleted-stores.ts'
import { sweepDeletedTopics } from './kept/deleted-topics.ts'
import { HeldClock } from './held-clock.ts'
import { Maintenance } from './cleaning/maintenance.ts'
import { GroupSession } from './group/group-session.ts'
import { Groups } from './group/groups.ts'
import { PartitionEnds } from './kept/partition-ends.ts'
import { Partitions, type StoredBatch } from './kept/partitions.ts'
import { Positions } from './kept/positions.ts'
import { Producers } from './kept/producers.ts'
import { Retention } from './cleaning/retention.ts'
import { Outstanding } from './kept/outstanding.ts'
import { offsetAtTime } from './kept/time-index.ts'
import { type TopicDescription, type EngineTopicRequest, Topics } from './kept/topics.ts'
import type { VersionId } from './kept/version-name.ts'
import { copyLiveVersion } from './kept/version-copy.ts'
import { removeVersion } from './kept/version-removal.ts'
import type { WantedVersion } from './kept/wanted-version.ts'
import type { PartitionId } from './format/partition-id.ts'

export interface EmbeddedLogOptions {
  readonly clock?: Clock | undefined
  /** How much is free on the disk. Default: what the system says. */
  readonly freeDiskBytes?: (() => number) | undefined
  /** How much memory compaction may use for keys. */
  readonly keyMapBytes?: number | undefined
}

export class EmbeddedLog implements ApplicationLog, SessionGround, StoredRecords {
  readonly environment: Environment
  readonly outstanding: Outstanding
  readonly catalogue: Catalogue
  readonly topics: Topics
  readonly partitions: Partitions
  readonly ends: PartitionEnds
  readonly positions: Positions
  readonly producers: Producers
  readonly applications: Applications
  readonly groups: Groups
  /** Speaks for the members and the applications that run here. */
  readonly groupSession: GroupSession
  readonly state: StateStores

  /** What time it is when something is appended. */
  readonly clock: Clock

  /** Deletes old records: for the maintenance, and on request. */
  readonly retention: Retention
  /** What goes on in the background; it begins when it is started. */
  readonly maintenance: Maintenance
  readonly guard: DiskGuard

  constructor(environment: Environment, options: EmbeddedLogOptions = {}) {
    const { freeDiskBytes = () => freeBytesOf(environment.dir), keyMapBytes } = options
    const clock = new HeldClock(options.clock ?? systemClock, environment)
    const freeBytes = (): number => Math.min(freeDiskBytes(), environment.growableBytes())
    this.environment = environment
    this.outstanding = new Outstanding(environment)
    this.clock = clock
    const space = { freeBytes, reusableBytes: () => environment.reusableBytes() }
    this.guard = new DiskGuard(environment.dir, space, clock)
    this.catalogue = new Catalogue(environment)
    this.partitions = new Partitions(environment, this.catalogue, this.guard)
    this.ends = new PartitionEnds(environment, this.partitions)
    this.positions = new Positions(environment)
    this.producers = new Producers(environment, this.catalogue, this.partitions)
    this.state = new StateStores(environment)
    this.applications = new Applications(environment, this.catalogue, this.state)
    this.topics = new Topics(environment, this.catalogue, this.partitions)
    this.groups = new Groups(environment, this.topics, this.partitions, this.positions, clock)
    this.groupSession = new GroupSession(environment, this.groups, clock)
    this.retention = new Retention(environment, this.partitions)
    this.maintenance = new Maintenance(environment, clock)
    this.maintenance.add({ steps: () => sweepDeletedTopics(environment) })
    this.maintenance.add({ steps: () => sweepDeletedStores(environment) })
    const compaction = new Compaction(environment, this.partitions, keyMapBytes)
    this.maintenance.add(cleaner(this.topics, this.retention, compaction, clock))
    this.maintenance.add({ steps: () => this.#forgetProducers() })
  }

  *#forgetProducers(): Iterable<void> {
    while (this.producers.expire(this.clock.now())) yield
  }

  topicNames(): readonly string[] {
    this.refresh()
    return this.topics.shown().map(({ name }) => name)
  }

  get records(): StoredRecords {
    return this
  }

  findTopic(name: string): TopicDescription | undefined {
    return this.topics.find(name)
  }

  topicOf(topicId: number): TopicDescription | undefined {
    return this.topics.list().find(({ id }) => id === topicId)
  }

  compactedTo(partition: PartitionId): number {
    return readCompaction(this.environment, partition).cleanedTo
  }

  describeTopic(name: string): TopicDescription {
    return this.topics.describe(name)
  }

  ensureTopics(requests: readonly EngineTopicRequest[]): TopicDescription[] {
    return this.topics.ensure(requests)
  }

  refresh(): void {
    this.environment.refresh()
  }

  endOffset(partition: PartitionId): number {
    return this.partitions.endOffset(partition)
  }

  startOffset(partition: PartitionId): number {
    return this.partitions.startOffset(partition)
  }

  /** The first offset whose record has at least this timestamp; the end when there is none. */
  offsetAtTime(partition: PartitionId, timestamp: number): number {
    return offsetAtTime(this.environment, this.partitions, partition, timestamp)
  }

  batchAt(partition: PartitionId, offset: number): StoredBatch | undefined {
    return this.partitions.batchAt(partition, offset)
  }

  /** Where the next batch after an offset begins, whatever is stored there; the end when there is none. */
  baseOffsetAfter(partition: PartitionId, offset: number): number {
    return this.partitions.baseOffsetAfter(partition, offset)
  }

  async open<S extends ApplicationStart>(
    wanted: WantedVersion,
    topics: readonly EngineTopicRequest[],
    begin: (found: FoundApplication) => S,
  ): Promise<OpenedApplication<S>> {
    const opened = await this.environment.inTurn(() => this.openNow(wanted, topics, begin))
    opened.session.showLife()
    return opened
  }

  /** As {@link open}, at once. */
  openNow<S extends ApplicationStart>(
    wanted: WantedVersion,
    topics: readonly EngineTopicRequest[],
    begin: (found: FoundApplication) => S,
  ): ReturnType<typeof openSession<S>> {
    return openSession(this, wanted, topics, begin)
  }

  find(keptName: string): StoredApplication | undefined {
    const found = this.applications.look(keptName)
    if (found === undefined) return undefined
    const positions = (): readonly Position[] => positionsOf(this, keptName)
    const position: StoredApplication['position'] = (partition) => this.positions.get(keptName, partition)?.offset
    return { ...found, positions, position, onNews: (listener) => this.environment.onCommit(listener) }
  }

  async copyLive(id: VersionId): Promise<void> {
    const session = await this.environment.inTurn(() => this.groupSession.begin())
    await copyLiveVersion(this, id, session)
  }

  removeVersion(id: VersionId): Promise<void> {
    return removeVersion(this, id)
  }

  onCommit(listener: () => void): () => void {
    return this.environment.onCommit(listener)
  }
}
