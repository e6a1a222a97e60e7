/**
 * flatMap and flatMapValues: any number of records out for each record in, in the order of the iterable.
 */
import type { Subscriber } from 'rxjs'
import type { Carrier } from '../core/carrier.ts'
import { MillraceError } from '../core/errors.ts'
import type { StreamRecord } from '../core/record.ts'
import { shown } from '../core/shown.ts'
import { operatorError, type OperatorFactory } from '../plan/operator.ts'
import type { RecordOutput } from './dsl.ts'
import { carrierOf } from './map.ts'
import { CarrierSubscriber, operate } from './subscriber.ts'

type UserFunction = (record: StreamRecord<unknown, unknown>) => unknown

export function flatMapping<K, V, K2, V2>(
  fn: (record: StreamRecord<K, V>) => Iterable<RecordOutput<K2, V2>>,
): OperatorFactory {
  return derive(fn as UserFunction, carrierOf)
}

export function flatMappingValues<K, V, V2>(fn: (record: StreamRecord<K, V>) => Iterable<V2>): OperatorFactory {
  return derive(fn as UserFunction, (carrier, value) => carrier.withValue(value, undefined))
}

function derive(fn: UserFunction, next: (carrier: Carrier, result: unknown) => Carrier): OperatorFactory {
  return ({ operator }) => operate((out) => new FlatMapSubscriber(out, operator, fn, next))
}

class FlatMapSubscriber extends CarrierSubscriber {
  readonly #operator: string
  readonly #fn: UserFunction
  readonly #derive: (carrier: Carrier, result: unknown) => Carrier

  constructor(
    out: Subscriber<Carrier>,
    operator: string,
    fn: UserFunction,
    next: (carrier: Carrier, result: unknown) => Carrier,
  ) {
    super(out)
    this.#operator = operator
    this.#fn = fn
    this.#derive = next
  }

  /** The iterable is read to its end first: a generator that throws halfway is the function's error, not downstream's. */
  protected override _next(carrier: Carrier): void {
    let derived: Carrier[]
    try {
      derived = Array.from(iterableOf(this.#fn(carrier.view())), (result) => this.#derive(carrier, result))
    } catch (error) {
      throw operatorError(this.#operator, error)
    }
    for (const next of derived) this.out.next(next)
  }
}

/** @throws MillraceError `bad_record`: `Array.from` would take numbers and what only looks like a list */
function iterableOf(result: unknown): Iterable<unknown> {
  if (typeof result === 'string' || (typeof result === 'object' && result !== null && Symbol.iterator in result)) {
    return result as Iterable<unknown>
  }
  throw new MillraceError('bad_record', `the function returned ${shown(result)}; expected a list of results`)
}
