/**
 * How long a record takes from `send` to a reader of the application's output, one at a time at an even rate.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { int64, openLog, startStreams, StreamsBuilder, string, topic } from 'millrace'
import { Environment } from '../../src/storage/environment.ts'
import { type Percentiles, percentilesOf } from '../statistics.ts'

export interface LatencyOptions {
  readonly dir: string
  readonly records: number
  readonly recordsPerSecond: number
  /** Without one, what an application does by default. */
  readonly commitEveryMs?: number
}

export interface LatencyResult {
  /** From `send` until its promise resolves: the record is durable. */
  readonly durableMs: Percentiles
  /** From `send` until a reader that follows the output has what was made of the record. */
  readonly visibleMs: Percentiles
  /** The same from the moment that the record was due, also when the program was too busy to send it then. */
  readonly dueMs: Percentiles
  readonly commitsPerSecond: number
  /** Written to the file system for the whole program, as far as it counts that. */
  readonly megabytesPerSecond: number
  /** The share of the time in which the event loop is busy with the whole program. */
  readonly loopShare: number
}

/** What the operating system counts in. */
const fsBlockBytes = 512

const ticks = topic('ticks', { key: string(), value: int64() })
const seen = topic('seen', { key: string(), value: int64() })

export async function latency({
  dir,
  records,
  recordsPerSecond,
  commitEveryMs,
}: LatencyOptions): Promise<LatencyResult> {
  await using log = await openLog(dir)
  await log.admin.createTopic(ticks)
  await log.admin.createTopic(seen)
  const builder = new StreamsBuilder()
  builder
    .stream(ticks)
    .filter(({ value }) => value >= 0)
    .to(seen)
  await using app = await startStreams(builder.build(), {
    log,
    applicationId: 'bench',
    commit: commitEveryMs === undefined ? {} : { everyMs: commitEveryMs },
  })
  const producer = log.producer()
  const warmUp = Math.ceil(records / 5)
  const total = warmUp + records
  const sentAt = new Float64Array(total)
  const dueAt = new Float64Array(total)
  const durableAt = new Float64Array(total)
  const visibleAt = new Float64Array(total)

  async function follow(): Promise<void> {
    let count = 0
    for await (const { value } of log.read(seen, { follow: true })) {
      visibleAt[value] = performance.now()
      if (++count === total) return
    }
  }

  async function sendAll(): Promise<void> {
    const sent: Promise<void>[] = []
    const startedMs = performance.now()
    const due = (index: number): number => startedMs + (index * 1_000) / recordsPerSecond
    for (let index = 0; index < total;) {
      for (; index < total && due(index) <= performance.now(); index++) {
        const value = index
        dueAt[value] = due(value)
        sentAt[value] = performance.now()
        const one = producer.send(ticks, { key: 'tick', value, timestamp: value })
        sent.push(one.then(() => void (durableAt[value] = performance.now())))
      }
      await sleep(1)
    }
    await Promise.all(sent)
  }

  const startedMs = performance.now()
  const loop = performance.eventLoopUtilization()
  const { fsWrite } = process.resourceUsage()
  await Promise.all([follow(), sendAll()])
  const seconds = (performance.now() - startedMs) / 1_000
  const between = (from: Float64Array, to: Float64Array): Percentiles =>
    percentilesOf(to.subarray(warmUp).map((at, index) => at - (from[warmUp + index] as number)))
  return {
    durableMs: between(sentAt, durableAt),
    visibleMs: between(sentAt, visibleAt),
    dueMs: between(dueAt, visibleAt),
    commitsPerSecond: app.metrics().commits / seconds,
    megabytesPerSecond: ((process.resourceUsage().fsWrite - fsWrite) * fsBlockBytes) / 1e6 / seconds,
    loopShare: performance.eventLoopUtilization(loop).utilization,
  }
}

/** What the disk takes for the smallest durable commit. */
export async function bareCommit({ dir, commits }: { dir: string; commits: number }): Promise<Percentiles> {
  const environment = new Environment(dir)
  const tookMs = new Float64Array(commits)
  const key = Buffer.from('bench')
  for (let index = 0; index < commits; index++) {
    const value = Buffer.alloc(100, index)
    const startedMs = performance.now()
    environment.write((transaction) => transaction.put('meta', key, value))
    tookMs[index] = performance.now() - startedMs
  }
  await environment.close()
  return percentilesOf(tookMs)
}
