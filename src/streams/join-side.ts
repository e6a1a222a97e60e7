/**
 * One side of a join of two streams: its buffer, and for how long its records matter.
 */
import { sumMs } from '../core/units.ts'
import type { OperatorContext } from '../plan/operator.ts'
import { ordered, type OrderedStore, type StoreSpec } from '../plan/store.ts'

/** One side as the plan has it. */
export interface JoinSide {
  readonly name: 'left' | 'right'
  readonly buffer: StoreSpec
  /** Partners of a record lie from this long before it, inclusive; below 0: after it. */
  readonly beforeMs: number
  /** To this long after it, inclusive; below 0: before it. */
  readonly afterMs: number
  /** Whether a record comes out alone when it matched nothing. */
  readonly comesAlone: boolean
}

/** How far stream time may be past a record that still takes part; a record after that is late. */
export function lateAfterMs(afterMs: number, graceMs: number): number {
  // Where all partners lie before it, a record that comes in order is past its last partner already.
  return sumMs(Math.max(0, afterMs), graceMs)
}

/** The port for late records of a side. */
export const latePortOf = ({ name }: Pick<JoinSide, 'name'>): string => `late-${name}`

/** One side at work. */
export class SideAtWork {
  readonly isLeft: boolean
  readonly rows: OrderedStore<unknown, unknown>
  readonly buffer: StoreSpec
  readonly beforeMs: number
  readonly afterMs: number
  readonly comesAlone: boolean
  readonly lateAfterMs: number
  /** From a record to the first stream time at which its window has closed. */
  readonly closesAfterMs: number
  readonly latePort: string

  constructor(context: OperatorContext, side: JoinSide, graceMs: number) {
    const { name, buffer, beforeMs, afterMs, comesAlone } = side
    this.isLeft = name === 'left'
    this.rows = ordered(context.state(buffer))
    this.buffer = buffer
    this.beforeMs = beforeMs
    this.afterMs = afterMs
    this.comesAlone = comesAlone
    this.lateAfterMs = lateAfterMs(afterMs, graceMs)
    this.closesAfterMs = sumMs(afterMs + graceMs, 1)
    this.latePort = latePortOf(side)
  }
}
