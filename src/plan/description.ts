/**
 * What a topology says about itself: one plain description, from which the text and the picture are drawn.
 */
import { breakOfDeterminism } from './determinism.ts'
import type { Edge, PlanNode, PlanStore, SinkNode, SourceNode, SubTopology } from './node.ts'

/**
 * What `topology.describe({ format: 'json' })` returns: plain data for tools, in the order of the calls that built it.
 */
export interface TopologyDescription {
  /** A regrouping ends one sub-topology and begins another; everything else stays inside. */
  readonly subTopologies: readonly SubTopologyDescription[]
}

/** The nodes that work on a record in one turn. */
export interface SubTopologyDescription {
  /** Its number, from 0. */
  readonly index: number
  /** The regroupings that feed it, and the ids of its nodes that they feed. */
  readonly regrouped: readonly { readonly id: string; readonly to: readonly string[] }[]
  /** Its nodes; a regrouping stands in the sub-topology that it ends. */
  readonly nodes: readonly NodeDescription[]
}

/** A node, by `kind`: `id` is what errors, metrics and dead letters call it, `verb` the call that made it. */
export type NodeDescription = {
  readonly id: string
  readonly verb: string
  /** The ids that it feeds; for a regrouping those in other sub-topologies. */
  readonly to: readonly string[]
  /** Only of the first node after which runs may differ in what they write, or in its order. */
  readonly breaksDeterminism?: true | undefined
} &
  /** `pattern`: it reads the topics that match this when the application starts, and lists none. */
  (
    | { readonly kind: 'source'; readonly topics: readonly string[]; readonly pattern?: string | undefined }
    | { readonly kind: 'operator'; readonly stores: readonly string[] }
    /** A further output of an operator; `name` is what the operator calls it. */
    | { readonly kind: 'port'; readonly name: string }
    /** `key` is the name of the serde of the keys that it regroups by. */
    | { readonly kind: 'regroup'; readonly key: string }
    /** `byRecord`: each record decides which topic it goes to, one of `topics` or another. */
    | { readonly kind: 'sink'; readonly topics: readonly string[]; readonly byRecord: boolean }
  )

/** What is described of a topology. */
export interface Described {
  readonly nodes: readonly PlanNode[]
  readonly stores: readonly PlanStore[]
  readonly subTopologies: readonly SubTopology[]
  childrenOf(node: PlanNode): readonly Edge[]
  portsOf(node: PlanNode): readonly PlanNode[]
}

export function descriptionOf(topology: Described): TopologyDescription {
  const idsFedBy = (node: PlanNode): string[] =>
    [...topology.portsOf(node), ...topology.childrenOf(node).map(({ to }) => to)].map(({ id }) => id)
  const breaking = breakOfDeterminism(topology.nodes, topology.stores)
  return {
    subTopologies: topology.subTopologies.map(({ index, nodes, inputs }) => ({
      index,
      regrouped: inputs
        .filter(({ kind }) => kind === 'regroup')
        .map((input) => {
          const own = topology.childrenOf(input).filter(({ to }) => nodes.includes(to))
          return { id: input.id, to: own.map(({ to }) => to.id) }
        }),
      nodes: nodes.map((node) => ({
        ...describeNode(node, idsFedBy(node)),
        ...(node === breaking ? { breaksDeterminism: true } : {}),
      })),
    })),
  }
}

function describeNode(node: PlanNode, to: readonly string[]): NodeDescription {
  const { id, verb } = node
  switch (node.kind) {
    case 'source':
      return { kind: 'source', id, verb, ...sourceTopics(node), to }
    case 'operator':
      return { kind: 'operator', id, verb, stores: node.stores.map(({ name }) => name), to }
    case 'port':
      return { kind: 'port', id, verb, name: node.name, to }
    case 'regroup':
      return { kind: 'regroup', id, verb, key: node.keyCodec.name, to }
    case 'sink':
      return { kind: 'sink', id, verb, ...sinkTopics(node), to }
  }
}

function sourceTopics({
  topics,
  pattern,
}: SourceNode): Pick<NodeDescription & { readonly kind: 'source' }, 'topics' | 'pattern'> {
  const names = topics.map(({ name }) => name)
  return pattern === undefined ? { topics: names } : { topics: names, pattern: String(pattern.regExp) }
}

function sinkTopics({ topics, choose }: SinkNode): { readonly topics: readonly string[]; readonly byRecord: boolean } {
  return { topics: topics.map(({ name }) => name), byRecord: choose !== undefined }
}
