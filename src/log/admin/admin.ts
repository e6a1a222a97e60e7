/**
 * The administration of a log: its topics and what they hold.
 */
import { yieldToEventLoop } from '../../core/clock.ts'
import type { Offset } from '../../core/units.ts'
import type { LogStatistics } from '../../storage/statistics.ts'
import type { Environment } from '../../storage/environment.ts'
import type { Maintenance } from '../cleaning/maintenance.ts'
import type { Retention } from '../cleaning/retention.ts'
import type { Catalogue } from '../kept/catalogue.ts'
import type { GroupLog } from './group-log.ts'
import { deleteGroup, describeGroup, type GroupDescription, type GroupListing, listGroups } from './group-admin.ts'
import { deleteRecords, type RecordDeletion } from './record-deletion.ts'
import { sweepDeletedTopics } from '../kept/deleted-topics.ts'
import type { TopicConfigChange } from '../kept/topic-changes.ts'
import { detailsOf, type TopicDescription, type TopicDetails, type TopicRequest } from '../kept/topics.ts'
import { lagOf, type PartitionLag } from './lag.ts'
import { backUp, type BackupOptions, type BackupResult } from './backup.ts'
import type { VerifyReport } from '../verify/findings.ts'
import { type OffsetAndTimestamp, offsetsForTimes } from './offset-queries.ts'
import { type OffsetReset, type ResetOptions, resetOffsets } from './reset-offsets.ts'
import { sizesOf, type TopicSize } from './sizes.ts'
import { type PartitionId, partitionsOf } from '../format/partition-id.ts'
import { nameOf, namesOf, type TopicName } from '../kept/topic-name.ts'
import { verifyLog, type VerifyOptions } from '../verify/verify.ts'

/** What the administration uses of a log: all of it but the applications. */
export interface AdminLog extends GroupLog {
  readonly environment: Environment
  readonly catalogue: Catalogue
  readonly retention: Retention
  readonly maintenance: Maintenance
}

/**
 * Topics and their administration: `log.admin`. Programs that use typed constants need it seldom, as these create their topics.
 * Every call refuses an argument that it cannot use with `bad_option`, before anything is written.
 *
 * @example
 * ```ts
 * for (const { name, partitions } of await log.admin.listTopics()) console.log(name, partitions)
 * ```
 */
export class Admin {
  readonly #log: AdminLog

  constructor(log: AdminLog) {
    this.#log = log
  }

