/**
 * What users see of administration, and what every log has to offer.
 */
import type { Offset } from '../../core/units.ts'
import type { LogStatistics } from '../../storage/statistics.ts'
import type { TopicConfigChange } from '../kept/topic-changes.ts'
import type { TopicName } from '../kept/topic-name.ts'
import type { TopicDescription, TopicDetails, TopicRequest } from '../kept/topics.ts'
import type { VerifyReport } from '../verify/findings.ts'
import type { VerifyOptions } from '../verify/verify.ts'
import type { ApplicationAdmin } from './applications-face.ts'
import type { BackupOptions, BackupResult } from './backup.ts'
import type { DeadLettersOptions } from './dead-letters.ts'
import type { DeadLetters } from './letters-face.ts'
import type { GroupDescription, GroupListing } from './group-admin.ts'
import type { PartitionLag } from './lag.ts'
import type { OffsetAndTimestamp } from './offset-queries.ts'
import type { RecordDeletion } from './record-deletion.ts'
import type { OffsetReset, ResetOptions } from './reset-offsets.ts'
import type { TopicSize } from './sizes.ts'

/** What `log.admin.listTopics` takes. */
export interface ListTopicsOptions {
  /**
   * Whether the topics that versions beside the live one write are listed too, `<topic>@<application>@<version>`.
   * Default false.
   */
  readonly hidden?: boolean | undefined
}

/**
 * Topics and their administration: `log.admin`. Programs that use typed constants seldom need it, because these create
 * their topics. Every call refuses an argument that it cannot use with `bad_option`, before anything is written.
 *
 * @example
 * ```ts
 * for (const { name, partitions } of await log.admin.listTopics()) console.log(name, partitions)
 * ```
 */
export interface Admin extends ApplicationAdmin {
  /**
   * Creates a topic with the partitions and the configuration that its constant says, or 1 partition and the defaults.
   * Without a constant the configuration goes into `config`, next to name and partitions, as in Kafka.
   *
   * @example
   * ```ts
   * await log.admin.createTopic({ name: 'audit', partitions: 4, config: { retentionMs: days(30) } })
   * ```
   * @throws MillraceError `topic_exists`, `bad_option`
   */
  createTopic(topic: TopicRequest): Promise<TopicDetails>

  /**
   * Changes the configuration of a topic; null restores the default, and what is not named stays. Running producers and
   * the maintenance follow at once.
   *
   * @example
   * ```ts
   * await log.admin.alterTopic(clicks, { retentionMs: days(30), cleanupPolicy: null })
   * ```
   * @throws MillraceError `topic_unknown`, `bad_option` for a setting that does not exist or a value that it does not
   *   take
   */
  alterTopic(topic: TopicName, change: TopicConfigChange): Promise<TopicDetails>

  /**
   * Adds empty partitions, so that a topic has `partitions` of them. Existing records stay where they are, so new ones
   * with the same key may go to another partition. A running application reads them after its next start.
   *
   * @example
   * ```ts
   * await log.admin.addPartitions(clicks, 8)
   * ```
   * @throws MillraceError `topic_unknown`, `bad_option` when it has as many already, `partitions_differ` when state of
   *   an application depends on how many there are
   */
  addPartitions(topic: TopicName, partitions: number): Promise<TopicDetails>

  /**
   * All topics, by name.
   *
   * @throws MillraceError `bad_option`
   */
  listTopics(options?: ListTopicsOptions): Promise<readonly TopicDescription[]>

  /**
   * One topic as it is in the log.
   *
   * @throws MillraceError `topic_unknown`
   */
  describeTopic(topic: TopicName): Promise<TopicDetails>

  /**
   * Deletes a topic with all its records, for good. Running applications and readers of it fail with `topic_unknown` or
   * `position_lost`.
   *
   * @throws MillraceError `topic_unknown`
   */
  deleteTopic(topic: TopicName): Promise<void>

  /**
   * Deletes the records of partitions before an offset, for good; returns where each begins now, in the order given.
   * An offset before the beginning changes nothing.
   *
   * Readers and groups before that offset go on at the new beginning and count what they missed; an application fails
   * with `position_lost`. The space is freed once all of a segment (1,024 batches or 64 MiB) is deleted.
   *
   * @example
   * ```ts
   * const [end = 0] = await log.admin.endOffsets(clicks)
   * await log.admin.deleteRecords(clicks, [{ partition: 0, beforeOffset: end }])
   * ```
   * @throws MillraceError `topic_unknown`, `bad_option` for a partition that does not exist or an offset past the end
   */
  deleteRecords(topic: TopicName, deletions: readonly RecordDeletion[]): Promise<readonly Offset[]>

  /**
   * Deletes and compacts now whatever is due, in steps that others can write between: for cron jobs and tests. It
   * compacts all that `minCompactionLagMs` allows; the background waits until half of a partition is new.
   *
   * @throws MillraceError `damaged` when a partition is damaged; all other work is done first
   */
  runMaintenance(): Promise<void>

