/**
 * An application with a large state is deleted while something else writes.
 */
import { int64, openLog, type Producer, string, topic } from 'millrace'
import { applicationId, type VisitOptions } from './visits.ts'
import { besideWriter } from './writer-beside.ts'

const beside = topic('beside', { key: string(), value: int64() })
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
  const send = (producer: Producer, number: number): Promise<unknown> =>
    producer.send(beside, { key: 'key', value: number })
  const { result, sent, worstMs } = await besideWriter(log, send, async () => {
    const before = await log.admin.stats()
    const [startMs, blocks] = [performance.now(), process.resourceUsage().fsWrite]
    await log.admin.deleteApplication(applicationId)
    const seconds = (performance.now() - startMs) / 1_000
    const writtenBytes = (process.resourceUsage().fsWrite - blocks) * fsBlockBytes
    const after = await log.admin.stats()
    const commits = after.lastTransaction - before.lastTransaction
    return { seconds, commits, writtenBytes, usedBytes: before.usedBytes - after.usedBytes }
  })
  const { seconds, commits, writtenBytes, usedBytes } = result
  return {
    seconds,
    steps: commits - sent,
    megabytesPerCommit: writtenBytes / commits / 1e6,
    worstMs,
    usedMegabytes: usedBytes / 1e6,
  }
}
