/**
 * `consume` without a group: reads partitions from a place on, and keeps no position.
 */
import { bytes, nullable } from '../core/serdes.ts'
import { topic as topicConstant } from '../core/topic.ts'
import type { Log } from '../log/face.ts'
import type { ReadOptions } from '../log/consumer/face.ts'
import { UsageError } from './exit-codes.ts'
import { boundsOf, offsetsAt, type Place } from './place.ts'
import type { RawRecord } from './record-line.ts'
import type { RecordSink } from './record-sink.ts'
import type { VerbContext } from './verb.ts'

export interface TopicsRequest {
  readonly topics: readonly string[]
  /** Empty for all. */
  readonly partitions: readonly number[]
  readonly from: Place
  readonly isFollowing: boolean
}

type Batches = AsyncGenerator<{ readonly records: readonly RawRecord[] }, void, undefined>

export async function consumeTopics(
  log: Log,
  request: TopicsRequest,
  sink: RecordSink,
  { out, clock, signal }: VerbContext,
): Promise<void> {
  const stop = new AbortController()
  const reads: Batches[] = []
  for (const topic of request.topics) {
    const constant = topicConstant(topic, { key: nullable(bytes()), value: nullable(bytes()) })
    const options = await readsOf(log, topic, request, clock.now())
    for (const one of options) {
      const following = { follow: request.isFollowing, signal: AbortSignal.any([signal, stop.signal]) }
      reads.push(log.read(constant, { ...one, ...following }).batches())
    }
  }
  try {
    for await (const { records } of merged(reads)) {
      await sink.take(records)
      if (request.isFollowing) await out.flush()
      if (sink.isFull) break
    }
  } finally {
    stop.abort()
  }
}

/** A read of all partitions where one place says where to begin in each of them, otherwise one for each. */
async function readsOf(
  log: Log,
  topic: string,
  request: TopicsRequest,
  nowMs: number,
): Promise<readonly ReadOptions[]> {
  const { from, partitions: only } = request
  const bounds = await boundsOf(log, topic)
  const missing = only.find((partition) => partition >= bounds.endOffsets.length)
  if (missing !== undefined) throw new UsageError(`topic ${topic} has no partition ${missing}`)
  if (typeof from !== 'number' && !(typeof from === 'object' && 'last' in from)) {
    return only.length === 0 ? [{ from }] : only.map((partition) => ({ from, partition }))
  }
  const offsets = await offsetsAt(log, from, bounds, nowMs)
  const all = only.length === 0 ? offsets.map((_, partition) => partition) : only
  return all.map((partition) => ({ partition, from: offsets[partition] as number }))
}

/** The batches of several reads, as they come. */
async function* merged(reads: readonly Batches[]): Batches {
  const [only] = reads
  if (only !== undefined && reads.length === 1) return yield* only
  const next = (read: Batches): Promise<readonly [Batches, Awaited<ReturnType<Batches['next']>>]> =>
    read.next().then((result) => [read, result])
  const waiting = new Map(reads.map((read) => [read, next(read)]))
  try {
    while (waiting.size > 0) {
      const [read, { done, value }] = await Promise.race(waiting.values())
      waiting.delete(read)
      if (done === true) continue
      yield value
      waiting.set(read, next(read))
    }
  } finally {
    for (const pending of waiting.values()) pending.catch(() => undefined) // they end with the read that failed
  }
}
