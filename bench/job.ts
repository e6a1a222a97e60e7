/**
 * One measured run in a process of its own: `job.ts NAME OPTIONS` prints what the job returns, as JSON.
 */
import { fileURLToPath } from 'node:url'
import { jobs } from './jobs.ts'

const [name = '', options = '{}'] = process.argv.slice(2)
const job: unknown = Object.entries(jobs).find(([one]) => one === name)?.[1]
if (typeof job !== 'function') throw new Error(`${fileURLToPath(import.meta.url)}: no job "${name}"`)
const result: unknown = await job(JSON.parse(options))
if (result !== undefined) console.log(JSON.stringify(result))
