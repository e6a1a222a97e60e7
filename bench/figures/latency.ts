/**
 * From `send` to a reader of the committed output, in one process, one record at a time.
 */
import { figure } from '../figure.ts'
import { spreadOf } from '../statistics.ts'
import type { Cell } from '../table.ts'

const recordsPerSecond = 1_000
const commitEveryMs = [undefined, 0, 1, 2, 5, 20, 100]

export const latency = figure({
  name: 'latency',
  about: `from send to a reader of the output, one record at a time, ${recordsPerSecond} a second`,
  reading:
    'Aim: p50 of at most 5 ms by default, and with `commit: { everyMs: 0 }` p50 of at most 2 ms, p99 of at most 5 ms. With 0 a ' +
    'commit begins as soon as the records that are there are worked on; by default so too, but only when five times the ' +
    'duration of the last one has passed. Larger values make fewer, larger commits. Producer, application and reader share one thread ' +
    "here, and a record waits for two durable commits: its own and the application's; the disk's part is in the first table. " +
    'The column after that of the maximum counts from the moment that the record was due, so it has what the program could not send in time. ' +
    'Commits are those of the application; MB written and the share of the event loop are those of the whole program.',
  defaults: { records: 3_000, runs: 3 },
  async measure(bench, { records, runs }) {
    const bare = []
    for (let run = 1; run <= runs; run++) {
      bare.push(await bench.run('bare commit', { dir: bench.directory('bare'), commits: Math.min(records, 2_000) }))
    }
    const of = (name: 'p50' | 'p99' | 'max', list: readonly { p50: number; p99: number; max: number }[]): Cell =>
      spreadOf(list.map((one) => one[name]))
    const rows: Cell[][] = []
    for (const everyMs of commitEveryMs) {
      const results = []
      for (let run = 1; run <= runs; run++) {
        const dir = bench.directory('latency')
        const commit = everyMs === undefined ? {} : { commitEveryMs: everyMs }
        results.push(await bench.run('latency', { dir, records, recordsPerSecond, ...commit }))
        bench.progress(`commit.everyMs ${everyMs ?? 'by default'}: run ${run} of ${runs}`)
      }
      const visible = results.map(({ visibleMs }) => visibleMs)
      const durable = results.map(({ durableMs }) => durableMs)
      const due = results.map(({ dueMs }) => dueMs)
      rows.push([
        everyMs === undefined ? 'by default' : String(everyMs),
        of('p50', durable),
        of('p50', visible),
        of('p99', visible),
        of('max', visible),
        of('p99', due),
        spreadOf(results.map(({ commitsPerSecond }) => commitsPerSecond)),
        spreadOf(results.map(({ megabytesPerSecond }) => megabytesPerSecond)),
        spreadOf(results.map(({ loopShare }) => 100 * loopShare)),
      ])
    }
    return [
      {
        title: 'the smallest durable commit on this disk, ms',
        columns: ['', 'p50', 'p99', 'max'],
        rows: [['one row of 100 bytes', of('p50', bare), of('p99', bare), of('max', bare)]],
      },
      {
        title: `${records} records, ${recordsPerSecond} a second, ${runs} runs; ms from send`,
        columns: [
          'commit.everyMs',
          'p50 until durable',
          'p50 until visible',
          'p99 until visible',
          'max until visible',
          'p99 from when it was due',
          'commits/s',
          'MB written/s',
          'event loop, %',
        ],
        rows,
      },
    ]
  },
})
