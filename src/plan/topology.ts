/**
 * A topology: the frozen plan of an application, cut into sub-topologies where records change their partition.
 */
import { MillraceError } from '../core/errors.ts'
import { checkChoice, checkOptions } from '../core/checks.ts'
import type { Codec } from '../core/serde.ts'
import { describeMermaid, describeText } from './describe.ts'
import { descriptionOf, type TopologyDescription } from './description.ts'
import type { PlanNode, SubTopology } from './node.ts'
import type { StoreSpec } from './store.ts'

/** How {@link Topology.describe} answers. */
export type DescriptionFormat = 'text' | 'mermaid' | 'json'

const drawings: Readonly<
  Record<DescriptionFormat, (description: TopologyDescription) => string | TopologyDescription>
> = { text: describeText, mermaid: describeMermaid, json: (description) => description }

/**
 * What {@link StreamsBuilder.build} returns: give it to `startStreams`, or to a `TopologyTestDriver`.
 *
 * It is immutable and may be started as often as wanted, under different application ids.
 *
 * @example
 * ```ts
 * builder.stream(clicks).groupByKey().count()
 * const topology = builder.build()
 * using driver = new TopologyTestDriver(topology)
 * await using app = await startStreams(topology, { log, applicationId: 'clicks' })
 * ```
 */
export class Topology {
  /** The plan itself, for the runtime; {@link describe} is for everyone. */
  readonly nodes: readonly PlanNode[]
  /** The nodes by what works in one turn, for the runtime. */
  readonly subTopologies: readonly SubTopology[]
  readonly #children = new Map<PlanNode, PlanNode[]>()

  constructor(nodes: readonly PlanNode[]) {
    this.nodes = Object.freeze([...nodes])
    checkNames(this.nodes)
    checkWindowSizes(this.nodes)
    for (const node of this.nodes) {
      for (const parent of node.parents) {
        const siblings = this.#children.get(parent)
        if (siblings === undefined) this.#children.set(parent, [node])
        else siblings.push(node)
      }
    }
    this.subTopologies = cut(this.nodes)
    Object.freeze(this)
  }

  /** The nodes that a node feeds, in the order in which they were made. */
  childrenOf(node: PlanNode): readonly PlanNode[] {
    return this.#children.get(node) ?? []
  }

  /** Every store, by the order of its operator. */
  get stores(): readonly StoreSpec[] {
    return this.nodes.flatMap((node) => (node.kind === 'operator' && node.store !== undefined ? [node.store] : []))
  }

  /**
   * The topology for people or for tools: sub-topologies, nodes, stores, topics, and what feeds what.
   *
   * The same script gives the same description every time, so it can be compared in a test. `text` (default) reads like Kafka
   * Streams', `mermaid` is a flowchart that Markdown pages draw, `json` is plain data.
   *
   * @example
   * ```ts
   * console.log(topology.describe())
   * console.log(topology.describe({ format: 'mermaid' }))
   * const [first] = topology.describe({ format: 'json' }).subTopologies
   * ```
   * @throws MillraceError `bad_option`
   */
  describe(options?: { readonly format?: 'text' | 'mermaid' }): string
  describe(options: { readonly format: 'json' }): TopologyDescription
  describe(options: { readonly format?: DescriptionFormat }): string | TopologyDescription
  describe(options: { readonly format?: DescriptionFormat } = {}): string | TopologyDescription {
    const { format = 'text' } = checkOptions('describe', options, ['format'])
    checkChoice('format', format, Object.keys(drawings) as DescriptionFormat[])
    return drawings[format](descriptionOf(this))
  }
}

/** Ids are where errors, counters, stored plans and stores are found again, so no two nodes may share one. */
function checkNames(nodes: readonly PlanNode[]): void {
  const ids = new Map<string, PlanNode>()
  const stores = new Map<string, PlanNode>()
  for (const node of nodes) {
    const other = ids.get(node.id)
    if (other !== undefined) {
      throw new MillraceError(
        'topology_invalid',
        `${other.verb} and ${node.verb} would both be called "${node.id}"; give one of them a name: { name: '…' }`,
        { operator: node.id },
      )
    }
    ids.set(node.id, node)
    if (node.kind !== 'operator' || node.store === undefined) continue
    const owner = stores.get(node.store.name)
    if (owner !== undefined) {
      throw new MillraceError(
        'topology_invalid',
        `two operators, ${owner.id} and ${node.id}, would keep their state in one store, "${node.store.name}"; name another store`,
        { store: node.store.name, operator: node.id },
      )
    }
    stores.set(node.store.name, node)
  }
}

/** If constants with different window sizes read and write a topic, it gives back other windows than it was given. */
function checkWindowSizes(nodes: readonly PlanNode[]): void {
  const keys = new Map<string, Codec<unknown>>()
  for (const node of nodes) {
    const topics = node.kind === 'source' ? node.topics : node.kind === 'sink' ? [node.topic] : []
    for (const { name, keyCodec } of topics) {
      if (keyCodec.windowSizesMs.length === 0) continue
      const other = keys.get(name) ?? keyCodec
      keys.set(name, other)
      if (other.windowSizesMs.join() === keyCodec.windowSizesMs.join()) continue
      throw new MillraceError(
        'topology_invalid',
        `topic "${name}" has windowed keys of different sizes: ${other.name} and ${keyCodec.name}`,
        { topic: name, operator: node.id },
      )
    }
  }
}

/** Puts nodes that are joined by anything but a regrouping's output into one sub-topology. */
function cut(nodes: readonly PlanNode[]): readonly SubTopology[] {
  // Union-find. A regrouping ends its own sub-topology; `outlets` stands for the one that it begins.
  const leaders = new Map<object, object>()
  const outlets = new Map<PlanNode, object>()
  const find = (member: object): object => {
    const leader = leaders.get(member) ?? member
    return leader === member ? member : find(leader)
  }
  for (const node of nodes) {
    if (node.kind === 'regroup') outlets.set(node, {})
    for (const parent of node.parents) leaders.set(find(outlets.get(parent) ?? parent), find(node))
  }
  const distinct = [...new Set(nodes.map(find))]
  return Object.freeze(
    distinct.map((leader, index) => {
      const members = nodes.filter((node) => find(node) === leader)
      const fedBy = [...outlets].flatMap(([regroup, outlet]) => (find(outlet) === leader ? [regroup] : []))
      const inputs = [...members.filter((node) => node.kind === 'source'), ...fedBy]
      return Object.freeze({ index, nodes: Object.freeze(members), inputs: Object.freeze(inputs) })
    }),
  )
}
