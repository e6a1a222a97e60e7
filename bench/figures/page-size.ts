/**
 * The page size of LMDB on the real layout: docs/decisions/0002-page-size.md leans on this.
 */
import { figure } from '../figure.ts'
import type { Load, PageSizeResult } from '../jobs/page-size.ts'
import { spreadOf } from '../statistics.ts'
import type { Cell } from '../table.ts'

const loads: readonly Load[] = ['batches', 'rows', 'both']
const kibibytes = [4, 8, 16, 32]

export const pageSize = figure({
  name: 'page-size',
  about: 'durable appends with deletes of the oldest, and random changes of state, by page size',
  reading:
    'Each commit appends 8 batches of 200 B to 128 KB to 64 partitions and deletes as many of the oldest, or changes 200 rows of ' +
    'state at random, or both. Measured once twice as much was appended as stays. What follows from it: ' +
    '[0002](decisions/0002-page-size.md).',
  defaults: { commits: 1_000, keys: 500_000, runs: 3 },
  async measure(bench, { commits, keys, runs }) {
    const results = new Map<string, PageSizeResult[]>()
    for (let run = 1; run <= runs; run++) {
      for (const load of loads) {
        for (const size of kibibytes) {
          const options = { pageSizeBytes: size * 1_024, load, commits, liveBytes: 64_000 * commits, keys }
          const result = await bench.run('page size', { ...options, dir: bench.directory('page-size') })
          const name = `${load} ${size}`
          results.set(name, [...(results.get(name) ?? []), result])
        }
        bench.progress(`${load}: run ${run} of ${runs}`)
      }
    }
    const spread = (load: Load, size: number, of: (result: PageSizeResult) => number): Cell =>
      spreadOf((results.get(`${load} ${size}`) ?? []).map(of))
    return [
      {
        title: `${commits} durable commits in the steady state, ${keys} rows of state, ${runs} runs`,
        columns: [
          'page',
          'batches alone, MB/s',
          'rows alone, changes/s',
          'both, MB/s',
          'both, changes/s',
          'file of batches / data',
          'file of rows / data',
          'file of both / data',
        ],
        rows: kibibytes.map((size) => [
          `${size} KB`,
          spread('batches', size, ({ megabytesPerSecond }) => megabytesPerSecond),
          spread('rows', size, ({ rowsPerSecond }) => rowsPerSecond),
          spread('both', size, ({ megabytesPerSecond }) => megabytesPerSecond),
          spread('both', size, ({ rowsPerSecond }) => rowsPerSecond),
          ...loads.map((load) => spread(load, size, ({ fileRatio }) => fileRatio)),
        ]),
      },
    ]
  },
})
