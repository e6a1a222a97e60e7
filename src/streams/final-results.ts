/**
 * Emit on close: the result of a window comes once, when the window closes, instead of with every record.
 *
 * Each row is due at the stream time that closes its window. Releases let go of what is closed, a bounded number at a
 * time. The rows stay for queries, until they expire; expiry waits for the release, so a jump in time loses no result.
 */
import type { Subscriber } from 'rxjs'
import { present } from '../core/assert.ts'
import type { Codec } from '../core/serde.ts'
import type { Carrier } from '../plan/carrier.ts'
import {
  type AskForRelease,
  lastDueCell,
  type OperatorContext,
  type PersistentNumber,
  type Release,
  type SkippedRow,
} from '../plan/operator.ts'
import { type OrderedRow, type OrderedStore, ordered, type Row, type Store } from '../plan/store.ts'

/** The last time that there is: a window that closes later never does. */
const lastTime = Number.MAX_SAFE_INTEGER

export class FinalResults implements Release {
  readonly #out: Subscriber<Carrier>
  readonly #context: OperatorContext
  readonly #state: OrderedStore<unknown, unknown>
  readonly #keyCodec: Codec<unknown>
  readonly #valueCodec: Codec<unknown>
  /** No row is due before this, less 1; 0 where no row is due at all. */
  readonly #firstDue: PersistentNumber
  /** No row is due later. */
  readonly #lastDue: PersistentNumber
  /** When the window of a row closes. A row that an earlier start left, with a shorter grace, is due too early. */
  readonly #closeOf: (at: number) => number
  readonly #ask: AskForRelease

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    state: Store<unknown, unknown>,
    keyCodec: Codec<unknown>,
    valueCodec: Codec<unknown>,
    closeOf: (at: number) => number,
  ) {
    this.#out = out
    this.#context = context
    this.#state = ordered(state)
    this.#keyCodec = keyCodec
    this.#valueCodec = valueCodec
    this.#closeOf = closeOf
    this.#firstDue = context.cell('first due')
    this.#lastDue = context.cell(lastDueCell)
    this.#ask = context.release(this)
  }

  /** The row of an open window has a value: it is emitted at the stream time that closes the window. */
  hold(row: Row<unknown>, due: number): void {
    if (due > lastTime || (row as OrderedRow<unknown>).due === due) return
    this.#state.setDue(row as OrderedRow<unknown>, due)
    const first = this.#firstDue.value
    if (first === 0 || due + 1 < first) this.#firstDue.set(due + 1)
    if (due > this.#lastDue.value) this.#lastDue.set(due)
  }

  /** When the last row is due, or later. */
  get lastDue(): number {
    return this.#lastDue.value
  }

  /**
   * After each record that may have moved stream time: what it closes comes out before this returns, with its headers,
   * as far as one job may. The rest, and what no record closes, comes without headers.
   */
  releaseUntil(streamTime: number, record?: Carrier): void {
    const first = this.#firstDue.value
    if (first > 0 && first - 1 <= streamTime) this.#ask(record)
    else this.#context.releasedTime.advance(streamTime)
  }

  next(max: number, job: Carrier): boolean {
    const { now } = this.#context.streamTime
    const rows = this.#state.dueRows(now, max)
    for (const row of rows) {
      const close = this.#closeOf(row.at)
      this.#state.setDue(row, -1)
      if (close > now) {
        this.hold(row, close)
        continue
      }
      this.#out.next(this.#result(row, job))
    }
    if (rows.length === max) return true
    const following = this.#state.firstDue()
    this.#firstDue.set(following === undefined ? 0 : following + 1)
    this.#context.releasedTime.advance(now)
    return false
  }

  #result(row: OrderedRow<unknown>, job: Carrier): Carrier {
    const result = job.withKeyOf(this.#keyCodec, row, row.value, this.#valueCodec)
    // Nothing of the window was emitted before.
    if (this.#context.wantsOld) result.old = null
    result.timestamp = row.timestamp
    return result
  }

  skip(): SkippedRow {
    const [first] = this.#state.dueRows(this.#context.streamTime.now, 1)
    const row = present(first, 'a result that is passed over is due')
    this.#state.setDue(row, -1)
    // As it is stored: that it no longer decodes may be what is wrong with it.
    return { timestamp: row.timestamp, key: row.keyBytes, value: row.valueBytes }
  }
}
