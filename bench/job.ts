/**
 * One measured run in a process of its own: `job.ts SIDE JOB OPTIONS` prints a {@link JobResult} as JSON.
 */
import * as framework from './framework.ts'
import * as limit from './limit.ts'
import type { JobOptions, JobResult } from './workload.ts'

const jobs: Record<string, (options: JobOptions) => Promise<JobResult>> = {
  'limit produce': limit.produce,
  'limit read': limit.read,
  'limit count': limit.count,
  'millrace produce': framework.produce,
  'millrace send': framework.send,
  'millrace read': framework.read,
  'millrace count': framework.count,
}

const [name = '', options = '{}'] = process.argv.slice(2)
const job = jobs[name]
if (job === undefined) throw new Error(`no job "${name}"; there are ${Object.keys(jobs).join(', ')}`)
console.log(JSON.stringify(await job(JSON.parse(options) as JobOptions)))
