/**
 * The topology against the existing topics: how many partitions everything has.
 */
import { present } from '../core/assert.ts'
import { MillraceError } from '../core/errors.ts'
import type { TopicDescription, TopicRequest } from '../log/contract.ts'
import { entrancesOf, type PlanNode, type SourceNode, type SourceTopic, type SubTopology } from '../plan/node.ts'
import type { Topology } from '../plan/topology.ts'

/** A topic that a source reads, as it is in the log. */
export interface SourceTopicLayout {
  readonly node: SourceNode
  readonly source: SourceTopic
  readonly description: TopicDescription
}

export interface Layout {
  /** By topic name: the order that breaks ties between records of the same time. */
  readonly sourceTopics: readonly SourceTopicLayout[]
  readonly sinkTopics: readonly TopicDescription[]
  /** How many partitions a node's records lie in: a regrouping has as many as its widest source unless it says. */
  readonly partitionsOf: (node: PlanNode) => number
  /** How many tasks a sub-topology has. */
  readonly partitionsOfSub: (subTopology: SubTopology) => number
}

/** The topics that a topology reads and writes. */
export function topicsOf(topology: Topology): readonly TopicRequest[] {
  const topics = topology.nodes.flatMap((node) => (node.kind === 'source' || node.kind === 'sink' ? node.topics : []))
  return topics.map(requestOf)
}

/** What the log is asked for so that a topic is there. */
export function requestOf({ name, partitions, config, keyCodec, valueCodec }: SourceTopic): TopicRequest {
  return { name, partitions, config, serdes: { key: keyCodec.name, value: valueCodec.name } }
}

/**
 * Lays a topology over its topics.
 *
 * @throws MillraceError `partitions_differ`
 */
export function layOut(topology: Topology, descriptions: readonly TopicDescription[]): Layout {
  const sources = topology.nodes.filter((node) => node.kind === 'source')
  const sinks = topology.nodes.filter((node) => node.kind === 'sink')
  const topics = new Map(descriptions.map((description) => [description.name, description]))
  const describe = (name: string): TopicDescription =>
    present(topics.get(name), 'the log describes every topic that it was asked for')

  const widths = new Map<PlanNode, number>()
  const widthOf = (node: PlanNode): number => {
    let width = widths.get(node)
    if (width === undefined) {
      if (node.kind === 'source') width = Math.max(...node.topics.map(({ name }) => describe(name).partitions))
      else if (node.kind === 'regroup' && node.partitions !== undefined) width = node.partitions
      else width = Math.max(...node.parents.map(widthOf))
      widths.set(node, width)
    }
    return width
  }
  const subOf = new Map(topology.subTopologies.flatMap((sub) => sub.nodes.map((node) => [node, sub] as const)))
  const partitionsOfSub = (sub: SubTopology): number => Math.max(...sub.inputs.map(widthOf))
  for (const { owner, readers } of topology.stores) checkTogether([owner, ...readers], describe, widthOf)

  const sourceTopics = sources.flatMap((node) =>
    node.topics.map((source) => ({ node, source, description: describe(source.name) })),
  )
  return {
    sourceTopics: sourceTopics.toSorted((a, b) => (a.description.name < b.description.name ? -1 : 1)),
    sinkTopics: [...new Set(sinks.flatMap(({ topics: written }) => written.map(({ name }) => describe(name))))],
    partitionsOf: (node) =>
      node.kind === 'operator'
        ? partitionsOfSub(present(subOf.get(node), 'every node is in a sub-topology'))
        : widthOf(node),
    partitionsOfSub,
  }
}

/**
 * A store is right only where all records of a key come to one partition: the inputs of its nodes must have equally
 * many.
 */
function checkTogether(
  nodes: readonly PlanNode[],
  describe: (name: string) => TopicDescription,
  widthOf: (node: PlanNode) => number,
): void {
  const inputs = new Map<string, number>()
  for (const entrance of nodes.flatMap((node) => [...entrancesOf(node)])) {
    if (entrance.kind === 'source') for (const { name } of entrance.topics) inputs.set(name, describe(name).partitions)
    else inputs.set(entrance.id, widthOf(entrance))
  }
  if (new Set(inputs.values()).size <= 1) return
  const ids = nodes.map(({ id }) => `"${id}"`).join(' and ')
  const [brings, its] = nodes.length === 1 ? ['brings', 'its'] : ['bring', 'their']
  const list = [...inputs].map(([name, partitions]) => `${name} has ${partitions}`).join(', ')
  throw new MillraceError(
    'partitions_differ',
    `${ids} ${brings} records together by key, but ${its} inputs have different numbers of partitions: ${list}. ` +
      'Put repartition() before it',
    { operator: nodes[0]?.id },
  )
}
