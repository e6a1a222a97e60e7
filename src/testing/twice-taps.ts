/**
 * A topology whose operators do the same, and tell what they emit.
 *
 * The nodes are copied with factories around those of the original, so the engine that runs them is the real one.
 */
import { Observable, type Subscriber } from 'rxjs'
import { present } from '../core/assert.ts'
import type { Header } from '../core/headers.ts'
import type { StreamRecord } from '../core/record.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { OperatorNode, PlanNode } from '../plan/node.ts'
import { type CarrierObserver, type OperatorContext, operatorError, type OperatorFactory } from '../plan/operator.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import { Topology } from '../plan/topology.ts'
import { shapeOf } from './shape.ts'
import type { TwiceOptions } from './twice-face.ts'

/** What an operator has emitted, or dropped. */
export interface Emission {
  readonly carrier: Carrier
  readonly timestamp: number
  readonly headers: readonly Header[]
  /** Why it was dropped; undefined for what was emitted. */
  readonly dropped: string | undefined
  /** Key and value as they were then: as text, because a function may change a value later. */
  readonly key: string
  readonly value: string
  /** How many source records the run had read. */
  readonly records: number
}

export function isSameEmission(one: Emission, other: Emission): boolean {
  return (
    one.value === other.value &&
    one.key === other.key &&
    one.timestamp === other.timestamp &&
    one.dropped === other.dropped &&
    shapeOf(one.headers) === shapeOf(other.headers)
  )
}

/** Told of everything that happens in the operators of a run. */
export interface TapListener {
  emitted(node: PlanNode, partition: number, emission: Emission): void
  /** Source records so far. */
  readonly records: number
  /** An operator has asked what time it is, or to be called when it is some time. */
  asksClock(node: PlanNode): void
}

export function tapped(topology: Topology, effects: TwiceOptions['effects'], listener: TapListener): Topology {
  const copies = new Map<PlanNode, PlanNode>()
  for (const node of topology.nodes) {
    const parents = Object.freeze(node.parents.map((parent) => present(copies.get(parent), 'a parent comes first')))
    const copy =
      node.kind === 'operator' ? tappedOperator(topology, node, parents, effects, listener) : { ...node, parents }
    copies.set(node, Object.freeze(copy))
  }
  return new Topology([...copies.values()])
}

/** Whether it does something outside the topology. */
export function hasEffects(node: PlanNode): node is OperatorNode {
  return node.kind === 'operator' && (node.calls !== 'none' || node.verb === 'foreach')
}

function tappedOperator(
  topology: Topology,
  node: OperatorNode,
  parents: readonly PlanNode[],
  effects: TwiceOptions['effects'],
  listener: TapListener,
): OperatorNode {
  const factory = hasEffects(node) && effects !== 'run' ? withoutEffects(node, effects) : node.operator
  const operator: OperatorFactory = (context) => {
    const tell = (carrier: Carrier, dropped?: string): void =>
      listener.emitted(node, context.partition, emissionOf(carrier, dropped, listener.records))
    const inner = factory(tappedContext(topology, node, context, listener, tell))
    return (...inputs) => {
      const heard = inputs.map((input, at) => heardAt(topology, node, at, context.partition, input, listener))
      return through(inner(...heard), tell)
    }
  }
  return { ...node, parents, operator }
}

/** What a source or a regrouping gives is heard at the first operator after it. */
function heardAt(
  topology: Topology,
  node: OperatorNode,
  at: number,
  partition: number,
  input: Observable<Carrier>,
  listener: TapListener,
): Observable<Carrier> {
  const parent = present(node.parents[at], 'an operator has an input for each parent')
  const isEntrance = parent.kind === 'source' || parent.kind === 'regroup'
  const [first] = topology.childrenOf(parent).filter(({ to }) => to.kind === 'operator')
  if (!isEntrance || first?.to !== node || first.input !== at) return input
  return through(input, (carrier) =>
    listener.emitted(parent, partition, emissionOf(carrier, undefined, listener.records)),
  )
}

class TapSubscriber extends CarrierSubscriber {
  readonly #tell: (carrier: Carrier) => void

