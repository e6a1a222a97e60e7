/**
 * What reads a topic for longer notices that a switch has put another one in its place: it would wait for ever for
 * records of the old one, and its offsets say nothing about the new one.
 */
import { MillraceError } from '../../core/errors.ts'
import type { PartitionId } from '../format/partition-id.ts'
import type { RecordSource } from '../kept/record-source.ts'
import type { Topics } from '../kept/topics.ts'

/** @throws MillraceError `superseded` for a topic that was replaced, `topic_unknown` for one that was deleted */
export function checkNotReplaced(
  log: Pick<RecordSource, 'startOffset'> & { readonly topics: Topics },
  partition: PartitionId,
): void {
  const { topic, topicId } = partition
  if (log.topics.find(topic)?.id === topicId) return
  log.startOffset(partition) // says that it was deleted
  throw new MillraceError(
    'superseded',
    `the topic "${topic}" was replaced while it was read: its application has switched to another version. Read it ` +
      'again: the offsets of the new topic are its own',
    { topic },
  )
}
