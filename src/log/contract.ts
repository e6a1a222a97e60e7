/**
 * The Log contract: all that the runtime knows of a log. A directory implements it in one LMDB transaction.
 */
import type { TopicDescription, TopicRequest } from './kept/topics.ts'
import { MillraceError } from '../core/errors.ts'
import type { StateReader, StateWriter } from '../storage/state-rows.ts'
import type { StoredBatch } from './kept/partitions.ts'
import type { PartitionId } from './format/partition-id.ts'

/** Everything that an application did since its last commit. */
export interface Commit {
  readonly applicationId: string
  /** The epoch that the application started with; a newer one in the log refuses the commit. */
  readonly epoch: number
  readonly positions: readonly { readonly partition: PartitionId; readonly offset: number }[]
  readonly appends: readonly {
    readonly partition: PartitionId
    /** As they were built; the log completes their headers. */
    readonly batches: readonly Buffer[]
    /** Whether the records get the time of the commit. */
    readonly usesAppendTime?: boolean
  }[]
  /** Counters and stream times, stored with the rest. */
  readonly progress: Buffer
  /** Writes the changed rows of all stores. */
  readonly writeState: (writer: StateWriter) => void
}

/** What an application finds when it starts. */
export interface StoredApplication {
  readonly plan: string | undefined
  readonly progress: Buffer | undefined
  position(partition: PartitionId): number | undefined
}

/** What an application begins with; stored in the transaction that raises its epoch. */
export interface ApplicationStart {
  readonly plan: string
  /** Positions that are new. */
  readonly positions: readonly { readonly partition: PartitionId; readonly offset: number }[]
}

export interface LogContract {
  /** @throws MillraceError `topic_unknown` */
  describeTopic(name: string): TopicDescription
  /**
   * The topics as {@link ensureTopics} would leave them, without creating any; one that is missing has the id -1.
   *
   * @throws MillraceError `partitions_differ`
   */
  previewTopics(requests: readonly TopicRequest[]): TopicDescription[]
  /** @throws MillraceError `partitions_differ` */
  ensureTopics(requests: readonly TopicRequest[]): TopicDescription[]

  /** Later reads see the newest commits. Between two calls all reads see one snapshot. */
  refresh(): void
  startOffset(partition: PartitionId): number
  endOffset(partition: PartitionId): number
  /**
   * The batch that holds the first record at or after `offset`; undefined when there is none.
   *
   * After compaction its last record may lie before `offset`: the first record is then in the batch after it.
   *
   * @throws MillraceError `position_lost` when the offset is not kept any more
   */
  batchAt(partition: PartitionId, offset: number): StoredBatch | undefined
  readonly state: StateReader

  /** The plan that an application was started with last. */
  storedPlan(applicationId: string): string | undefined
  /**
   * Makes this instance the one that may commit for the application: its epoch, which is returned, is larger than any before.
   *
   * `begin` gets what is stored and returns what to store; when it throws, nothing changes.
   */
  startApplication(applicationId: string, begin: (stored: StoredApplication) => ApplicationStart): number
  /** Whether no newer instance has started, as of the snapshot that is read. */
  isCurrent(applicationId: string, epoch: number): boolean
  /** The instance has stopped: the application is not running now, unless a newer instance has started. */
  endApplication(applicationId: string, epoch: number): void
  /** The id of a store of an application, given to it the first time it is asked for. */
  storeIds(applicationId: string, names: readonly string[]): number[]

  /**
   * Commits everything or nothing, durably.
   *
   * @throws MillraceError `fenced` when a newer instance has started, `storage_failed`
   */
  commit(commit: Commit): void

  /** Calls back after commits of anyone, until the returned function is called. */
  onCommit(listener: () => void): () => void
}

export { fencedBySuccessor } from './kept/applications.ts'

const contracts = new WeakMap<object, LogContract>()

/** Says which contract stands behind a public log. */
export function bindContract(log: object, contract: LogContract): void {
  contracts.set(log, contract)
}

/**
 * The contract behind a public log.
 *
 * @throws MillraceError `bad_option` when it is no log
 */
export function contractOf(log: object): LogContract {
  const contract = typeof log === 'object' && log !== null ? contracts.get(log) : undefined
  if (contract === undefined) throw new MillraceError('bad_option', 'log is not a log; open one with openLog(dir)')
  return contract
}
