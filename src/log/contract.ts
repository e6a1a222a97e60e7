/**
 * What the runtime sees of a log: it opens a session for an application, and the session is the right to commit.
 *
 * The contract is slow only at its edges: to open, to commit and to close may take time, everything else answers at
 * once from what is there. A directory implements it with one LMDB transaction for each; a log that is far away reads
 * ahead, and says `later` where it has not.
 */
import { present } from '../core/assert.ts'
import { MillraceError } from '../core/errors.ts'
import type { InstanceFigures } from '../core/figures.ts'
import type { AnyQuery } from '../core/read-only-stores.ts'
import type { AnyStore } from '../core/store-constants.ts'
import type { StoreSnapshots } from '../core/store-position.ts'
import type { StateReader, StateWriter } from '../storage/state-rows.ts'
import type { StoreSize } from '../storage/state/store-size.ts'
import type { TaskId, TaskProgress } from './kept/application-rows.ts'
import type { LookedAtApplication } from './kept/applications.ts'
import type { PartitionedTopic, PartitionId, PartitionNumbers } from './format/partition-id.ts'
import type { StoredBatch } from './kept/partitions.ts'
import type { RecordSource } from './kept/record-source.ts'
import type { TopicDescription, EngineTopicRequest } from './kept/topics.ts'
import type { VersionId } from './kept/version-name.ts'
import type { WantedVersion } from './kept/wanted-version.ts'

export type { StateReader, StateWriter } from '../storage/state-rows.ts'
export type { StoreSize } from '../storage/state/store-size.ts'
export type { OutputBases, StoredReplay, TaskId, TaskProgress } from './kept/application-rows.ts'
export { applicationUnknown, fencedBySuccessor } from './kept/applications.ts'
export { isHiddenTopic, redriveTopic } from './kept/version-name.ts'
export type { PartitionId } from './format/partition-id.ts'
export type { StoredBatch } from './kept/partitions.ts'
export type { TopicDescription, EngineTopicRequest } from './kept/topics.ts'
export type { WantedVersion } from './kept/wanted-version.ts'

export interface ApplicationLog {
  /** The names of all topics. */
  topicNames(): readonly string[]

  /**
   * Makes an instance the one that may commit for its application, in one step: topics that are missing, its plan, its
   * positions and the ids of its stores are there when it resolves, and every older instance is fenced.
   *
   * `begin` gets what is stored and returns what to store. It is synchronous and called once. When it throws, nothing
   * has changed: no topic was created, and the older instance goes on.
   *
   * @throws MillraceError `superseded`, `version_unknown`, `partitions_differ`, `owned_by_group`, and what `begin`
   *   throws
   */
  open<S extends ApplicationStart>(
    wanted: WantedVersion,
    topics: readonly EngineTopicRequest[],
    begin: (found: FoundApplication) => S,
  ): Promise<OpenedApplication<S>>
  /** What is kept under a name (version-name.ts), whether it runs or not; undefined when there is nothing. */
  find(keptName: string): StoredApplication | undefined
  /**
   * Makes a version beside the live one that is a copy of it, where there is no such version yet: its state, positions,
   * counters and plan, all of one moment. Killed in the middle, it begins again.
   *
   * @throws MillraceError `application_unknown`, `bad_option`, `superseded`
   */
  copyLive(id: VersionId): Promise<void>
  /** Removes a version that stands beside the live one, with its state and everything that it has written. */
  removeVersion(id: VersionId): Promise<void>
  /** What is in its topics, to look at without running an application. */
  readonly records: StoredRecords
}

/** Topics and their records, to look at without a session. */
export interface StoredRecords extends RecordSource {
  findTopic(name: string): TopicDescription | undefined
  /** Whatever it is called now. */
  topicOf(id: number): TopicDescription | undefined
  /** Before this offset compaction may have taken records away, because of newer ones that may lie after it. */
  compactedTo(partition: PartitionId): number
  /** The first offset whose record has at least this timestamp; the end when there is none. */
  offsetAtTime(partition: PartitionId, timestamp: number): number
  /** Calls back after commits of anyone, until the returned function is called. */
  onCommit(listener: () => void): () => void
}

