/**
 * The plumbing of an operator: its file holds its own idea and nothing else.
 */
import { Observable, Subscriber } from 'rxjs'
import type { Carrier } from '../plan/carrier.ts'
import type { Operator } from '../plan/operator.ts'

/** One operator in one task. Subclasses say in `_next` what happens to a carrier. */
export abstract class CarrierSubscriber extends Subscriber<Carrier> {
  protected readonly out: Subscriber<Carrier>

  constructor(out: Subscriber<Carrier>) {
    super(out)
    this.out = out
  }

  /** A throw passes through to the engine, as the contract says: RxJS adds no catch to a subscriber of its own kind. */
  protected abstract override _next(carrier: Carrier): void
}

/** An operator from its subscriber. */
export function operate(subscriber: (out: Subscriber<Carrier>) => CarrierSubscriber): Operator {
  return (source) => new Observable<Carrier>((out) => source.subscribe(subscriber(out)))
}
