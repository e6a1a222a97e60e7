/**
 * `npm run bench`: millrace against the hand-written limit loop, alternating, each run in a process of its own; medians.
 *
 * Both sides work on the same records, one partition, one thread, every commit durable. Their results are compared, so that
 * neither can be fast by doing less. The machine's noise is in the columns min and max; quote the ratio.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { JobResult } from './workload.ts'

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '2000000' },
    commit: { type: 'string', default: '10000' },
    runs: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
})
const records = Number(values.records)
const recordsPerCommit = Number(values.commit)
const runs = Number(values.runs)
const here = dirname(fileURLToPath(import.meta.url))

interface Comparison {
  readonly title: string
  readonly limit: string
  readonly millrace: string
  /** The ratio to reach. */
  readonly least: number | undefined
}

const comparisons: readonly Comparison[] = [
  { title: 'produce, sendMany', limit: 'limit produce', millrace: 'millrace produce', least: 0.8 },
  { title: 'produce, awaited send', limit: 'limit produce', millrace: 'millrace send', least: undefined },
  { title: 'read, log.read().batches()', limit: 'limit read', millrace: 'millrace read', least: 0.8 },
  { title: 'click count, every update', limit: 'limit count', millrace: 'millrace count', least: 0.7 },
]

function run(name: string, dir: string): JobResult {
  const options = JSON.stringify({ dir, records, recordsPerCommit })
  const output = execFileSync(process.execPath, ['--import', 'tsx', join(here, 'job.ts'), name, options], {
    cwd: join(here, '..'), // where tsconfig.json says what 'millrace' is
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return JSON.parse(output) as JobResult
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

const scratch = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
const rows: Record<string, unknown>[] = []
try {
  for (const { title, limit, millrace, least } of comparisons) {
    const isProduce = limit === 'limit produce'
    const limitDir = join(scratch, 'limit')
    const millraceDir = join(scratch, 'millrace')
    const clear = (): void => {
      for (const dir of [limitDir, millraceDir]) rmSync(dir, { recursive: true, force: true })
    }
    const limitRates: number[] = []
    const millraceRates: number[] = []
    const ratios: number[] = []
    for (let i = 0; i < runs; i++) {
      clear()
      if (!isProduce) {
        run('limit produce', limitDir)
        run('millrace produce', millraceDir)
      }
      const byHand = run(limit, limitDir)
      const ours = run(millrace, millraceDir)
      if (byHand.fingerprint !== ours.fingerprint) throw new Error(`${title}: the two sides have different results`)
      limitRates.push(byHand.recordsPerSecond)
      millraceRates.push(ours.recordsPerSecond)
      ratios.push(ours.recordsPerSecond / byHand.recordsPerSecond)
      process.stderr.write(`${title}: run ${i + 1} of ${runs}, ratio ${ratios[i]?.toFixed(2)}\n`)
    }
    rows.push({
      job: title,
      limitPerSecond: Math.round(median(limitRates)),
      millracePerSecond: Math.round(median(millraceRates)),
      ratio: Number(median(ratios).toFixed(2)),
      min: Number(Math.min(...ratios).toFixed(2)),
      max: Number(Math.max(...ratios).toFixed(2)),
      least,
    })
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

if (values.json) for (const row of rows) console.log(JSON.stringify(row))
else {
  console.log(
    `${records} records, ${recordsPerCommit} per commit, ${runs} runs; Node ${process.version}, ${cpus()[0]?.model}`,
  )
  console.table(rows)
}
