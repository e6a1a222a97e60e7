/**
 * The log by itself: appending and reading against the hand-written loop, a round trip between processes, administration.
 */
import type { Bench } from '../figure.ts'
import { figure } from '../figure.ts'
import type { JobName } from '../jobs.ts'
import type { MemberResult } from '../jobs/group.ts'
import type { ProduceOptions } from '../jobs/log.ts'
import { type Percentiles, spreadOf } from '../statistics.ts'
import type { Cell, Table } from '../table.ts'
import type { JobOptions, JobResult } from '../workload.ts'

const transactionRecords = 1_000
const groupPartitions = 8
const retentionBytes = 64 * 2 ** 20
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
    'turn: quote the ratio. A transaction is compared with a commit of as many records by hand. A group of two processes is ' +
    'compared with one of one process, from the moment that each has its partitions until the last has read its own; retention ' +
    'with none, in a log that is full to its limit for most of the run. The round trip is one record at a time from `send` over another process, which reads it and sends it ' +
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
      await groups(bench, options, runs),
      await retention(bench, { ...options, records: 5 * records }, runs),
      await roundTrips(bench, Math.min(records, 5_000), runs),
      await administration(bench, records < manyPartitions ? 10 : manyPartitions, runs),
    ]
  },
})

function sides(options: { readonly records: number; readonly recordsPerCommit: number }): readonly Side[] {
  const byHand = (bench: Bench): Promise<JobResult> =>
    bench.run('limit produce records', { dir: bench.directory('limit'), ...options })
  const produce =
    (how: Omit<ProduceOptions, keyof JobOptions>) =>
    (bench: Bench): Promise<JobResult> =>
      bench.run('log produce records', { dir: bench.directory('millrace'), ...options, ...how })
  const smallCommits = { ...options, recordsPerCommit: transactionRecords }
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
    { title: 'produce, 1 partition', least: 0.8, limit: byHand, millrace: produce({ partitions: 1 }) },
    { title: 'produce, 16 partitions', least: 0.8, limit: byHand, millrace: produce({ partitions: 16 }) },
    {
      title: 'produce, 1 partition, idempotent: false',
      least: 0.8,
      limit: byHand,
      millrace: produce({ partitions: 1, idempotent: false }),
    },
    {
      title: `transactions of ${transactionRecords}`,
      least: 0.6,
      limit: (bench) => bench.run('limit produce records', { dir: bench.directory('limit'), ...smallCommits }),
      millrace: (bench) => {
        const how = { partitions: 1, isTransactional: true }
        return bench.run('log produce records', { dir: bench.directory('millrace'), ...smallCommits, ...how })
      },
    },
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

/** A group of one process and of two, which have the records of one log. */
async function groups(bench: Bench, options: Omit<JobOptions, 'dir'>, runs: number): Promise<Table> {
  const rates: Record<1 | 2, number[]> = { 1: [], 2: [] }
  for (let run = 1; run <= runs; run++) {
    for (const members of [1, 2] as const) {
      const given = { dir: bench.directory('group'), partitions: groupPartitions, ...options }
      await bench.run('millrace produce', given)
      const member = (): Promise<MemberResult> => bench.run('log read as member', { members, ...given })
      const results = await Promise.all(Array.from({ length: members }, member))
      const startedMs = Math.min(...results.map((result) => result.startedMs))
      const endedMs = Math.max(...results.map((result) => result.endedMs))
      if (results.reduce((sum, result) => sum + result.records, 0) !== options.records) {
        throw new Error('the members have not read every record once')
      }
      rates[members].push(options.records / ((endedMs - startedMs) / 1_000))
    }
    bench.progress(`group: run ${run} of ${runs}`)
  }
  const ratios = rates[2].map((rate, run) => rate / (rates[1][run] as number))
  return {
    title: `a group on ${groupPartitions} partitions, ${options.records} records, ${runs} runs`,
    columns: ['', 'one process, records/s', 'two processes, records/s', 'ratio', 'aim'],
    rows: [['read decoded batches', spreadOf(rates[1]), spreadOf(rates[2]), spreadOf(ratios), 1.6]],
  }
}

async function retention(bench: Bench, options: Omit<JobOptions, 'dir'>, runs: number): Promise<Table> {
  const [without, beside, kept]: [number[], number[], number[]] = [[], [], []]
  for (let run = 1; run <= runs; run++) {
    const produce = { ...options, partitions: 1, dir: bench.directory('retention') }
    without.push((await bench.run('log produce records', produce)).recordsPerSecond)
    const dir = bench.directory('retention')
    const { recordsPerSecond, keptBytes } = await bench.run('log produce records', { ...produce, dir, retentionBytes })
    beside.push(recordsPerSecond)
    kept.push(keptBytes / 1e6)
    bench.progress(`retention: run ${run} of ${runs}`)
  }
  const ratios = beside.map((rate, run) => rate / (without[run] as number))
  return {
    title: `retention of ${retentionBytes / 2 ** 20} MiB every second, ${options.records} records, ${runs} runs`,
    columns: ['', 'without, records/s', 'with, records/s', 'ratio', 'aim', 'MB in the log at the end'],
    rows: [['produce, 1 partition', spreadOf(without), spreadOf(beside), spreadOf(ratios), 0.8, spreadOf(kept)]],
  }
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
