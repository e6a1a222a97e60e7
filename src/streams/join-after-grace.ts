/**
 * A stream that is joined with a table of versions after a grace: records wait until stream time has passed theirs by
 * it, so that what the table learns late is there, and then meet the row as of their own time.
 *
 * Semantics: Kafka Streams'. What waits comes out in the order of time, then of the encoded keys, with the next record
 * of the stream; the table's changes let go of nothing. A record that is late is joined at once, and so is one with a
 * null key in a left join (deviation D13). Records that are dropped move stream time, unlike elsewhere.
 */
import type { Subscriber } from 'rxjs'
import { assert } from '../core/assert.ts'
import { ByteWriter } from '../core/bytes.ts'
import type { Codec } from '../core/serde.ts'
import { sumMs } from '../core/units.ts'
import type { Carrier } from '../plan/carrier.ts'
import {
  type AskForRelease,
  type OperatorContext,
  operatorError,
  type OperatorFactory,
  type PersistentNumber,
  type SkippedRow,
  type StreamTime,
} from '../plan/operator.ts'
import { type OrderedRow, ordered, type OrderedStore, type StoreSpec } from '../plan/store.ts'
import { queueLayout } from '../plan/store-layout.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import { BufferedChange, BufferedChangeCodec, decodeBuffered } from './buffered-change.ts'
import { closeWhenIdle } from './closing.ts'
import { RowJoin } from './row-join.ts'
import type { Joiner } from './stream-join-operator.ts'
import type { TableRows } from './table-rows.ts'

/** How a join waits. */
export interface Grace {
  readonly graceMs: number
  readonly buffer: StoreSpec
  readonly valueCodec: Codec<unknown>
}

export function graceOf(id: string, graceMs: number, keyCodec: Codec<unknown>, valueCodec: Codec<unknown>): Grace {
  const buffer: StoreSpec = Object.freeze({
    kind: 'buffer',
    name: `${id}.waiting`,
    keyCodec,
    valueCodec: new BufferedChangeCodec(valueCodec) as Codec<unknown>,
    layout: queueLayout(),
    form: undefined,
    facts: {},
  })
  return { graceMs, buffer, valueCodec }
}

export function joiningAfterGrace(grace: Grace, rows: TableRows, joiner: Joiner, comesAlone: boolean): OperatorFactory {
  return (context) =>
    operate((out) => {
      const join = new RowJoin(context, rows, joiner, comesAlone)
      return new GraceSubscriber(out, context, grace, join, comesAlone)
    })
}

type WaitingRow = OrderedRow<BufferedChange>

const scratch = new ByteWriter(1_024)

class GraceSubscriber extends CarrierSubscriber {
  readonly #context: OperatorContext
  readonly #grace: Grace
  readonly #join: RowJoin
  readonly #comesAlone: boolean
  readonly #streamTime: StreamTime
  readonly #waiting: OrderedStore<unknown, BufferedChange>
  /** Tells rows of one key and time apart, in the order in which they came. */
  readonly #rowCount: PersistentNumber
  /** No record that waits is older than this, less 1; 0: none waits. */
  readonly #oldest: PersistentNumber
  readonly #ask: AskForRelease

  constructor(out: Subscriber<Carrier>, context: OperatorContext, grace: Grace, join: RowJoin, comesAlone: boolean) {
    super(out)
    this.#context = context
    this.#grace = grace
    this.#join = join
    this.#comesAlone = comesAlone
    this.#streamTime = context.streamTime
    this.#waiting = ordered(context.state<unknown, BufferedChange>(grace.buffer))
    this.#rowCount = context.cell('rows')
    this.#oldest = context.cell('oldest')
    this.#ask = context.release({ next: (max, job) => this.#release(max, job), skip: () => this.#skip() })
    closeWhenIdle(
      context,
      (now) => (this.#oldest.value === 0 ? now : sumMs(now, grace.graceMs)),
      () => this.#ask(),
    )
  }

  /** Records of this time, and older ones, wait no longer; below 0: all that there are wait. */
  get #dueTime(): number {
    return this.#streamTime.now - this.#grace.graceMs
  }

  protected override _next(carrier: Carrier): void {
    const { isKeyNull, timestamp } = carrier
    this.#streamTime.advance(timestamp)
    if (isKeyNull && !this.#comesAlone) return this.#context.drop('null_key', carrier)
    if (carrier.isValueNull) return this.#context.drop('null_value', carrier)
    if (isKeyNull || timestamp < this.#dueTime) this.#join.emit(carrier, this.out)
    else this.#hold(carrier)
    const oldest = this.#oldest.value
    if (oldest > 0 && oldest - 1 <= this.#dueTime) this.#ask(carrier)
  }

  #hold(carrier: Carrier): void {
    const { timestamp } = carrier
    const number = this.#rowCount.value
    try {
      const row = this.#waiting.newRow(carrier, timestamp, number)
      const held = BufferedChange.waiting(carrier, this.#grace.valueCodec, null, scratch)
      this.#waiting.putTrusted(row, held, timestamp)
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
    this.#rowCount.set(number + 1)
    const oldest = this.#oldest.value
    if (oldest === 0 || timestamp + 1 < oldest) this.#oldest.set(timestamp + 1)
  }

  /** Joins what no longer waits, at most `max` records; returns whether there may be more. */
  #release(max: number, job: Carrier): boolean {
    let left = max
    for (const row of this.#rows(this.#dueTime)) {
      if (left-- === 0) return true
      const carrier = this.#carrierOf(row, job)
      this.#waiting.remove(row)
      this.#join.emit(carrier, this.out)
    }
    this.#lookAhead()
    return false
  }

  #carrierOf(row: WaitingRow, job: Carrier): Carrier {
    const { valueCodec, buffer } = this.#grace
    const { value, headers } = row.value
    const keyBytes = row.keyBytes.subarray(0, row.keyEnd)
    try {
      const carrier = job.withKeyBytes(buffer.keyCodec, keyBytes, decodeBuffered(value, valueCodec), valueCodec)
      carrier.timestamp = row.at
      carrier.headers = headers
      return carrier
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
  }

  #skip(): SkippedRow {
    const [row] = this.#rows(this.#dueTime)
    assert(row !== undefined, 'a record that is passed over waits')
    const { value } = row.value
    this.#waiting.remove(row)
    this.#lookAhead()
    return { timestamp: row.at, key: row.keyBytes.subarray(0, row.keyEnd), value }
  }

  #lookAhead(): void {
    const [first] = this.#rows(Number.MAX_SAFE_INTEGER - 1)
    this.#oldest.set(first === undefined ? 0 : first.at + 1)
  }

  #rows(toTime: number): Iterable<WaitingRow> {
    return this.#waiting.rows({ toTime })
  }
}