  /**
   * Creates a topic with the partitions and the configuration that its constant says, or 1 partition and the defaults. Without a
   * constant the configuration stands in `config`, as Kafka's does beside name and partitions.
   *
   * @example
   * ```ts
   * await log.admin.createTopic({ name: 'audit', partitions: 4, config: { retentionMs: days(30) } })
   * ```
   * @throws MillraceError `topic_exists`, `bad_option`
   */
  async createTopic(topic: TopicRequest): Promise<TopicDetails> {
    return detailsOf(this.#log.topics.create(topic))
  }

  /**
   * Changes the configuration of a topic; null is back to the default, and what is not named stays. Running producers and the
   * maintenance follow at once.
   *
   * @example
   * ```ts
   * await log.admin.alterTopic(clicks, { retentionMs: days(30), cleanupPolicy: null })
   * ```
   * @throws MillraceError `topic_unknown`, `bad_option` for a setting that does not exist or a value that it does not take
   */
  async alterTopic(topic: TopicName, change: TopicConfigChange): Promise<TopicDetails> {
    return detailsOf(this.#log.topics.alter(nameOf(topic), change))
  }

  /**
   * Adds empty partitions, so that a topic has `partitions` of them. Records that are there stay where they are, so new ones
   * of the same key may come to another partition. A running application reads them after its next start.
   *
   * @example
   * ```ts
   * await log.admin.addPartitions(clicks, 8)
   * ```
   * @throws MillraceError `topic_unknown`, `bad_option` when it has as many already, `partitions_differ` when state of an
   *   application depends on how many there are
   */
  async addPartitions(topic: TopicName, partitions: number): Promise<TopicDetails> {
    return detailsOf(this.#log.topics.addPartitions(nameOf(topic), partitions))
  }

  /** All topics, by name. */
  async listTopics(): Promise<readonly TopicDescription[]> {
    this.#log.refresh()
    return this.#log.topics.list()
  }

  /**
   * One topic as it is in the log.
   *
   * @throws MillraceError `topic_unknown`
   */
  async describeTopic(topic: TopicName): Promise<TopicDetails> {
    return detailsOf(this.#describe(topic))
  }

  /**
   * Deletes a topic with all its records, for good. Running applications and readers of it fail with `topic_unknown` or
   * `position_lost`.
   *
   * @throws MillraceError `topic_unknown`
   */
  async deleteTopic(topic: TopicName): Promise<void> {
    this.#log.topics.delete(nameOf(topic))
    for (const _ of sweepDeletedTopics(this.#log.environment)) await yieldToEventLoop()
  }

  /**
   * Deletes the records of partitions before an offset, for good; returns where each begins now, in the order given.
   * An offset before the beginning changes nothing.
   *
   * Readers and groups below go on at the new beginning and count what they missed, an application fails with `position_lost`.
   * The space is free when all of a segment (1,024 batches or 64 MiB) is deleted.
   *
   * @example
   * ```ts
   * const [end = 0] = await log.admin.endOffsets(clicks)
   * await log.admin.deleteRecords(clicks, [{ partition: 0, beforeOffset: end }])
   * ```
   * @throws MillraceError `topic_unknown`, `bad_option` for a partition that does not exist or an offset past the end
   */
  async deleteRecords(topic: TopicName, deletions: readonly RecordDeletion[]): Promise<readonly Offset[]> {
    return deleteRecords(this.#log.retention, this.#describe(topic), deletions)
  }

  /**
   * Deletes and compacts now whatever is due, in steps that others can write between: for cron jobs and tests. It compacts
   * all that `minCompactionLagMs` allows; the background waits until half of a partition is new.
   *
   * @throws MillraceError `damaged` when a partition is damaged; all other work is done first
   */
  async runMaintenance(): Promise<void> {
    await this.#log.maintenance.run()
  }

  #partitions(topic: TopicName): PartitionId[] {
    return partitionsOf(this.#describe(topic))
  }

  /** As it is now. */
  #describe(topic: TopicName): TopicDescription {
    this.#log.refresh()
    return this.#log.topics.describe(nameOf(topic))
  }

  /**
   * One past the offset of the last record of each partition, all as of one moment.
   *
   * @throws MillraceError `topic_unknown`
   */
  async endOffsets(topic: TopicName): Promise<readonly Offset[]> {
    return this.#partitions(topic).map((partition) => this.#log.endOffset(partition) as Offset)
  }

  /**
   * The first offset that is kept of each partition, all as of one moment; for one without records its end.
   *
   * @throws MillraceError `topic_unknown`
   */
  async startOffsets(topic: TopicName): Promise<readonly Offset[]> {
    return this.#partitions(topic).map((partition) => this.#log.startOffset(partition) as Offset)
  }

  /**
   * For each partition the first record with at least this time (ms since the epoch), and null where there is none.
   *
   * It is looked up in an index, also when timestamps came out of order.
   *
   * @example
   * ```ts
   * for (const found of await log.admin.offsetsForTimes(clicks, Date.now() - days(1))) console.log(found?.offset)
   * ```
   * @throws MillraceError `topic_unknown`, `bad_option`, `damaged`
   */
  async offsetsForTimes(topic: TopicName, timestamp: number): Promise<readonly (OffsetAndTimestamp | null)[]> {
    return offsetsForTimes(this.#log, this.#describe(topic), timestamp)
  }

  /**
   * How far a consumer group or an application is behind, by topic and partition: in records, and as the age of the oldest
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
  async lag(group: string): Promise<readonly PartitionLag[]> {
    return lagOf(this.#log, group)
  }

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
   * @throws MillraceError `group_not_empty` while it has members, `owned_by_application` for the positions of an application,
   *   `group_unknown` without `topics` and without positions, `topic_unknown`, `bad_option`
   */
  async resetOffsets(group: string, options: ResetOptions): Promise<readonly OffsetReset[]> {
    return resetOffsets(this.#log, group, options)
  }

  /**
   * How much these topics hold, or all: bytes, records and times of each partition.
   *
   * @throws MillraceError `topic_unknown`, `damaged`
   */
  async logSizes(topics?: readonly TopicName[]): Promise<readonly TopicSize[]> {
    this.#log.refresh()
    const all = this.#log.topics
    const found = topics === undefined ? all.list() : namesOf('topics', topics).map((name) => all.describe(name))
    return sizesOf(this.#log.partitions, found)
  }

  /**
   * How the file is used: bytes, free pages, readers, and the oldest snapshot that keeps freed pages from being used again.
   *
   * @throws MillraceError `storage_failed`
   */
  async stats(): Promise<LogStatistics> {
    return this.#log.environment.statistics()
  }

  /**
   * Checks everything that is stored while others read and write: checksums, headers and places of all batches, the index by
   * time, sizes and times of segments, positions, and rows that belong to nothing. What it finds is in the report; it throws for
   * damage only where the file cannot be read at all.
   *
   * The values in the state of applications have no checksums, so a flipped bit in one is not found. LMDB may end the process on pages
   * that are damaged: verify a file in doubt in a process of its own.
   *
   * @example
   * ```ts
   * const { problems, batches } = await log.admin.verify({ deep: true })
   * console.log(`${batches} batches`, problems)
   * ```
   * @throws MillraceError `bad_option`, `closed`; the reason of `signal` when that ends it
   */
  async verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    return verifyLog(this.#log.environment, this.#log.catalogue, options)
  }

  /** Every consumer group that has members or positions, and every application, by name. */
  async groups(): Promise<readonly GroupListing[]> {
    return listGroups(this.#log)
  }

  /**
   * A consumer group: its state, its members, and who has which partitions.
   *
   * @throws MillraceError `group_unknown`
   */
  async describeGroup(group: string): Promise<GroupDescription> {
    return describeGroup(this.#log, group)
  }

  /**
   * Forgets a consumer group without members, with its positions.
   *
   * @throws MillraceError `group_unknown`, `group_not_empty`, `owned_by_application`
   */
  async deleteGroup(group: string): Promise<void> {
    deleteGroup(this.#log, group)
  }

  /**
   * Writes a consistent copy of the whole log, as of one moment, into a directory that is missing or empty, while everything
   * goes on. The copy is a log: open it where it is, or bring it back with {@link restoreLog}.
   *
   * It stands under its name only when it is whole and durable: a process that is killed leaves a directory that nobody can open by
   * mistake. Space that is freed while it is written is used again afterwards, so the log grows by what is written meanwhile.
   *
   * @example
   * ```ts
   * await log.admin.backup('./backup', { onProgress: ({ doneBytes }) => console.error(doneBytes) })
   * ```
   * @throws MillraceError `directory_not_empty`, `storage_failed`, `bad_option`, `closed`
   */
  async backup(path: string, options: BackupOptions = {}): Promise<BackupResult> {
    return backUp(this.#log.environment, path, options)
  }
}
