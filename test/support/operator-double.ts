// One operator alone, without an engine: a test feeds it carriers, and catches what comes out, by which way, and what it drops.
import { ManualClock, type Topology } from 'millrace'
import { Observable } from 'rxjs'
import type { AsyncRequest, AsyncWork } from '../../src/plan/async-calls.ts'
import type { Carrier } from '../../src/plan/carrier.ts'
import type { OperatorNode } from '../../src/plan/node.ts'
import type { CarrierObserver, DropReason, OperatorContext, OperatorFactory } from '../../src/plan/operator.ts'
import { keyOf, type Store, type StoreSpec } from '../../src/plan/store.ts'
import { PassingSubscriber } from '../../src/plan/subscriber.ts'
import { Agenda } from '../../src/runtime/agenda.ts'
import { Ledger } from '../../src/runtime/ledger.ts'
import { TurnScope } from '../../src/runtime/turn.ts'
import { MemberTurnStore } from '../../src/state/member-store.ts'
import { openStore } from '../../src/state/open-store.ts'

/** An operator of a topology, by its id. */
export function operatorOf({ nodes }: Topology, id: string): OperatorNode {
  const node = nodes.find((one) => one.id === id)
  if (node?.kind !== 'operator') throw new Error(`${id} is no operator of ${nodes.map((one) => one.id).join(', ')}`)
  return node
}

/** What was dropped, and why; without a carrier, it was only counted. */
export interface Dropped {
  readonly reason: DropReason
  readonly carrier: Carrier | undefined
}

export interface OperatorAlone {
  /** A turn with one carrier, at the first input or another one. It throws what the turn throws, and the turn is undone. */
  feed(carrier: Carrier, input?: number): void
  /** Every job that is due, each in a turn of its own. */
  due(): void
  /** A turn of the test's own: it puts rows into stores that other operators fill. */
  put(spec: StoreSpec, key: unknown, value: unknown, timestamp: number): void
  /** What came out so far: of the output, and of each port by its name. */
  readonly caught: Carrier[]
  readonly ports: Record<string, Carrier[]>
  readonly dropped: Dropped[]
  /** How much had come out when the operator asked for a commit, each time. */
  readonly commits: number[]
  /** The application closes. */
  close(): void
  /** What stopped the application. */
  readonly stops: Error[]
  /** The calls that it asked for, and what it does around them. */
  readonly requests: AsyncRequest[]
  readonly works: AsyncWork[]
}

/**
 * Compiles an operator as a task does. Its stores begin empty and are kept in memory.
 *
 * @param wantsOld whether what follows it needs the old values of changes
 * @param after called with what comes out, as what follows the operator would be
 */
export function alone(
  factory: OperatorFactory,
  {
    inputs = 1,
    wantsOld = false,
    after = () => undefined,
    clock = new ManualClock(),
  }: {
    readonly inputs?: number
    readonly wantsOld?: boolean
    readonly after?: (out: Carrier) => void
    readonly clock?: ManualClock
  } = {},
): OperatorAlone {
  const turn = new TurnScope()
  const ledger = new Ledger(turn, { subTopology: 'alone', partition: 0 })
  const jobs = new Agenda(turn, clock)
  const agenda = jobs.ofTask(ledger)
  const node = { id: 'alone', index: 0 }
  const caught: Carrier[] = []
  const ports: Record<string, Carrier[]> = {}
  const dropped: Dropped[] = []
  const stops: Error[] = []
  const commits: number[] = []
  const closes: (() => void)[] = []
  const requests: AsyncRequest[] = []
  const works: AsyncWork[] = []
  const stores = new Map<StoreSpec, Store<unknown, unknown>>()
  const nothingStored = { get: () => undefined, range: () => [] }
  const context: OperatorContext = {
    operator: 'alone',
    verb: 'alone',
    partition: 0,
    streamTime: ledger.streamTime('alone'),
    releasedTime: ledger.releasedTime('alone'),
    wantsOld,
    drop(reason, carrier, port) {
      dropped.push({ reason, carrier })
      if (port !== undefined) (ports[port] ??= []).push(carrier)
    },
    count: (reason) => dropped.push({ reason, carrier: undefined }),
    isShared: () => false,
    state: <K, V>(spec: StoreSpec) => {
      const known =
        stores.get(spec) ??
        openStore({ spec, storeId: 1, partition: 0, reader: nothingStored, turn, streamTime: undefined })
      stores.set(spec, known)
      return known as unknown as Store<K, V>
    },
    members: (spec) =>
      new MemberTurnStore({ spec, storeId: 1, partition: 0, reader: nothingStored, turn, streamTime: undefined }),
    port: (name) => {
      const list: Carrier[] = (ports[name] = [])
      return { next: (carrier) => list.push(carrier) }
    },
    get taskTime() {
      return ledger.time
    },
    get wallClock() {
      return agenda.clockMs
    },
    commit: () => commits.push(caught.length),
    onClose: (close) => closes.push(close),
    children: new Map(),
    cell: (name) => ledger.cell('alone', name),
    schedule: (intervalMs, type, punctuator, options) => agenda.schedule(node, intervalMs, type, punctuator, options),
    release: (release) => agenda.release(node, release),
    calls: (work) => {
      works.push(work)
      return (request) => requests.push(request)
    },
    whenIdle: (close) => agenda.whenIdle(node, close),
    stop: (error) => stops.push(error),
  }
  const entrances: CarrierObserver[] = []
  const sources = Array.from(
    { length: inputs },
    (_, input) =>
      new Observable<Carrier>((subscriber) => {
        if (entrances[input] !== undefined) throw new Error(`input ${input} is subscribed to twice`)
        entrances[input] = subscriber
      }),
  )
  const exit: CarrierObserver = {
    next(carrier) {
      caught.push(carrier)
      after(carrier)
    },
  }
  factory(context)(...sources).subscribe(new PassingSubscriber(exit))
  agenda.made()
  const work = (root: Carrier, run: () => void): void => {
    turn.begin()
    root.beginTurn()
    try {
      run()
    } catch (error) {
      turn.undo()
      throw error
    }
  }
  return {
    feed(carrier, input = 0) {
      work(carrier, () => {
        agenda.advance(carrier.timestamp)
        entrances[input]?.next(carrier)
      })
    },
    put(spec, key, value, timestamp) {
      turn.begin()
      const store = context.state<unknown, unknown>(spec)
      const row = store.row(keyOf(key))
      if (value === null) store.remove(row)
      else store.put(row, value, timestamp)
    },
    due() {
      jobs.lookAtClock()
      for (let job = jobs.next(); job !== undefined; job = jobs.next()) work(job.root, () => job.run(job.root))
    },
    close: () => closes.forEach((close) => close()),
    commits,
    caught,
    ports,
    dropped,
    stops,
    requests,
    works,
  }
}
