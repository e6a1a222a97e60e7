/**
 * What it takes to close very many windows at once: a jump in time is not to make one huge turn, nor one huge commit.
 */
import { figure } from '../figure.ts'
import type { ReleaseResult } from '../jobs/release.ts'
import { spreadOf } from '../statistics.ts'
import type { Cell } from '../table.ts'

const megabyte = 1e6
const mebibyte = 2 ** 20

export const release = figure({
  name: 'release',
  about: 'what one record takes that closes very many windows: commits, what they write, and memory',
  reading:
    'Every key has an open window whose result waits for its close; then one record closes all of them. The results leave 1,000 at ' +
    'a time, and a commit falls between two such jobs when its outputs take 32 MiB, or its rows twice the cache. Aim: the largest ' +
    'commit and the memory stay the same with ten times as many windows, and only the number of commits grows.',
  defaults: { keys: 1_000_000, commit: 10_000, runs: 1 },
  async measure(bench, { keys, commit, runs }) {
    const rows: Cell[][] = []
    for (const size of new Set([Math.max(1, Math.floor(keys / 10)), keys])) {
      const results: ReleaseResult[] = []
      for (let run = 1; run <= runs; run++) {
        const options = { dir: bench.directory('release'), keys: size, recordsPerCommit: commit }
        const result = await bench.run('release', options)
        if (result.results !== size)
          throw new Error(`${size} windows were closed, and ${result.results} results came out`)
        results.push(result)
        bench.progress(`release: ${size} windows, run ${run} of ${runs}`)
      }
      const spread = (of: (result: ReleaseResult) => number): Cell => spreadOf(results.map(of))
      rows.push([
        `${size} windows`,
        spread(({ commits }) => commits),
        spread(({ writtenMedianBytes }) => writtenMedianBytes / megabyte),
        spread(({ writtenMaxBytes }) => writtenMaxBytes / megabyte),
        spread(({ anonymousBytes }) => anonymousBytes / mebibyte),
        spread(({ cpuSeconds }) => (cpuSeconds * 1e9) / size),
      ])
    }
    return [
      {
        title: `one record closes all windows, ${runs} ${runs === 1 ? 'run' : 'runs'}`,
        columns: [
          'closed',
          'commits',
          'median commit, MB written',
          'largest commit, MB written',
          'anonymous memory, MiB',
          'ns of CPU a window',
        ],
        rows,
      },
    ]
  },
})
