/**
 * count, reduce and aggregate of a grouped table: a row that changes takes its old value out of the aggregate of its
 * group, then puts its new one in.
 *
 * Semantics: Kafka Streams'. An old value is taken out only of an aggregate that is there. A null aggregate deletes the
 * group; the next row that joins it begins a new one, within one change too. A count of 0 stays. Every change is
 * emitted, with the larger of its own timestamp and the group's.
 */
import type { Subscriber } from 'rxjs'
import type { Codec } from '../core/serde.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { OldValues } from '../plan/node.ts'
import { type OperatorContext, type OperatorFactory, operatorError } from '../plan/operator.ts'
import { oldValueOf, type Row, type Store, type StoreSpec } from '../plan/store.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import { judged } from './fold.ts'

/** How a row changes the aggregate of its group. Null is no aggregate. */
export interface RowFold {
  /** With one more value in it; null comes in where there is none yet. */
  add(key: unknown, value: unknown, aggregate: unknown): unknown
  /** Without a value; not called where there is no aggregate. */
  remove(key: unknown, value: unknown, aggregate: unknown): unknown
}

export const countingRows: RowFold = {
  add: (_key, _value, count) => ((count as number | null) ?? 0) + 1,
  remove: (_key, _value, count) => (count as number) - 1,
}

export function reducingRows(
  adder: (aggregate: unknown, value: unknown) => unknown,
  subtractor: (aggregate: unknown, value: unknown) => unknown,
): RowFold {
  return {
    add: (_key, value, aggregate) =>
      aggregate === null ? value : judged('the adder of reduce', adder(aggregate, value)),
    remove: (_key, value, aggregate) => judged('the subtractor of reduce', subtractor(aggregate, value)),
  }
}

type Aggregator = (key: unknown, value: unknown, aggregate: unknown) => unknown

export function aggregatingRows(initializer: () => unknown, aggregator: Aggregator, subtractor: Aggregator): RowFold {
  return {
    add(key, value, aggregate) {
      const before = aggregate ?? judged('the initializer of aggregate', initializer())
      return judged('the aggregator of aggregate', aggregator(key, value, before))
    },
    remove: (key, value, aggregate) => judged('the subtractor of aggregate', subtractor(key, value, aggregate)),
  }
}

/** It reads the old values of changes, and has its own to give. */
export const ofRowAggregates: OldValues = Object.freeze({ needed: true, from: 'state' })

export function aggregationOfRows(store: StoreSpec, fold: RowFold): OperatorFactory {
  return (context) => operate((out) => new RowAggregateSubscriber(out, context, store, fold))
}

class RowAggregateSubscriber extends CarrierSubscriber {
  readonly #context: OperatorContext
  readonly #state: Store<unknown, unknown>
  readonly #valueCodec: Codec<unknown>
  readonly #wantsOld: boolean
  readonly #fold: RowFold

  constructor(out: Subscriber<Carrier>, context: OperatorContext, store: StoreSpec, fold: RowFold) {
    super(out)
    this.#context = context
    this.#state = context.state(store)
    this.#valueCodec = store.valueCodec
    this.#wantsOld = context.wantsOld
    this.#fold = fold
  }

  protected override _next(carrier: Carrier): void {
    let next: Carrier
    try {
      const row = this.#state.row(carrier)
      const timestamp = row.exists && row.timestamp > carrier.timestamp ? row.timestamp : carrier.timestamp
      // A copy of its own, because the functions may change the aggregate that they are given.
      const old = oldValueOf(row, this.#wantsOld)
      const value = this.#folded(carrier, row)
      if (value === null) this.#state.remove(row)
      else this.#state.put(row, value, timestamp)
      next = carrier.withChange(value, old, this.#valueCodec)
      next.timestamp = timestamp
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
    this.out.next(next)
  }

  #folded(carrier: Carrier, row: Row<unknown>): unknown {
    const { key, old } = carrier
    let aggregate: unknown = row.exists ? row.value : null
    if (aggregate !== null && old !== null) aggregate = this.#fold.remove(key, old, aggregate)
    return carrier.isValueNull ? aggregate : this.#fold.add(key, carrier.value, aggregate)
  }
}
