/**
 * Counts by key with a large state: how the rate falls as the number of keys grows, and what each commit costs.
 */
import { figure } from '../figure.ts'
import { spreadOf } from '../statistics.ts'
import type { Cell, Table } from '../table.ts'
import type { StateOptions, StateRecovery, StateResult } from '../workload.ts'

type Side = 'limit' | 'millrace'

/** The rate with so few keys is what the others are held against. */
const fewKeys = 1_000
const steps = [fewKeys, 100_000, 1_000_000, 10_000_000]
const mebibyte = 2 ** 20

/** What one load came to, run for run. */
interface Load {
  readonly name: string
  readonly aim: Cell
  readonly results: Record<Side, StateResult[]>
}

export const state = figure({
  name: 'state',
  about:
    'count by key over a backlog, by the number of keys: rates, commits, memory, and the first commit after kill -9',
  reading:
    'A store is filled with new keys in scattered order, then changed at random. The application does not run while the backlog is ' +
    'produced. "By hand" is the same work on LMDB, with one direct write for each changed row. Aims are shares of the rate with ' +
    '1,000 keys in the same run. No commit writes more than 10 times the median. With 10 million keys: ' +
    '`npm run bench -- state --keys 10000000`.',
  defaults: { keys: 1_000_000, records: 1_000_000, commit: 10_000, runs: 1 },
  async measure(bench, { keys, records, commit, runs }) {
    const sizes = [...steps.filter((size) => size < keys), keys]
    const loads: Load[] = []
    const recoveries: { readonly keys: number; readonly found: StateRecovery[] }[] = []
    const loadOf = (name: string, aim: Cell): Load => {
      let load = loads.find((other) => other.name === name)
      if (load === undefined) loads.push((load = { name, aim, results: { limit: [], millrace: [] } }))
      return load
    }
    for (let run = 1; run <= runs; run++) {
      for (const size of sizes) {
        for (const side of ['limit', 'millrace'] as const) {
          const dir = bench.directory('state')
          const work = async (
            name: string,
            aim: Cell,
            given: Pick<StateOptions, 'records' | 'order'>,
          ): Promise<void> => {
            const options = { dir, keys: size, recordsPerCommit: commit, ...given }
            await bench.run(`${side} produce events`, options)
            const result = await bench.run(`${side} count events`, options)
            loadOf(name, aim).results[side].push(result)
            bench.progress(`${side}, ${name}: ${Math.round(result.recordsPerSecond)} records/s (run ${run} of ${runs})`)
          }
          await work(`fill ${size} keys`, fillAim(size), { records: size, order: 'scattered' })
          await work(`change ${size} keys`, changeAim(size), { records, order: 'random' })
          if (side === 'limit' || size !== keys) continue
          const options = { dir, keys: size, records, recordsPerCommit: commit, order: 'random' } as const
          await bench.crash('die counting', options)
          const recovery = await bench.run('recover counting', options)
          const known = recoveries.find((other) => other.keys === size)
          if (known === undefined) recoveries.push({ keys: size, found: [recovery] })
          else known.found.push(recovery)
        }
      }
    }
    return [
      rates(loads, loadOf(`change ${sizes[0]} keys`, '–'), commit),
      commits(loads),
      {
        title: 'killed with 1,000 records uncommitted: from openLog to the first commit',
        columns: ['keys', 'ms', 'aim', 'ms of CPU'],
        rows: recoveries.map(({ keys: size, found }) => [
          String(size),
          spreadOf(found.map(({ recoveryMs }) => recoveryMs)),
          500,
          spreadOf(found.map(({ recoveryCpuMs }) => recoveryCpuMs)),
        ]),
      },
    ]
  },
})

function fillAim(keys: number): Cell {
  return keys >= 10_000_000 ? 0.1 : keys >= 1_000_000 ? 0.16 : '–'
}

function changeAim(keys: number): Cell {
  return keys >= 10_000_000 ? 0.08 : keys >= 1_000_000 ? 0.12 : keys >= 100_000 ? 0.3 : '–'
}

function rates(loads: readonly Load[], few: Load, commit: number): Table {
  const rate = ({ results }: Load, side: Side): Cell => spreadOf(results[side].map((one) => one.recordsPerSecond))
  const ratio = (of: readonly StateResult[], to: readonly StateResult[]): Cell =>
    spreadOf(of.map((one, run) => one.recordsPerSecond / (to[run]?.recordsPerSecond ?? Number.NaN)))
  return {
    title: `records/s, ${commit} records a commit`,
    columns: ['load', 'by hand', 'millrace', 'millrace / by hand', `share of ${few.name}`, 'aim'],
    rows: loads.map((load) => [
      load.name,
      rate(load, 'limit'),
      rate(load, 'millrace'),
      ratio(load.results.millrace, load.results.limit),
      ratio(load.results.millrace, few.results.millrace),
      load.aim,
    ]),
  }
}

function commits(loads: readonly Load[]): Table {
  const rows = loads.flatMap(({ name, results }) =>
    (['limit', 'millrace'] as const).map((side): Cell[] => {
      const of = (figureOf: (result: StateResult) => number): Cell => spreadOf(results[side].map(figureOf))
      return [
        `${name}, ${side === 'limit' ? 'by hand' : side}`,
        of((one) => (1e6 * one.cpuSeconds) / one.records),
        of((one) => one.commitP50Ms),
        of((one) => one.commitP999Ms),
        of((one) => one.writtenMedianBytes / 1e6),
        of((one) => one.writtenMaxBytes / 1e6),
        of((one) => one.anonymousBytes / mebibyte),
      ]
    }),
  )
  return {
    title: 'commits',
    columns: [
      'load',
      'µs of CPU a record',
      'p50 ms',
      'p99.9 ms',
      'MB written, median',
      'MB written, most',
      'anonymous memory, MiB',
    ],
    rows,
  }
}
