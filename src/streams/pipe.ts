/**
 * pipe: the user's own RxJS operators, between an entrance and an exit that hold them to the turn.
 *
 * RxJS catches every throw inside its operators and ends the chain with it. The exit keeps that error, and what is
 * thrown after it; the entrance throws it when the chain has returned, and rebuilds the chain for the next turn.
 */
import { type Observable, type OperatorFunction, Subject, type Subscriber } from 'rxjs'
import type { Carrier } from '../plan/carrier.ts'
import { MillraceError, placed } from '../core/errors.ts'
import { shown } from '../core/shown.ts'
import { disown } from '../core/promises.ts'
import type { StreamRecord } from '../core/record.ts'
import { type OperatorContext, type OperatorFactory, operatorError } from '../plan/operator.ts'
import { functionOf } from './answers.ts'
import { carrierOf } from './map.ts'
import { CarrierSubscriber, ExitSubscriber, operate } from '../plan/subscriber.ts'

type AnyRecord = StreamRecord<unknown, unknown>
type UserOperator = (source: unknown) => unknown

export function piping(operators: readonly OperatorFunction<never, unknown>[]): OperatorFactory {
  return (context) =>
    operate((out) => new PipeSubscriber(out, context, operators as readonly unknown[] as UserOperator[]))
}

/** @throws MillraceError `topology_invalid` when an operator returns something other than a stream */
function chainOf(operators: readonly UserOperator[], source: Observable<unknown>): Observable<unknown> {
  return operators.reduce<Observable<unknown>>((observable, operator, index) => {
    const next = operator(observable)
    if (typeof next === 'object' && next !== null && 'subscribe' in next) return next as Observable<unknown>
    disown(next)
    throw new MillraceError(
      'topology_invalid',
      `function ${index + 1} of pipe returned ${shown(next)}; an RxJS operator returns an Observable`,
    )
  }, source)
}

class PipeSubscriber extends CarrierSubscriber {
  readonly #context: OperatorContext
  readonly #operators: readonly UserOperator[]
  readonly #what: string
  #entrance = new Subject<AnyRecord>()
  /** The record whose turn it is; undefined outside a turn. */
  #current: Carrier | undefined
  #failure: MillraceError | undefined
  /** While the operators are subscribed to, before they get a record. */
  #isBuilding = false

  constructor(out: Subscriber<Carrier>, context: OperatorContext, operators: readonly UserOperator[]) {
    super(out)
    this.#context = context
    this.#operators = operators
    this.#what = functionOf(context)
    this.#build()
  }

  #build(): void {
    this.#entrance = new Subject()
    const { operator } = this.#context
    const fail = (error: unknown): void => this.#fail(operatorError(operator, error))
    const exit = new ExitSubscriber({
      next: (output) => this.#emit(output),
      error: fail,
      complete: () => this.#complete(),
    })
    this.#isBuilding = true
    try {
      chainOf(this.#operators, this.#entrance).subscribe(exit)
    } catch (error) {
      fail(error) // an operator that throws when it is called, not when it is subscribed
    }
    this.#isBuilding = false
  }

  /** A chain that ends because of an error is rebuilt; one that ends by itself is a mistake in the topology. */
  #complete(): void {
    if (this.#failure !== undefined) return
    const { operator } = this.#context
    this.#context.stop(
      new MillraceError(
        'stream_completed',
        `an RxJS operator in ${operator} completed the stream (take, first …), but a stream has no end; use filter`,
        { operator },
      ),
    )
  }

  #emit(output: unknown): void {
    const carrier = this.#current
    const { operator } = this.#context
    if (carrier === undefined) {
      const when = this.#isBuilding
        ? 'when it was subscribed to (startWith, a fixed list …), so its output belongs to no record; emit only in ' +
          'response to a record'
        : 'after its turn (delay, a promise, a timer …), so its output would not be exactly once; use synchronous ' +
          'operators, and do asynchronous work before the records are sent or after an output topic'
      this.#context.stop(
        new MillraceError('emitted_outside_turn', `an RxJS operator in ${operator} emitted ${when}`, { operator }),
      )
      return
    }
    if (this.#failure !== undefined) return
    try {
      this.out.next(carrierOf(carrier, output, this.#what))
    } catch (error) {
      // Kept until the entrance has its turn back: thrown here it would go through the user's operators, which may
      // catch it.
      this.#failure = operatorError(operator, error)
    }
  }

  /** The chain has failed and is over. */
  #fail(error: MillraceError): void {
    this.#failure ??= error
    if (this.#current !== undefined) return
    const { operator } = this.#context
    const when = this.#isBuilding ? 'when its operators were subscribed to' : 'after its turn'
    this.#context.stop(placed(error, `in ${operator}, ${when}`, { operator }))
  }

  protected override _next(carrier: Carrier): void {
    const outer = this.#current
    this.#current = carrier
    try {
      this.#entrance.next(carrier.view())
    } finally {
      this.#current = outer
    }
    const failure = this.#failure
    if (failure !== undefined) {
      this.#failure = undefined
      this.#build()
      throw failure
    }
  }
}
