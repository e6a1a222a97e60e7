// What a topic holds, to the byte.
import { RecordWalk } from '../../src/log/consumer/record-walk.ts'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'

/** Partition, offset, time, key and value of every record of a topic. */
export function bytesOf(log: EmbeddedLog, name: string): string[] {
  log.refresh()
  const topic = log.topics.describe(name)
  const lines: string[] = []
  for (let partition = 0; partition < topic.partitions; partition++) {
    const walk = new RecordWalk(log, { topic: name, topicId: topic.id, partition }, 0)
    while (walk.next()) {
      const { offset, timestamp, bytes, keyStart, keyEnd, valueStart, valueEnd } = walk.cursor
      const part = (from: number, to: number): string => bytes.toString('hex', from, Math.max(from, to))
      lines.push([partition, offset, timestamp, part(keyStart, keyEnd), part(valueStart, valueEnd)].join())
    }
  }
  return lines
}
