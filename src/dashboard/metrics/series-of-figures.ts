/**
 * What becomes of the figures that a running instance has left in the log.
 */
import type { InstanceFigures } from '../../core/figures.ts'
import type { Limit } from './limit.ts'
import type { Sample, Series } from './series.ts'

export function addFigures(series: Series, of: Sample['labels'], figures: InstanceFigures, limit: Limit): void {
  const { atMs, turn, commit, appendToCommit, busy } = figures
  series.add('millrace_figures_timestamp_seconds', of, atMs / 1_000)
  series.addDurations('millrace_turn_duration_seconds', of, turn)
  series.addDurations('millrace_commit_duration_seconds', of, commit)
  series.addDurations('millrace_append_to_commit_seconds', of, appendToCommit)
  series.add('millrace_busy_ratio', of, busy)
  const operators = Object.entries(figures.operators)
  const stores = Object.entries(figures.stores)
  const calls = Object.entries(figures.calls)
  if (limit.admits('operators', operators.length + calls.length)) {
    for (const [operator, { records, busy: share }] of operators) {
      series.add('millrace_operator_records_total', { ...of, operator }, records)
      series.add('millrace_operator_busy_ratio', { ...of, operator }, share)
    }
    for (const [operator, { open, oldestMs }] of calls) {
      series.add('millrace_open_calls', { ...of, operator }, open)
      series.add('millrace_oldest_call_seconds', { ...of, operator }, oldestMs / 1_000)
    }
  }
  if (!limit.admits('caches', stores.length)) return
  for (const [store, { cacheHits, cacheMisses, cachedBytes }] of stores) {
    series.add('millrace_store_cache_hits_total', { ...of, store }, cacheHits)
    series.add('millrace_store_cache_misses_total', { ...of, store }, cacheMisses)
    series.add('millrace_store_cached_bytes', { ...of, store }, cachedBytes)
  }
}
