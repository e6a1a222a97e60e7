/**
 * Where millrace meets RxJS: the only file that extends its `Subscriber`, which a later version may close to others.
 *
 * An operator is not a subscriber but an observer behind one. So a throw passes through to the engine, as the contract
 * says: RxJS adds no catch to a subscriber of its own kind.
 */
import { Observable, type Observer, Subscriber } from 'rxjs'
import type { Carrier } from './carrier.ts'
import type { CarrierObserver, Operator } from './operator.ts'

/** An operator that treats all its inputs alike, from what takes their carriers; `out` is its output. */
export function operate(observerOf: (out: CarrierObserver) => CarrierObserver): Operator {
  return (...inputs) =>
    new Observable((out) => {
      const observer = observerOf(out)
      for (const input of inputs) input.subscribe(new PassingSubscriber(observer))
    })
}

/** Passes carriers on to an observer. Its throws are not caught. */
export class PassingSubscriber extends Subscriber<Carrier> {
  readonly #to: CarrierObserver

  constructor(to: CarrierObserver) {
    super()
    this.#to = to
  }

  protected override _next(carrier: Carrier): void {
    this.#to.next(carrier)
  }
}

/** The end of a chain of operators that are not ours: tells of everything that comes out, also of an end. */
export class ExitSubscriber extends Subscriber<unknown> {
  readonly #exit: Observer<unknown>

  constructor(exit: Observer<unknown>) {
    super()
    this.#exit = exit
  }

  protected override _next(output: unknown): void {
    this.#exit.next(output)
  }

  protected override _error(error: unknown): void {
    this.unsubscribe()
    this.#exit.error(error)
  }

  protected override _complete(): void {
    this.unsubscribe()
    this.#exit.complete()
  }
}
