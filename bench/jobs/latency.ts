/**
 * How long a record takes from `send` to a reader of the application's output, one at a time at an even rate.
 */
import { openLog, startStreams, StreamsBuilder } from 'millrace'
import { Environment } from '../../src/storage/environment.ts'
import { type Percentiles, percentilesOf } from '../statistics.ts'
import { seen, tick, ticks, type TickingOptions, type TickingResult } from './ticking.ts'

export interface LatencyOptions extends TickingOptions {
  readonly dir: string
  /** Without one, what an application does by default. */
  readonly commitEveryMs?: number
}

export interface LatencyResult extends TickingResult {
  readonly commitsPerSecond: number
  /** Written to the file system for the whole program, as far as it counts that. */
  readonly megabytesPerSecond: number
  /** The share of the time in which the event loop is busy with the whole program. */
  readonly loopShare: number
}

/** What the operating system counts in. */
const fsBlockBytes = 512

export async function latency({ dir, commitEveryMs, ...options }: LatencyOptions): Promise<LatencyResult> {
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
  const loop = performance.eventLoopUtilization()
  const { fsWrite } = process.resourceUsage()
  const ticked = await tick(log, options)
  return {
    ...ticked,
    commitsPerSecond: app.metrics().commits / ticked.seconds,
    megabytesPerSecond: ((process.resourceUsage().fsWrite - fsWrite) * fsBlockBytes) / 1e6 / ticked.seconds,
    loopShare: performance.eventLoopUtilization(loop).utilization,
  }
}

/** What the disk takes for the smallest durable commit. */
export async function bareCommit({ dir, commits }: { dir: string; commits: number }): Promise<Percentiles> {
  const environment = Environment.openNow(dir)
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
