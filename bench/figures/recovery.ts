/**
 * How long an application is away when it is killed: until its first committed output.
 */
import { figure } from '../figure.ts'
import { spreadOf } from '../statistics.ts'

export const recovery = figure({
  name: 'recovery',
  about: 'from the start after kill -9 to the first committed output, with a large state',
  reading:
    'Aim: less than 0.5 s, whatever the size of the state. There is nothing to restore: the application opens the file, works on ' +
    'what was not committed, and commits. The pages of the log are in memory, as they are when a process dies and not the machine. With 10 million keys: `npm run bench -- recovery --keys 10000000`.',
  defaults: { keys: 1_000_000, runs: 5 },
  async measure(bench, { keys, runs }) {
    const dir = bench.directory('recovery')
    await bench.run('produce visits', { dir, keys })
    bench.progress(`${keys} records are in the log`)
    await bench.run('count visits', { dir, keys, recordsPerCommit: 100_000 })
    bench.progress(`${keys} keys are in the state`)
    const results = []
    for (let run = 1; run <= runs; run++) {
      await bench.crash('die', { dir, keys })
      const result = await bench.run('recover', { dir, keys })
      bench.progress(`run ${run} of ${runs}: ${result.recoveryMs.toFixed(0)} ms`)
      results.push(result)
    }
    return [
      {
        title: `${keys} keys, killed with 1,000 records uncommitted, ${runs} runs; ms`,
        columns: ['until the first committed output', 'ms'],
        rows: [
          ['from openLog', spreadOf(results.map(({ recoveryMs }) => recoveryMs))],
          ['from the start of the process', spreadOf(results.map(({ processMs }) => processMs))],
        ],
      },
    ]
  },
})
