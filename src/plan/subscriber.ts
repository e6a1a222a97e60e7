/**
 * Where millrace meets RxJS: the only file that extends its `Subscriber`, which a later version may close to others.
 *
 * A throw passes through all of them to the engine, as the contract says: RxJS adds no catch to a subscriber of its own
 * kind. An operator extends {@link CarrierSubscriber} here, because one more call for each record and operator is
 * measurable.
 */
import { Observable, type Observer, Subscriber } from 'rxjs'
import { present } from '../core/assert.ts'
import type { Carrier } from './carrier.ts'
import { type CarrierObserver, type Operator, operatorError, type OperatorFactory } from './operator.ts'
import { profile, type Worker } from './profile.ts'

/** Counts the carriers that come, and lets a sampled turn see how long it has them. */
abstract class CountingSubscriber extends Subscriber<Carrier> implements Worker {
  /** Carriers so far, those of undone turns too. */
  taken = 0
  sampledMs = 0

  /** Nothing stops it, so it does not ask whether it has stopped. */
  override next(carrier: Carrier): void {
    this.taken++
    if (profile.isOn) this.#sampled(carrier)
    else this._next(carrier)
  }

  /** Apart, so that the engine puts {@link next} in line. */
  #sampled(carrier: Carrier): void {
    profile.enter(this)
    this._next(carrier)
    profile.leave()
  }
}

/** One operator in one task. Subclasses say in `_next` what happens to a carrier. */
export abstract class CarrierSubscriber extends CountingSubscriber {
  protected readonly out: Subscriber<Carrier>

  constructor(out: Subscriber<Carrier>) {
    super(out)
    this.out = out
  }

  protected abstract override _next(carrier: Carrier): void
}

/** What takes carriers: how many so far, and how long it had those of sampled turns. */
export type Taker = Readonly<Pick<CountingSubscriber, 'taken' | 'sampledMs'>>

/** The same carriers; tells of what subscribes to them, if that counts. */
export function watchTaker(carriers: Observable<Carrier>, listener: (taker: Taker) => void): Observable<Carrier> {
  return new Observable((subscriber) => {
    if (subscriber instanceof CountingSubscriber) listener(subscriber)
    return carriers.subscribe(subscriber)
  })
}

/** An operator that treats all its inputs alike, from the one subscriber that gets the carriers of all. */
export function operate(subscriberOf: (out: Subscriber<Carrier>) => Subscriber<Carrier>): Operator {
  return (...inputs) =>
    new Observable<Carrier>((out) => {
      const subscriber = subscriberOf(out)
      for (const input of inputs) input.subscribe(subscriber)
    })
}

/** Operators of one input each as one: they share a context and an output, and each gets one of the inputs. */
export function sideBySide(factories: readonly OperatorFactory[]): OperatorFactory {
  const [only] = factories
  if (only !== undefined && factories.length === 1) return only
  return (context) => {
    const operators = factories.map((factory) => factory(context))
    return (...inputs) =>
      new Observable<Carrier>((out) => {
        for (const [at, operator] of operators.entries()) {
          operator(present(inputs[at], 'an operator has an input for each parent')).subscribe(out)
        }
      })
  }
}

/** Passes carriers on to an observer. */
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

/** Where a chain ends: what is thrown there is told with the node. */
export class EndSubscriber extends CountingSubscriber {
  readonly #take: (carrier: Carrier) => void
  readonly #operator: string

  constructor(take: (carrier: Carrier) => void, operator: string) {
    super()
    this.#take = take
    this.#operator = operator
  }

  protected override _next(carrier: Carrier): void {
    try {
      this.#take(carrier)
    } catch (error) {
      throw operatorError(this.#operator, error)
    }
  }
}

/** The end of a chain of operators that are not ours: tells of everything that comes out, including an end. */
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
