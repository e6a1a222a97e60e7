/**
 * filter and filterNot: which records go on.
 */
import type { Carrier } from '../core/carrier.ts'
import { operatorError, type OperatorFactory } from '../plan/operator.ts'
import type { Predicate } from './dsl.ts'
import { CarrierSubscriber, operate } from './subscriber.ts'
import type { Subscriber } from 'rxjs'

export function filtering<K, V>(predicate: Predicate<K, V>, wanted: boolean): OperatorFactory {
  return ({ operator }) => operate((out) => new FilterSubscriber(out, operator, predicate as Predicate<unknown, unknown>, wanted))
}

class FilterSubscriber extends CarrierSubscriber {
  readonly #operator: string
  readonly #predicate: Predicate<unknown, unknown>
  readonly #wanted: boolean

  constructor(out: Subscriber<Carrier>, operator: string, predicate: Predicate<unknown, unknown>, wanted: boolean) {
    super(out)
    this.#operator = operator
    this.#predicate = predicate
    this.#wanted = wanted
  }

  protected override _next(carrier: Carrier): void {
    let passes: boolean
    try {
      passes = Boolean(this.#predicate(carrier.view()))
    } catch (error) {
      throw operatorError(this.#operator, error)
    }
    if (passes === this.#wanted) this.out.next(carrier)
  }
}
