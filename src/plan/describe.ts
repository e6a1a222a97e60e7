/**
 * A topology as text, the way Kafka Streams prints one: stable, so that it can be compared in a test.
 */
import type { PlanNode, SubTopology } from './node.ts'

/** What is described of a topology. */
interface Described {
  readonly subTopologies: readonly SubTopology[]
  childrenOf(node: PlanNode): readonly PlanNode[]
}

export function describeText(topology: Described): string {
  const lines = ['Topologies:']
  for (const { index, nodes, inputs } of topology.subTopologies) {
    lines.push(`  Sub-topology ${index}`)
    for (const input of inputs) {
      if (input.kind === 'regroup') lines.push(`    Regrouped ${input.id}${arrow(topology, input)}`)
    }
    for (const node of nodes) lines.push(`    ${describeNode(topology, node)}`)
  }
  return lines.join('\n') + '\n'
}

function describeNode(topology: Described, node: PlanNode): string {
  switch (node.kind) {
    case 'source':
      return `Source ${node.id} (topics: ${node.topics.map(({ name }) => name).join(', ')})${arrow(topology, node)}`
    case 'operator': {
      const store = node.store === undefined ? '' : ` (store: ${node.store.name})`
      return `Operator ${node.id}${store}${arrow(topology, node)}`
    }
    case 'merge':
      return `Merge ${node.id}${arrow(topology, node)}`
    case 'regroup':
      return `Regroup ${node.id} (by ${node.keyCodec.name})`
    case 'sink':
      return `Sink ${node.id} (topic: ${node.topic.name})`
  }
}

function arrow(topology: Described, node: PlanNode): string {
  const children = topology.childrenOf(node)
  return children.length === 0 ? '' : ` --> ${children.map(({ id }) => id).join(', ')}`
}
