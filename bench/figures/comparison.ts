/**
 * millrace against the hand-written limit loop, run by run in turn.
 *
 * Both sides work on the same records, one partition, one thread, every commit durable. Their results are compared, so that
 * neither can be fast by doing less. The machine's noise is in the range behind the median; quote the ratio.
 */
import { figure } from '../figure.ts'
import { spreadOf } from '../statistics.ts'
import type { Cell } from '../table.ts'

const byUser = ['limit produce', 'millrace produce'] as const
const byPage = ['limit produce by page', 'millrace produce by page'] as const

const comparisons = [
  { title: 'produce, sendMany', input: undefined, limit: 'limit produce', millrace: 'millrace produce', least: 0.8 },
  {
    title: 'produce, awaited send',
    input: undefined,
    limit: 'limit produce',
    millrace: 'millrace send',
    least: undefined,
  },
  { title: 'read, log.read().batches()', input: byUser, limit: 'limit read', millrace: 'millrace read', least: 0.8 },
  { title: 'click count, every update', input: byUser, limit: 'limit count', millrace: 'millrace count', least: 0.7 },
  {
    title: 'count by key, values never looked at',
    input: byPage,
    limit: 'limit count keys',
    millrace: 'millrace count keys',
    least: undefined,
  },
] as const

export const comparison = figure({
  name: 'comparison',
  about: 'millrace against the same work written by hand on LMDB',
  reading:
    'By hand means: the same libraries and the same promises, but a program of one purpose, with one partition, its state in ' +
    'plain Maps, and every shortcut that it may take (`bench/limit`). Both sides make every commit durable, and their results ' +
    'are compared. Quote the ratio: the rates are those of one machine, and its noise is in the brackets. In the last row ' +
    'nothing looks at a value: millrace passes bytes through, and the other side skips them without an object for a record.',
  defaults: { records: 2_000_000, runs: 3, commit: 10_000 },
  async measure(bench, { records, runs, commit }) {
    const rows: Cell[][] = []
    for (const { title, input, limit, millrace, least } of comparisons) {
      const limits: number[] = []
      const ours: number[] = []
      const ratios: number[] = []
      for (let run = 1; run <= runs; run++) {
        const byHand = { dir: bench.directory('limit'), records, recordsPerCommit: commit }
        const byMillrace = { dir: bench.directory('millrace'), records, recordsPerCommit: commit }
        if (input !== undefined) {
          await bench.run(input[0], byHand)
          await bench.run(input[1], byMillrace)
        }
        const one = await bench.run(limit, byHand)
        const other = await bench.run(millrace, byMillrace)
        if (one.fingerprint !== other.fingerprint) throw new Error(`${title}: the two sides have different results`)
        limits.push(one.recordsPerSecond)
        ours.push(other.recordsPerSecond)
        const ratio = other.recordsPerSecond / one.recordsPerSecond
        ratios.push(ratio)
        bench.progress(`${title}: run ${run} of ${runs}, ratio ${ratio.toFixed(2)}`)
      }
      rows.push([title, spreadOf(limits), spreadOf(ours), spreadOf(ratios), least ?? '–'])
    }
    return [
      {
        title: `${records} records, ${commit} in a commit, ${runs} runs`,
        columns: ['job', 'by hand, records/s', 'millrace, records/s', 'ratio', 'aim'],
        rows,
      },
    ]
  },
})