/** What an application has left in the log, and when there is more. */
export interface StoredApplication extends LookedAtApplication {
  /** How far it has read a partition; undefined where it has no position. */
  position(partition: PartitionId): number | undefined
  /** As {@link Session.positions}. */
  positions(): readonly Position[]
  /** Calls back when there may be more to read, and when the log is closed, until the returned function is called. */
  onNews(listener: () => void): () => void
}

export interface OpenedApplication<S extends ApplicationStart> {
  readonly session: Session
  /** What `begin` has returned. */
  readonly start: S
}

/** What an application finds when it starts, all at the same moment. */
export interface FoundApplication {
  /** The topics that it asked for, in that order. */
  readonly topics: readonly TopicDescription[]
  /** One that it did not ask for; undefined where there is none. */
  topic(name: string): TopicDescription | undefined
  /** That it was started with last. */
  readonly plan: string | undefined
  /** Of every task that ever committed. */
  readonly progress: readonly TaskProgress[]
  /** How it began beside the live version, as it was stored then. */
  readonly replay: object | undefined
  position(partition: PartitionId): number | undefined
  /** The partitions that it has positions in, of whatever topics. */
  readonly positions: readonly PartitionNumbers[]
  /** Whether a store holds a row in one of its partitions. */
  hasRows(store: string, partitions: number): boolean
  startOffset(partition: PartitionId): number
  endOffset(partition: PartitionId): number
  /** The first offset whose record has at least this timestamp; the end when there is none. */
  offsetAtTime(partition: PartitionId, timestamp: number): number
  /** What time it is for the log, ms since the epoch. */
  readonly nowMs: number
}

/** What an application begins with. */
export interface ApplicationStart {
  readonly plan: string
  /** Positions that are new. */
  readonly positions: readonly Position[]
  /** What differs from what is stored. */
  readonly progress: readonly TaskProgress[]
  /** The names of its stores, which get ids where they have none. */
  readonly stores: readonly string[]
  /** How it begins beside the live version, as plain data; what was stored stays where nothing is said. */
  readonly replay?: object | undefined
  /** What goes, or gets another name, before that. */
  readonly leaves?: StartLeaves | undefined
}

/** What a start leaves behind of what is stored. */
export interface StartLeaves {
  /** Positions that it has no use for. */
  readonly positions: readonly PartitionNumbers[]
  /** Names of stores that go with their rows. */
  readonly stores: readonly string[]
  /** Names of stores that go on under another one. */
  readonly renamedStores: ReadonlyMap<string, string>
}

/** Which instance a session is of. */
export interface SessionInstance extends VersionId {
  /** The instance that was running when this one began, and is stopped by it. */
  readonly tookOver: { readonly pid: number; readonly host: string; readonly startedMs: number } | undefined
}

/** The right to commit for an application, until a newer instance opens a session of its own. */
export interface Session {
  readonly instance: SessionInstance
  /** Reads the rows of stores as of the last commit. */
  readonly state: StateReader
  /** Memory for rows of its stores that are not in their place yet. */
  readonly stateBytes: number
  /** The id of a store; undefined when the application did not begin with it. */
  storeId(name: string): number | undefined
  /** How much a store holds, about, as of what is read; undefined where that is not known. */
  storeSize(name: string): StoreSize | undefined

  /** Later reads see what is new. Between two calls all reads see one moment. */
  refresh(): void
  /**
   * Rises by one with each commit of anyone, those of one's own included: while it stays the same, {@link refresh}
   * brings nothing new.
   */
  newestCommit(): number
  /** How far the application has read, in all partitions that it ever read. */
  positions(): readonly Position[]
  /** As far as the session knows. */
  endOffset(partition: PartitionId): number
  /** The ends of all partitions of a topic, much cheaper than one by one where few have moved since the last time. */
  endOffsets(topic: PartitionedTopic): readonly number[]
  /** The first offset whose record has at least this timestamp; the end when there is none. */
  offsetAtTime(partition: PartitionId, timestamp: number): number
  /**
   * The batch that holds the first record at or after `offset`; undefined when there is none, `later` when there is one
   * that has yet to be fetched: {@link onNews} tells when to ask again.
   *
   * After compaction its last record may lie before `offset`: the first record is then in the batch after it.
   *
   * @throws MillraceError `position_lost` when the offset is no longer kept
   */
  batchAt(partition: PartitionId, offset: number): StoredBatch | 'later' | undefined
  findTopic(name: string): TopicDescription | undefined
  /** Another number after each change of any topic: while it stays the same, there are no new ones. */
  topicsVersion(): number
  /**
   * The topic as it is, created where it is missing, at once and for good: it is no part of a commit.
   *
   * @throws MillraceError `partitions_differ`, `fenced`
   */
  ensureTopic(topic: EngineTopicRequest): TopicDescription | Promise<TopicDescription>

