/**
 * Who has positions in a topic: what a plan to destroy records has to say.
 */
import type { Log } from '../log/face.ts'
import type { PartitionLag } from '../log/admin/lag.ts'

/** A group or an application, and where it is in each partition of the topic. */
export interface TopicReaderPositions {
  readonly name: string
  readonly kind: 'group' | 'application'
  readonly positions: readonly PartitionLag[]
}

export async function readersOf({ admin }: Log, topic: string): Promise<readonly TopicReaderPositions[]> {
  const readers: TopicReaderPositions[] = []
  for (const { name, kind } of await admin.groups()) {
    const lag = await admin.lag(name)
    const positions = lag.filter((one) => one.topic === topic)
    if (positions.length > 0) readers.push({ name, kind, positions })
  }
  return readers
}
