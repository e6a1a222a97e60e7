/**
 * Where records enter a chain of operators, or branch out to several: each goes to the subscribers in the order in
 * which they subscribed.
 *
 * An RxJS Subject does the same, but copies its subscribers for every value, and when it is itself subscribed to
 * something, RxJS puts a catch around it in which a throw from downstream would be lost to the turn.
 */
import { Observable, type Subscriber } from 'rxjs'
import type { Carrier } from '../plan/carrier.ts'
import type { TaskAgenda } from './agenda.ts'

export class Inlet {
  readonly records: Observable<Carrier>
  /** Of the task that it belongs to. */
  readonly agenda: TaskAgenda
  readonly #subscribers: Subscriber<Carrier>[] = []

  constructor(agenda: TaskAgenda) {
    this.agenda = agenda
    this.records = new Observable((subscriber) => {
      this.#subscribers.push(subscriber)
    })
  }

  next(carrier: Carrier): void {
    const subscribers = this.#subscribers
    for (let i = 0; i < subscribers.length; i++) (subscribers[i] as Subscriber<Carrier>).next(carrier)
  }
}
