// What the counter runs beside its counts, for each order: a lookup in a table, a join of two streams, sessions, a table that
// holds its changes back, and calls that answer later. Nothing of it is regrouped, so that each order has one place to go.
import { setTimeout as sleep } from 'node:timers/promises'
import { int64, JoinWindows, type KStream, type KTable, SessionWindows, string } from '../../src/index.ts'
import {
  answers,
  gapMs,
  limited,
  limitMs,
  lookedUp,
  nearMs,
  type Order,
  pairs,
  sessionGraceMs,
  visits,
  nearGraceMs,
} from './topics.ts'

export function workBeside(sold: KStream<string, Order, 'both'>, totals: KTable<string, number, 'both'>): void {
  const quantities = sold.mapValues(({ value }) => value.quantity)
  const even = quantities.filter(({ value }) => value % 2 === 0)
  const odd = quantities.filter(({ value }) => value % 2 === 1)

  const latest = even.toTable({ key: string(), value: int64(), name: 'latest' })
  quantities.leftJoin(latest, (one, last) => one * 1_000 + (last ?? 0), { name: 'looked-up' }).to(lookedUp)

  const window = JoinWindows.of({ difference: nearMs, grace: nearGraceMs })
  odd
    .join(even, (one, other) => one * 1_000 + other, {
      window,
      key: string(),
      value: int64(),
      otherValue: int64(),
      name: 'pairs',
    })
    .to(pairs)

  sold
    .groupByKey()
    .windowedBy(SessionWindows.of({ gap: gapMs, grace: sessionGraceMs }))
    .count({ name: 'visits' })
    .toStream()
    .map(
      ({
        key: {
          key,
          window: { start, end },
        },
        value,
      }) => ({ key, value: { start, end, count: value } }),
    )
    .to(visits)

  totals.suppress({ untilTimeLimit: limitMs, name: 'limited' }).toStream().to(limited)

  sold
    .mapAsync(
      async ({ value: { n, quantity } }) => {
        await sleep(n % 3)
        return quantity * 3
      },
      { name: 'answers' },
    )
    .to(answers)
}
