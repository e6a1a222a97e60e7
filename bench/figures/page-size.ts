/**
 * The page size of LMDB on the real layout: docs/decisions/0002-page-size.md leans on this.
 */
import { figure } from '../figure.ts'
import type { PageSizeResult } from '../jobs/page-size.ts'
import { spreadOf } from '../statistics.ts'
import type { Cell } from '../table.ts'

/** `weight` is how many commits stand for one of a load: heavy ones are measured over fewer. */
const loads = [
  { name: 'batches', batchesPerCommit: 8, rowsPerCommit: 0, weight: 1 },
  { name: 'few rows', batchesPerCommit: 0, rowsPerCommit: 200, weight: 1 },
  { name: 'many rows', batchesPerCommit: 0, rowsPerCommit: 10_000, weight: 20 },
  { name: 'batches and few rows', batchesPerCommit: 8, rowsPerCommit: 200, weight: 1 },
]
const kibibytes = [4, 8, 16, 32]

/** For each commit: what stays in the log is what 400 commits append. */
const liveBytesPerCommit = 64_000

export const pageSize = figure({
  name: 'page-size',
  about: 'durable appends with deletes of the oldest, and random changes of state, by page size',
  reading:
    'A commit appends 8 batches of 200 B to 128 KB to 64 partitions and deletes as many of the oldest, or changes 200 or 10,000 ' +
    'rows of state at random, or both. Appends are measured once twice as much was appended as stays. What was written is what ' +
    'LMDB gave to the disk, and the same on every machine. What follows from it: [0002](decisions/0002-page-size.md).',
  defaults: { commits: 500, keys: 1_000_000, runs: 3 },
  async measure(bench, { commits, keys, runs }) {
    const results = new Map<string, PageSizeResult[]>()
    for (let run = 1; run <= runs; run++) {
      for (const { name, weight, ...load } of loads) {
        for (const size of kibibytes) {
          const result = await bench.run('page size', {
            ...load,
            dir: bench.directory('page-size'),
            pageSizeBytes: size * 1_024,
            commits: Math.ceil(commits / weight),
            liveBytes: liveBytesPerCommit * commits,
            keys,
          })
          const cell = `${name}, ${size} KB`
          results.set(cell, [...(results.get(cell) ?? []), result])
        }
        bench.progress(`${name}: run ${run} of ${runs}`)
      }
    }
    const spread = (list: readonly PageSizeResult[], of: (result: PageSizeResult) => number): Cell => {
      const numbers = list.map(of)
      return numbers.every((number) => number === 0) ? '–' : spreadOf(numbers)
    }
    return [
      {
        title: `${commits} durable commits in the steady state, ${keys} rows of state, ${runs} runs`,
        columns: ['commit, page', 'appended MB/s', 'changed rows/s', 'MB written a commit', 'file / data'],
        rows: [...results].map(([cell, list]) => [
          cell,
          spread(list, ({ megabytesPerSecond }) => megabytesPerSecond),
          spread(list, ({ rowsPerSecond }) => rowsPerSecond),
          spread(list, ({ writtenBytesPerCommit }) => writtenBytesPerCommit / 1e6),
          spread(list, ({ fileRatio }) => fileRatio),
        ]),
      },
    ]
  },
})
