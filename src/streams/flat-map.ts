/**
 * flatMap and flatMapValues: any number of records out for each record in, in the order of the iterable.
 */
import type { Subscriber } from 'rxjs'
import type { Carrier } from '../plan/carrier.ts'
import { MillraceError } from '../core/errors.ts'
import { disown } from '../core/promises.ts'
import type { StreamRecord } from '../core/record.ts'
import { shown } from '../core/shown.ts'
import { type OperatorContext, operatorError, type OperatorFactory } from '../plan/operator.ts'
import { functionOf, promised, refusePromise } from './answers.ts'
import type { RecordOutput } from './dsl/functions.ts'
import { carrierOf, type Derive, withValue } from './map.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'

type UserFunction = (record: StreamRecord<unknown, unknown>) => unknown

export function flatMapping<K, V, K2, V2>(
  fn: (record: StreamRecord<K, V>) => Iterable<RecordOutput<K2, V2>>,
): OperatorFactory {
  return derive(fn as UserFunction, carrierOf)
}

export function flatMappingValues<K, V, V2>(fn: (record: StreamRecord<K, V>) => Iterable<V2>): OperatorFactory {
  return derive(fn as UserFunction, withValue)
}

function derive(fn: UserFunction, next: Derive): OperatorFactory {
  return (context) => operate((out) => new FlatMapSubscriber(out, context, fn, next))
}

class FlatMapSubscriber extends CarrierSubscriber {
  readonly #operator: string
  readonly #what: string
  /** What a message calls one of its results. */
  readonly #each: string
  readonly #fn: UserFunction
  readonly #derive: Derive

  constructor(out: Subscriber<Carrier>, context: OperatorContext, fn: UserFunction, next: Derive) {
    super(out)
    this.#operator = context.operator
    this.#what = functionOf(context)
    this.#each = `${this.#what}, in its list,`
    this.#fn = fn
    this.#derive = next
  }

  /**
   * The iterable is read to its end first: a generator that throws halfway is the function's error, not downstream's.
   */
  protected override _next(carrier: Carrier): void {
    let answers: readonly unknown[] = []
    const derived: Carrier[] = []
    try {
      answers = listOf(this.#what, this.#fn(carrier.view()))
      for (const answer of answers) derived.push(this.#derive(carrier, answer, this.#each))
    } catch (error) {
      for (const answer of answers) disown(answer) // one that is a promise is rarely alone
      throw operatorError(this.#operator, error)
    }
    for (const next of derived) this.out.next(next)
  }
}

/** @throws MillraceError `bad_record`; also for a string, which is iterable but never meant as a list of records */
function listOf(what: string, answer: unknown): readonly unknown[] {
  if (Array.isArray(answer)) return Array.from(answer as readonly unknown[])
  refusePromise(what, answer)
  if (typeof answer === 'object' && answer !== null) {
    if (Symbol.iterator in answer) return Array.from(answer as Iterable<unknown>)
    if (Symbol.asyncIterator in answer) throw promised(what, answer)
  }
  throw new MillraceError('bad_record', `${what} returned ${shown(answer)}; expected a list of results`)
}
