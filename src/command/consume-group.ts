/**
 * `consume --group`: reads as a member of a group. A position is committed only once its record is written out, so what
 * is not read from a pipe comes again.
 */
import type { ResetPolicy } from '../log/consumer/start-offset.ts'
import type { Log } from '../log/face.ts'
import type { TopicPartition } from '../log/format/partition-id.ts'
import { UsageError } from './exit-codes.ts'
import type { Place } from './place.ts'
import type { RecordSink } from './record-sink.ts'
import type { VerbContext } from './verb.ts'

export interface GroupRequest {
  readonly group: string
  readonly topics: readonly string[]
  /** Where to begin without a position. */
  readonly from: Place
  readonly isFollowing: boolean
}

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}[${partition}]`

export async function consumeGroup(
  log: Log,
  request: GroupRequest,
  sink: RecordSink,
  { out, signal }: VerbContext,
): Promise<void> {
  const { group, topics, from, isFollowing } = request
  /** Where each partition ended when the command began. One that came later has nothing that is due. */
  const ends = isFollowing ? undefined : await endsOf(log, topics)
  const endOf = (partition: TopicPartition): number =>
    ends === undefined ? Number.POSITIVE_INFINITY : (ends.get(keyOf(partition)) ?? 0)
  const stop = new AbortController()
  const isRead = (one: TopicPartition): boolean =>
    (consumer.position(one.topic, one.partition) ?? 0) >= endOf(one) || consumer.lag(one.topic, one.partition) === 0
  const stopAtEnd = (gone: readonly TopicPartition[] = []): void => {
    const without = new Set(gone.map(keyOf))
    const own = consumer.assignment().filter((one) => !without.has(keyOf(one)))
    if (!isFollowing && own.length > 0 && own.every(isRead)) stop.abort()
  }
  const consumer = log.consumer({
    group,
    topics,
    reset: resetOf(from),
    autoCommitMs: false,
    clientId: 'millrace-consume',
    signal: AbortSignal.any([signal, stop.signal]),
    onAssigned: () => stopAtEnd(),
    onRevoked: stopAtEnd,
    onLost: stopAtEnd,
  })
  try {
    for await (const { records, topic, partition } of consumer.batches()) {
      const end = endOf({ topic, partition })
      const due = records.filter(({ offset }) => offset < end)
      const last = due[(await sink.take(due)) - 1]
      await out.flush()
      if (last !== undefined) await consumer.commit([{ topic, partition, offset: last.offset + 1 }])
      if (sink.isFull) break
      stopAtEnd()
    }
  } finally {
    await consumer.close()
  }
}

function resetOf(from: Place): ResetPolicy {
  if (from === 'beginning') return 'earliest'
  if (from === 'end') return 'latest'
  if (typeof from === 'object' && 'ago' in from) return from
  throw new UsageError('with --group, -o says where to begin without a position: start, end or @-AGE')
}

async function endsOf(log: Log, topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const ends = new Map<string, number>()
  for (const topic of topics) {
    for (const [partition, end] of (await log.admin.endOffsets(topic)).entries()) {
      ends.set(keyOf({ topic, partition }), end)
    }
  }
  return ends
}
