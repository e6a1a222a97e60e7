/**
 * count, reduce and aggregate, with and without windows: one body for all of them.
 *
 * Semantics: Kafka Streams without a cache. Every update is emitted with the larger of the record's and the row's
 * timestamp; null keys and values are dropped; a null result deletes the row. A window is closed when stream time
 * reaches its end plus the grace, and records for it are late.
 */
import type { Subscriber } from 'rxjs'
import type { Carrier } from '../plan/carrier.ts'
import { MillraceError } from '../core/errors.ts'
import type { Codec } from '../core/serde.ts'
import { WindowedCodec } from '../core/windows/windowed.ts'
import { type OperatorContext, type OperatorFactory, operatorError, type StreamTime } from '../plan/operator.ts'
import type { Row, Store, StoreSpec, WindowSpec } from '../plan/store.ts'
import { refusePromise } from './answers.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'

/** How a record changes the value of its row. Not called for a record without key or value. */
export interface Fold {
  /** The value for the first record of a row; null leaves the row out. */
  first(carrier: Carrier): unknown
  /** The value for a later record; null deletes the row. */
  next(carrier: Carrier, aggregate: unknown): unknown
  /** Whether every value is known to fit its serde, so that encoding can wait for the commit. */
  readonly trusted: boolean
}

export const counting: Fold = {
  first: () => 1,
  next: (_, count) => (count as number) + 1,
  trusted: true,
}

export function reducing(reducer: (aggregate: unknown, value: unknown) => unknown): Fold {
  return {
    first: (carrier) => carrier.value,
    next: (carrier, aggregate) => judged('the function of reduce', reducer(aggregate, carrier.value)),
    trusted: false,
  }
}

export function aggregating(
  initializer: () => unknown,
  aggregator: (key: unknown, value: unknown, aggregate: unknown) => unknown,
): Fold {
  const next = (carrier: Carrier, aggregate: unknown): unknown =>
    judged('the aggregator of aggregate', aggregator(carrier.key, carrier.value, aggregate))
  return {
    first: (carrier) => next(carrier, judged('the initializer of aggregate', initializer())),
    next,
    trusted: false,
  }
}

/** @throws MillraceError `bad_record` */
function judged(what: string, answer: unknown): unknown {
  if (answer === undefined)
    throw new MillraceError('bad_record', `${what} returned undefined; expected a value, or null for no row`)
  refusePromise(what, answer)
  return answer
}

export function aggregation(store: StoreSpec, fold: Fold): OperatorFactory {
  const { window } = store
  return (context) =>
    operate((out) =>
      window === undefined
        ? new AggregateSubscriber(out, context, store, fold)
        : new WindowedAggregateSubscriber(out, context, store, fold, window),
    )
}

abstract class FoldSubscriber extends CarrierSubscriber {
  protected readonly context: OperatorContext
  protected readonly state: Store<unknown, unknown>
  protected readonly valueCodec: Codec<unknown>
  protected readonly wantsOld: boolean
  readonly #fold: Fold

  constructor(out: Subscriber<Carrier>, context: OperatorContext, store: StoreSpec, fold: Fold) {
    super(out)
    this.context = context
    this.state = context.state(store)
    this.valueCodec = store.valueCodec
    this.wantsOld = context.wantsOld
    this.#fold = fold
  }

  /** What the next change of a row replaces. Of a mutable value it is a copy that no aggregator gets to change. */
  protected oldOf(row: Row<unknown>): unknown {
    try {
      return row.exists ? row.value : null
    } catch (error) {
      throw operatorError(this.context.operator, error)
    }
  }

  /** Brings the carrier's row up to date and returns its new value. */
  protected update(carrier: Carrier, row: Row<unknown>, timestamp: number): unknown {
    const fold = this.#fold
    let value: unknown
    try {
      value = row.exists ? fold.next(carrier, row.value) : fold.first(carrier)
      if (value === null) this.state.remove(row)
      else if (fold.trusted) this.state.putTrusted(row, value, timestamp)
      else this.state.put(row, value, timestamp)
    } catch (error) {
      throw operatorError(this.context.operator, error)
    }
    return value
  }

  protected rowOf(windowStart: number, carrier: Carrier): Row<unknown> {
    try {
      return this.state.row(carrier, windowStart)
    } catch (error) {
      throw operatorError(this.context.operator, error)
    }
  }
}

class AggregateSubscriber extends FoldSubscriber {
  protected override _next(carrier: Carrier): void {
    if (carrier.isKeyNull) return this.context.drop('null_key', carrier)
    if (carrier.isValueNull) return this.context.drop('null_value', carrier)
    const row = this.rowOf(0, carrier)
    const timestamp = row.exists && row.timestamp > carrier.timestamp ? row.timestamp : carrier.timestamp
    const old = this.wantsOld ? this.oldOf(row) : undefined
    const value = this.update(carrier, row, timestamp)
    const next = this.wantsOld
      ? carrier.withChange(value, old, this.valueCodec)
      : carrier.withValue(value, this.valueCodec)
    next.timestamp = timestamp
    this.out.next(next)
  }
}

class WindowedAggregateSubscriber extends FoldSubscriber {
  readonly #window: WindowSpec
  readonly #streamTime: StreamTime
  readonly #keyCodec: Codec<unknown>

  constructor(out: Subscriber<Carrier>, context: OperatorContext, store: StoreSpec, fold: Fold, window: WindowSpec) {
    super(out, context, store, fold)
    this.#window = window
    this.#streamTime = context.streamTime
    this.#keyCodec = new WindowedCodec(store.keyCodec, window.sizeMs) as Codec<unknown>
  }

  protected override _next(carrier: Carrier): void {
    if (carrier.isKeyNull) return this.context.drop('null_key', carrier)
    if (carrier.isValueNull) return this.context.drop('null_value', carrier)
    const { sizeMs, advanceMs, graceMs } = this.#window
    const { timestamp } = carrier
    const closedUntil = this.#streamTime.advance(timestamp) - graceMs
    // The first window that holds the timestamp and does not start below 0; all of them in order of their starts.
    const earliest = timestamp - sizeMs + advanceMs
    for (let start = earliest <= 0 ? 0 : earliest - (earliest % advanceMs); start <= timestamp; start += advanceMs) {
      if (start + sizeMs <= closedUntil) this.context.drop('late', carrier)
      else this.#updateWindow(carrier, start)
    }
  }

  #updateWindow(carrier: Carrier, start: number): void {
    const row = this.rowOf(start, carrier)
    const timestamp = row.exists && row.timestamp > carrier.timestamp ? row.timestamp : carrier.timestamp
    const old = this.wantsOld ? this.oldOf(row) : undefined
    const value = this.update(carrier, row, timestamp)
    const next = carrier.withKeyBytes(this.#keyCodec, row.keyBytes, value, this.valueCodec)
    if (this.wantsOld) next.old = old
    next.timestamp = timestamp
    this.out.next(next)
  }
}
