/**
 * Memory of an application's own, at its peak.
 */
import { figure } from '../figure.ts'
import type { MemoryResult } from '../jobs/memory.ts'
import { spreadOf } from '../statistics.ts'
import type { Cell } from '../table.ts'

const mebibyte = 2 ** 20

export const memory = figure({
  name: 'memory',
  about: 'resident anonymous memory at its peak, over a backlog and over a large state',
  reading:
    'Aim: at most 256 MiB over the backlog. Anonymous memory (RssAnon) is what the process needs for itself; pages of the log ' +
    'that the system keeps in memory are not in it, because it takes them back when others need memory. Linux only.',
  defaults: { records: 2_000_000, keys: 5_000_000, runs: 1 },
  async measure(bench, { records, keys, runs }) {
    const backlog: MemoryResult[] = []
    const state: MemoryResult[] = []
    for (let run = 1; run <= runs; run++) {
      const clicks = { dir: bench.directory('memory'), records, recordsPerCommit: 10_000 }
      await bench.run('millrace produce', clicks)
      backlog.push(await bench.run('memory of backlog', clicks))
      bench.progress(`backlog: run ${run} of ${runs}`)
      const visits = { dir: bench.directory('memory'), keys }
      await bench.run('produce visits', visits)
      state.push(await bench.run('memory of state', visits))
      bench.progress(`state: run ${run} of ${runs}`)
    }
    const row = (title: string, results: readonly MemoryResult[]): Cell[] => [
      title,
      spreadOf(results.map(({ anonymousBytes }) => anonymousBytes / mebibyte)),
    ]
    return [
      {
        title: `peak of resident anonymous memory, ${runs} ${runs === 1 ? 'run' : 'runs'}`,
        columns: ['work', 'MiB'],
        rows: [row(`click count over a backlog of ${records} records`, backlog), row(`count of ${keys} keys`, state)],
      },
    ]
  },
})
