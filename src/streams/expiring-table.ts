/**
 * A table whose rows expire: the newest value of each key, for some time after its timestamp, by the stream time of the
 * table.
 *
 * A row is due at its timestamp plus that time. It goes on as a delete with the time at which it was due, before the
 * record that moved stream time is handled; more rows than one job may release follow in jobs. An update that is due
 * when it comes is dropped (`expired`). No time passes where no records come.
 */
import type { Subscriber } from 'rxjs'
import { present } from '../core/assert.ts'
import { noHeaders } from '../core/headers.ts'
import { sumMs } from '../core/units.ts'
import type { Carrier } from '../plan/carrier.ts'
import {
  type AskForRelease,
  type OperatorContext,
  operatorError,
  type OperatorFactory,
  type PersistentNumber,
  type SkippedRow,
} from '../plan/operator.ts'
import { oldValueOf, ordered, type OrderedRow, type OrderedStore, type StoreSpec } from '../plan/store.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'

/** The last time that there is: a row that is due then is never due. */
const endOfTime = Number.MAX_SAFE_INTEGER

export function keepingFreshRows(store: StoreSpec, ttlMs: number): OperatorFactory {
  return (context) => operate((out) => new ExpiringTableSubscriber(out, context, store, ttlMs))
}

class ExpiringTableSubscriber extends CarrierSubscriber {
  readonly #context: OperatorContext
  readonly #store: StoreSpec
  readonly #ttlMs: number
  readonly #state: OrderedStore<unknown, unknown>
  /** No row is due before this, less 1; 0 where no row is due at all. */
  readonly #firstDue: PersistentNumber
  readonly #ask: AskForRelease

  constructor(out: Subscriber<Carrier>, context: OperatorContext, store: StoreSpec, ttlMs: number) {
    super(out)
    this.#context = context
    this.#store = store
    this.#ttlMs = ttlMs
    this.#state = ordered(context.state(store))
    this.#firstDue = context.cell('first due')
    this.#ask = context.release({ next: (max, job) => this.#release(max, job), skip: () => this.#skip() })
  }

  protected override _next(carrier: Carrier): void {
    if (carrier.isKeyNull) return this.#context.drop('null_key', carrier)
    const { timestamp } = carrier
    const { streamTime } = this.#context
    const due = sumMs(timestamp, this.#ttlMs)
    if (due <= streamTime.now) return this.#context.drop('expired', carrier)
    const now = streamTime.advance(timestamp)
    const first = this.#firstDue.value
    if (first > 0 && first - 1 <= now) this.#ask(carrier)
    this.out.next(this.#changeOf(carrier, this.#currentRow(carrier, now), due))
  }

  /** Where more rows are due than one job releases, that of the record goes before the record all the same. */
  #currentRow(carrier: Carrier, now: number): OrderedRow<unknown> {
    let row: OrderedRow<unknown>
    try {
      row = this.#state.row(carrier)
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
    if (!row.exists || row.due < 0 || row.due > now) return row
    this.#expire(row, carrier)
    return this.#state.row(carrier)
  }

  #changeOf(carrier: Carrier, row: OrderedRow<unknown>, due: number): Carrier {
    const { wantsOld } = this.#context
    // A null of the log that its serde does not allow is a delete here, so whatever follows gets a null that was made.
    const isDelete = carrier.isValueNull
    const change = isDelete ? carrier.withValue<unknown>(null, undefined) : carrier
    try {
      const old = wantsOld || isDelete ? oldValueOf(row, wantsOld) : undefined
      if (isDelete) this.#state.remove(row)
      else {
        this.#state.put(row, carrier.value, carrier.timestamp)
        this.#hold(row, due)
      }
      return old !== undefined || change.isOlderVersion ? change.withOld(old) : change
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
  }

  #hold(row: OrderedRow<unknown>, due: number): void {
    if (due >= endOfTime) return this.#state.setDue(row, -1)
    this.#state.setDue(row, due)
    const first = this.#firstDue.value
    if (first === 0 || due + 1 < first) this.#firstDue.set(due + 1)
  }

  #release(max: number, job: Carrier): boolean {
    const rows = this.#state.dueRows(this.#context.streamTime.now, max)
    for (const row of rows) this.#expire(row, job)
    if (rows.length === max) return true
    const following = this.#state.firstDue()
    this.#firstDue.set(following === undefined ? 0 : following + 1)
    return false
  }

  /** Whether it comes in the turn of a record or later, it has no headers: they are those of another record. */
  #expire(row: OrderedRow<unknown>, job: Carrier): void {
    const gone = job.withKeyBytes<unknown, unknown>(this.#store.keyCodec, row.keyBytes, null, undefined)
    gone.timestamp = row.due
    gone.headers = noHeaders
    if (this.#context.wantsOld) gone.old = row.value
    this.#state.remove(row)
    this.out.next(gone)
  }

  #skip(): SkippedRow {
    const [first] = this.#state.dueRows(this.#context.streamTime.now, 1)
    const row = present(first, 'a row that is passed over is due')
    const skipped = { timestamp: row.due, key: row.keyBytes, value: row.valueBytes }
    this.#state.remove(row)
    return skipped
  }
}
