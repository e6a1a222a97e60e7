/**
 * An application with a large state is deleted while something else writes.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { int64, openLog, string, topic } from 'millrace'
import type { VisitOptions } from './visits.ts'

const beside = topic('beside', { key: string(), value: int64() })
/** The writer beside sends one record this often. */
const sendEveryMs = 5
/** What the operating system counts in. */
const fsBlockBytes = 512

export interface DeletionResult {
  readonly seconds: number
  /** Commits of the deletion. */
  readonly steps: number
  /** Written to the file system for each commit of the whole program, on average, as far as it counts that. */
  readonly megabytesPerCommit: number
  /** The longest that a record of the writer took until it was durable. */
  readonly worstMs: number
  readonly usedMegabytes: number
}

export async function deleteBeside({ dir }: VisitOptions): Promise<DeletionResult> {
  await using log = await openLog(dir, { maintenance: false })
  const producer = log.producer()
  await producer.send(beside, { key: 'first', value: 0 })
  const writer = { isOver: false }
  let [sent, worstMs] = [0, 0]
  const writing = (async () => {
    while (!writer.isOver) {
      const startMs = performance.now()
      await producer.send(beside, { key: 'key', value: sent++ })
      worstMs = Math.max(worstMs, performance.now() - startMs)
      await sleep(sendEveryMs)
    }
  })()
  const before = await log.admin.stats()
  const [startMs, blocks] = [performance.now(), process.resourceUsage().fsWrite]
  await log.admin.deleteApplication('bench')
  const seconds = (performance.now() - startMs) / 1_000
  const writtenBytes = (process.resourceUsage().fsWrite - blocks) * fsBlockBytes
  const after = await log.admin.stats()
  writer.isOver = true
  await writing
  const commits = after.lastTransaction - before.lastTransaction
  return {
    seconds,
    steps: commits - sent,
    megabytesPerCommit: writtenBytes / commits / 1e6,
    worstMs,
    usedMegabytes: (before.usedBytes - after.usedBytes) / 1e6,
  }
}
