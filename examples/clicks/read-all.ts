/**
 * Reads a topic that may not be there yet.
 */
import type { Log, LogRecord, Topic } from 'millrace'

/** All records of a topic up to its end; none when nobody has written to it so far. */
export async function* readAll<K, V>(log: Log, topic: Topic<K, V>): AsyncGenerator<LogRecord<K, V>> {
  const topics = await log.admin.listTopics()
  if (topics.some(({ name }) => name === topic.name)) yield* log.read(topic)
}
