/**
 * A table's filter, filterNot, mapValues and transformValues with a store: what comes of each row is kept, so that it
 * can be queried, and so that its old value is read there instead of being made again.
 *
 * Semantics: Kafka Streams'. Where old values are known, a row that a filter let pass neither before nor now is no
 * change, as in a filter without a store. The others pass every change on.
 */
import type { Subscriber } from 'rxjs'
import type { Carrier } from '../plan/carrier.ts'
import type { OperatorContext, OperatorFactory } from '../plan/operator.ts'
import { operatorError } from '../plan/operator.ts'
import { oldValueOf, type Store, type StoreSpec } from '../plan/store.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import type { DerivedRow } from './table-rows.ts'

/** Makes, for one partition, what says the value of a row after a change; null is no row. */
export type Deriving = (context: OperatorContext) => (carrier: Carrier) => unknown

/** Of a verb whose function is not called for deletes. */
export function byRow(derive: DerivedRow): Deriving {
  return () => (carrier) => (carrier.isValueNull ? null : derive(carrier.view()))
}

/** @param leavesOut whether a row that was not kept and is not now is no change, where old values are known */
export function keepingDerived(store: StoreSpec, deriving: Deriving, leavesOut: boolean): OperatorFactory {
  return (context) => operate((out) => new KeptRowsSubscriber(out, context, store, deriving(context), leavesOut))
}

class KeptRowsSubscriber extends CarrierSubscriber {
  readonly #operator: string
  readonly #wantsOld: boolean
  readonly #store: StoreSpec
  readonly #state: Store<unknown, unknown>
  readonly #derive: (carrier: Carrier) => unknown
  readonly #leavesOut: boolean

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    store: StoreSpec,
    derive: (carrier: Carrier) => unknown,
    leavesOut: boolean,
  ) {
    super(out)
    this.#operator = context.operator
    this.#wantsOld = context.wantsOld
    this.#store = store
    this.#state = context.state(store)
    this.#derive = derive
    this.#leavesOut = leavesOut && context.wantsOld
  }

  protected override _next(carrier: Carrier): void {
    let next: Carrier
    try {
      const value = this.#derive(carrier)
      const row = this.#state.row(carrier)
      if (value === null && !row.exists && this.#leavesOut) return
      const old = oldValueOf(row, this.#wantsOld)
      if (value === null) this.#state.remove(row)
      else this.#state.put(row, value, carrier.timestamp)
      next = carrier.withChange(value, old, this.#store.valueCodec)
    } catch (error) {
      throw operatorError(this.#operator, error)
    }
    this.out.next(next)
  }
}
