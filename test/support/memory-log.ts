// A log for applications that lives in memory and is slow at its edges, as a cluster is: what is opened, fetched or committed
// settles on a later turn of the event loop, in an order that a seed decides, or when the test says so.
import { ManualClock } from '../../src/core/clock.ts'
import { topicConfigOf } from '../../src/core/topic-config.ts'
import { MillraceError } from '../../src/core/errors.ts'
import {
  type ApplicationLog,
  type ApplicationStart,
  type Commit,
  fencedBySuccessor,
  type FoundApplication,
  newTopicId,
  type OpenedApplication,
  type PartitionId,
  type Position,
  type Session,
  type SessionInstance,
  type StartLeaves,
  type StateReader,
  type StoredRecords,
  type StoredBatch,
  type TaskProgress,
  type TopicDescription,
  type EngineTopicRequest,
  type WantedVersion,
} from '../../src/log/contract.ts'
import { BatchCursor } from '../../src/log/format/batch-cursor.ts'
import { completeHeader, offsetCountOf, placeMark } from '../../src/log/format/header.ts'
import type { PartitionedTopic, PartitionNumbers } from '../../src/log/format/partition-id.ts'
import { Random } from '../crash/random.ts'
import { MemoryState } from './memory-state.ts'

interface StoredApplication {
  epoch: number
  plan: string
  readonly progress: Map<string, TaskProgress>
  readonly positions: Map<string, Position>
  readonly storeIds: Map<string, number>
}

const endOf = ({ baseOffset, bytes }: StoredBatch): number => baseOffset + offsetCountOf(bytes)
const nameOf = ({ topicId, partition }: PartitionNumbers): string => `${topicId}/${partition}`

export class MemoryLog implements ApplicationLog {
  readonly random: Random
  readonly state: MemoryState = new MemoryState()
  readonly #topics = new Map<string, TopicDescription>()
  readonly #batches = new Map<string, StoredBatch[]>()
  readonly #applications = new Map<string, StoredApplication>()
  readonly #listeners = new Set<() => void>()
  readonly #steps: (() => void)[] = []
  #isHeld = false
  /** Rises with every commit, and with everything that there may be to read. */
  newestCommit = 0
  #nextId = 1
  #nextEpoch = 1

  constructor(seed: number = 1) {
    this.random = new Random(seed)
  }

