/**
 * What the process that runs an application knows of itself: rates, how long things take, and how busy it is.
 */
import type { DurationView, FiguresView } from '../views.ts'
import { Fact, Facts } from './facts.tsx'
import { Table } from './table.tsx'
import { percent, rate, shortTime } from './text.tsx'

export function ProcessFigures({ of: figures }: { readonly of: FiguresView }) {
  const { rates, busy, turn, commit, appendToCommit } = figures
  const durations: readonly (readonly [string, DurationView])[] = [
    ['from append to commit', appendToCommit],
    ['a commit', commit],
    ['a turn', turn],
  ]
  return (
    <section aria-labelledby="process">
      <h2 id="process">Process</h2>
      <Facts>
        <Fact name="busy, last minute">{percent(busy)}</Fact>
        <Fact name="records, 1 min">{rate(rates.oneMinute)}</Fact>
        <Fact name="records, 5 min">{rate(rates.fiveMinutes)}</Fact>
      </Facts>
      <Table
        caption="How long it takes"
        rows={durations}
        keyOf={([name]) => name}
        columns={[
          { head: 'last 5 min', of: ([name]) => name },
          { head: 'half within', isFigure: true, of: ([, { p50Ms }]) => shortTime(p50Ms) },
          { head: '99 of 100 within', isFigure: true, of: ([, { p99Ms }]) => shortTime(p99Ms) },
          { head: 'longest', isFigure: true, of: ([, { maxMs }]) => shortTime(maxMs) },
        ]}
      />
    </section>
  )
}
