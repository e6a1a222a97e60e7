/**
 * A table's filter, filterNot and mapValues with a store: what comes of each row is kept, so that it can be queried,
 * and so that its old value is read there instead of being made again.
 *
 * Semantics: Kafka Streams'. A filter that keeps its rows deletes only those that it has: one that did not pass before
 * and does not pass now is no change. A mapValues passes every change on.
 */
import type { Subscriber } from 'rxjs'
import type { Carrier } from '../plan/carrier.ts'
import type { OperatorContext, OperatorFactory } from '../plan/operator.ts'
import { operatorError } from '../plan/operator.ts'
import type { Store, StoreSpec } from '../plan/store.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import type { DerivedRow } from './table-rows.ts'

/** @param passesDeletes whether the delete of a row that is not kept goes on */
export function keepingDerived(store: StoreSpec, derive: DerivedRow, passesDeletes: boolean): OperatorFactory {
  return (context) => operate((out) => new KeptRowsSubscriber(out, context, store, derive, passesDeletes))
}

class KeptRowsSubscriber extends CarrierSubscriber {
  readonly #operator: string
  readonly #wantsOld: boolean
  readonly #store: StoreSpec
  readonly #state: Store<unknown, unknown>
  readonly #derive: DerivedRow
  readonly #passesDeletes: boolean

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    store: StoreSpec,
    derive: DerivedRow,
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
      const value = carrier.isValueNull ? null : this.#derive(carrier.view())
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
