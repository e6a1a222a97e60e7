/**
 * A task: one sub-topology for one partition, compiled into a chain of RxJS operators.
 *
 * Records enter through one inlet for each input of the sub-topology. Each operator is made and subscribed once. One
 * with a single parent is chained to it; one with several has a gate for each of its inputs. A node with several
 * children ends in an inlet, to which they are subscribed in the order in which the DSL made them.
 */
import type { Observable } from 'rxjs'
import { assert, present } from '../core/assert.ts'
import type { MillraceError } from '../core/errors.ts'
import type { AsyncWork } from '../plan/async-calls.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { Edge, OperatorNode, PlanNode, RegroupNode, SinkNode, SourceTopic, SubTopology } from '../plan/node.ts'
import { type CarrierObserver, type DropReason, type OperatorContext } from '../plan/operator.ts'
import type { MemberStore, Store, StoreSpec } from '../plan/store.ts'
import { EndSubscriber, PassingSubscriber, type Taker, watchTaker } from '../plan/subscriber.ts'
import type { Topology } from '../plan/topology.ts'
import type { TaskAgenda } from './agenda.ts'
import type { TaskCalls } from './calls.ts'
import { checked } from './cell.ts'
import { Inlet } from './inlet.ts'
import type { Output } from './outputs.ts'
import type { Ledger } from './ledger.ts'
import type { SourceLane } from './sequence.ts'

/** What a task needs of the engine. */
export interface TaskHost {
  /** Of the task of a sub-topology and partition, with its ledger. */
  agendaOf(subTopology: SubTopology, partition: number): TaskAgenda
  state(store: StoreSpec, ledger: Ledger): Store<unknown, unknown>
  members(store: StoreSpec, ledger: Ledger): MemberStore
  /** Something is dropped at a node; the carrier only if it goes no further at all. */
  drop(ledger: Ledger, node: PlanNode, reason: DropReason, carrier: Carrier | undefined): void
  /** The asynchronous calls of an operator in a task. */
  calls(node: OperatorNode, ledger: Ledger, work: AsyncWork): TaskCalls
  stop(error: MillraceError): void
  /** Asks for a commit after the turn. */
  commit(): void
  /** Calls it when the application closes or has failed. */
  onClose(close: () => void): void
  /** What writes to a topic. In a turn it throws for one that has to be created first; the job goes again then. */
  output(topic: SourceTopic): Output
  /** What takes the records of a node, in this task. */
  takes(node: PlanNode, taker: Taker): void
  /** Sends a record on to the partition of its key; one without a key to that with the number of its own. */
  regroup(node: RegroupNode, carrier: Carrier, partition: number): void
}

export class Task {
  readonly partition: number
  /** Where records enter, by the source or regrouping that they come from. */
  readonly inlets: ReadonlyMap<PlanNode, Inlet>
  readonly #host: TaskHost
  readonly #topology: Topology
  readonly agenda: TaskAgenda
  readonly #ledger: Ledger
  /** Of operators with several inputs: where the records of each enter. */
  readonly #gates = new Map<OperatorNode, readonly Inlet[]>()

  constructor(topology: Topology, subTopology: SubTopology, partition: number, host: TaskHost) {
    this.#topology = topology
    this.partition = partition
    this.#host = host
    this.agenda = host.agendaOf(subTopology, partition)
    this.#ledger = this.agenda.ledger
    const inlets = new Map(subTopology.inputs.map((input) => [input, new Inlet(this.agenda)]))
    for (const [input, inlet] of inlets) this.#fanOut(topology.childrenOf(input), inlet)
    this.inlets = inlets
    this.agenda.made()
  }

