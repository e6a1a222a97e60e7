/**
 * What only the process of an application knows: rates, how long things take, and how busy it is.
 */
import type { DurationView, FiguresView } from '../views.ts'
import { Fact, Facts } from './facts.tsx'
import { areOld } from './graph-figures.ts'
import { Notice } from './notice.tsx'
import { Table } from './table.tsx'
import { duration, percent, rate, shortTime } from './text.tsx'

interface ProcessFiguresProps {
  readonly of: FiguresView
  /** When the log was looked at. */
  readonly atMs: number
}

export function ProcessFigures({ of: figures, atMs }: ProcessFiguresProps) {
  const { rates, busy, turn, commit, appendToCommit } = figures
  if (areOld(figures, atMs)) {
    return (
      <section aria-labelledby="process">
        <h2 id="process">Process</h2>
        <Notice kind="empty">
          {`Its last figures are ${duration(Math.floor((atMs - figures.atMs) / 1_000) * 1_000)} old: it has committed nothing since.`}
        </Notice>
      </section>
    )
  }
  const durations: readonly (readonly [string, DurationView])[] = [
    ['append to commit', appendToCommit],
    ['commit', commit],
    ['turn', turn],
  ]
  return (
    <section aria-labelledby="process">
      <h2 id="process">Process</h2>
      <Facts>
        <Fact name="busy, last minute">{percent(busy)}</Fact>
        <Fact name="rate, 1 min">{rate(rates.oneMinute)}</Fact>
        <Fact name="rate, 5 min">{rate(rates.fiveMinutes)}</Fact>
      </Facts>
      <Table
        caption="How long it takes"
        rows={durations}
        keyOf={([name]) => name}
        columns={[
          { head: 'last 5 min', of: ([name]) => name },
          { head: 'p50', isFigure: true, of: ([, { p50Ms }]) => shortTime(p50Ms) },
          { head: 'p99', isFigure: true, of: ([, { p99Ms }]) => shortTime(p99Ms) },
          { head: 'max', isFigure: true, of: ([, { maxMs }]) => shortTime(maxMs) },
        ]}
      />
    </section>
  )
}
