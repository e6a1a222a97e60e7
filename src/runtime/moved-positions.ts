/**
 * What a commit says of source partitions: how far each was read since the last one, by the task that reads it.
 */
import { present } from '../core/assert.ts'
import type { Position } from '../log/contract.ts'
import type { Inlet } from './inlet.ts'
import type { Ledger } from './ledger.ts'
import type { SourceLane } from './sequence.ts'

/** Counts the records as consumed, too. */
export function settlePositions(
  moved: readonly SourceLane[],
  inlets: readonly Inlet[],
): ReadonlyMap<Ledger, readonly Position[]> {
  const positions = new Map<Ledger, Position[]>()
  for (const { index, partition, position, committedPosition } of moved) {
    const { ledger } = present(inlets[index], 'every source lane has an inlet').agenda
    ledger.consume(partition.topic, position - committedPosition)
    const list = positions.get(ledger) ?? []
    list.push({ partition, offset: position })
    positions.set(ledger, list)
  }
  return positions
}