  #fanOut(edges: readonly Edge[], inlet: Inlet): void {
    for (const edge of edges) this.#connect(edge, inlet.records)
  }

  /** Leads records to an input of a node, and what comes out there to its children. */
  #connect({ to: node, input }: Edge, records: Observable<Carrier>): void {
    switch (node.kind) {
      case 'operator':
        if (node.parents.length === 1) this.#chain(node, [records])
        else records.subscribe(new PassingSubscriber(this.#gate(node, input)))
        return
      case 'sink':
        this.#end(node, records, this.#writing(node))
        return
      case 'regroup':
        this.#end(node, records, this.#regrouping(node))
        return
      case 'source':
      case 'port':
        assert(false, 'no records are led to a source or a port')
    }
  }

  #end(node: PlanNode, records: Observable<Carrier>, end: EndSubscriber): void {
    this.#host.takes(node, end)
    records.subscribe(end)
  }

  /** Where the records of one of several inputs enter; the operator is made with the first. */
  #gate(node: OperatorNode, input: number): Inlet {
    let gates = this.#gates.get(node)
    if (gates === undefined) {
      gates = node.parents.map(() => new Inlet(this.agenda))
      this.#gates.set(node, gates)
      this.#chain(
        node,
        gates.map(({ records }) => records),
      )
    }
    return present(gates[input], 'a node has an input for each parent')
  }

  /** Puts an operator after its inputs, and its children after it. */
  #chain(node: OperatorNode, inputs: readonly Observable<Carrier>[]): void {
    const children = new Map<string, Inlet>()
    const watched = inputs.map((input) => watchTaker(input, (taker) => this.#host.takes(node, taker)))
    const records = node.operator(this.#contextOf(node, children))(...watched)
    const edges = this.#topology.childrenOf(node)
    const [only] = edges
    if (only === undefined) records.subscribe(new PassingSubscriber(nobody))
    else if (node.namesChildren) records.subscribe(new PassingSubscriber(this.#name(edges, children)))
    else if (edges.length === 1) this.#connect(only, records)
    else {
      const inlet = new Inlet(this.agenda)
      this.#fanOut(edges, inlet)
      records.subscribe(new PassingSubscriber(inlet))
    }
  }

  /** Puts an inlet before each of the children, and before all of them one that leads to each. */
  #name(edges: readonly Edge[], children: Map<string, Inlet>): Inlet {
    for (const edge of edges) {
      const { id } = edge.to
      const inlet = children.get(id) ?? new Inlet(this.agenda)
      children.set(id, inlet)
      this.#connect(edge, inlet.records)
    }
    const [only, ...others] = children.values()
    if (only !== undefined && others.length === 0) return only
    const all = new Inlet(this.agenda)
    for (const inlet of children.values()) all.records.subscribe(new PassingSubscriber(inlet))
    return all
  }

  #writing(node: SinkNode): EndSubscriber {
    const { choose } = node
    if (choose !== undefined) {
      return new EndSubscriber((carrier) => {
        const topic = choose(carrier.view())
        const output = this.#host.output(topic)
        output.checkPartitions(topic.partitions)
        output.write(carrier, topic.keyCodec, topic.valueCodec, this.partition)
        this.#ledger.writesTo(topic.name).add()
      }, node.id)
    }
    const topic = present(node.topics[0], 'a sink that asks no function has a topic')
    const { keyCodec, valueCodec } = topic
    const output = this.#host.output(topic)
    const written = this.#ledger.writesTo(topic.name)
    return new EndSubscriber((carrier) => {
      output.write(carrier, keyCodec, valueCodec, this.partition)
      written.add()
    }, node.id)
  }

  #regrouping(node: RegroupNode): EndSubscriber {
    const keepsNullKeys = this.#topology.keepsNullKeys(node)
    return new EndSubscriber((carrier) => {
      if (carrier.isKeyNull && !keepsNullKeys) this.#host.drop(this.#ledger, node, 'null_key', carrier)
      else this.#host.regroup(node, carrier, this.partition)
    }, node.id)
  }

  #contextOf(node: OperatorNode, children: ReadonlyMap<string, CarrierObserver>): OperatorContext {
    const { id, verb } = node
    const { partition } = this
    const ledger = this.#ledger
    const agenda = this.agenda
    const ports = new Map<string, Inlet>()
    for (const port of this.#topology.portsOf(node)) {
      const inlet = new Inlet(this.agenda)
      this.#fanOut(this.#topology.childrenOf(port), inlet)
      ports.set(port.name, inlet)
    }
    return {
      operator: id,
      verb,
      partition,
      get streamTime() {
        return ledger.streamTime(id)
      },
      get releasedTime() {
        return ledger.releasedTime(id)
      },
      wantsOld: this.#topology.wantsOld(node),
      drop: (reason, carrier, port) => {
        const way = port === undefined ? undefined : ports.get(port)
        this.#host.drop(ledger, node, reason, way === undefined ? carrier : undefined)
        way?.next(carrier)
      },
      count: (reason) => this.#host.drop(ledger, node, reason, undefined),
      isShared: (store) => this.#topology.stores.some(({ spec, readers }) => spec === store && readers.length > 0),
      state: <K, V>(store: StoreSpec) => {
        assert(node.stores.includes(store), 'an operator asks for stores of its node')
        return this.#host.state(store, ledger) as unknown as Store<K, V>
      },
      members: (store) => this.#host.members(store, ledger),
      port: (name) => ports.get(name) ?? nobody,
      cell: (name) => checked(ledger.cell(id, name)),
      get taskTime() {
        return ledger.time
      },
      get wallClock() {
        return agenda.clockMs
      },
      commit: () => this.#host.commit(),
      onClose: (close) => this.#host.onClose(close),
      children,
      schedule: (intervalMs, type, punctuator, options) => agenda.schedule(node, intervalMs, type, punctuator, options),
      release: (release) => agenda.release(node, release),
      calls: (work) => {
        const calls = this.#host.calls(node, ledger, work)
        return (request) => calls.request(request)
      },
      whenIdle: (close) => agenda.whenIdle(node, close),
      stop: (error) => this.#host.stop(error),
    }
  }
}

const nobody: CarrierObserver = { next: () => undefined }

/** Where the records of a source partition enter. */
export function inletOf(tasks: readonly Task[], { node, partition }: SourceLane): Inlet {
  const at = node.isGlobal ? 0 : partition.partition
  const task = tasks.find((candidate) => candidate.partition === at && candidate.inlets.has(node))
  return present(task?.inlets.get(node), 'every source partition belongs to a task')
}
