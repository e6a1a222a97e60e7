/**
 * Rows of a join that have matched nothing yet: they come out when their windows have closed, each once, in the order
 * of time, right before left, then of the encoded keys.
 */
import type { Carrier } from '../plan/carrier.ts'
import { assert } from '../core/assert.ts'
import {
  type AskForRelease,
  lastDueCell,
  type OperatorContext,
  type PersistentNumber,
  type SkippedRow,
  type StreamTime,
  timeCell,
} from '../plan/operator.ts'
import type { OrderedRow } from '../plan/store.ts'
import { sumMs } from '../core/units.ts'
import type { SideAtWork } from './join-side.ts'

/** A row that is due, and whose it is. */
interface DueRow {
  readonly side: SideAtWork
  readonly row: OrderedRow<unknown>
}

export class UnmatchedRows {
  readonly #sides: readonly SideAtWork[]
  readonly #streamTime: StreamTime
  /**
   * Stream time as records have moved it. The operator's own, by which the buffers expire, follows when everything that
   * is due has come out: until then rows must not expire.
   */
  readonly #now: PersistentNumber
  /** When the first row is due, or earlier; 0: none waits. */
  readonly #firstDue: PersistentNumber
  /** No row is due later. */
  readonly #lastDue: PersistentNumber
  readonly #ask: AskForRelease
  readonly #emit: (row: OrderedRow<unknown>, side: SideAtWork, job: Carrier) => void

  /** @param emit what comes out for a row, made from the carrier of the job */
  constructor(
    context: OperatorContext,
    left: SideAtWork,
    right: SideAtWork,
    emit: (row: OrderedRow<unknown>, side: SideAtWork, job: Carrier) => void,
  ) {
    this.#streamTime = context.streamTime
    this.#sides = [right, left].filter(({ comesAlone }) => comesAlone)
    this.#emit = emit
    this.#now = context.cell(timeCell)
    this.#firstDue = context.cell('first due')
    this.#lastDue = context.cell(lastDueCell)
    context.whenIdle(() => this.closeAll())
    this.#ask = context.release({ next: (max, job) => this.#release(max, job), skip: () => this.#skip() })
  }

  /** Stream time. */
  get now(): number {
    return this.#now.value
  }

  /** Takes the time of a record into account. What it closes comes out before this returns, as far as one turn may. */
  advance(carrier: Carrier): void {
    const { timestamp } = carrier
    if (timestamp <= this.#now.value) return
    this.#now.set(timestamp)
    const firstDue = this.#firstDue.value
    if (firstDue === 0 || timestamp < firstDue) this.#streamTime.advance(timestamp)
    else this.#ask(carrier)
  }

  /** Closes the windows of all rows that wait, when no more records come. */
  closeAll(): void {
    if (this.#firstDue.value === 0) return
    const closesAfterMs = Math.max(...this.#sides.map((side) => side.closesAfterMs))
    this.#now.set(Math.max(sumMs(this.#now.value, closesAfterMs), this.#lastDue.value))
    this.#ask()
  }

  /** Returns false when the window of the row has closed already: it does not wait. */
  wait(row: OrderedRow<unknown>, side: SideAtWork): boolean {
    const due = sumMs(row.at, side.closesAfterMs)
    if (due <= this.#now.value) return false
    side.rows.setDue(row, due)
    const firstDue = this.#firstDue.value
    if (firstDue === 0 || due < firstDue) this.#firstDue.set(due)
    if (due > this.#lastDue.value) this.#lastDue.set(due)
    return true
  }

  #release(max: number, job: Carrier): boolean {
    const rows = this.#dueRows(max)
    for (const { row, side } of rows) {
      // One that an earlier start left, with a shorter grace, is due too early.
      if (this.wait(row, side)) continue
      side.rows.setDue(row, -1)
      this.#emit(row, side, job)
    }
    if (rows.length === max) return true
    this.#settle()
    return false
  }

  /** Everything that was due has come out. */
  #settle(): void {
    const first = Math.min(...this.#sides.map(({ rows }) => rows.firstDue() ?? Infinity))
    this.#firstDue.set(first === Infinity ? 0 : first)
    this.#streamTime.advance(this.#now.value)
  }

  #skip(): SkippedRow {
    const [first] = this.#dueRows(1)
    assert(first !== undefined, 'a row that is passed over is there')
    const { row, side } = first
    side.rows.setDue(row, -1)
    return { timestamp: row.at, key: row.keyBytes.subarray(0, row.keyEnd), value: row.valueBytes }
  }

  #dueRows(max: number): readonly DueRow[] {
    const due = this.#sides.flatMap((side) => side.rows.dueRows(this.#now.value, max).map((row) => ({ row, side })))
    return due.length <= 1 ? due : due.toSorted(inOrder).slice(0, max)
  }
}

/** Stable, so right rows stay before left ones, and rows of one key and time in the order in which they came. */
function inOrder({ row: a, side: ofA }: DueRow, { row: b, side: ofB }: DueRow): number {
  if (a.at !== b.at) return a.at - b.at
  return ofA === ofB ? 0 : ofA.isLeft ? 1 : -1
}