  topicNames(): readonly string[] {
    return [...this.#topics.keys()]
  }

  /** Something that takes time: it happens on a later turn of the event loop, before or after others. */
  later<T>(step: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#steps.push(() => {
        try {
          resolve(step())
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      })
      this.#goOn()
    })
  }

  #goOn(): void {
    setImmediate(() => {
      if (!this.#isHeld) this.settleOne()
    })
  }

  /** Settles one of the things that are under way, whichever the seed says; false when there is none. */
  settleOne(): boolean {
    const [step] = this.#steps.splice(this.random.int(0, Math.max(0, this.#steps.length - 1)), 1)
    step?.()
    return step !== undefined
  }

  /** From here on nothing settles by itself. */
  hold(): void {
    this.#isHeld = true
  }

  release(): void {
    this.#isHeld = false
    for (const _ of this.#steps) this.#goOn()
  }

  /** How many things are under way. */
  get pending(): number {
    return this.#steps.length
  }

  onNews(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #announce(): void {
    void this.later(() => {
      for (const listener of this.#listeners) listener()
    })
  }

  findTopic(name: string): TopicDescription | undefined {
    return this.#topics.get(name)
  }

  /** The topic, created where it is missing. */
  ensureTopic({ name, partitions, config = {} }: EngineTopicRequest): TopicDescription {
    const topic = this.#topics.get(name) ?? {
      name,
      id: this.#nextId++,
      partitions: partitions ?? 1,
      config: topicConfigOf(config),
    }
    if (partitions !== undefined && partitions !== topic.partitions) {
      throw new MillraceError('partitions_differ', `"${name}" has ${topic.partitions} partitions`, { topic: name })
    }
    this.#topics.set(name, topic)
    return topic
  }

  batches(partition: PartitionId): readonly StoredBatch[] {
    return this.#batches.get(nameOf(partition)) ?? []
  }

  endOffset(partition: PartitionId): number {
    const last = this.batches(partition).at(-1)
    return last === undefined ? 0 : endOf(last)
  }

  append(partition: PartitionId, batches: readonly Buffer[]): void {
    for (const batch of batches) {
      const bytes = Buffer.from(batch)
      const baseOffset = this.endOffset(partition)
      completeHeader(bytes, placeMark(partition), baseOffset)
      this.#batches.set(nameOf(partition), [...this.batches(partition), { baseOffset, bytes }])
    }
    this.newestCommit++
    this.#announce()
  }

  open<S extends ApplicationStart>(
    { applicationId }: WantedVersion,
    topics: readonly EngineTopicRequest[],
    begin: (found: FoundApplication) => S,
  ): Promise<OpenedApplication<S>> {
    return this.later(() => {
      const before = new Map(this.#topics)
      try {
        const found = topics.map((request) => this.ensureTopic(request))
        const start = begin(this.#found(applicationId, found))
        return { session: this.#begin(applicationId, start), start }
      } catch (error) {
        this.#topics.clear()
        for (const [name, topic] of before) this.#topics.set(name, topic)
        throw error
      }
    })
  }

  copyLive(): Promise<void> {
    return Promise.reject(new Error('this log has no versions'))
  }

  removeVersion(): Promise<void> {
    return Promise.reject(new Error('this log has no versions'))
  }

  find(applicationId: string): ReturnType<ApplicationLog['find']> {
    const stored = this.#applications.get(applicationId)
    if (stored === undefined) return undefined
    return {
      plan: stored.plan,
      state: this.state,
      storeId: (name) => stored.storeIds.get(name),
      progress: ({ subTopology, partition }) => stored.progress.get(`${subTopology}/${partition}`)?.progress,
      allProgress: () => [...stored.progress.values()],
      isRunning: () => true,
      isPaused: () => false,
      replay: () => undefined,
      refresh: () => this.#applications.get(applicationId) === stored,
      isTheSame: () => this.#applications.get(applicationId) === stored,
      position: (partition) => stored.positions.get(nameOf(partition))?.offset,
      positions: () => this.positions(applicationId),
      onNews: (listener) => this.onNews(listener),
    }
  }

  get records(): StoredRecords {
    return {
      clock: new ManualClock(),
      refresh: () => undefined,
      startOffset: () => 0,
      endOffset: (partition) => this.endOffset(partition),
      offsetAtTime: (partition, timestamp) => this.offsetAtTime(partition, timestamp),
      batchAt: (partition, offset) => this.batches(partition).find((batch) => offset < endOf(batch)),
      baseOffsetAfter: (partition, offset) =>
        this.batches(partition).find(({ baseOffset }) => baseOffset > offset)?.baseOffset ?? this.endOffset(partition),
      findTopic: (name) => this.findTopic(name),
      topicOf: () => undefined,
      compactedTo: () => 0,
      onCommit: (listener) => this.onNews(listener),
    }
  }

  positions(applicationId: string): readonly Position[] {
    return [...(this.#applications.get(applicationId)?.positions.values() ?? [])]
  }

  #found(applicationId: string, topics: readonly TopicDescription[]): FoundApplication {
    const stored = this.#applications.get(applicationId)
    return {
      topics,
      topic: (name) => this.findTopic(name),
      plan: stored?.plan,
      replay: undefined,
      progress: [...(stored?.progress.values() ?? [])],
      position: (partition) => stored?.positions.get(nameOf(partition))?.offset,
      positions: [...(stored?.positions.values() ?? [])].map(({ partition }) => partition),
      hasRows: (store, partitions) => {
        const id = stored?.storeIds.get(store)
        const isFilled = (_: unknown, partition: number): boolean =>
          id !== undefined && this.state.range(id, partition, Buffer.alloc(0), undefined, 1).length > 0
        return Array.from({ length: partitions }, isFilled).some(Boolean)
      },
      startOffset: () => 0,
      endOffset: (partition) => this.endOffset(partition),
      offsetAtTime: (partition, timestamp) => this.offsetAtTime(partition, timestamp),
      nowMs: 0,
    }
  }

  offsetAtTime(partition: PartitionId, timestamp: number): number {
    const cursor = new BatchCursor(partition)
    for (const { bytes, baseOffset } of this.batches(partition)) {
      cursor.load(bytes, baseOffset)
      while (cursor.next()) if (cursor.timestamp >= timestamp) return cursor.offset
    }
    return this.endOffset(partition)
  }

  #begin(applicationId: string, { plan, positions, progress, stores, leaves }: ApplicationStart): MemorySession {
    const epoch = this.#nextEpoch++
    const application = this.#applications.get(applicationId) ?? {
      epoch,
      plan,
      progress: new Map<string, TaskProgress>(),
      positions: new Map<string, Position>(),
      storeIds: new Map<string, number>(),
    }
    Object.assign(application, { epoch, plan })
    this.#applications.set(applicationId, application)
    for (const position of positions) application.positions.set(nameOf(position.partition), position)
    for (const one of progress) putProgress(application, one)
    if (leaves !== undefined) leave(application, leaves)
    for (const name of stores) {
      if (!application.storeIds.has(name)) application.storeIds.set(name, this.#nextId++)
    }
    this.#announce()
    return new MemorySession(this, applicationId, epoch, application.storeIds)
  }

  isCurrent(applicationId: string, epoch: number): boolean {
    return this.#applications.get(applicationId)?.epoch === epoch
  }

  /** Everything of a commit, or nothing. */
  apply(applicationId: string, epoch: number, { tasks, newTopics, appends, writeState }: Commit): void {
    const application = this.#applications.get(applicationId)
    if (application?.epoch !== epoch) throw fencedBySuccessor(applicationId)
    for (const request of newTopics) this.ensureTopic(request)
    for (const { partition, batches, usesAppendTime } of appends) {
      if (usesAppendTime === true) throw new Error('this log knows no time')
      const { topic, topicId } = partition
      this.append(
        topicId === newTopicId ? { ...partition, topicId: this.ensureTopic({ name: topic }).id } : partition,
        batches,
      )
    }
    this.state.change(writeState)
    for (const { task, positions, progress } of tasks) {
      for (const position of positions) application.positions.set(nameOf(position.partition), position)
      putProgress(application, { task, progress })
    }
    this.newestCommit++
  }
}

function leave({ positions, storeIds }: StoredApplication, leaves: StartLeaves): void {
  for (const partition of leaves.positions) positions.delete(nameOf(partition))
  for (const store of leaves.stores) storeIds.delete(store)
  const renamed = [...leaves.renamedStores].map(([from, to]) => [to, storeIds.get(from)] as const)
  for (const from of leaves.renamedStores.keys()) storeIds.delete(from)
  for (const [to, id] of renamed) if (id !== undefined) storeIds.set(to, id)
}

function putProgress({ progress }: StoredApplication, one: TaskProgress): void {
  const name = `${one.task.subTopology}/${one.task.partition}`
  if (one.progress === undefined) progress.delete(name)
  else progress.set(name, one)
}

class MemorySession implements Session {
  readonly state: StateReader
  readonly instance: SessionInstance
  readonly stateBytes = 0
  readonly #log: MemoryLog
  readonly #applicationId: string
  readonly #epoch: number
  readonly #storeIds: ReadonlyMap<string, number>
  readonly #listeners = new Set<() => void>()
  readonly #fetched = new Set<StoredBatch>()
  readonly #ends = new Map<string, number>()

  constructor(log: MemoryLog, applicationId: string, epoch: number, storeIds: ReadonlyMap<string, number>) {
    this.instance = { applicationId, version: 'v1', tookOver: undefined }
    this.#log = log
    this.#applicationId = applicationId
    this.#epoch = epoch
    this.#storeIds = storeIds
    this.state = log.state
  }

  storeId(name: string): number | undefined {
    return this.#storeIds.get(name)
  }

  refresh(): void {
    this.#ends.clear()
  }

  newestCommit(): number {
    return this.#log.newestCommit
  }

  positions(): readonly Position[] {
    return this.#log.positions(this.#applicationId)
  }

  endOffsets({ name, id, partitions }: PartitionedTopic): readonly number[] {
    return Array.from({ length: partitions }, (_, partition) => this.endOffset({ topic: name, topicId: id, partition }))
  }

  offsetAtTime(partition: PartitionId, timestamp: number): number {
    return this.#log.offsetAtTime(partition, timestamp)
  }

  endOffset(partition: PartitionId): number {
    const name = nameOf(partition)
    const end = this.#ends.get(name) ?? this.#log.endOffset(partition)
    this.#ends.set(name, end)
    return end
  }

  batchAt(partition: PartitionId, offset: number): StoredBatch | 'later' | undefined {
    const batch = this.#log.batches(partition).find((one) => endOf(one) > offset)
    if (batch === undefined || this.#fetched.has(batch)) return batch
    // Some were fetched ahead.
    if (this.#log.random.chance(0.3)) return batch
    void this.#log.later(() => {
      this.#fetched.add(batch)
      for (const listener of this.#listeners) listener()
    })
    return 'later'
  }

  findTopic(name: string): TopicDescription | undefined {
    return this.#log.findTopic(name)
  }

  topicsVersion(): number {
    return this.#log.topicNames().length
  }

  ensureTopic(topic: EngineTopicRequest): Promise<TopicDescription> {
    return this.#log.later(() => this.#log.ensureTopic(topic))
  }

  get isFenced(): boolean {
    return !this.#log.isCurrent(this.#applicationId, this.#epoch)
  }

  readonly hasStores = true

  fence(): MillraceError {
    return fencedBySuccessor(this.#applicationId)
  }

  commit(commit: Commit): Promise<void> {
    return this.#log.later(() => this.#log.apply(this.#applicationId, this.#epoch, commit))
  }

  leaveFigures(): void {
    // No one looks into this log from outside.
  }

  storeSize(): undefined {
    return undefined
  }

  onNews(listener: () => void): () => void {
    this.#listeners.add(listener)
    const stop = this.#log.onNews(listener)
    return () => {
      this.#listeners.delete(listener)
      stop()
    }
  }

  close(): Promise<void> {
    return this.#log.later(() => undefined)
  }
}
