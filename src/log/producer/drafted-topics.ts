/**
 * Topics that are missing when the first record comes while another process commits: the record is laid out for the
 * topic as it will be, and the commit that writes it creates the topic, if it is still missing by then.
 */
import { MillraceError } from '../../core/errors.ts'
import type { WriteTransaction } from '../../storage/environment.ts'
import type { TopicDescription, Topics } from '../kept/topics.ts'
import type { TopicOutboxes } from './route.ts'

/**
 * Gives the records of drafted topics the topics that there are by now; returns why some cannot have theirs, by name.
 *
 * @throws MillraceError the first of these reasons, when the commit is one whole
 */
export function createDrafts(
  transaction: WriteTransaction,
  topics: Topics,
  drafted: readonly TopicOutboxes[],
  isWhole: boolean,
): ReadonlyMap<string, MillraceError> {
  const refusals = new Map<string, MillraceError>()
  for (const topic of drafted) {
    if (topic.draft === undefined) continue
    const refusal = bind(topic, topics.createDrafted(transaction, topic.draft))
    if (refusal === undefined) continue
    if (isWhole) throw refusal
    refusals.set(topic.name, refusal)
  }
  return refusals
}

/** In another number of partitions a key could be in another one, and would lose its order. */
function bind(topic: TopicOutboxes, found: TopicDescription): MillraceError | undefined {
  const { name, outboxes } = topic
  if (found.partitions !== outboxes.length) {
    return new MillraceError(
      'partitions_differ',
      `another process has created the topic "${name}" with ${found.partitions} partitions while records for ` +
        `${outboxes.length} waited to be written; they are not: send them again`,
      { topic: name },
    )
  }
  topic.id = found.id
  for (const outbox of outboxes) outbox.partition = { ...outbox.partition, topicId: found.id }
  return undefined
}
