/**
 * The administration of a log: its topics and what they hold.
 */
import type { Offset } from '../core/units.ts'
import type { EmbeddedLog } from './embedded-log.ts'
import type { TopicDescription, TopicRequest } from './topics.ts'

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
   * Creates a topic with the partitions that its constant says, or 1.
   *
   * @throws MillraceError `topic_exists`, `bad_option`
   */
  async createTopic(topic: TopicRequest): Promise<TopicDescription> {
    return this.#log.topics.create(topic)
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
  async describeTopic(topic: TopicName): Promise<TopicDescription> {
    this.#log.refresh()
    return this.#log.topics.describe(nameOf(topic))
  }

  /**
   * Deletes a topic with all its records, for good. Running applications and readers of it fail with `topic_unknown` or
   * `position_lost`.
   *
   * @throws MillraceError `topic_unknown`
   */
  async deleteTopic(topic: TopicName): Promise<void> {
    this.#log.topics.delete(nameOf(topic))
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
}

export function nameOf(topic: TopicName): string {
  return typeof topic === 'string' ? topic : topic.name
}
