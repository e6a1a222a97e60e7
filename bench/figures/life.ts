/**
 * What it costs others when an application is deleted.
 */
import { figure } from '../figure.ts'
import { spreadOf } from '../statistics.ts'

export const life = figure({
  name: 'life',
  about: 'deleting an application with a large state, and what a writer beside it waits',
  reading:
    'The application is unknown after the first commit; the others remove its rows, 1,024 each. What each of them writes is mostly ' +
    'the list of free pages, so it depends on the file and not on the state that is deleted.',
  defaults: { keys: 1_000_000, runs: 3 },
  async measure(bench, { keys, runs }) {
    const results = []
    for (let run = 1; run <= runs; run++) {
      const dir = bench.directory('life')
      await bench.run('produce visits', { dir, keys })
      await bench.run('count visits', { dir, keys, recordsPerCommit: 100_000 })
      bench.progress(`${keys} keys are in the state`)
      results.push(await bench.run('delete beside', { dir, keys }))
      bench.progress(`run ${run} of ${runs}`)
    }
    return [
      {
        title: `${keys} keys, a record sent every 5 ms beside, ${runs} runs`,
        columns: ['deleting the application', ''],
        rows: [
          ['until its space is free, s', spreadOf(results.map(({ seconds }) => seconds))],
          ['commits', spreadOf(results.map(({ steps }) => steps))],
          ['written for a commit, MB', spreadOf(results.map(({ megabytesPerCommit }) => megabytesPerCommit))],
          ['longest wait of a record beside, ms', spreadOf(results.map(({ worstMs }) => worstMs))],
          ['freed, MB', spreadOf(results.map(({ usedMegabytes }) => usedMegabytes))],
        ],
      },
    ]
  },
})
