/**
 * Appending by hand: batches of 1,000 records, a durable transaction for each commit's worth.
 */
import { type Click, clickKey, clickTimestamp, clickValue, type JobOptions, type JobResult } from '../workload.ts'
import { Batch, recordsPerBatch } from './batch.ts'
import { batchKey, openTables } from './tables.ts'

/** Clicks by user. */
export function produce(options: JobOptions): Promise<JobResult> {
  return append(options, clickKey)
}

/** Clicks by page. */
export function produceByPage(options: JobOptions): Promise<JobResult> {
  return append(options, (_, { page }) => page)
}

async function append(
  { dir, records, recordsPerCommit }: JobOptions,
  keyOf: (index: number, click: Click) => string,
): Promise<JobResult> {
  const { environment, log } = openTables(dir)
  const startedMs = performance.now()
  const batch = new Batch()
  for (let next = 0; next < records;) {
    const from = next
    next = environment.transactionSync(() => {
      let offset = from
      const commitEnd = Math.min(records, from + recordsPerCommit)
      while (offset < commitEnd) {
        const baseOffset = offset
        const batchEnd = Math.min(commitEnd, baseOffset + recordsPerBatch)
        for (; offset < batchEnd; offset++) {
          const value = clickValue(offset)
          batch.add(keyOf(offset, value), clickTimestamp(offset), value)
        }
        log.putSync(batchKey(1, baseOffset), batch.take(baseOffset))
      }
      return offset
    })
  }
  const recordsPerSecond = records / ((performance.now() - startedMs) / 1_000)
  await environment.close()
  return { recordsPerSecond, fingerprint: String(records) }
}
