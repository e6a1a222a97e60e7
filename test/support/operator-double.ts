// One operator alone, without an engine: a test feeds it carriers, and catches what comes out and what it drops.
import { Observable, type Subscriber } from 'rxjs'
import type { Carrier } from '../../src/plan/carrier.ts'
import type { DropReason, OperatorContext, OperatorFactory } from '../../src/plan/operator.ts'
import type { State, StoreSpec } from '../../src/plan/store.ts'
import { Ledger } from '../../src/runtime/ledger.ts'
import { TurnScope } from '../../src/runtime/turn.ts'
import { StateTable } from '../../src/state/table.ts'

/** A carrier that was dropped, and why. */
export interface Dropped {
  readonly reason: DropReason
  readonly carrier: Carrier
}

export interface OperatorAlone {
  /** A turn with one carrier. */
  feed(carrier: Carrier): void
  /** What came out so far. */
  readonly caught: Carrier[]
  readonly dropped: Dropped[]
  /** What stopped the application. */
  readonly stops: Error[]
}

/** Compiles an operator as a task does; its stores begin empty and are kept in memory. */
export function alone(factory: OperatorFactory): OperatorAlone {
  const turn = new TurnScope()
  const ledger = new Ledger(turn, { subTopology: 'alone', partition: 0 })
  const caught: Carrier[] = []
  const dropped: Dropped[] = []
  const stops: Error[] = []
  const stores = new Map<StoreSpec, StateTable<unknown, unknown>>()
  const nothingStored = { get: () => undefined, range: () => [], last: () => undefined }
  const context: OperatorContext = {
    operator: 'alone',
    verb: 'alone',
    partition: 0,
    streamTime: ledger.streamTime('alone'),
    drop: (reason, carrier) => dropped.push({ reason, carrier }),
    state: <K, V>(spec: StoreSpec) => {
      const known = stores.get(spec) ?? new StateTable(spec, 1, 0, nothingStored, turn, undefined)
      stores.set(spec, known)
      return known as unknown as State<K, V>
    },
    stop: (error) => stops.push(error),
  }
  let entrance: Subscriber<Carrier> | undefined
  const source = new Observable<Carrier>((subscriber) => {
    entrance = subscriber
  })
  source.pipe(factory(context)).subscribe((carrier) => caught.push(carrier))
  return {
    feed(carrier) {
      turn.begin()
      carrier.beginTurn()
      entrance?.next(carrier)
    },
    caught,
    dropped,
    stops,
  }
}
