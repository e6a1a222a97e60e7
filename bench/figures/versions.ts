/**
 * What it costs to compare two versions of an application, to switch between them, and to copy one, by the size of
 * their state.
 */
import { figure } from '../figure.ts'
import type { ResultOf } from '../jobs.ts'
import { spreadOf } from '../statistics.ts'
import type { Cell } from '../table.ts'

const smallKeys = 1_000
const switches = 10

export const versions = figure({
  name: 'versions',
  about: 'two versions are compared, one takes the place of the other, and one begins as a copy',
  reading:
    'Aim: comparing takes at most 3 times what it takes to read both sides in the same way. A switch and the longest transaction of a ' +
    'copy do not grow with the state. Neither version runs during a comparison or a switch; during a copy the live one gets a record ' +
    'every 5 ms. CPU time is that of the whole process.',
  defaults: { keys: 1_000_000, runs: 3 },
  async measure(bench, { keys, runs }) {
    const sizes = [...new Set([Math.min(smallKeys, keys), keys])]
    const results = sizes.map((size): Results => ({ size, compared: [], switched: [], copied: [] }))
    for (let run = 1; run <= runs; run++) {
      for (const { size, compared, switched, copied } of results) {
        const options = { dir: bench.directory('versions'), keys: size }
        await bench.run('produce visits', options)
        await bench.run('count visits', { ...options, recordsPerCommit: 100_000 })
        await bench.run('replay visits', options)
        bench.progress(`run ${run} of ${runs}: two versions with ${size} keys`)
        compared.push(await bench.run('compare visits', options))
        switched.push(await bench.run('switch visits', { ...options, switches }))
        copied.push(await bench.run('copy visits', options))
      }
    }
    const columns = ['', ...sizes.map((size) => `${size} keys`)]
    const row = (what: string, of: (of: Results) => readonly number[]): Cell[] => [
      what,
      ...results.map((one) => spreadOf(of(one))),
    ]
    return [
      {
        title: `comparing, ${runs} runs; CPU time`,
        columns,
        rows: [
          row('both stores read, s', ({ compared }) => compared.map((one) => one.readStoresSeconds)),
          row('both stores compared, s', ({ compared }) => compared.map((one) => one.storesSeconds)),
          row('compared / read', ({ compared }) => compared.map((one) => one.storesSeconds / one.readStoresSeconds)),
          row('both outputs read, s', ({ compared }) => compared.map((one) => one.readOutputsSeconds)),
          row('both outputs compared, s', ({ compared }) => compared.map((one) => one.outputsSeconds)),
        ],
      },
      {
        title: `a switch with outputs: 'replace', ${runs} runs of ${switches}`,
        columns,
        rows: [
          row('CPU time of a switch, ms', ({ switched }) => switched.map(({ cpuMs }) => cpuMs)),
          row('of its longest transaction, ms', ({ switched }) => switched.map((one) => one.transactionCpuMs)),
          row('written by the largest, kB', ({ switched }) => switched.map(({ writtenKilobytes }) => writtenKilobytes)),
        ],
      },
      {
        title: `a copy of the live version, from: 'live', ${runs} runs`,
        columns,
        rows: [
          row('until it is done, s', ({ copied }) => copied.map(({ seconds }) => seconds)),
          row('CPU time, s', ({ copied }) => copied.map(({ cpuSeconds }) => cpuSeconds)),
          row('of its longest transaction, ms', ({ copied }) => copied.map((one) => one.transactionCpuMs)),
          row('longest wait of a record beside, ms', ({ copied }) => copied.map(({ worstMs }) => worstMs)),
        ],
      },
    ]
  },
})

interface Results {
  readonly size: number
  readonly compared: ResultOf<'compare visits'>[]
  readonly switched: ResultOf<'switch visits'>[]
  readonly copied: ResultOf<'copy visits'>[]
}
