/**
 * Aggregations over sessions. A record joins all open sessions of its key that are no more than the gap away, and
 * itself, into one.
 *
 * Semantics: Kafka Streams without a cache. The sessions that were joined are deleted, each with a change of its own,
 * oldest first; then comes the new one, even when it has the bounds of an old one. Only a session of one moment is
 * changed in place. The timestamp of a change is the end of its session, and it has no headers. On request, only closed
 * sessions are emitted (final-results.ts).
 */
import type { Subscriber } from 'rxjs'
import { noHeaders } from '../core/headers.ts'
import type { SessionWindows } from '../core/windows/session-windows.ts'
import type { Carrier } from '../plan/carrier.ts'
import { type OperatorContext, type OperatorFactory, operatorError } from '../plan/operator.ts'
import { type OrderedRow, type OrderedStore, ordered, type StoreSpec } from '../plan/store.ts'
import { operate } from '../plan/subscriber.ts'
import type { EmitStrategy } from './dsl/windows.ts'
import type { Fold } from './fold.ts'
import { dropLate } from './late.ts'
import { WindowedFoldSubscriber } from './windowed-fold.ts'

export function sessionAggregation(
  store: StoreSpec,
  fold: Fold,
  windows: SessionWindows,
  emits: EmitStrategy = 'onWindowUpdate',
): OperatorFactory {
  return (context) => operate((out) => new SessionSubscriber(out, context, store, fold, windows, emits))
}

class SessionSubscriber extends WindowedFoldSubscriber<SessionWindows> {
  readonly #sessions: OrderedStore<unknown, unknown>

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    store: StoreSpec,
    fold: Fold,
    windows: SessionWindows,
    emits: EmitStrategy,
  ) {
    super(out, context, store, fold, windows, emits)
    this.#sessions = ordered(this.state)
  }

  protected override lastCloseOf(time: number): number {
    return this.windows.closeOf(time)
  }

  protected override take(carrier: Carrier, now: number): void {
    const { timestamp } = carrier
    const joined = this.#near(carrier, now)
    let [start, end] = [timestamp, timestamp]
    for (const { at, number } of joined) {
      start = Math.min(start, number)
      end = Math.max(end, at)
    }
    if (this.windows.closeOf(end) <= now) return dropLate(this.context, carrier, 1, false)
    const value = this.#valueOf(carrier, joined)
    if (start < end) for (const session of joined) this.#delete(carrier, session)
    this.#put(carrier, start, end, value)
  }

  /** The open sessions that a record joins, in the order of time. */
  #near(carrier: Carrier, now: number): readonly OrderedRow<unknown>[] {
    const { gapMs, graceMs } = this.windows
    const { timestamp } = carrier
    const fromTime = Math.max(timestamp - gapMs, now - gapMs - graceMs, 0)
    try {
      return beganUntil(timestamp + gapMs, this.#sessions.rowsOf(carrier, fromTime, now))
    } catch (error) {
      throw operatorError(this.context.operator, error)
    }
  }

  #valueOf(carrier: Carrier, joined: readonly OrderedRow<unknown>[]): unknown {
    const { fold } = this
    try {
      let aggregate: unknown = null
      for (const session of joined) aggregate = fold.merge(carrier, aggregate, session.value)
      return aggregate === null ? fold.first(carrier) : fold.next(carrier, aggregate)
    } catch (error) {
      throw operatorError(this.context.operator, error)
    }
  }

  #delete(carrier: Carrier, session: OrderedRow<unknown>): void {
    const old = this.oldOf(session)
    this.state.remove(session)
    this.#emit(carrier, session, null, old)
  }

  #put(carrier: Carrier, start: number, end: number, value: unknown): void {
    const session = this.#sessionOf(carrier, start, end)
    const old = this.oldOf(session)
    this.put(session, value, end)
    if (value !== null) this.results?.hold(session, this.windows.closeOf(end))
    this.#emit(carrier, session, value, old)
  }

  #sessionOf(carrier: Carrier, start: number, end: number): OrderedRow<unknown> {
    try {
      return this.#sessions.row(carrier, end, start)
    } catch (error) {
      throw operatorError(this.context.operator, error)
    }
  }

  #emit(carrier: Carrier, session: OrderedRow<unknown>, value: unknown, old: unknown): void {
    if (this.results !== undefined) return
    const next = carrier.withKeyOf(this.keyCodec, session, value, this.valueCodec)
    if (old !== undefined) next.old = old
    next.headers = noHeaders
    next.timestamp = session.at
    this.out.next(next)
  }
}

/** Those that began at this time at the latest: nearly always all of them. */
function beganUntil(time: number, sessions: readonly OrderedRow<unknown>[]): readonly OrderedRow<unknown>[] {
  for (const { number } of sessions) if (number > time) return sessions.filter((session) => session.number <= time)
  return sessions
}
