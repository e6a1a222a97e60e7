/**
 * Records of 100 bytes appended by hand: the value is there already, so that nothing but the log is measured.
 */
import type { JobOptions, JobResult } from '../workload.ts'
import { recordKey, recordValue } from '../workload.ts'
import { Batch, recordsPerBatch } from './batch.ts'
import { batchKey, openTables } from './tables.ts'

export async function produceRecords({ dir, records, recordsPerCommit }: JobOptions): Promise<JobResult> {
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
        for (; offset < batchEnd; offset++) batch.addBytes(Buffer.from(recordKey(offset)), offset, recordValue)
        log.putSync(batchKey(1, baseOffset), batch.take(baseOffset))
      }
      return offset
    })
  }
  const recordsPerSecond = records / ((performance.now() - startedMs) / 1_000)
  await environment.close()
  return { recordsPerSecond, fingerprint: String(records) }
}
