/**
 * peek and foreach: look at every record.
 */
import type { Subscriber } from 'rxjs'
import type { Carrier } from '../plan/carrier.ts'
import type { StreamRecord } from '../core/record.ts'
import { type Effect, type OperatorContext, operatorError, type OperatorFactory } from '../plan/operator.ts'
import { functionOf, refuseLater } from './answers.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'

type Action = (record: StreamRecord<unknown, unknown>) => unknown

export function peeking<K, V>(action: (record: StreamRecord<K, V>) => unknown): OperatorFactory {
  return (context) => operate((out) => new PeekSubscriber(out, context, action as Action))
}

/** An action on the world outside. */
export const acting: Effect = {
  answeredBy: peeking,
  skipped: peeking(() => undefined),
}

class PeekSubscriber extends CarrierSubscriber {
  readonly #operator: string
  readonly #what: string
  readonly #action: Action

  constructor(out: Subscriber<Carrier>, context: OperatorContext, action: Action) {
    super(out)
    this.#operator = context.operator
    this.#what = functionOf(context)
    this.#action = action
  }

  protected override _next(carrier: Carrier): void {
    try {
      const answer = this.#action(carrier.view())
      if (answer !== undefined) refuseLater(this.#what, answer)
    } catch (error) {
      throw operatorError(this.#operator, error)
    }
    this.out.next(carrier)
  }
}
