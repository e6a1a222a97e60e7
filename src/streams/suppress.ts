/**
 * suppress: changes wait in a store, by row, until the window closes or a time has passed, and only the newest goes on.
 *
 * Semantics: Kafka Streams'. The first change of a row decides when it is due; later ones take its place. What is due
 * goes on in the order of due times, then of the bytes of the keys, with the timestamp and the headers of its last
 * change. Its old value is what went on before (deviation D15). A window that has no row when it closes is not heard
 * of. Of what waits for a time, deletes go on too, even of a row that came and went in that time.
 *
 * Kafka Streams lets go of rows with each change; here releases do, after the turn, so that each fails alone. The
 * difference would show where one turn changes rows several times. So a change that comes upon a row which the turn has
 * made due, or upon a full buffer, lets go of them first.
 */
import type { Subscriber } from 'rxjs'
import { assert, present } from '../core/assert.ts'
import { MillraceError } from '../core/errors.ts'
import type { Codec } from '../core/serde.ts'
import type { Carrier } from '../plan/carrier.ts'
import {
  type OperatorContext,
  operatorError,
  type OperatorFactory,
  type SkippedRow,
  type StreamTime,
} from '../plan/operator.ts'
import { dueRowsMax } from '../plan/store.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import { decodeBuffered } from './buffered-change.ts'
import { type BufferRow, type BufferSpec, SuppressBuffer } from './suppress-buffer.ts'

export interface Suppression extends BufferSpec {
  /** Whether deletes go on. */
  readonly emitsDeletes: boolean
  readonly whenFull: 'emitEarly' | 'fail'
}

export function suppressing(suppression: Suppression): OperatorFactory {
  return (context) => operate((out) => new SuppressSubscriber(out, context, suppression))
}

class SuppressSubscriber extends CarrierSubscriber {
  readonly #context: OperatorContext
  readonly #suppression: Suppression
  readonly #keyCodec: Codec<unknown>
  readonly #buffer: SuppressBuffer
  readonly #streamTime: StreamTime
  readonly #post: () => void

  constructor(out: Subscriber<Carrier>, context: OperatorContext, suppression: Suppression) {
    super(out)
    this.#context = context
    this.#suppression = suppression
    this.#keyCodec = suppression.store.keyCodec
    this.#buffer = new SuppressBuffer(context, suppression, context.wantsOld || context.isShared(suppression.store))
    this.#streamTime = context.streamTime
    this.#post = context.release({ next: (max, job) => this.#release(max, job), skip: () => this.#skip() })
  }

  protected override _next(change: Carrier): void {
    if (change.isKeyNull) return this.#context.drop('null_key', change)
    const buffer = this.#buffer
    const row = this.#settled(change)
    const now = this.#streamTime.advance(change.timestamp)
    const hadDue = buffer.hasDue(now)
    buffer.hold(row, change)
    // What is due at once, and nothing else is, need not wait for a job.
    if (!hadDue && isDue(row, now)) {
      this.#letGo(row, change)
      buffer.lookAhead()
    }
    if (buffer.hasDue(now)) this.#post()
    else if (buffer.isFull) {
      if (this.#suppression.whenFull === 'fail') throw this.#full()
      this.#post()
    }
  }

  /** The row of a change, once what this turn has yet to let go of is not in its way. */
  #settled(change: Carrier): BufferRow {
    const buffer = this.#buffer
    const { now } = this.#streamTime
    const row = buffer.row(change)
    const isBehind = buffer.hasDue(now) && (isDue(row, now) || this.#suppression.dueOf(change, row) <= now)
    if (!isBehind && !buffer.isFull) return row
    this.#release(dueRowsMax, change)
    const again = buffer.row(change)
    if (isDue(again, now)) this.#letGo(again, change)
    return buffer.row(change)
  }

  /** Lets go of what is due, then of what is too much, at most `max` rows; returns whether there may be more. */
  #release(max: number, job: Carrier): boolean {
    const buffer = this.#buffer
    const { now } = this.#streamTime
    let left = max
    for (const row of buffer.due(now, max)) {
      this.#letGo(row, job)
      left--
    }
    while (left > 0 && buffer.isFull) {
      if (this.#suppression.whenFull === 'fail') throw this.#full()
      const rows = buffer.oldest(left)
      assert(rows.length > 0, 'a full buffer has rows that wait')
      for (const row of rows) this.#letGo(row, job)
      left -= rows.length
    }
    buffer.lookAhead()
    return buffer.hasDue(now) || buffer.isFull
  }

  #letGo(row: BufferRow, from: Carrier): void {
    const taken = this.#buffer.take(row)
    if (taken === undefined) return
    const { value, timestamp, headers, emitted } = taken
    const goesOn = value !== null || this.#suppression.emitsDeletes
    this.#buffer.remember(row, goesOn ? value : emitted)
    if (!goesOn) return
    const { valueCodec } = this.#suppression
    const next = from.withKeyBytes(this.#keyCodec, row.keyBytes, this.#decoded(value), valueCodec)
    next.timestamp = timestamp
    next.headers = headers
    if (this.#context.wantsOld) next.old = this.#decoded(emitted)
    this.out.next(next)
  }

  #decoded(value: Buffer | null): unknown {
    try {
      return decodeBuffered(value, this.#suppression.valueCodec)
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
  }

  #skip(): SkippedRow {
    const [first] = [...this.#buffer.due(this.#streamTime.now, 1), ...this.#buffer.oldest(1)]
    const row = present(first, 'a change that is passed over waits')
    const { value, timestamp, emitted } = present(this.#buffer.take(row), 'a change that is passed over waits')
    this.#buffer.remember(row, emitted)
    this.#buffer.lookAhead()
    return { timestamp, key: row.keyBytes, value }
  }

  #full(): MillraceError {
    const { maxRecords, maxBytes } = this.#suppression
    const { operator, partition } = this.#context
    const limits = [
      ...(Number.isFinite(maxRecords) ? [`maxRecords ${maxRecords}`] : []),
      ...(Number.isFinite(maxBytes) ? [`maxBytes ${maxBytes}`] : []),
    ]
    return new MillraceError(
      'buffer_full',
      `${operator}, partition ${partition}, holds ${this.#buffer.contents}, more than its ${limits.join(' and ')}: raise ` +
        "the limit; or, with untilTimeLimit, whenFull: 'emitEarly' lets the oldest go early",
      { operator, partition },
    )
  }
}

function isDue(row: BufferRow, now: number): boolean {
  return row.exists && row.due >= 0 && row.due <= now
}
