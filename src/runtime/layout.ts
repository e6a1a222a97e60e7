/**
 * The topology against the existing topics: how many partitions everything has.
 */
import { present } from '../core/assert.ts'
import type { TopicDescription, EngineTopicRequest } from '../log/contract.ts'
import { type KeptLayouts, noLayouts } from '../plan/kept-layouts.ts'
import type { PlanNode, SourceNode, SourceTopic, SubTopology } from '../plan/node.ts'
import type { Topology } from '../plan/topology.ts'
import { CoPartitioning } from './co-partitioning.ts'

/** A topic that a source reads, as it is in the log. */
export interface SourceTopicLayout {
  readonly node: SourceNode
  readonly source: SourceTopic
  readonly description: TopicDescription
  /** Whether it holds dead letters that were sent again, beside a topic of the script. */
  readonly isRedriven?: boolean | undefined
}

export interface Layout {
  /** By topic name: the order that breaks ties between records of the same time. */
  readonly sourceTopics: readonly SourceTopicLayout[]
  readonly sinkTopics: readonly TopicDescription[]
  /** How many partitions a node's records lie in. */
  readonly partitionsOf: (node: PlanNode) => number
  /** How many tasks a sub-topology has. */
  readonly partitionsOfSub: (subTopology: SubTopology) => number
  /** Where rows lie that an older topology left. */
  readonly kept: KeptLayouts
}

/** The topics that a topology reads and writes. */
export function topicsOf(topology: Topology): readonly EngineTopicRequest[] {
  const topics = topology.nodes.flatMap((node) => (node.kind === 'source' || node.kind === 'sink' ? node.topics : []))
  return topics.map(requestOf)
}

/** What the log is asked for so that a topic is there. */
export function requestOf({ name, partitions, config, keyCodec, valueCodec, like }: SourceTopic): EngineTopicRequest {
  return { name, partitions, config, serdes: { key: keyCodec.name, value: valueCodec.name }, like }
}

/**
 * Lays a topology over its topics.
 *
 * @throws MillraceError `partitions_differ`, `topology_invalid`
 */
export function layOut(topology: Topology, descriptions: readonly TopicDescription[]): Layout {
  const sources = topology.nodes.filter((node) => node.kind === 'source')
  const sinks = topology.nodes.filter((node) => node.kind === 'sink')
  const topics = new Map(descriptions.map((description) => [description.name, description]))
  const describe = (name: string): TopicDescription =>
    present(topics.get(name), 'the log describes every topic that it was asked for')

  const together = new CoPartitioning(topology, (name) => describe(name).partitions)
  const widthOf = (node: PlanNode): number => together.widthOf(node)
  const subOf = new Map(topology.subTopologies.flatMap((sub) => sub.nodes.map((node) => [node, sub] as const)))
  const partitionsOfSub = (sub: SubTopology): number => Math.max(...sub.inputs.map(widthOf))

  const sourceTopics = sources.flatMap((node) =>
    node.topics.map((source) => ({ node, source, description: describe(source.name) })),
  )
  return {
    sourceTopics: byName(sourceTopics),
    sinkTopics: [...new Set(sinks.flatMap(({ topics: written }) => written.map(({ name }) => describe(name))))],
    partitionsOf: (node) =>
      node.kind === 'operator'
        ? partitionsOfSub(present(subOf.get(node), 'every node is in a sub-topology'))
        : widthOf(node),
    partitionsOfSub,
    kept: noLayouts,
  }
}

/** In the order that breaks ties. */
export function byName(topics: readonly SourceTopicLayout[]): SourceTopicLayout[] {
  return topics.toSorted((a, b) => (a.description.name < b.description.name ? -1 : 1))
}
