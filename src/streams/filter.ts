/**
 * filter and filterNot: which records go on.
 */
import type { Carrier } from '../plan/carrier.ts'
import { type OperatorContext, operatorError, type OperatorFactory } from '../plan/operator.ts'
import { functionOf, refuseLater } from './answers.ts'
import type { Predicate } from './dsl/functions.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import type { Subscriber } from 'rxjs'

export function filtering<K, V>(predicate: Predicate<K, V>, wanted: boolean): OperatorFactory {
  return (context) =>
    operate((out) => new FilterSubscriber(out, context, predicate as Predicate<unknown, unknown>, wanted))
}

/** Of a table: a row that does not pass goes on as a deleted one. */
export function filteringRows<K, V>(predicate: Predicate<K, V>, wanted: boolean): OperatorFactory {
  return (context) =>
    operate((out) => new RowFilterSubscriber(out, context, predicate as Predicate<unknown, unknown>, wanted))
}

class FilterSubscriber extends CarrierSubscriber {
  readonly #operator: string
  readonly #what: string
  readonly #predicate: Predicate<unknown, unknown>
  readonly #wanted: boolean

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    predicate: Predicate<unknown, unknown>,
    wanted: boolean,
  ) {
    super(out)
    this.#operator = context.operator
    this.#what = functionOf(context)
    this.#predicate = predicate
    this.#wanted = wanted
  }

  protected passes(carrier: Carrier): boolean {
    try {
      const answer: unknown = this.#predicate(carrier.view())
      if (typeof answer !== 'boolean') refuseLater(this.#what, answer)
      return Boolean(answer) === this.#wanted
    } catch (error) {
      throw operatorError(this.#operator, error)
    }
  }

  protected override _next(carrier: Carrier): void {
    if (this.passes(carrier)) this.out.next(carrier)
  }
}

class RowFilterSubscriber extends FilterSubscriber {
  protected override _next(carrier: Carrier): void {
    this.out.next(carrier.isValueNull || this.passes(carrier) ? carrier : carrier.withValue<unknown>(null, undefined))
  }
}
