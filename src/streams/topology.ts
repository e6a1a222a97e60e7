/**
 * The topology as users have it: built by a StreamsBuilder, by hand, or by both.
 */
import { checkList, checkName, checkOptions } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import type { StreamRecord } from '../core/record.ts'
import { shown } from '../core/shown.ts'
import type { Topic, TopicFor } from '../core/topic.ts'
import type { PlanNode, SourceReset } from '../plan/node.ts'
import { PlanBuilder } from '../plan/plan-builder.ts'
import { Topology as Plan } from '../plan/topology.ts'
import type { Processor, StoreConstant } from './dsl/processor.ts'
import { addProcessor } from './process-node.ts'
import { forwardRecord } from './processor.ts'
import { sinkTopic } from './sink-topic.ts'
import { checkReset, extracting } from './source-options.ts'
import { checkSourceTopics, sourceTopic } from './source-topics.ts'

/** What a node of a topology by hand stands after, and what it uses. */
export interface ByHand {
  /** The names of the nodes whose records it gets, at least one; they must be there already. */
  readonly parents: readonly string[]
  /** The stores that a processor uses; see `ProcessOptions`. */
  readonly stores?: readonly StoreConstant[] | undefined
}

/** How a source of a topology by hand reads; as `StreamOptions`. */
export interface SourceOptions<K, V> {
  /** Where an application without a position begins. Default: at the first record. */
  readonly reset?: SourceReset | undefined
  /** Says the event time of each record, in place of the log's. */
  readonly timestamp?: ((record: StreamRecord<K, V>) => number) | undefined
}

/**
 * What is started: {@link StreamsBuilder.build} returns one, and `new Topology()` begins one by hand, out of sources,
 * processors and sinks that know each other by name. Give it to `startStreams`, or to a `TopologyTestDriver`.
 *
 * Prefer the verbs of a stream; write by hand what no verb does, for instance a processor of several parents. A call by
 * hand changes this topology and returns it; what is running already does not change. Names are ids, so calls can go on
 * from nodes of a builder too. It may be started any number of times, under different application ids.
 *
 * @example
 * ```ts
 * const errors: Processor<string, Click> = (context) => ({
 *   process(record) {
 *     context.forward(record, record.value.status === 404 ? 'not-found' : 'rest')
 *   },
 * })
 * const topology = new Topology()
 *   .addSource('input', clicks)
 *   .addProcessor('by-status', errors, { parents: ['input'] })
 *   .addSink('not-found', missing, { parents: ['by-status'] })
 *   .addSink('rest', topic('rest', { key: string(), value: json<Click>() }), { parents: ['by-status'] })
 * using driver = new TopologyTestDriver(topology)
 * ```
 */
export class Topology extends Plan {
  /**
   * Reads one topic, or several of the same types. No other source may read it.
   *
   * @example new Topology().addSource('input', clicks, { reset: 'latest' })
   * @throws MillraceError `bad_option`, `topology_invalid` when the name is taken or a topic is read already
   */
  addSource<K, V>(
    name: string,
    topics: Topic<K, V> | readonly Topic<K, V>[],
    options: SourceOptions<NoInfer<K>, NoInfer<V>> = {},
  ): this {
    const { reset = 'earliest', timestamp } = checkOptions('addSource', options, ['reset', 'timestamp'])
    const begin = checkReset(reset)
    const timestampOf = extracting('addSource', timestamp)
    const list = checkSourceTopics('addSource', topics)
    for (const node of this.nodes) {
      const shared =
        node.kind === 'source' ? list.find((topic) => node.topics.some((one) => one.name === topic.name)) : undefined
      if (shared === undefined) continue
      throw new MillraceError(
        'topology_invalid',
        `topic "${shared.name}" is read by "${node.id}" already: name that as a parent`,
        { topic: shared.name, operator: name },
      )
    }
    return this.#add((plan) => plan.source(list.map(sourceTopic), begin, named(name), 'stream', timestampOf))
  }

  /**
   * Runs a processor on the records of its parents. `forward(record, child)` names one of the nodes that come after it.
   *
   * @example
   * ```ts
   * const total: Processor<string, Click, string, number> = (context) => {
   *   const bytes = context.store(totals)
   *   return {
   *     process({ key, value }) {
   *       bytes.put(key, (bytes.get(key) ?? 0) + value.bytes)
   *       context.forward({ key, value: bytes.get(key) ?? 0 })
   *     },
   *   }
   * }
   * new Topology().addSource('input', clicks).addProcessor('total', total, { parents: ['input'], stores: [totals] })
   * ```
   * @throws MillraceError `bad_option`, `topology_invalid`
   */
  addProcessor<K, V, K2 = K, V2 = V>(name: string, processor: Processor<K, V, K2, V2>, options: ByHand): this {
    const { parents, stores } = checkOptions('addProcessor', options, ['parents', 'stores'])
    return this.#add((plan) =>
      addProcessor(plan, {
        verb: 'addProcessor',
        parents: this.#parentsOf(name, parents),
        name: named(name),
        processor,
        stores,
        forwarding: forwardRecord,
      }),
    )
  }

  /**
   * Writes the records of its parents to a topic, as `to` does.
   *
   * @example new Topology().addSource('input', clicks).addSink('copy', missing, { parents: ['input'] })
   * @throws MillraceError `bad_option`, `topology_invalid`
   */
  addSink<K, V>(name: string, topic: TopicFor<K, V>, options: Pick<ByHand, 'parents'>): this {
    const { parents } = checkOptions('addSink', options, ['parents'])
    const from = this.#parentsOf(name, parents)
    const untouchedKeys = from.flatMap((node) =>
      node.kind === 'source'
        ? [...node.topics, ...(node.pattern === undefined ? [] : [node.pattern])].map(({ keyCodec }) => keyCodec)
        : [],
    )
    return this.#add((plan) => plan.sink(from, sinkTopic('addSink', topic, { untouchedKeys }), named(name)))
  }

  #add(add: (plan: PlanBuilder) => unknown): this {
    const plan = new PlanBuilder(this.nodes)
    add(plan)
    this.become(plan.nodes)
    return this
  }

  #parentsOf(name: string, given: readonly string[]): readonly PlanNode[] {
    const parents = checkList('the list of parents', given)
    if (parents.length === 0) throw new MillraceError('bad_option', `${shown(name)} needs at least one parent`)
    if (new Set(parents).size < parents.length)
      throw new MillraceError('bad_option', `${shown(name)} names a parent twice`)
    return parents.map((id) => {
      const parent = this.nodes.find((node) => node.id === id)
      if (parent !== undefined && parent.kind !== 'sink') return parent
      const ids = this.nodes.filter(({ kind }) => kind !== 'sink').map((node) => `"${node.id}"`)
      throw new MillraceError(
        'topology_invalid',
        `${shown(name)} stands after ${shown(id)}, which ${parent === undefined ? 'is not there' : 'is a sink'}; there ` +
          (ids.length === 0 ? 'is no node yet' : `are ${ids.join(', ')}`),
        { operator: String(name) },
      )
    })
  }
}

const named = (name: string): string => checkName('the name of a node', name)
