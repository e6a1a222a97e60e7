// Positions of consumer groups, committed as their members do.
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'

/** Commits a position of a group in a topic. */
export function commitPosition(
  log: EmbeddedLog,
  group: string,
  topic: string,
  partition: number,
  offset: number,
): void {
  const topicId = log.describeTopic(topic).id
  const committedMs = log.clock.now()
  log.environment.write((transaction) =>
    log.positions.put(transaction, group, { topicId, partition }, { offset, committedMs, metadata: '' }),
  )
}
