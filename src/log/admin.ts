/**
 * The administration of a log: its topics and what they hold.
 */
import type { Offset } from '../core/units.ts'
import type { EmbeddedLog } from './embedded-log.ts'
import { deleteGroup, describeGroup, type GroupDescription, type GroupListing, listGroups } from './group-admin.ts'
import { deleteRecords, type RecordDeletion } from './record-deletion.ts'
import { sweepDeletedTopics } from './deleted-topics.ts'
import type { TopicConfigChange } from './topic-changes.ts'
import { detailsOf, type TopicDescription, type TopicDetails, type TopicRequest } from './topics.ts'

/** A topic by its typed constant, or by its name; a name never creates. */
export type TopicName = string | { readonly name: string }

/**
 * Topics and their administration: `log.admin`. Programs that use typed constants need it seldom, as these create their topics.
 *
 * @example
 * ```ts
 * for (const { name, partitions } of await log.admin.listTopics()) console.log(name, partitions)
 * ```
 */
export class Admin {
  readonly #log: EmbeddedLog

  constructor(log: EmbeddedLog) {
    this.#log = log
  }

  /**
   * Creates a topic with the partitions and the configuration that its constant says, or 1 partition and the defaults.
   *
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
    this.#log.refresh()
    return detailsOf(this.#log.topics.describe(nameOf(topic)))
  }

  /**
   * Deletes a topic with all its records, for good. Running applications and readers of it fail with `topic_unknown` or
   * `position_lost`.
   *
   * @throws MillraceError `topic_unknown`
   */
  async deleteTopic(topic: TopicName): Promise<void> {
    this.#log.topics.delete(nameOf(topic))
    for (const _ of sweepDeletedTopics(this.#log.environment)) await nextTurn()
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
   * @throws MillraceError `topic_unknown`, `bad_option` for a partition that does not exist or an offset behind the end
   */
  async deleteRecords(topic: TopicName, deletions: readonly RecordDeletion[]): Promise<readonly Offset[]> {
    this.#log.refresh()
    return deleteRecords(this.#log, nameOf(topic), deletions, nextTurn)
  }

  /**
   * Deletes and compacts now whatever is due, in steps that others can write between: for cron jobs and tests. It compacts
   * all that `minCompactionLagMs` allows; the background waits until half of a partition is new.
   *
   * @throws MillraceError `corrupt_batch` where a partition is damaged; everything else is done then
   */
  async runMaintenance(): Promise<void> {
    await this.#log.maintenance.run()
  }

  /**
   * The offset behind the last record of each partition, all as of one moment.
   *
   * @throws MillraceError `topic_unknown`
   */
  async endOffsets(topic: TopicName): Promise<readonly Offset[]> {
    this.#log.refresh()
    const { name, id, partitions } = this.#log.topics.describe(nameOf(topic))
    return Array.from(
      { length: partitions },
      (_, partition) => this.#log.endOffset({ topic: name, topicId: id, partition }) as Offset,
    )
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
}

function nameOf(topic: TopicName): string {
  return typeof topic === 'string' ? topic : topic.name
}

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })
