/**
 * What a topology says about itself: one plain description, from which the text and the picture are drawn.
 */
import type { NodeDescription, TopologyDescription } from '../core/topology-description.ts'
import { breakOfDeterminism } from './determinism.ts'
import type { Edge, PlanNode, PlanStore, SinkNode, SourceNode, SubTopology } from './node.ts'

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
