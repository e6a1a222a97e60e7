/**
 * What makes a table of records: `builder.table` and `toTable`. Each record is the newest value of its key, and a null
 * value deletes the row.
 *
 * Semantics: Kafka Streams'. The newest is the one that came last, whatever its timestamp. A delete of a row that is
 * not there is a change too. A record without a key is dropped.
 */
import type { Subscriber } from 'rxjs'
import type { Codec } from '../core/serde.ts'
import type { Carrier } from '../plan/carrier.ts'
import { type OperatorContext, operatorError, type OperatorFactory } from '../plan/operator.ts'
import { oldValueOf, type Store, type StoreSpec } from '../plan/store.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'

export function keepingRows(store: StoreSpec): OperatorFactory {
  return (context) => operate((out) => new TableSubscriber(out, context, store))
}

class TableSubscriber extends CarrierSubscriber {
  readonly #context: OperatorContext
  readonly #state: Store<unknown, unknown>
  readonly #valueCodec: Codec<unknown>
  readonly #wantsOld: boolean

  constructor(out: Subscriber<Carrier>, context: OperatorContext, store: StoreSpec) {
    super(out)
    this.#context = context
    this.#state = context.state(store)
    this.#valueCodec = store.valueCodec
    this.#wantsOld = context.wantsOld
  }

  protected override _next(carrier: Carrier): void {
    if (carrier.isKeyNull) return this.#context.drop('null_key', carrier)
    // A null of the log that its serde does not allow is a delete here, so whatever follows gets a null that was made.
    const isDelete = carrier.isValueNull
    const change = isDelete ? carrier.withValue<unknown>(null, undefined) : carrier
    let old: unknown
    try {
      const row = this.#state.row(carrier)
      if (this.#wantsOld || isDelete) old = oldValueOf(row, this.#wantsOld)
      if (isDelete) this.#state.remove(row)
      else if (carrier.hasValueOf(this.#valueCodec)) this.#state.putTrusted(row, carrier.value, carrier.timestamp)
      else this.#state.put(row, carrier.value, carrier.timestamp)
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
    // An older version of another table, which became a record, is the newest one here.
    this.out.next(old !== undefined || change.isOlderVersion ? change.withOld(old) : change)
  }
}