  /**
   * One past the offset of the last record of each partition, all at the same moment.
   *
   * @throws MillraceError `topic_unknown`
   */
  endOffsets(topic: TopicName): Promise<readonly Offset[]>

  /**
   * The first offset that each partition still has, all at the same moment; for one without records, its end.
   *
   * @throws MillraceError `topic_unknown`
   */
  startOffsets(topic: TopicName): Promise<readonly Offset[]>

  /**
   * For each partition the first record with at least this time (ms since the epoch), and null where there is none.
   *
   * An index answers it, even when timestamps are out of order.
   *
   * @example
   * ```ts
   * for (const found of await log.admin.offsetsForTimes(clicks, Date.now() - days(1))) console.log(found?.offset)
   * ```
   * @throws MillraceError `topic_unknown`, `bad_option`, `damaged`
   */
  offsetsForTimes(topic: TopicName, timestamp: number): Promise<readonly (OffsetAndTimestamp | null)[]>

  /**
   * How far a consumer group or an application lags, by topic and partition: in records, and as the age of the oldest
   * record that it has not read. Partitions without a committed position are left out.
   *
   * @example
   * ```ts
   * await app.caughtUp()
   * for (const { topic, partition, records, ageMs } of await log.admin.lag('pages')) {
   *   console.log(topic, partition, records, ageMs)
   * }
   * ```
   * @throws MillraceError `group_unknown`; `damaged` when the record at a position cannot be read
   */
  lag(group: string): Promise<readonly PartitionLag[]>

  /**
   * Moves the positions of a consumer group without members, in one commit; returns every position before and after.
   *
   * Targets are clamped to what a partition holds. With `dryRun` nothing is written.
   *
   * @example
   * ```ts
   * const planned = await log.admin.resetOffsets('billing', { topics: [clicks], to: { ago: hours(1) }, dryRun: true })
   * for (const { topic, partition, before, after } of planned) console.log(topic, partition, before, after)
   * ```
   * @throws MillraceError `group_not_empty` while it has members, `owned_by_application` for the positions of an
   *   application, `group_unknown` without `topics` and without positions, `topic_unknown`, `bad_option`
   */
  resetOffsets(group: string, options: ResetOptions): Promise<readonly OffsetReset[]>

  /**
   * How much these topics hold, or all: bytes, records and times of each partition.
   *
   * @throws MillraceError `topic_unknown`, `damaged`
   */
  logSizes(topics?: readonly TopicName[]): Promise<readonly TopicSize[]>

  /**
   * How the file is used: bytes, free pages, readers, and the oldest snapshot that keeps freed pages from being used
   * again.
   *
   * @throws MillraceError `storage_failed`
   */
  stats(): Promise<LogStatistics>

  /**
   * Checks everything that is stored while others read and write: checksums, headers and places of all batches, the
   * index by time, sizes and times of segments, positions, and rows that belong to nothing. What it finds is in the
   * report; it throws for damage only where the file cannot be read at all.
   *
   * LMDB may end the process on pages that are damaged: verify a doubtful file in a separate process.
   *
   * @example
   * ```ts
   * const { problems, batches } = await log.admin.verify({ deep: true })
   * console.log(`${batches} batches`, problems)
   * ```
   * @throws MillraceError `bad_option`, `closed`; the reason of `signal` when that ends it
   */
  verify(options?: VerifyOptions): Promise<VerifyReport>

  /** Every consumer group that has members or positions, and every application, by name. */
  groups(): Promise<readonly GroupListing[]>

  /**
   * A consumer group: its state, its members, and which partitions each has.
   *
   * @throws MillraceError `group_unknown`
   */
  describeGroup(group: string): Promise<GroupDescription>

  /**
   * Forgets a consumer group without members, with its positions.
   *
   * @throws MillraceError `group_unknown`, `group_not_empty`, `owned_by_application`
   */
  deleteGroup(group: string): Promise<void>

  /**
   * The dead letters of an application: to list, to look at, to mend and to send again. Nothing is read on this call.
   *
   * @example
   * ```ts
   * const letters = log.admin.deadLetters(app.applicationId)
   * for await (const { reason, source } of letters.list()) console.log(reason, source?.topic, source?.offset)
   * ```
   * @throws MillraceError `bad_option`
   */
  deadLetters(applicationId: string, options?: DeadLettersOptions): DeadLetters

  /**
   * Writes a consistent copy of the whole log at one moment into a directory that is missing or empty, while everything
   * goes on. The copy is a log: open it where it is, or restore it with {@link restoreLog}.
   *
   * It gets its name only when it is whole and durable: a process that is killed leaves a directory that cannot be
   * opened by mistake. Space that is freed during the copy is only reused afterwards, so the log grows by what is
   * written meanwhile.
   *
   * @example
   * ```ts
   * await log.admin.backup('./backup', { onProgress: ({ doneBytes }) => console.error(doneBytes) })
   * ```
   * @throws MillraceError `directory_not_empty`, `storage_failed`, `bad_option`, `closed`
   */
  backup(path: string, options?: BackupOptions): Promise<BackupResult>
}
