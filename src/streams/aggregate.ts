/**
 * The aggregation without windows, and what all aggregations have in common.
 *
 * Semantics: Kafka Streams without a cache. Every update is emitted with the larger of the record's and the row's
 * timestamp; null keys and values are dropped; a null result deletes the row.
 */
import type { Subscriber } from 'rxjs'
import type { Carrier } from '../plan/carrier.ts'
import type { Codec } from '../core/serde.ts'
import { type OperatorContext, type OperatorFactory, operatorError } from '../plan/operator.ts'
import { oldValueOf, type Row, type Store, type StoreSpec } from '../plan/store.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import type { Fold } from './fold.ts'

export function aggregation(store: StoreSpec, fold: Fold): OperatorFactory {
  return (context) => operate((out) => new AggregateSubscriber(out, context, store, fold))
}

export abstract class FoldSubscriber extends CarrierSubscriber {
  protected readonly context: OperatorContext
  protected readonly state: Store<unknown, unknown>
  protected readonly valueCodec: Codec<unknown>
  protected readonly wantsOld: boolean
  protected readonly fold: Fold

  constructor(out: Subscriber<Carrier>, context: OperatorContext, store: StoreSpec, fold: Fold) {
    super(out)
    this.context = context
    this.state = context.state(store)
    this.valueCodec = store.valueCodec
    this.wantsOld = context.wantsOld
    this.fold = fold
  }

  /**
   * What the next change of a row replaces; undefined: that is not asked for. Of a mutable value it is a copy that no
   * aggregator gets to change.
   */
  protected oldOf(row: Row<unknown>, isAsked: boolean = this.wantsOld): unknown {
    try {
      return oldValueOf(row, isAsked)
    } catch (error) {
      throw operatorError(this.context.operator, error)
    }
  }

  /** Brings the carrier's row up to date and returns its new value. */
  protected update(carrier: Carrier, row: Row<unknown>, timestamp: number): unknown {
    const { fold } = this
    let value: unknown
    try {
      value = row.exists ? fold.next(carrier, row.value) : fold.first(carrier)
    } catch (error) {
      throw operatorError(this.context.operator, error)
    }
    this.put(row, value, timestamp)
    return value
  }

  /** Gives a row its new value; null deletes it. */
  protected put(row: Row<unknown>, value: unknown, timestamp: number): void {
    try {
      if (value === null) this.state.remove(row)
      else if (this.fold.trusted) this.state.putTrusted(row, value, timestamp)
      else this.state.put(row, value, timestamp)
    } catch (error) {
      throw operatorError(this.context.operator, error)
    }
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
    const old = this.oldOf(row)
    const value = this.update(carrier, row, timestamp)
    const next = carrier.withChange(value, old, this.valueCodec)
    next.timestamp = timestamp
    this.out.next(next)
  }
}
