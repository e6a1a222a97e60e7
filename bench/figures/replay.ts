/**
 * What a replay costs: itself beside a plain run, and the live version beside which it runs.
 */
import { figure } from '../figure.ts'
import type { BesideOptions } from '../jobs/replay.ts'
import { spreadOf } from '../statistics.ts'
import type { Cell } from '../table.ts'

const recordsPerSecond = 1_000

export const replay = figure({
  name: 'replay',
  about: 'a version that is replayed, alone and beside the live one',
  reading:
    `Aim: alone at least 0.9 of a plain run; beside a live version that gets ${recordsPerSecond} records a second, the p99 of ` +
    'that version at most 3 times what it is without.',
  defaults: { records: 300_000, runs: 3 },
  async measure(bench, { records, runs }) {
    const alone = []
    const beside: Record<BesideOptions['replayed'], { p50: number; p99: number; perSecond: number }[]> = {
      nowhere: [],
      here: [],
      'in another process': [],
    }
    for (let run = 1; run <= runs; run++) {
      alone.push(await bench.run('replay alone', { dir: bench.directory('alone'), records }))
      for (const replayed of ['nowhere', 'here', 'in another process'] as const) {
        const options = { history: 3 * records, records: Math.ceil(records / 100), recordsPerSecond, replayed }
        const { visibleMs, replayedPerSecond } = await bench.run('replay beside', {
          dir: bench.directory('beside'),
          ...options,
        })
        beside[replayed].push({ p50: visibleMs.p50, p99: visibleMs.p99, perSecond: replayedPerSecond })
      }
      bench.progress(`run ${run} of ${runs}`)
    }
    const row = (name: string, kind: keyof typeof beside): Cell[] => [
      name,
      spreadOf(beside[kind].map(({ p50 }) => p50)),
      spreadOf(beside[kind].map(({ p99 }) => p99)),
      kind === 'nowhere' ? '–' : spreadOf(beside[kind].map(({ perSecond }) => perSecond)),
    ]
    return [
      {
        title: `${records} records, ${runs} runs; records/s`,
        columns: ['plain run', 'replay', 'replay / plain run'],
        rows: [
          [
            spreadOf(alone.map(({ plain }) => plain)),
            spreadOf(alone.map(({ replayed }) => replayed)),
            spreadOf(alone.map(({ plain, replayed }) => replayed / plain)),
          ],
        ],
      },
      {
        title: `a live version with ${recordsPerSecond} records/s; ms from send to a reader of its output`,
        columns: ['', 'p50', 'p99', 'replayed records/s'],
        rows: [
          row('without a replay', 'nowhere'),
          row('with one in the same process', 'here'),
          row('with one in another process', 'in another process'),
        ],
      },
    ]
  },
})
