// What the counter runs: two inputs, a regrouping into a windowed count, a running sum beside it, and a second regrouping
// that both meet in. Every step also leaves a trace.
import { int64, StreamsBuilder, string, TimeWindows, type Topology } from '../../src/index.ts'
import {
  counts,
  countStore,
  digestModulus,
  graceMs,
  orders,
  regions,
  retentionMs,
  returns,
  summary,
  summaryStore,
  totals,
  totalStore,
  trace,
  windowMs,
} from './topics.ts'
import { workBeside } from './beside.ts'

export interface Run {
  /** The number of this run of the counter, which it leaves in the trace. */
  readonly run: number
  /** Sleeps 1 ms in every so manieth record, so that a kill finds it at work; 0 never sleeps. */
  readonly pauseEvery: number
}

export function countOrders({ run, pauseEvery }: Run): Topology {
  const builder = new StreamsBuilder()
  const sold = builder.stream(orders)
  const all = sold.merge(builder.stream(returns))

  const spent = sold.groupByKey().aggregate({
    initializer: () => 0,
    aggregator: (_, { quantity }, sum) => sum + quantity,
    value: int64(),
    store: totalStore,
    name: 'total',
  })
  const sums = spent.toStream()
  sums.to(totals)
  workBeside(sold, spent)

  const perWindow = all
    .groupBy(({ value }) => value.item, { key: string(), name: 'by-item' })
    .windowedBy(TimeWindows.of({ size: windowMs, grace: graceMs }))
    .count({ store: countStore, retentionMs, name: 'per-window' })
    .toStream()
  perWindow.to(counts)

  perWindow
    .map(({ key, value }) => ({ key: `region-${(key.window.start / windowMs) % regions}`, value: value ?? 0 }))
    .merge(sums.map(({ key, value }) => ({ key: `region-${Number(key.split('-')[1]) % regions}`, value: value ?? 0 })))
    .groupByKey({ key: string(), value: int64(), name: 'by-region' })
    .aggregate({
      initializer: () => 0,
      // Other values, or the same ones in another order, give another digest.
      aggregator: (_, value, digest) => (digest * 31 + value) % digestModulus,
      value: int64(),
      store: summaryStore,
      name: 'digest',
    })
    .toStream()
    .to(summary)

  // Comes last, so that a malformed order has done everything else before the throw that undoes it.
  all
    .map(({ value: { n, quantity } }) => {
      if (quantity === 0) throw new Error(`order ${n} is malformed`)
      if (pauseEvery > 0 && n % pauseEvery === 0) Atomics.wait(clockwork, 0, 0, 1)
      return { key: null, value: { n, run } }
    })
    .to(trace)
  return builder.build()
}

const clockwork = new Int32Array(new SharedArrayBuffer(4))
