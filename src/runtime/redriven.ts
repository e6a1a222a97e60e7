/**
 * Dead letters that were sent again: each topic that an application reads may have a hidden one beside it, whose
 * records enter where those of the topic do.
 */
import { isHiddenTopic, redriveTopic, type Session, type TopicDescription } from '../log/contract.ts'
import { partitionsOf } from '../log/format/partition-id.ts'
import type { SourceTopicLayout } from './layout.ts'
import { SourceLane } from './sequence.ts'

/** The hidden topics that there are, each for the source of its topic. */
export function redrivenOf(
  sourceTopics: readonly SourceTopicLayout[],
  applicationId: string,
  find: (name: string) => TopicDescription | undefined,
): SourceTopicLayout[] {
  return sourceTopics.flatMap(({ node, source, isRedriven }) => {
    if (isRedriven === true || isHiddenTopic(source.name)) return []
    const name = redriveTopic(source.name, applicationId)
    const description = find(name)
    return description === undefined ? [] : [{ node, source: { ...source, name }, description, isRedriven: true }]
  })
}

/** Those that come while an application runs. */
export class ComingRedriven {
  readonly #applicationId: string
  /** Of the topics, when it looked last. */
  #seenVersion = -1
  /** Topics that have none yet. */
  #without: readonly SourceTopicLayout[]

  constructor(applicationId: string, sourceTopics: readonly SourceTopicLayout[]) {
    const names = new Set(sourceTopics.map(({ description }) => description.name))
    this.#applicationId = applicationId
    this.#without = sourceTopics.filter(
      ({ source, isRedriven }) => isRedriven !== true && !names.has(redriveTopic(source.name, applicationId)),
    )
  }

  /**
   * Their partitions, each only once, to be read from their first record on.
   *
   * @param first how many lanes there are
   */
  take(session: Pick<Session, 'findTopic' | 'topicsVersion'>, first: number): readonly SourceLane[] {
    const version = session.topicsVersion()
    if (version === this.#seenVersion) return []
    this.#seenVersion = version
    const found = redrivenOf(this.#without, this.#applicationId, (name) => session.findTopic(name))
    if (found.length === 0) return []
    const names = new Set(found.map(({ source }) => source.name))
    this.#without = this.#without.filter(({ source }) => !names.has(redriveTopic(source.name, this.#applicationId)))
    const places = found.flatMap((topic) => partitionsOf(topic.description).map((partition) => ({ topic, partition })))
    return places.map(
      ({ topic: { node, source }, partition }, at) => new SourceLane(partition, node, source, first + at, 0, 0, true),
    )
  }
}
