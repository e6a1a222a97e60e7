/**
 * A table's filter, filterNot, mapValues and transformValues with a store: what comes of each row is kept, so that it
 * can be queried, and so that its old value is read there instead of being made again.
 *
 * Semantics: Kafka Streams'. A filter that keeps its rows deletes only those that it has: one that did not pass before
 * and does not pass now is no change. The others pass every change on.
 */
import type { Subscriber } from 'rxjs'
import type { Carrier } from '../plan/carrier.ts'
import type { OperatorContext, OperatorFactory } from '../plan/operator.ts'
import { operatorError } from '../plan/operator.ts'
import type { Store, StoreSpec } from '../plan/store.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import type { DerivedRow } from './table-rows.ts'

/** Makes, for one partition, what says the value of a row after a change; null is no row. */
export type Deriving = (context: OperatorContext) => (carrier: Carrier) => unknown

/** Of a verb whose function is not called for deletes. */
export function byRow(derive: DerivedRow): Deriving {
  return () => (carrier) => (carrier.isValueNull ? null : derive(carrier.view()))
}

/** @param passesDeletes whether the delete of a row that is not kept goes on */
export function keepingDerived(store: StoreSpec, deriving: Deriving, passesDeletes: boolean): OperatorFactory {
  return (context) => operate((out) => new KeptRowsSubscriber(out, context, store, deriving(context), passesDeletes))
}

class KeptRowsSubscriber extends CarrierSubscriber {
  readonly #operator: string
  readonly #wantsOld: boolean
  readonly #store: StoreSpec
  readonly #state: Store<unknown, unknown>
  readonly #derive: (carrier: Carrier) => unknown
  readonly #passesDeletes: boolean

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    store: StoreSpec,
    derive: (carrier: Carrier) => unknown,
    passesDeletes: boolean,
  ) {
    super(out)
    this.#operator = context.operator
    this.#wantsOld = context.wantsOld
    this.#store = store
    this.#state = context.state(store)
    this.#derive = derive
    this.#passesDeletes = passesDeletes
  }

  protected override _next(carrier: Carrier): void {
    let next: Carrier
    try {
      const value = this.#derive(carrier)
      const row = this.#state.row(carrier)
      if (value === null && !row.exists && !this.#passesDeletes) return
      const old = this.#wantsOld && row.exists ? row.value : null
      if (value === null) this.#state.remove(row)
      else this.#state.put(row, value, carrier.timestamp)
      const { valueCodec } = this.#store
      next = this.#wantsOld ? carrier.withChange(value, old, valueCodec) : carrier.withValue(value, valueCodec)
    } catch (error) {
      throw operatorError(this.#operator, error)
    }
    this.out.next(next)
  }
}
