/**
 * peek and foreach: look at every record.
 */
import type { Subscriber } from 'rxjs'
import type { Carrier } from '../core/carrier.ts'
import type { StreamRecord } from '../core/record.ts'
import { operatorError, type OperatorFactory } from '../plan/operator.ts'
import { CarrierSubscriber, operate } from './subscriber.ts'

type Action = (record: StreamRecord<unknown, unknown>) => void

export function peeking<K, V>(action: (record: StreamRecord<K, V>) => void): OperatorFactory {
  return ({ operator }) => operate((out) => new PeekSubscriber(out, operator, action as Action))
}

class PeekSubscriber extends CarrierSubscriber {
  readonly #operator: string
  readonly #action: Action

  constructor(out: Subscriber<Carrier>, operator: string, action: Action) {
    super(out)
    this.#operator = operator
    this.#action = action
  }

  protected override _next(carrier: Carrier): void {
    try {
      this.#action(carrier.view())
    } catch (error) {
      throw operatorError(this.#operator, error)
    }
    this.out.next(carrier)
  }
}
