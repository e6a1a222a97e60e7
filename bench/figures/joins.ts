/**
 * What a record costs that is joined with those of another stream, beside the same job by hand.
 */
import { type Bench, figure } from '../figure.ts'
import { spreadOf } from '../statistics.ts'
import type { Cell } from '../table.ts'
import type { JoinResult } from '../workload.ts'

const fewKeys = 100

export const joins = figure({
  name: 'joins',
  about: 'what a record costs in an inner join of two streams, by the number of keys',
  reading:
    'Each record meets one of the other stream on average, whatever the number of keys: the window is as long as that takes. Pairs ' +
    'go to a topic. "By hand" keeps the rows of the window in Maps, and writes them and what has expired to LMDB with each commit. ' +
    'The ratio is of rates, in the same run.',
  defaults: { records: 500_000, keys: 100_000, commit: 10_000, runs: 3 },
  async measure(bench, { records, keys, commit, runs }) {
    const sizes = [...new Set([Math.min(fewKeys, keys), keys])]
    const rows: Cell[][] = []
    for (const size of sizes) {
      const results: { readonly limit: JoinResult; readonly millrace: JoinResult }[] = []
      for (let run = 1; run <= runs; run++) {
        results.push(await measureOnce(bench, { keys: size, records, recordsPerCommit: commit }))
        bench.progress(`joins: ${size} keys, run ${run} of ${runs}`)
      }
      const nsOf = (side: 'limit' | 'millrace'): Cell =>
        spreadOf(results.map((one) => 1e9 / one[side].recordsPerSecond))
      const ratios = results.map(({ limit, millrace }) => millrace.recordsPerSecond / limit.recordsPerSecond)
      rows.push([`${size} keys`, nsOf('limit'), nsOf('millrace'), spreadOf(ratios), 0.7])
    }
    return [
      {
        title: `inner join of two streams, ${records} records, ${commit} a commit; ns for each record`,
        columns: ['load', 'by hand', 'millrace', 'millrace / by hand', 'aim'],
        rows,
      },
    ]
  },
})

async function measureOnce(
  bench: Bench,
  options: { readonly keys: number; readonly records: number; readonly recordsPerCommit: number },
): Promise<{ readonly limit: JoinResult; readonly millrace: JoinResult }> {
  const byHand = { dir: bench.directory('joins'), ...options }
  await bench.run('limit produce sides', byHand)
  const limit = await bench.run('limit join', byHand)
  const ours = { dir: bench.directory('joins'), ...options }
  await bench.run('millrace produce sides', ours)
  const millrace = await bench.run('millrace join', ours)
  if (limit.fingerprint === millrace.fingerprint) return { limit, millrace }
  throw new Error(`the two sides have different results: ${limit.fingerprint} by hand, ${millrace.fingerprint}`)
}
