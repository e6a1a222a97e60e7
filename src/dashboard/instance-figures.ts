/**
 * What a running instance says of itself, as the page shows it.
 */
import type { DurationFigures, InstanceFigures } from '../core/figures.ts'
import type { Rates } from './history.ts'
import type { DurationView, FiguresView } from './views.ts'

/** @param name of the version */
export function figuresView(figures: InstanceFigures, name: string, rates: Rates): FiguresView {
  const { atMs, turn, commit, appendToCommit, busy, operators, stores, calls } = figures
  const flows = Object.entries(operators).map(([id, { records, busy: share }]) => {
    return [id, { count: records, rate: rates.of(`${name} ${id}`, records, atMs), busy: share }] as const
  })
  return {
    atMs,
    rates: figures.rates,
    turn: durationView(turn),
    commit: durationView(commit),
    appendToCommit: durationView(appendToCommit),
    busy,
    operators: Object.fromEntries(flows),
    stores,
    calls,
  }
}

function durationView({ p50Ms, p99Ms, maxMs }: DurationFigures): DurationView {
  return { p50Ms, p99Ms, maxMs }
}