  /** Whether a newer instance has taken over, or there is nothing left to commit to. */
  readonly isFenced: boolean
  /** Why: `fenced`, `superseded`, `application_reset` or `application_deleted`. */
  fence(): MillraceError
  /** Whether its stores are still those of the application; a reset and a deletion take them away. */
  readonly hasStores: boolean
  /**
   * Commits everything or nothing: durable when it returns, or when the promise resolves. Until then nothing else is
   * committed, and nothing of the commit may be changed.
   *
   * @throws MillraceError {@link fence} where it is fenced, `storage_failed`
   */
  commit(commit: Commit): void | Promise<void>

  /**
   * Keeps what the instance says of itself in place of what it said before, until it is closed or another one starts.
   * Where it is fenced, nothing happens.
   *
   * @throws MillraceError `storage_failed`
   */
  leaveFigures(figures: InstanceFigures): void | Promise<void>

  /** Calls back when there may be more to read, or a successor, until the returned function is called. */
  onNews(listener: () => void): () => void
  /** The instance has stopped: the application is not running now, unless a newer instance has started. */
  close(): void | Promise<void>
}

/** The offset of the next record to read. */
export interface Position {
  readonly partition: PartitionId
  readonly offset: number
}

/** Everything that an application did since its last commit. */
export interface Commit {
  /** What the tasks did that did anything. */
  readonly tasks: readonly TaskCommit[]
  /** Topics to create where they are missing; in `appends` their id is {@link newTopicId}. */
  readonly newTopics: readonly EngineTopicRequest[]
  readonly appends: readonly {
    readonly partition: PartitionId
    /** As they were built; the log completes their headers. */
    readonly batches: readonly Buffer[]
    /** Whether the records get the time of the commit. */
    readonly usesAppendTime?: boolean | undefined
  }[]
  /** What the instance says of itself, as {@link Session.leaveFigures}. */
  readonly figures?: InstanceFigures | undefined
  /** Writes the changed rows of all stores. */
  readonly writeState: (writer: StateWriter) => void
  /** How large the journals of stores may become. Default 32 MiB. */
  readonly journalBytes?: number | undefined
}

/** What one task did since the last commit. */
export interface TaskCommit {
  readonly task: TaskId
  /** Those that have moved. */
  readonly positions: readonly Position[]
  /** Counters and stream times, stored with the rest. */
  readonly progress: Buffer
}

/** Of a topic that is created by the commit that writes to it. */
export const newTopicId = -1

const applicationLogs = new WeakMap<object, ApplicationLog>()

/** Says what implements a public log. */
export function bindApplicationLog(log: object, applicationLog: ApplicationLog): void {
  applicationLogs.set(log, applicationLog)
}

/**
 * What implements a public log.
 *
 * @throws MillraceError `bad_option` when it is not a log
 */
export function applicationLogOf(log: object): ApplicationLog {
  const found = typeof log === 'object' && log !== null ? applicationLogs.get(log) : undefined
  if (found === undefined) throw new MillraceError('bad_option', 'log is not a log; open one with openLog(dir)')
  return found
}

/** Reads a store of an application from outside. */
export type StoreReader = <K, V>(
  log: ApplicationLog,
  applicationId: string,
  store: AnyStore<K, V>,
) => AnyQuery<K, V> & StoreSnapshots<AnyQuery<K, V>>

let storeReader: StoreReader | undefined

/** Says what `log.store` answers with: only the runtime knows what rows of stores mean, and it stands above the log. */
export function bindStoreReader(reader: StoreReader): void {
  storeReader = reader
}

export function boundStoreReader(): StoreReader {
  return present(storeReader, 'the package binds a reader of stores when it is loaded')
}
