/**
 * The clicks produced, read and counted, in variations of the topic.
 */
import { type Bench, figure } from '../figure.ts'
import type { ClickOptions } from '../jobs/clicks.ts'
import { spreadOf } from '../statistics.ts'
import type { Cell } from '../table.ts'

interface Rates {
  readonly produced: number[]
  readonly read: number[]
  readonly counted: number[]
}

async function rates(bench: Bench, options: Omit<ClickOptions, 'dir'>, runs: number, title: string): Promise<Rates> {
  const produced: number[] = []
  const read: number[] = []
  const counted: number[] = []
  for (let run = 1; run <= runs; run++) {
    const clicks = { ...options, dir: bench.directory('clicks') }
    produced.push((await bench.run('millrace produce', clicks)).recordsPerSecond)
    read.push((await bench.run('millrace read', clicks)).recordsPerSecond)
    counted.push((await bench.run('millrace count', clicks)).recordsPerSecond)
    bench.progress(`${title}: run ${run} of ${runs}`)
  }
  return { produced, read, counted }
}

function rateCells({ produced, read, counted }: Rates): Cell[] {
  return [spreadOf(produced), spreadOf(read), spreadOf(counted)]
}

const rateColumns = ['produce, records/s', 'read, records/s', 'click count, records/s']

export const partitions = figure({
  name: 'partitions',
  about: 'the clicks in topics of 1, 4, 16 and 64 partitions',
  reading:
    'All partitions are worked on by one thread, in one sequence by time: partitions are for what comes later, and this is what ' +
    'they cost now. Input, regrouping and output have the same number.',
  defaults: { records: 1_000_000, runs: 3 },
  async measure(bench, { records, runs }) {
    const rows: Cell[][] = []
    for (const count of [1, 4, 16, 64]) {
      const title = `${count} ${count === 1 ? 'partition' : 'partitions'}`
      const options = { records, recordsPerCommit: 10_000, partitions: count }
      rows.push([title, ...rateCells(await rates(bench, options, runs, title))])
    }
    return [{ title: `${records} records, ${runs} runs`, columns: ['topics', ...rateColumns], rows }]
  },
})

/** What a click takes in MessagePack. */
const clickBytes = 75

export const sizes = figure({
  name: 'sizes',
  about: 'clicks of 100 bytes, 1 KB and 10 KB',
  reading:
    'The larger part of a larger value is one string, which the count decodes with the rest, although it looks at two fields.',
  defaults: { records: 1_000_000, runs: 3 },
  async measure(bench, { records, runs }) {
    const rows: Cell[][] = []
    for (const [title, bytes] of [
      ['100 B', 100],
      ['1 KB', 1_000],
      ['10 KB', 10_000],
    ] as const) {
      const options = {
        records: Math.ceil((records * 100) / Math.max(100, bytes / 2)), // larger values, fewer of them
        recordsPerCommit: Math.max(1_000, 1_000_000 / bytes),
        bodyBytes: bytes - clickBytes,
      }
      const { produced, read, counted } = await rates(bench, options, runs, title)
      const megabytes = (list: readonly number[]): Cell => spreadOf(list.map((rate) => (rate * bytes) / 1e6))
      rows.push([
        title,
        ...rateCells({ produced, read, counted }),
        megabytes(produced),
        megabytes(read),
        megabytes(counted),
      ])
    }
    const columns = ['value', ...rateColumns, 'produce, MB/s', 'read, MB/s', 'click count, MB/s']
    return [{ title: `${records} records of 100 B, fewer larger ones, ${runs} runs`, columns, rows }]
  },
})

export const serdes = figure({
  name: 'serdes',
  about: 'clicks in JSON and in MessagePack',
  reading: 'The value serde is the largest part of most work: choose it before anything else is tuned.',
  defaults: { records: 1_000_000, runs: 3 },
  async measure(bench, { records, runs }) {
    const rows: Cell[][] = []
    for (const serde of ['json', 'msgpack'] as const) {
      const options = { records, recordsPerCommit: 10_000, serde }
      rows.push([`${serde}()`, ...rateCells(await rates(bench, options, runs, serde))])
    }
    return [{ title: `${records} records, ${runs} runs`, columns: ['value serde', ...rateColumns], rows }]
  },
})
