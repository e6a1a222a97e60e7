/**
 * What each operator costs alone, and how much of a chain is RxJS.
 */
import { type Bench, figure } from '../figure.ts'
import { chains } from '../jobs/chain.ts'
import { families, type FamilyName } from '../jobs/families.ts'
import { familiesByHand } from '../limit/families.ts'
import { type OperatorName, operators as topologies } from '../jobs/operators.ts'
import { type Spread, spreadOf } from '../statistics.ts'
import type { Cell, Table } from '../table.ts'

const [nothing = 'filter', ...others] = Object.keys(topologies) as OperatorName[]
const chainSteps = [1, 4, 8]
const fewKeys = 100

export const operators = figure({
  name: 'operators',
  about: 'what each operator costs a record, and what of it is RxJS',
  reading:
    'Each operator stands alone after a source, and its cost is the difference from the topology that only reads, run by run. ' +
    'The first operator that reads a key or a value pays for decoding it. Commits are part of the cost of state and topics. In ' +
    'the second table a key has two records in the length of a window, whatever the number of keys, and each row stands by itself. In ' +
    'the third some of them stand beside the same job by hand, with its rows in Maps; the ratio is that of rates. Both tables count ' +
    'the user CPU of all threads. The last table is a loop without an engine: the same steps as plain calls, in the kind of subscriber that ' +
    "millrace's operators are, and with RxJS's own `map`.",
  defaults: { records: 1_000_000, commit: 10_000, keys: 100_000, runs: 3 },
  measure: async (bench, { records, commit, keys, runs }) => [
    await costs(bench, records, runs),
    ...(await costsByKeys(bench, { records, commit, runs, sizes: [...new Set([Math.min(fewKeys, keys), keys])] })),
    await chainCosts(bench, 5 * records, runs),
  ],
})

async function costs(bench: Bench, records: number, runs: number): Promise<Table> {
  const dir = bench.directory('operators')
  await bench.run('millrace produce', { dir, records, recordsPerCommit: 10_000 })
  const base: number[] = []
  const differences = new Map<OperatorName, number[]>(others.map((operator) => [operator, []]))
  for (let run = 1; run <= runs; run++) {
    const measure = (operator: OperatorName): Promise<number> =>
      bench.run('operate', { dir, records, operator, applicationId: `${operator.replace(/\W+/g, '-')}.${run}` })
    const passing = await measure(nothing)
    base.push(passing)
    for (const operator of others) differences.get(operator)?.push((await measure(operator)) - passing)
    bench.progress(`operators: run ${run} of ${runs}`)
  }
  const row = (title: string, spread: Spread): Cell[] => [title, spread]
  return {
    title: `${records} records, ${runs} runs; ns for each record, beside those of a topology that only reads`,
    columns: ['operator', 'ns/record'],
    rows: [
      row(nothing, spreadOf(base)),
      ...[...differences].map(([operator, costsOfRuns]) => row(operator, spreadOf(costsOfRuns))),
    ],
  }
}

interface Load {
  readonly records: number
  readonly commit: number
  readonly runs: number
  /** Numbers of keys. */
  readonly sizes: readonly number[]
}

async function costsByKeys(bench: Bench, { records, commit, runs, sizes }: Load): Promise<Table[]> {
  const names = Object.keys(families) as FamilyName[]
  const namesByHand = Object.keys(familiesByHand) as (keyof typeof familiesByHand)[]
  const results = new Map<string, number[]>()
  const add = (cell: string, result: number): void => void results.set(cell, [...(results.get(cell) ?? []), result])
  for (const keys of sizes) {
    for (let run = 1; run <= runs; run++) {
      const options = { dir: bench.directory('families'), keys, records, recordsPerCommit: commit }
      await bench.run('millrace produce sides', options)
      for (const family of names) add(`${family} ${keys}`, await bench.run('run family', { ...options, family }))
      for (const family of namesByHand) {
        const byHand = { ...options, dir: bench.directory('families-by-hand') }
        await bench.run('limit produce sides', byHand)
        add(`${family} ${keys} by hand`, await bench.run('limit run family', { ...byHand, family }))
      }
      bench.progress(`families: ${keys} keys, run ${run} of ${runs}`)
    }
  }
  const spread = (cell: string): Spread => spreadOf(results.get(cell) ?? [])
  const ratio = (family: string, keys: number): number =>
    spread(`${family} ${keys} by hand`).median / spread(`${family} ${keys}`).median
  const what = `${records} records of two topics, ${commit} a commit, ${runs} runs`
  return [
    {
      title: `${what}; ns of user CPU for each record, by the number of keys`,
      columns: ['operators', ...sizes.map((keys) => `${keys} keys`)],
      rows: names.map((family) => [family, ...sizes.map((keys) => spread(`${family} ${keys}`))]),
    },
    {
      title: `${what}; ns of user CPU for each record by hand, and what millrace does of its rate; aim 0.7`,
      columns: ['operators', ...sizes.flatMap((keys) => [`${keys} keys, by hand`, 'ratio'])],
      rows: namesByHand.map((family) => [
        family,
        ...sizes.flatMap((keys) => [spread(`${family} ${keys} by hand`), ratio(family, keys)]),
      ]),
    },
  ]
}

async function chainCosts(bench: Bench, records: number, runs: number): Promise<Table> {
  const rows: Cell[][] = []
  for (const kind of chains) {
    const row: Cell[] = [kind]
    for (const steps of chainSteps) {
      const results: number[] = []
      for (let run = 1; run <= runs; run++) results.push(await bench.run('chain', { kind, steps, records }))
      row.push(spreadOf(results))
    }
    bench.progress(`chains: ${kind}`)
    rows.push(row)
  }
  return {
    title: `a chain alone, ${runs} runs; ns for each record`,
    columns: ['chain', ...chainSteps.map((steps) => (steps === 1 ? '1 step' : `${steps} steps`))],
    rows,
  }
}
