/**
 * A topology for people: as text, the way Kafka Streams prints one, and as a Mermaid flowchart. Both are stable, so
 * that they can be compared in a test.
 */
import type { NodeDescription, TopologyDescription } from '../core/topology-description.ts'

/** What stands at the first node after which runs may differ. */
const mark = 'not deterministic from here'

export function describeText({ subTopologies }: TopologyDescription): string {
  const lines = ['Topologies:']
  for (const { index, regrouped, nodes } of subTopologies) {
    lines.push(`  Sub-topology ${index}`)
    for (const { id, to } of regrouped) lines.push(`    Regrouped ${id}${arrow(to)}`)
    for (const node of nodes) lines.push(`    ${nodeText(node)}${node.breaksDeterminism === true ? ` (${mark})` : ''}`)
  }
  return lines.join('\n') + '\n'
}

function nodeText(node: NodeDescription): string {
  const { id, to } = node
  switch (node.kind) {
    case 'source':
      return `Source ${id} (${node.pattern === undefined ? `topics: ${node.topics.join(', ')}` : `pattern: ${node.pattern}`})${arrow(to)}`
    case 'operator':
      return `Operator ${id}${storesText(node.stores)}${arrow(to)}`
    case 'port':
      return `Port ${id}${arrow(to)}`
    case 'regroup':
      return `Regroup ${id} (by ${node.key})`
    case 'sink':
      return `Sink ${id} (${sinkText(node)})`
  }
}

function sinkText({ topics, byRecord }: NodeDescription & { readonly kind: 'sink' }): string {
  if (!byRecord) return `topic: ${topics.join()}`
  return topics.length === 0 ? 'topic: by record' : `topics: ${topics.join(', ')}, or another by record`
}

function storesText(stores: readonly string[]): string {
  if (stores.length === 0) return ''
  return ` (${stores.length === 1 ? 'store' : 'stores'}: ${stores.join(', ')})`
}

function arrow(to: readonly string[]): string {
  return to.length === 0 ? '' : ` --> ${to.join(', ')}`
}

/**
 * Sub-topologies are subgraphs, topics stadiums, stores cylinders, regroupings hexagons with a thick edge out of their
 * subgraph.
 */
export function describeMermaid({ subTopologies }: TopologyDescription): string {
  const nodes = subTopologies.flatMap((sub) => sub.nodes)
  const topicNames = nodes.flatMap(topicsOf)
  // Mermaid reads words such as "end" anywhere but in a quoted label, so what stands in the code is numbered.
  const topics = new Map([...new Set(topicNames)].map((name, index) => [name, `topic${index}`]))
  const homes = homesOfStores(nodes)
  const stores = new Map([...homes.keys()].map((name, index) => [name, `store${index}`]))
  const numbers = new Map(nodes.map(({ id }, index) => [id, `node${index}`]))
  const lines = ['flowchart TD', ...[...topics].map(([name, topic]) => `  ${topic}([${quoted(name)}])`)]
  const edges: string[] = []
  for (const sub of subTopologies) {
    lines.push(`  subgraph sub${sub.index}[${quoted(`Sub-topology ${sub.index}`)}]`)
    for (const node of sub.nodes) {
      const number = numbers.get(node.id) as string
      lines.push(`    ${number}${node.kind === 'regroup' ? `{{${quoted(node.id)}}}` : `[${quoted(node.id)}]`}`)
      if (node.breaksDeterminism === true) edges.push(`${number} -.- broken[${quoted(mark)}]`)
      const arrowhead = node.kind === 'regroup' ? `== ${quoted(`by ${node.key}`)} ==>` : '-->'
      for (const id of node.to) edges.push(`${number} ${arrowhead} ${numbers.get(id)}`)
      if (node.kind === 'source') for (const name of topicsOf(node)) edges.push(`${topics.get(name)} --> ${number}`)
      if (node.kind === 'sink') for (const name of node.topics) edges.push(`${number} --> ${topics.get(name)}`)
      for (const name of node.kind === 'operator' ? node.stores : []) {
        const store = stores.get(name)
        if (homes.get(name) === node) lines.push(`    ${store}[(${quoted(name)})]`)
        edges.push(`${number} --- ${store}`)
      }
    }
    lines.push('  end')
  }
  return [...lines, ...edges.map((edge) => `  ${edge}`)].join('\n') + '\n'
}

/** Where each store is drawn: beside the first node that uses it, but that of a global table beside the table. */
function homesOfStores(nodes: readonly NodeDescription[]): ReadonlyMap<string, NodeDescription> {
  const homes = new Map<string, NodeDescription>()
  for (const node of nodes) {
    for (const name of node.kind === 'operator' ? node.stores : []) {
      if (!homes.has(name) || node.verb === 'globalTable') homes.set(name, node)
    }
  }
  return homes
}

/** What a node reads or writes, as a picture calls it. */
function topicsOf(node: NodeDescription): readonly string[] {
  if (node.kind === 'source' && node.pattern !== undefined) return [node.pattern]
  return node.kind === 'source' || node.kind === 'sink' ? node.topics : []
}

/**
 * A label: what could mean something to Mermaid, the names of serdes are free text, becomes the number of its
 * character.
 */
function quoted(label: string): string {
  return `"${label.replace(/[^\w .,()-]/gu, (character) => `#${character.codePointAt(0)};`)}"`
}
