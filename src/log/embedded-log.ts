/**
 * The Log contract on one LMDB environment: positions, outputs and state of a commit are one transaction.
 */
import { type Clock, systemClock } from '../core/clock.ts'
import { DiskGuard, freeDiskBytes as freeBytesOf } from '../storage/disk-guard.ts'
import type { Environment, WriteTransaction } from '../storage/environment.ts'
import { type StateReader, stateReader, stateWriter } from '../storage/state-rows.ts'
import { cleaner } from './cleaning/cleaner.ts'
import { Compaction } from './cleaning/compaction.ts'
import type { ApplicationStart, Commit, LogContract, StoredApplication } from './contract.ts'
import { Applications, fencedBySuccessor } from './kept/applications.ts'
import { Catalogue } from './kept/catalogue.ts'
import { sweepDeletedTopics } from './kept/deleted-topics.ts'
import { HeldClock } from './held-clock.ts'
import { Maintenance } from './cleaning/maintenance.ts'
import { GroupSession } from './group/group-session.ts'
import { Groups } from './group/groups.ts'
import { Partitions, type StoredBatch } from './kept/partitions.ts'
import { Positions } from './kept/positions.ts'
import { Producers } from './kept/producers.ts'
import { Retention } from './cleaning/retention.ts'
import { offsetAtTime } from './kept/time-index.ts'
import { type TopicDescription, type TopicRequest, Topics } from './kept/topics.ts'
import { type PartitionId, partitionName } from './format/partition-id.ts'

export interface EmbeddedLogOptions {
  readonly clock?: Clock | undefined
  /** How much is free on the disk. Default: what the system says. */
  readonly freeDiskBytes?: () => number
  /** How much memory compaction may use for keys. */
  readonly keyMapBytes?: number
}

export class EmbeddedLog implements LogContract {
  readonly environment: Environment
  readonly catalogue: Catalogue
  readonly topics: Topics
  readonly partitions: Partitions
  readonly positions: Positions
  readonly producers: Producers
  readonly applications: Applications
  readonly groups: Groups
  /** Speaks for the members and the applications that run here. */
  readonly groupSession: GroupSession
  readonly state: StateReader

  /** What time it is when something is appended. */
  readonly clock: Clock

  /** Deletes old records: for the maintenance, and on request. */
  readonly retention: Retention
  /** What goes on in the background; it begins when it is started. */
  readonly maintenance: Maintenance
  readonly #guard: DiskGuard

  constructor(environment: Environment, options: EmbeddedLogOptions = {}) {
    const { freeDiskBytes = () => freeBytesOf(environment.dir), keyMapBytes } = options
    const clock = new HeldClock(options.clock ?? systemClock, environment)
    const freeBytes = (): number => Math.min(freeDiskBytes(), environment.growableBytes())
    this.environment = environment
    this.clock = clock
    const space = { freeBytes, reusableBytes: () => environment.reusableBytes() }
    this.#guard = new DiskGuard(environment.dir, space, clock)
    this.catalogue = new Catalogue(environment)
    this.partitions = new Partitions(environment, this.catalogue, this.#guard)
    this.positions = new Positions(environment)
    this.producers = new Producers(environment, this.catalogue, this.partitions)
    this.applications = new Applications(environment, this.catalogue)
    this.topics = new Topics(environment, this.catalogue, this.partitions)
    this.groups = new Groups(environment, this.topics, this.partitions, this.positions, clock)
    this.groupSession = new GroupSession(environment, this.groups, clock)
    this.state = stateReader(environment)
    this.retention = new Retention(environment, this.partitions)
    this.maintenance = new Maintenance(environment, clock)
    this.maintenance.add({ steps: () => sweepDeletedTopics(environment) })
    const compaction = new Compaction(environment, this.partitions, keyMapBytes)
    this.maintenance.add(cleaner(this.topics, this.retention, compaction, clock))
    this.maintenance.add({ steps: () => this.#forgetProducers() })
  }

  *#forgetProducers(): Iterable<void> {
    while (this.producers.expire(this.clock.now())) yield
  }

  describeTopic(name: string): TopicDescription {
    return this.topics.describe(name)
  }

  ensureTopics(requests: readonly TopicRequest[]): TopicDescription[] {
    return this.topics.ensure(requests)
  }

  previewTopics(requests: readonly TopicRequest[]): TopicDescription[] {
    return this.topics.preview(requests)
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

  storedPlan(applicationId: string): string | undefined {
    return this.applications.plan(applicationId)
  }

  startApplication(applicationId: string, begin: (stored: StoredApplication) => ApplicationStart): number {
    const owner = this.groupSession.begin()
    return this.environment.write((transaction) => {
      if (this.applications.find(applicationId) === undefined) this.groups.checkUnused(applicationId)
      const kept = new Map(this.positions.list(applicationId).map((one) => [partitionName(one), one.offset]))
      const { plan, positions } = begin({
        plan: this.applications.plan(applicationId),
        progress: this.applications.progress(applicationId),
        position: (partition) => kept.get(partitionName(partition)),
      })
      this.#putPositions(transaction, applicationId, positions)
      return this.applications.begin(transaction, applicationId, owner, plan)
    })
  }

  isCurrent(applicationId: string, epoch: number): boolean {
    return this.applications.isCurrent(applicationId, epoch)
  }

  endApplication(applicationId: string, epoch: number): void {
    this.environment.write((transaction) => this.applications.end(transaction, applicationId, epoch))
  }

  #putPositions(transaction: WriteTransaction, applicationId: string, positions: Commit['positions']): void {
    const committedMs = this.clock.now()
    for (const { partition, offset } of positions) {
      this.positions.put(transaction, applicationId, partition, { offset, committedMs, metadata: '' })
    }
  }

  storeIds(applicationId: string, names: readonly string[]): number[] {
    if (names.length === 0) return []
    return this.environment.write((transaction) =>
      names.map((name) => this.applications.storeId(transaction, applicationId, name)),
    )
  }

  commit(commit: Commit): void {
    this.environment.write((transaction) => {
      const { applicationId } = commit
      if (!this.applications.isCurrent(applicationId, commit.epoch)) throw fencedBySuccessor(applicationId)
      const nowMs = this.clock.now()
      this.#guard.check(0)
      for (const { partition, batches, usesAppendTime } of commit.appends) {
        this.partitions.append(transaction, partition, batches, { nowMs, usesAppendTime })
      }
      commit.writeState(stateWriter(transaction))
      this.#putPositions(transaction, applicationId, commit.positions)
      this.applications.putProgress(transaction, applicationId, commit.progress)
    })
  }

  onCommit(listener: () => void): () => void {
    return this.environment.onCommit(listener)
  }
}
