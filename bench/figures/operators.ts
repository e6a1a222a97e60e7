/**
 * What each operator costs alone, and how much of a chain is RxJS.
 */
import { type Bench, figure } from '../figure.ts'
import { chains } from '../jobs/chain.ts'
import { type OperatorName, operators as topologies } from '../jobs/operators.ts'
import { type Spread, spreadOf } from '../statistics.ts'
import type { Cell, Table } from '../table.ts'

const [nothing = 'filter', ...others] = Object.keys(topologies) as OperatorName[]
const chainSteps = [1, 4, 8]

export const operators = figure({
  name: 'operators',
  about: 'what each operator costs a record, and what of it is RxJS',
  reading:
    'Each operator stands alone after a source, and its cost is the difference from the topology that only reads, run by run. ' +
    'The first operator that reads a key or a value pays for decoding it. Commits are part of the cost of state and topics. The ' +
    'last table is a loop without an engine: the same steps as plain calls, in the kind of subscriber that ' +
    "millrace's operators are, and with RxJS's own `map`.",
  defaults: { records: 1_000_000, runs: 3 },
  measure: async (bench, { records, runs }) => [
    await costs(bench, records, runs),
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
