/**
 * How far a version has come of what it is to read, from where it is in each partition.
 */
import type { PartitionId } from '../log/contract.ts'
import type { OffsetsByTopic } from './face.ts'
import { startAt } from './range.ts'

/** A partition that a version reads. */
export interface Reached {
  readonly partition: PartitionId
  readonly position: number
  /** How far it may read now. */
  readonly bound: number
  /** Where the log ends. */
  readonly logEnd: number
}

/** Sums over partitions. */
export interface Extent {
  /** Records from where it began to where it is, by offsets. */
  readonly done: number
  /** Records from there to where it stops, or to the end of the log. */
  readonly total: number
  /** Records that it may read and has not read yet. */
  readonly lag: number
  /** Whether it is where it stops. */
  readonly isAtEnd: boolean
}

/** @param ends the offsets that it stops before; null: it stops nowhere */
export function extentOf(starts: OffsetsByTopic, ends: OffsetsByTopic | null, all: Iterable<Reached>): Extent {
  let [done, total, lag] = [0, 0, 0]
  let isAtEnd = ends !== null
  for (const { partition, position, bound, logEnd } of all) {
    const start = startAt(starts, partition, position)
    const end = ends?.[partition.topic]?.[partition.partition] ?? logEnd
    done += position - start
    total += Math.max(end, position) - start
    lag += bound - position
    if (position < end) isAtEnd = false
  }
  return { done, total, lag, isAtEnd }
}

/** 0 to 100. */
export function percentOf({ done, total }: Pick<Extent, 'done' | 'total'>): number {
  return total === 0 ? 100 : (100 * done) / total
}

/** How long the rest takes at a rate, in ms; null where that is not known. */
export function etaOf({ done, total }: Pick<Extent, 'done' | 'total'>, recordsPerSecond: number): number | null {
  const left = total - done
  if (left === 0) return 0
  return recordsPerSecond === 0 ? null : Math.ceil((1_000 * left) / recordsPerSecond)
}
