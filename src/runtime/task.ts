/**
 * A task: one sub-topology for one partition, compiled into a chain of RxJS operators.
 *
 * Records enter through one inlet for each input. A node with one child is chained to it; a node with several, or with
 * several parents, gets an inlet too, and its children are subscribed in the order in which the DSL made them.
 */
import { type Observable, Subscriber } from 'rxjs'
import { assert } from '../core/assert.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { MillraceError } from '../core/errors.ts'
import type { PlanNode, RegroupNode, SinkNode, SubTopology } from '../plan/node.ts'
import { type DropReason, type OperatorContext, operatorError } from '../plan/operator.ts'
import type { State, StoreSpec } from '../plan/store.ts'
import type { Topology } from '../plan/topology.ts'
import { Inlet } from './inlet.ts'
import type { Output } from './outputs.ts'
import type { Ledger } from './ledger.ts'

/** What a task needs of the engine. */
export interface TaskHost {
  /** Of the task of a sub-topology and partition. */
  ledgerOf(subTopology: SubTopology, partition: number): Ledger
  state(store: StoreSpec, ledger: Ledger): State<unknown, unknown>
  /** A record goes no further at a node. */
  drop(ledger: Ledger, node: PlanNode, reason: DropReason, carrier: Carrier): void
  stop(error: MillraceError): void
  /** What writes to the topic of a sink. */
  output(sink: SinkNode): Output
  /** Sends a record on to the partition of its key. */
  regroup(node: RegroupNode, carrier: Carrier): void
}

export class Task {
  readonly partition: number
  /** Where records enter, by the source or regrouping that they come from. */
  readonly inlets: ReadonlyMap<PlanNode, Inlet>
  readonly #host: TaskHost
  readonly #topology: Topology
  readonly #ledger: Ledger
  readonly #junctions = new Map<PlanNode, Inlet>()

  constructor(topology: Topology, subTopology: SubTopology, partition: number, host: TaskHost) {
    this.#topology = topology
    this.partition = partition
    this.#host = host
    this.#ledger = host.ledgerOf(subTopology, partition)
    const inlets = new Map(subTopology.inputs.map((input) => [input, new Inlet(this.#ledger)]))
    for (const [input, inlet] of inlets) this.#fanOut(input, inlet)
    this.inlets = inlets
  }

  #fanOut(node: PlanNode, inlet: Inlet): void {
    for (const child of this.#topology.childrenOf(node)) this.#connect(child, inlet.records)
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
        records.subscribe(this.#writing(node))
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

  /** The inlet behind a node, made the first time that something is connected to it. */
  #junction(node: PlanNode): Inlet {
    let inlet = this.#junctions.get(node)
    if (inlet === undefined) {
      inlet = new Inlet(this.#ledger)
      this.#junctions.set(node, inlet)
      this.#fanOut(node, inlet)
    }
    return inlet
  }

  #writing(node: SinkNode): EndSubscriber {
    const { keyCodec, valueCodec } = node.topic
    const output = this.#host.output(node)
    const written = this.#ledger.writesTo(output.topic)
    return new EndSubscriber((carrier) => {
      output.write(carrier, keyCodec, valueCodec, this.partition)
      written.add()
    }, node.id)
  }

  #regrouping(node: RegroupNode): EndSubscriber {
    return new EndSubscriber((carrier) => {
      if (carrier.isKeyNull) this.#host.drop(this.#ledger, node, 'null_key', carrier)
      else this.#host.regroup(node, carrier)
    }, node.id)
  }

  #contextOf(node: PlanNode): OperatorContext {
    const { id, verb } = node
    const { partition } = this
    const ledger = this.#ledger
    return {
      operator: id,
      verb,
      partition,
      get streamTime() {
        return ledger.streamTime(id)
      },
      drop: (reason, carrier) => this.#host.drop(ledger, node, reason, carrier),
      state: <K, V>(store: StoreSpec) => {
        assert(node.stores.includes(store), 'an operator asks for stores of its node')
        return this.#host.state(store, ledger) as unknown as State<K, V>
      },
      stop: (error) => this.#host.stop(error),
    }
  }
}

/** Brings records to an inlet. */
class JunctionSubscriber extends Subscriber<Carrier> {
  readonly #inlet: Inlet

  constructor(inlet: Inlet) {
    super()
    this.#inlet = inlet
  }

  protected override _next(carrier: Carrier): void {
    this.#inlet.next(carrier)
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
