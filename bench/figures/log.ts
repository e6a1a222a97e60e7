/**
 * The log by itself: appending and reading against the hand-written loop, a round trip between processes, administration.
 */
import type { Bench } from '../figure.ts'
import { figure } from '../figure.ts'
import type { JobName } from '../jobs.ts'
import { type Percentiles, spreadOf } from '../statistics.ts'
import type { Cell, Table } from '../table.ts'
import type { JobResult } from '../workload.ts'

const roundTripsPerSecond = 1_000
const manyPartitions = 1_000
const manyBytes = 10 * 2 ** 30

interface Side {
  readonly title: string
  readonly least: number
  /** Of the hand-written loop and of millrace, each on a directory of its own. */
  readonly limit: (bench: Bench) => Promise<JobResult>
  readonly millrace: (bench: Bench) => Promise<JobResult>
}

export const log = figure({
  name: 'log',
  about: 'the log by itself: produce, consume, round trip, administration',
  reading:
    'Records of 100 bytes are appended durably, and clicks are read, against the same work by hand (`bench/limit`), run by run in ' +
    'turn: quote the ratio. The round trip is one record at a time from `send` over another process, which reads it and sends it ' +
    'back, to a reader: two durable commits and two wake-ups. The large log is a file with a hole.',
  defaults: { records: 2_000_000, runs: 3, commit: 10_000 },
  async measure(bench, { records, runs, commit }) {
    const options = { records, recordsPerCommit: commit }
    const rows: Cell[][] = []
    for (const side of sides(options)) rows.push(await compare(bench, side, runs))
    return [
      {
        title: `${records} records, ${commit} in a commit, ${runs} runs`,
        columns: ['job', 'by hand, records/s', 'millrace, records/s', 'ratio', 'aim'],
        rows,
      },
      await roundTrips(bench, Math.min(records, 5_000), runs),
      await administration(bench, records < manyPartitions ? 10 : manyPartitions, runs),
    ]
  },
})

function sides(options: { readonly records: number; readonly recordsPerCommit: number }): readonly Side[] {
  const byHand = (bench: Bench): Promise<JobResult> =>
    bench.run('limit produce records', { dir: bench.directory('limit'), ...options })
  const produce =
    (partitions: number) =>
    (bench: Bench): Promise<JobResult> =>
      bench.run('log produce records', { dir: bench.directory('millrace'), partitions, ...options })
  const reading =
    (
      input: JobName & ('limit produce' | 'millrace produce'),
      job: 'limit read' | 'millrace read' | 'log read one by one',
    ) =>
    async (bench: Bench): Promise<JobResult> => {
      const dir = bench.directory(input)
      await bench.run(input, { dir, ...options })
      return bench.run(job, { dir, ...options })
    }
  const readByHand = reading('limit produce', 'limit read')
  return [
    { title: 'produce, 1 partition', least: 0.8, limit: byHand, millrace: produce(1) },
    { title: 'produce, 16 partitions', least: 0.8, limit: byHand, millrace: produce(16) },
    {
      title: 'read decoded batches',
      least: 0.8,
      limit: readByHand,
      millrace: reading('millrace produce', 'millrace read'),
    },
    {
      title: 'read one by one',
      least: 0.5,
      limit: readByHand,
      millrace: reading('millrace produce', 'log read one by one'),
    },
  ]
}

async function compare(bench: Bench, { title, least, limit, millrace }: Side, runs: number): Promise<Cell[]> {
  const [limits, ours, ratios]: [number[], number[], number[]] = [[], [], []]
  for (let run = 1; run <= runs; run++) {
    const one = await limit(bench)
    const other = await millrace(bench)
    if (one.fingerprint !== other.fingerprint) throw new Error(`${title}: the two sides have different results`)
    limits.push(one.recordsPerSecond)
    ours.push(other.recordsPerSecond)
    ratios.push(other.recordsPerSecond / one.recordsPerSecond)
    bench.progress(`${title}: run ${run} of ${runs}, ratio ${(ratios.at(-1) as number).toFixed(2)}`)
  }
  return [title, spreadOf(limits), spreadOf(ours), spreadOf(ratios), least]
}

async function roundTrips(bench: Bench, records: number, runs: number): Promise<Table> {
  const results: Percentiles[] = []
  for (let run = 1; run <= runs; run++) {
    const options = { dir: bench.directory('round trip'), records }
    const [result] = await Promise.all([
      bench.run('log round trip', { ...options, recordsPerSecond: roundTripsPerSecond }),
      bench.run('log echo', options),
    ])
    results.push(result)
    bench.progress(`round trip: run ${run} of ${runs}, p99 ${result.p99.toFixed(1)} ms`)
  }
  const of = (name: 'p50' | 'p99' | 'max'): Cell => spreadOf(results.map((result) => result[name]))
  return {
    title: `${records} round trips between two processes, ${roundTripsPerSecond} a second, ${runs} runs; ms`,
    columns: ['', 'p50', 'p99', 'max', 'aim of p99'],
    rows: [['one record, there and back', of('p50'), of('p99'), of('max'), 5]],
  }
}

async function administration(bench: Bench, partitions: number, runs: number): Promise<Table> {
  const options = { dir: bench.directory('large'), partitions, bytes: manyBytes, runs }
  await bench.run('log make large', options)
  const { openMs, endOffsetsMs, lagMs } = await bench.run('log administer', options)
  return {
    title: `administration, median of ${runs}; ms`,
    columns: ['', 'ms', 'aim'],
    rows: [
      [`open a log of ${2 * partitions} partitions and 10 GB`, openMs, 200],
      [`end offsets of ${partitions} partitions`, endOffsetsMs, 50],
      [`lag of a group in ${partitions} partitions`, lagMs, 50],
    ],
  }
}
