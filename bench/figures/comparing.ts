/**
 * That comparing two versions takes the same memory however much there is to compare.
 */
import { figure } from '../figure.ts'
import type { ResultOf } from '../jobs.ts'
import { spreadOf } from '../statistics.ts'
import type { Cell } from '../table.ts'

const mebibyte = 2 ** 20

export const comparing = figure({
  name: 'compare',
  about: 'memory of a process that compares two versions, by the rows that there are',
  reading:
    'Aim: ten times as many rows take no more anonymous memory, once what is bounded is full. Each version has as many rows in its ' +
    'store as there are keys, and as many records in its output; nothing differs. Neither version runs. Anonymous memory (RssAnon) is ' +
    'what the process needs for itself; resident memory also has pages of the log, which the system takes back when others need ' +
    'memory. CPU time is that of the whole process. Linux only.',
  defaults: { keys: 10_000_000, runs: 1 },
  async measure(bench, { keys, runs }) {
    const sizes = [Math.ceil(keys / 10), keys]
    const results = sizes.map((size): { readonly size: number; readonly found: ResultOf<'memory of comparison'>[] } => {
      return { size, found: [] }
    })
    for (let run = 1; run <= runs; run++) {
      const dir = bench.directory('compare')
      let from = 0
      for (const { size, found } of results) {
        const options = { dir, keys: size }
        await bench.run('produce visits in order', { ...options, from })
        from = size
        await bench.run('count visits', { ...options, recordsPerCommit: 100_000 })
        await bench.run('replay visits', options)
        bench.progress(`run ${run} of ${runs}: two versions with ${size} keys`)
        found.push(await bench.run('memory of comparison', options))
      }
    }
    const row = (what: string, of: (one: ResultOf<'memory of comparison'>) => number): Cell[] => [
      what,
      ...results.map(({ found }) => spreadOf(found.map(of))),
    ]
    return [
      {
        title: `comparing a store and an output, ${runs} ${runs === 1 ? 'run' : 'runs'}`,
        columns: ['', ...sizes.map((size) => `${size} keys`)],
        rows: [
          row('rows and keys that are equal', ({ equal }) => equal),
          row('peak of anonymous memory, MiB', ({ anonymousBytes }) => anonymousBytes / mebibyte),
          row('peak of resident memory, MiB', ({ residentBytes }) => residentBytes / mebibyte),
          row('CPU time, s', ({ cpuSeconds }) => cpuSeconds),
        ],
      },
    ]
  },
})
