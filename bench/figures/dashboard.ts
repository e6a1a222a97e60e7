/**
 * The dashboard under load: how long its answers take, and what it costs the application that it runs beside.
 */
import { type Bench, figure } from '../figure.ts'
import type { CostResult } from '../jobs/dashboard.ts'
import { percentilesOf, spreadOf } from '../statistics.ts'
import type { Cell, Table } from '../table.ts'

const clients = 50
const partitions = 4
const recordsPerCommit = 10_000
const recordsPerSecond = 20_000
const aim = 0.05
/** The backlog of the cost is this many times that of the answers: each run has to contain several samples. */
const backlogs = 4

export const dashboard = figure({
  name: 'dashboard',
  about: `the dashboard with ${clients} browsers: its answers, and what it costs an application`,
  reading:
    'The dashboard runs in the process of an application, and the browsers in one of their own: each has the live ' +
    'stream open and reads it. The answers are timed one request at a time, from its start to the last byte, while ' +
    '1,000 records a second come in. `a text that none has` is a search that runs to its limit. The cost is the CPU ' +
    'time of all threads of the application, watched compared with alone, in alternating runs over the same backlog ' +
    'and at the same rate. The work of the dashboard goes by time and not by record, so the faster an application, ' +
    'the smaller its share. A sample is what is read each second, however many watch, of an application that lags ' +
    'in every partition.',
  defaults: { records: 1_000_000, runs: 5 },
  async measure(bench, { records, runs }) {
    const dir = bench.directory('dashboard')
    const clicks = { dir, records, recordsPerCommit, partitions }
    await bench.run('millrace produce', clicks)
    return [
      await answers(bench, clicks),
      await cost(bench, records * backlogs, runs),
      await samples(bench, share(records, 5_000, 200), share(records, 50_000, 20)),
    ]
  },
})

interface Clicks {
  readonly dir: string
  readonly records: number
  readonly recordsPerCommit: number
  readonly partitions: number
}

async function answers(bench: Bench, clicks: Clicks): Promise<Table> {
  const times = Math.max(5, Math.min(200, Math.floor(clicks.records / 5_000)))
  bench.progress('answers')
  const { answersMs } = await bench.run('ask under load', { ...clicks, clients, times })
  return {
    title: `answers over a topic of ${clicks.records} records, ${clients} browsers, ${times} of each; ms`,
    columns: ['request', 'p50', 'p95', 'max'],
    rows: Object.entries(answersMs).map(([name, all]) => {
      const { p50, p95, max } = percentilesOf(Float64Array.from(all))
      return [name, p50, p95, max]
    }),
  }
}

async function cost(bench: Bench, records: number, runs: number): Promise<Table> {
  const clicks: Clicks = { dir: bench.directory('dashboard'), records, recordsPerCommit, partitions }
  await bench.run('millrace produce', clicks)
  const backlog = await inTurn(bench, 'over a backlog', runs, (watchers) =>
    bench.run('count watched', { ...clicks, clients: watchers }),
  )
  const fedRecords = Math.ceil(records / 20)
  const fed = await inTurn(bench, 'at an even rate', runs, (watchers) => {
    const dir = bench.directory('fed')
    return bench.run('count fed', { ...clicks, dir, records: fedRecords, recordsPerSecond, clients: watchers })
  })
  return {
    title: `µs of CPU a record, ${clients} browsers, ${runs} ${runs === 1 ? 'run' : 'runs'} of each, in turn`,
    columns: ['click count', 'alone', 'watched', 'ratio', 'aim', 'ms of CPU a second of watching', 'events a browser'],
    rows: [
      costRow(`a backlog of ${records}`, records, backlog, `≤ ${1 + aim}`),
      costRow(`${recordsPerSecond} a second`, fedRecords, fed, '–'),
    ],
  }
}

interface Both {
  readonly alone: readonly CostResult[]
  readonly watched: readonly CostResult[]
}

async function inTurn(
  bench: Bench,
  what: string,
  runs: number,
  count: (clients: number) => Promise<CostResult>,
): Promise<Both> {
  const alone: CostResult[] = []
  const watched: CostResult[] = []
  for (let run = 1; run <= runs; run++) {
    bench.progress(`${what}: run ${run} of ${runs}`)
    // Which one is first changes, so that what grows from run to run counts for neither.
    for (const isWatched of run % 2 === 0 ? [true, false] : [false, true]) {
      const results = isWatched ? watched : alone
      results.push(await count(isWatched ? clients : 0))
    }
  }
  return { alone, watched }
}

function costRow(title: string, records: number, { alone, watched }: Both, aimed: string): Cell[] {
  const micros = (all: readonly CostResult[]): number[] => all.map(({ cpuMs }) => (cpuMs * 1_000) / records)
  const [own, both] = [spreadOf(micros(alone)), spreadOf(micros(watched))]
  const seconds = spreadOf(watched.map((one) => one.seconds)).median
  const extraMs = ((both.median - own.median) * records) / 1_000
  const events = spreadOf(watched.map((one) => one.events))
  return [title, own, both, both.median / own.median, aimed, extraMs / seconds, events]
}

const shapes = [
  { topics: 3, partitions: 4 },
  { topics: 200, partitions: 4 },
  { topics: 1, partitions: 1_024 },
]

/** One for this many records, up to a bound. */
function share(records: number, each: number, most: number): number {
  return Math.max(1, Math.min(most, Math.floor(records / each)))
}

async function samples(bench: Bench, lag: number, count: number): Promise<Table> {
  const rows: Cell[][] = []
  for (const shape of shapes) {
    const { topics, partitions: each } = shape
    const result = await bench.run('sample log', {
      dir: bench.directory('sampled'),
      ...shape,
      lag,
      samples: count,
    })
    rows.push([`${topics} of ${each} partitions`, result.cpuMs, result.bytes / 1_000])
    bench.progress(`samples: ${topics} topics`)
  }
  return {
    title: `one sample of an application that has ${lag} records to read in each partition, mean of ${count}`,
    columns: ['topics', 'ms of CPU', 'KB of JSON'],
    rows,
  }
}
