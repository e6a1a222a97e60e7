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
import type { Codec } from '../core/serde.ts'
import type { SessionWindows } from '../core/windows/session-windows.ts'
import { WindowedCodec } from '../core/windows/windowed.ts'
import type { Carrier } from '../plan/carrier.ts'
import { type OperatorContext, type OperatorFactory, operatorError, type StreamTime } from '../plan/operator.ts'
import { type OrderedRow, type OrderedStore, ordered, type StoreSpec } from '../plan/store.ts'
import { operate } from '../plan/subscriber.ts'
import { FoldSubscriber } from './aggregate.ts'
import { closeWhenIdle } from './closing.ts'
import type { EmitStrategy } from './dsl/windows.ts'
import { FinalResults } from './final-results.ts'
import type { Fold } from './fold.ts'
import { dropLate } from './late.ts'

export function sessionAggregation(
  store: StoreSpec,
  fold: Fold,
  windows: SessionWindows,
  emits: EmitStrategy = 'onWindowUpdate',
): OperatorFactory {
  return (context) => operate((out) => new SessionSubscriber(out, context, store, fold, windows, emits))
}

class SessionSubscriber extends FoldSubscriber {
  readonly #windows: SessionWindows
  readonly #streamTime: StreamTime
  readonly #keyCodec: Codec<unknown>
  readonly #sessions: OrderedStore<unknown, unknown>
  readonly #results: FinalResults | undefined

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    store: StoreSpec,
    fold: Fold,
    windows: SessionWindows,
    emits: EmitStrategy,
  ) {
    super(out, context, store, fold)
    this.#windows = windows
    this.#streamTime = context.streamTime
    this.#keyCodec = new WindowedCodec(store.keyCodec, windows.form) as Codec<unknown>
    this.#sessions = ordered(this.state)
    const results =
      emits === 'onWindowClose'
        ? new FinalResults(out, context, this.state, this.#keyCodec, this.valueCodec, (at) => windows.closeOf(at))
        : undefined
    this.#results = results
    closeWhenIdle(
      context,
      (time) => Math.max(windows.closeOf(time), results?.lastDue ?? 0),
      (now) => results?.releaseUntil(now),
    )
  }

  protected override _next(carrier: Carrier): void {
    if (carrier.isKeyNull) return this.context.drop('null_key', carrier)
    if (carrier.isValueNull) return this.context.drop('null_value', carrier)
    const { timestamp } = carrier
    const now = this.#streamTime.advance(timestamp)
    const joined = this.#near(carrier, now)
    let [start, end] = [timestamp, timestamp]
    for (const { at, number } of joined) {
      start = Math.min(start, number)
      end = Math.max(end, at)
    }
    if (this.#windows.closeOf(end) <= now) return dropLate(this.context, carrier, 1, false)
    const value = this.#valueOf(carrier, joined)
    if (start < end) for (const session of joined) this.#delete(carrier, session)
    this.#put(carrier, start, end, value)
    this.#results?.releaseUntil(now, carrier)
  }

  /** The open sessions that a record joins, in the order of time. */
  #near(carrier: Carrier, now: number): readonly OrderedRow<unknown>[] {
    const { gapMs, graceMs } = this.#windows
    const { timestamp } = carrier
    const near: OrderedRow<unknown>[] = []
    try {
      const range = { key: carrier, fromTime: Math.max(timestamp - gapMs, now - gapMs - graceMs, 0), toTime: now }
      for (const session of this.#sessions.rows(range)) {
        if (session.number > timestamp + gapMs) break
        near.push(session)
      }
    } catch (error) {
      throw operatorError(this.context.operator, error)
    }
    return near
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
    const old = this.wantsOld ? this.oldOf(session) : undefined
    this.state.remove(session)
    this.#emit(carrier, session, null, old)
  }

  #put(carrier: Carrier, start: number, end: number, value: unknown): void {
    const session = this.#sessionOf(carrier, start, end)
    const old = this.wantsOld ? this.oldOf(session) : undefined
    this.put(session, value, end)
    if (value !== null) this.#results?.hold(session, this.#windows.closeOf(end))
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
    if (this.#results !== undefined) return
    const next = carrier.withKeyBytes(this.#keyCodec, session.keyBytes, value, this.valueCodec)
    if (this.wantsOld) next.old = old
    next.headers = noHeaders
    next.timestamp = session.at
    this.out.next(next)
  }
}
