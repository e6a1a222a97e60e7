/**
 * Where a reader is in a partition, as the page shows it.
 */
import type { PartitionLag } from '../log/admin/lag.ts'
import type { PositionView } from './views.ts'

export function positionView({ topic, partition, offset, endOffset, records, ageMs }: PartitionLag): PositionView {
  return { topic, partition, position: offset, end: endOffset, lag: records, lagMs: coarse(ageMs) }
}

/** Ages rise all the time: in whole seconds they are news once a second. */
export function coarse(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000
}