  constructor(out: Subscriber<Carrier>, tell: (carrier: Carrier) => void) {
    super(out)
    this.#tell = tell
  }

  protected override _next(carrier: Carrier): void {
    this.#tell(carrier)
    this.out.next(carrier)
  }
}

function through(records: Observable<Carrier>, tell: (carrier: Carrier) => void): Observable<Carrier> {
  return new Observable((out) => records.subscribe(new TapSubscriber(out, tell)))
}

function tappedContext(
  topology: Topology,
  node: OperatorNode,
  context: OperatorContext,
  listener: TapListener,
  tell: (carrier: Carrier, dropped?: string) => void,
): OperatorContext {
  const changes: Partial<OperatorContext> = {
    drop: (reason, carrier, port) => {
      tell(carrier, reason)
      context.drop(reason, carrier, port)
    },
    port: (name) => {
      const to = context.port(name)
      const port = topology.portsOf(node).find((one) => one.name === name)
      if (port === undefined) return to
      return tappedObserver(to, (carrier) =>
        listener.emitted(port, context.partition, emissionOf(carrier, undefined, listener.records)),
      )
    },
    children: new TappedChildren(context.children, (carrier) => tell(carrier)),
    schedule: (intervalMs, type, punctuator, options) => {
      if (type === 'wallClock') listener.asksClock(node)
      return context.schedule(intervalMs, type, punctuator, options)
    },
  }
  return Object.create(context, {
    ...Object.getOwnPropertyDescriptors(changes),
    wallClock: {
      get: () => {
        listener.asksClock(node)
        return context.wallClock
      },
    },
  }) as OperatorContext
}

function tappedObserver(to: CarrierObserver, tell: (carrier: Carrier) => void): CarrierObserver {
  return {
    next: (carrier) => {
      tell(carrier)
      to.next(carrier)
    },
  }
}

/** The map is filled after the operator is made, so each child is wrapped when it is asked for. */
class TappedChildren extends Map<string, CarrierObserver> {
  readonly #children: ReadonlyMap<string, CarrierObserver>
  readonly #tell: (carrier: Carrier) => void

  constructor(children: ReadonlyMap<string, CarrierObserver>, tell: (carrier: Carrier) => void) {
    super()
    this.#children = children
    this.#tell = tell
  }

  override get(id: string): CarrierObserver | undefined {
    const child = this.#children.get(id)
    return child === undefined ? undefined : tappedObserver(child, this.#tell)
  }

  override keys(): MapIterator<string> {
    return new Map(this.#children).keys()
  }
}

/** It reads no bytes that the topology has not read: what cannot be decoded fails where it always does. */
function emissionOf(carrier: Carrier, dropped: string | undefined, records: number): Emission {
  const { timestamp, headers } = carrier
  const key = shapeOf(carrier.originalKey() ?? (carrier.isKeyNull ? null : carrier.key))
  const value = shapeOf(carrier.originalValue() ?? (carrier.isValueNull ? null : carrier.value))
  return { carrier, timestamp, headers, key, value, dropped, records }
}

/** The operator without what it does outside: the records go on, or end, or have the answer of a function. */
function withoutEffects(node: OperatorNode, effects: Exclude<TwiceOptions['effects'], 'run'>): OperatorFactory {
  if (node.calls === 'none') return () => operate((out) => out)
  const answer = typeof effects === 'function' ? effects : undefined
  return ({ operator }) => operate((out) => new AnswerSubscriber(out, operator, answer))
}

class AnswerSubscriber extends CarrierSubscriber {
  readonly #operator: string
  readonly #answer: ((record: StreamRecord<unknown, unknown>) => unknown) | undefined

  constructor(
    out: Subscriber<Carrier>,
    operator: string,
    answer: ((record: StreamRecord<unknown, unknown>) => unknown) | undefined,
  ) {
    super(out)
    this.#operator = operator
    this.#answer = answer
  }

  protected override _next(carrier: Carrier): void {
    if (this.#answer === undefined) return
    let value: unknown
    try {
      value = this.#answer(carrier.view())
    } catch (error) {
      throw operatorError(this.#operator, error)
    }
    this.out.next(carrier.withValue(value, undefined))
  }
}
