/**
 * A version that is replayed: alone, beside a plain run of the same topology, and beside a live version, whose latency
 * it must not spoil.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { int64, keyValueStore, openLog, replay, type Log, startStreams, StreamsBuilder, string } from 'millrace'
import { nodeArguments } from '../../test/support/compiling.ts'
import type { Percentiles } from '../statistics.ts'
import { seen, tick, ticks, type TickingOptions } from './ticking.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })
const applicationId = 'bench'

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

export interface BesideOptions extends TickingOptions {
  readonly dir: string
  readonly history: number
  /** Where its history is replayed meanwhile. */
  readonly replayed: 'nowhere' | 'here' | 'in another process'
}

/** The latency of a live version, with or without a replay of its history. */
export async function replayBeside({ dir, history, replayed, ...options }: BesideOptions): Promise<BesideResult> {
  await using log = await openLog(dir)
  await produceHistory(log, history)
  await using app = await startStreams(topologyOf(), { log, applicationId })
  await app.caughtUp()
  const stop = replayed === 'nowhere' ? () => 0 : replayed === 'here' ? await replayHere(log) : await replayThere(dir)
  const { seconds, visibleMs } = await tick(log, { ...options, firstTimestamp: history })
  return { visibleMs, replayedPerSecond: (await stop()) / seconds }
}

/** What is returned ends it, and says how many records it has done. */
async function replayHere(log: Log): Promise<() => Promise<number>> {
  const v2 = await replay(topologyOf(), { log, applicationId, version: 'v2' })
  return async () => {
    const { done } = v2.progress()
    await v2.close()
    return done
  }
}

async function replayThere(dir: string): Promise<() => Promise<number>> {
  const args = [...nodeArguments('bench/job.ts'), 'replay until told', JSON.stringify({ dir })]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit', 'ipc'] })
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve())
    child.once('exit', (code) => reject(new Error(`the replay in another process ended with ${code}`)))
  })
  return () => doneBy(child)
}

async function doneBy(child: ChildProcess): Promise<number> {
  const answer = once(child, 'message')
  const ended = once(child, 'exit')
  child.send('stop')
  const [done] = (await answer) as [number]
  await ended
  return done
}

/** Runs in a process of its own, whose parent says when it is enough. */
export async function replayUntilTold({ dir }: { readonly dir: string }): Promise<void> {
  await using log = await openLog(dir)
  const stop = await replayHere(log)
  const told = once(process, 'message')
  process.send?.('running')
  await told
  process.send?.(await stop())
  process.disconnect()
}
