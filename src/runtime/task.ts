/**
 * A task: one sub-topology for one partition, compiled into a chain of RxJS operators.
 *
 * Records enter through one Subject for each input. A node with one child is chained to it; a node with several, or with
 * several parents, gets a Subject, and its children are subscribed in the order in which the DSL made them.
 */
import { type Observable, Subject, Subscriber } from 'rxjs'
import type { Carrier } from '../core/carrier.ts'
import type { MillraceError } from '../core/errors.ts'
import type { PlanNode, RegroupNode, SinkNode, SubTopology } from '../plan/node.ts'
import { type OperatorContext, operatorError } from '../plan/operator.ts'
import type { State, StoreSpec } from '../plan/store.ts'
import type { Topology } from '../plan/topology.ts'
import type { Progress } from './progress.ts'

/** What a task needs of the engine. */
export interface TaskHost {
  readonly progress: Progress
  state(store: StoreSpec, partition: number, operator: string): State<unknown, unknown>
  stop(error: MillraceError): void
  /** Writes a record to the topic of a sink. */
  write(sink: SinkNode, partition: number, carrier: Carrier): void
  /** Sends a record on to the partition of its key. */
  regroup(node: RegroupNode, carrier: Carrier): void
}

export class Task {
  readonly subTopology: SubTopology
  readonly partition: number
  /** Where records enter, by the source or regrouping that they come from. */
  readonly inlets: ReadonlyMap<PlanNode, Subject<Carrier>>
  readonly #host: TaskHost
  readonly #topology: Topology
  readonly #subjects = new Map<PlanNode, Subject<Carrier>>()

  constructor(topology: Topology, subTopology: SubTopology, partition: number, host: TaskHost) {
    this.#topology = topology
    this.subTopology = subTopology
    this.partition = partition
    this.#host = host
    const inlets = new Map(subTopology.inputs.map((input) => [input, new Subject<Carrier>()]))
    for (const [input, subject] of inlets) this.#fanOut(input, subject)
    this.inlets = inlets
  }

  #fanOut(node: PlanNode, subject: Subject<Carrier>): void {
    for (const child of this.#topology.childrenOf(node)) this.#connect(child, subject)
  }

  /** Chains a node behind an observable, and its children behind the node. */
  #connect(node: PlanNode, records: Observable<Carrier>): void {
    switch (node.kind) {
      case 'source':
        return
      case 'merge':
        records.subscribe(new JunctionSubscriber(this.#junction(node)))
        return
      case 'sink':
        records.subscribe(new EndSubscriber((carrier) => this.#host.write(node, this.partition, carrier), node.id))
        return
      case 'regroup':
        records.subscribe(this.#regrouping(node))
        return
      case 'operator': {
        const chained = records.pipe(node.operator(this.#contextOf(node)))
        const children = this.#topology.childrenOf(node)
        const [only] = children
        if (only === undefined) chained.subscribe(new EndSubscriber(ignore, node.id))
        else if (children.length === 1) this.#connect(only, chained)
        else chained.subscribe(new JunctionSubscriber(this.#junction(node)))
      }
    }
  }

  /** The Subject behind a node, made the first time that something arrives there. */
  #junction(node: PlanNode): Subject<Carrier> {
    let subject = this.#subjects.get(node)
    if (subject === undefined) {
      subject = new Subject()
      this.#subjects.set(node, subject)
      this.#fanOut(node, subject)
    }
    return subject
  }

  #regrouping(node: RegroupNode): EndSubscriber {
    const { progress } = this.#host
    return new EndSubscriber((carrier) => {
      if (carrier.isKeyNull) progress.drop(node.id, 'null_key')
      else this.#host.regroup(node, carrier)
    }, node.id)
  }

  #contextOf(node: PlanNode): OperatorContext {
    const { id } = node
    const { partition } = this
    const { progress } = this.#host
    return {
      operator: id,
      partition,
      get streamTime() {
        return progress.streamTime(id, partition)
      },
      drop: (reason) => progress.drop(id, reason),
      state: <K, V>(store: StoreSpec) => this.#host.state(store, partition, id) as unknown as State<K, V>,
      stop: (error) => this.#host.stop(error),
    }
  }
}

/**
 * Brings records to a Subject. A Subject that is subscribed itself gets a catch from RxJS around it, in which a throw from
 * downstream would be lost to the turn.
 */
class JunctionSubscriber extends Subscriber<Carrier> {
  readonly #subject: Subject<Carrier>

  constructor(subject: Subject<Carrier>) {
    super()
    this.#subject = subject
  }

  protected override _next(carrier: Carrier): void {
    this.#subject.next(carrier)
  }
}

/** Where a chain ends. */
class EndSubscriber extends Subscriber<Carrier> {
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

const ignore = (): void => undefined
