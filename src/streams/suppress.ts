/**
 * suppress: changes wait in a store, by row, until the window closes or a time has passed, and only the newest goes on.
 *
 * Semantics: Kafka Streams'. The first change of a row decides when it is due; later ones take its place. What is due
 * goes on in the order of due times, then of the bytes of the keys, with the timestamp and the headers of its last
 * change. Its old value is what went on before (deviation D15). A window that has no row when it closes is not heard
 * of. Of what waits for a time, deletes go on too, even of a row that came and went in that time.
 *
 * Rows leave in the turn of the change that made them due, or too many; so the next change of a row waits for itself.
 */
import type { Subscriber } from 'rxjs'
import { assert, present } from '../core/assert.ts'
import { MillraceError } from '../core/errors.ts'
import type { Codec } from '../core/serde.ts'
import type { Carrier } from '../plan/carrier.ts'
import {
  type AskForRelease,
  type OperatorContext,
  operatorError,
  type OperatorFactory,
  type SkippedRow,
  type StreamTime,
} from '../plan/operator.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import { decodeBuffered } from './buffered-change.ts'
import { closeWhenIdle } from './closing.ts'
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
  readonly #ask: AskForRelease

  constructor(out: Subscriber<Carrier>, context: OperatorContext, suppression: Suppression) {
    super(out)
    this.#context = context
    this.#suppression = suppression
    this.#keyCodec = suppression.store.keyCodec
    this.#buffer = new SuppressBuffer(context, suppression, context.wantsOld || context.isShared(suppression.store))
    this.#streamTime = context.streamTime
    this.#ask = context.release({ next: (max, job) => this.#release(max, job), skip: () => this.#skip() })
    closeWhenIdle(
      context,
      (time) => this.#buffer.lastDue(time),
      () => this.#ask(),
    )
  }

  protected override _next(change: Carrier): void {
    if (change.isKeyNull) return this.#context.drop('null_key', change)
    const buffer = this.#buffer
    buffer.hold(buffer.row(change), change)
    const now = this.#streamTime.advance(change.timestamp)
    if (buffer.hasDue(now) || buffer.isFull) this.#ask(change)
  }

  /** Lets go of what is due, then of what is too much, at most `max` rows; returns whether there may be more. */
  #release(max: number, job: Carrier): boolean {
    const buffer = this.#buffer
    const { now } = this.#streamTime
    let left = max
    for (const row of buffer.due(now, max)) {
      if (!buffer.waitsLonger(row, now)) this.#letGo(row, job)
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
    // A join leaves it out where the other side has nothing either.
    else if (value === null && emitted === null && this.#buffer.remembers) next.old = null
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
