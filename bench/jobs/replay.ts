/**
 * A version that is replayed: alone, beside a plain run of the same topology, and beside a live version, whose latency
 * it must not spoil.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { int64, keyValueStore, openLog, replay, type Log, startStreams, StreamsBuilder, string, topic } from 'millrace'
import { type Percentiles, percentilesOf } from '../statistics.ts'

const ticks = topic('ticks', { key: string(), value: int64() })
const seen = topic('seen', { key: string(), value: int64() })
const counts = keyValueStore('counts', { key: string(), value: int64() })

function topologyOf(): ReturnType<StreamsBuilder['build']> {
  const builder = new StreamsBuilder()
  const stream = builder.stream(ticks)
  stream.groupByKey().count({ store: counts })
  stream.filter(({ value }) => value >= 0).to(seen)
  return builder.build()
}

/** Records that say nothing of when they were sent. */
async function produceHistory(log: Log, records: number): Promise<void> {
  const producer = log.producer()
  for (let from = 0; from < records; from += 10_000) {
    const count = Math.min(10_000, records - from)
    await producer.sendMany(
      ticks,
      Array.from({ length: count }, (_, i) => ({ key: `key ${(from + i) % 1_000}`, value: -1, timestamp: from + i })),
    )
  }
}

/** Records per second of a plain run and of a replay of the same records, one after the other. */
export async function replayAlone({
  dir,
  records,
}: {
  readonly dir: string
  readonly records: number
}): Promise<{ readonly plain: number; readonly replayed: number }> {
  await using log = await openLog(dir)
  await produceHistory(log, records)
  const timed = async (applicationId: string, isReplay: boolean): Promise<number> => {
    const startedMs = performance.now()
    const app = isReplay
      ? await replay(topologyOf(), { log, applicationId, version: 'v2' })
      : await startStreams(topologyOf(), { log, applicationId })
    await app.caughtUp()
    const tookMs = performance.now() - startedMs
    await app.close()
    return records / (tookMs / 1_000)
  }
  await timed('warm-up', false)
  await timed('warm-up-too', true)
  return { plain: await timed('plain', false), replayed: await timed('replayed', true) }
}

export interface BesideResult {
  /** From `send` until a reader has the live version's output of the record. */
  readonly visibleMs: Percentiles
  /** What the replay got meanwhile; 0 without one. */
  readonly replayedPerSecond: number
}

/** The latency of a live version, with or without a replay of its history in the same process. */
export async function replayBeside({
  dir,
  history,
  records,
  recordsPerSecond,
  isReplayed,
}: {
  readonly dir: string
  readonly history: number
  readonly records: number
  readonly recordsPerSecond: number
  readonly isReplayed: boolean
}): Promise<BesideResult> {
  await using log = await openLog(dir)
  await produceHistory(log, history)
  await using app = await startStreams(topologyOf(), { log, applicationId: 'bench' })
  await app.caughtUp()
  const producer = log.producer()
  const warmUp = Math.ceil(records / 5)
  const total = warmUp + records
  const sentAt = new Float64Array(total)
  const visibleAt = new Float64Array(total)

  async function follow(): Promise<void> {
    let count = 0
    for await (const { value } of log.read(seen, { follow: true })) {
      visibleAt[value] = performance.now()
      if (++count === total) return
    }
  }

  async function sendAll(): Promise<void> {
    const startedMs = performance.now()
    const due = (index: number): number => startedMs + (index * 1_000) / recordsPerSecond
    const sent: Promise<unknown>[] = []
    for (let index = 0; index < total;) {
      for (; index < total && due(index) <= performance.now(); index++) {
        sentAt[index] = performance.now()
        sent.push(producer.send(ticks, { key: 'tick', value: index, timestamp: history + index }))
      }
      await sleep(1)
    }
    await Promise.all(sent)
  }

  const v2 = isReplayed ? await replay(topologyOf(), { log, applicationId: 'bench', version: 'v2' }) : undefined
  const startedMs = performance.now()
  await Promise.all([follow(), sendAll()])
  const seconds = (performance.now() - startedMs) / 1_000
  const replayed = v2?.progress().done ?? 0
  await v2?.close()
  return {
    visibleMs: percentilesOf(visibleAt.subarray(warmUp).map((at, index) => at - (sentAt[warmUp + index] as number))),
    replayedPerSecond: replayed / seconds,
  }
}
