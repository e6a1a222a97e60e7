/**
 * `consume --group`: reads as a member of a group. A position is committed only once its record is written out, so what
 * is not read from a pipe comes again.
 */
import type { ResetPolicy } from '../log/consumer/start-offset.ts'
import type { Log } from '../log/face.ts'
import type { TopicPartition } from '../log/format/partition-id.ts'
import { UsageError } from './exit-codes.ts'
import { boundsOf, offsetsAt, type Place } from './place.ts'
import type { RawRecord } from './record-line.ts'
import type { RecordSink } from './record-sink.ts'
import type { VerbContext } from './verb.ts'

export interface GroupRequest {
  readonly group: string
  readonly topics: readonly string[]
  /** Where to begin without a position. */
  readonly from: Place
  readonly isFollowing: boolean
}

/** Where each partition ended when the command began, and where the group would begin without a position. */
type Ends = ReadonlyMap<string, { readonly begin: number; readonly end: number }>

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}[${partition}]`

export async function consumeGroup(
  log: Log,
  request: GroupRequest,
  sink: RecordSink,
  { out, clock, signal }: VerbContext,
): Promise<void> {
  const { group, topics, from, isFollowing } = request
  const reset = resetOf(from)
  const ends: Ends = isFollowing ? new Map() : await endsOf(log, request, clock.now())
  const stop = new AbortController()
  /** The next offset of each partition that this member has. */
  const reached = new Map<string, number>()
  const stopAtEnd = (): void => {
    if (isFollowing) return
    const isDone = [...reached].every(([key, offset]) => offset >= (ends.get(key)?.end ?? 0))
    if (isDone) stop.abort()
  }
  const forget = (partitions: readonly TopicPartition[]): void => {
    for (const partition of partitions) reached.delete(keyOf(partition))
  }
  const consumer = log.consumer({
    group,
    topics,
    reset,
    autoCommitMs: false,
    clientId: 'millrace-consume',
    signal: AbortSignal.any([signal, stop.signal]),
    onAssigned(partitions, control) {
      for (const one of partitions) {
        const committed = control.committed(one.topic, one.partition)?.offset
        reached.set(keyOf(one), committed ?? ends.get(keyOf(one))?.begin ?? 0)
      }
      stopAtEnd()
    },
    onRevoked: forget,
    onLost: forget,
  })
  try {
    for await (const { records, topic, partition } of consumer.batches()) {
      const taken = await sink.take(records)
      await out.flush()
      const last = records[taken - 1] as RawRecord
      await consumer.commit([{ topic, partition, offset: last.offset + 1 }])
      reached.set(keyOf({ topic, partition }), last.offset + 1)
      stopAtEnd()
      if (sink.isFull) break
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

async function endsOf(log: Log, { topics, from }: GroupRequest, nowMs: number): Promise<Ends> {
  const ends = new Map<string, { readonly begin: number; readonly end: number }>()
  for (const topic of topics) {
    const bounds = await boundsOf(log, topic)
    const begins = await offsetsAt(log, from, bounds, nowMs)
    for (const [partition, end] of bounds.endOffsets.entries()) {
      ends.set(keyOf({ topic, partition }), { begin: begins[partition] ?? end, end })
    }
  }
  return ends
}
