/**
 * Reading by hand: every record decoded and looked at.
 */
import type { Click, JobOptions, JobResult } from '../workload.ts'
import { Decoder } from './decoder.ts'
import { openTables } from './tables.ts'

export async function read({ dir, records }: JobOptions): Promise<JobResult> {
  const { environment, log } = openTables(dir)
  const decoder = new Decoder()
  const startedMs = performance.now()
  let total = 0
  const each = (key: string, timestamp: number, value: Click): void => {
    total += key.length + value.ms + (timestamp & 1)
  }
  for (let position = 0; position < records;) position += decoder.read(log, position, each)
  const recordsPerSecond = records / ((performance.now() - startedMs) / 1_000)
  await environment.close()
  return { recordsPerSecond, fingerprint: String(total) }
}
