/**
 * Records that are sent one at a time at an even rate, and a reader of what an application makes of them.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { int64, type Log, string, topic } from 'millrace'
import { type Percentiles, percentilesOf } from '../statistics.ts'

export const ticks = topic('ticks', { key: string(), value: int64() })
/** What the application makes of each record that is no history: the same value. */
export const seen = topic('seen', { key: string(), value: int64() })

export interface TickingOptions {
  readonly records: number
  readonly recordsPerSecond: number
  /** Of the first record; each is 1 ms after the one before. */
  readonly firstTimestamp?: number
}

export interface TickingResult {
  readonly seconds: number
  /** From `send` until its promise resolves: the record is durable. */
  readonly durableMs: Percentiles
  /** From `send` until a reader that follows the output has what was made of the record. */
  readonly visibleMs: Percentiles
  /** The same from the moment that the record was due, also when the program was too busy to send it then. */
  readonly dueMs: Percentiles
}

export async function tick(
  log: Log,
  { records, recordsPerSecond, firstTimestamp = 0 }: TickingOptions,
): Promise<TickingResult> {
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
        const one = producer.send(ticks, { key: 'tick', value, timestamp: firstTimestamp + value })
        sent.push(one.then(() => void (durableAt[value] = performance.now())))
      }
      await sleep(1)
    }
    await Promise.all(sent)
  }

  const startedMs = performance.now()
  await Promise.all([follow(), sendAll()])
  const seconds = (performance.now() - startedMs) / 1_000
  const between = (from: Float64Array, to: Float64Array): Percentiles =>
    percentilesOf(to.subarray(warmUp).map((at, index) => at - (from[warmUp + index] as number)))
  return {
    seconds,
    durableMs: between(sentAt, durableAt),
    visibleMs: between(sentAt, visibleAt),
    dueMs: between(dueAt, visibleAt),
  }
}
