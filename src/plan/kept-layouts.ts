/**
 * Where the rows of a store that goes on are: a topology may ask for another retention than before, but rows stay in
 * the segments in which they were put.
 */
import type { StoreLayout } from '../core/store-layout.ts'
import type { StoredPlan } from '../core/stored-plan.ts'
import { own } from './renamed-plan.ts'
import type { StoreSpec } from './store.ts'

/** The layouts that differ from those that a topology asks for, by the names of the stores. */
export type KeptLayouts = ReadonlyMap<string, StoreLayout>

export const noLayouts: KeptLayouts = new Map()

/** @param before the stored plan, by the names of now, without stores that go */
export function keptLayouts(before: StoredPlan, now: StoredPlan): KeptLayouts {
  const kept = new Map<string, StoreLayout>()
  for (const [name, { reading }] of Object.entries(now.stores)) {
    const old = own(before.stores, name)?.reading.layout
    if (old === undefined) continue
    const { layout } = reading
    const { segmentMs } = old
    const retentionMs = retentionOf(old, layout)
    if (segmentMs !== layout.segmentMs || retentionMs !== layout.retentionMs) {
      kept.set(name, Object.freeze({ ...layout, segmentMs, retentionMs }))
    }
  }
  return kept
}

/** Rows that are due at a time that was set before must still be there then, so for them it only grows. */
function retentionOf(old: StoreLayout, { retentionMs, hasDueTimes }: StoreLayout): number | undefined {
  if (!hasDueTimes || retentionMs === undefined || old.retentionMs === undefined) return retentionMs
  return Math.max(old.retentionMs, retentionMs)
}

/** A store as it lies on disk. */
export function laidOut(spec: StoreSpec, layouts: KeptLayouts): StoreSpec {
  const layout = layouts.get(spec.name)
  return layout === undefined ? spec : Object.freeze({ ...spec, layout })
}
