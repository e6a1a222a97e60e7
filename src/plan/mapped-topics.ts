/**
 * A topology that writes to other topics than its script says: one that runs beside the live version.
 */
import type { PlanNode, SinkNode, SourceTopic } from './node.ts'
import type { Topology } from './topology.ts'
import { withNodes } from './with-nodes.ts'

/** A topic of another name that takes the place of one, and is made like it. */
export function topicLike(topic: SourceTopic, name: string): SourceTopic {
  return { ...topic, name, like: topic.name }
}

/**
 * Every topic that is written is another one. What is read of them is read there too; all other topics that are read
 * stay as they are.
 */
export function mapTopics(topology: Topology, otherTopic: (topic: SourceTopic) => SourceTopic): Topology {
  const written = writtenBy(topology)
  // Held weakly: a function of `to` may make a constant for each record.
  const others = new WeakMap<SourceTopic, SourceTopic>()
  const otherOf = (topic: SourceTopic): SourceTopic => {
    const known = others.get(topic)
    if (known !== undefined) return known
    const other = Object.freeze(otherTopic(topic))
    others.set(topic, other)
    return other
  }
  return withNodes(topology, (node): PlanNode => {
    if (node.kind === 'source') {
      return { ...node, topics: node.topics.map((topic) => (written.has(topic.name) ? otherOf(topic) : topic)) }
    }
    if (node.kind !== 'sink') return node
    const { choose } = node
    const topics = node.topics.map(otherOf)
    return { ...node, topics, choose: choose === undefined ? undefined : (record) => otherOf(choose(record)) }
  })
}

/** The topics that a topology writes and reads again. */
export function readAgain(topology: Topology): readonly string[] {
  const written = writtenBy(topology)
  const read = topology.nodes.flatMap((node) => (node.kind === 'source' ? node.topics : []))
  return [...new Set(read.map(({ name }) => name))].filter((name) => written.has(name))
}

function writtenBy({ nodes }: Topology): ReadonlySet<string> {
  return new Set(nodes.flatMap((node) => (node.kind === 'sink' ? topicNames(node) : [])))
}

function topicNames({ topics }: SinkNode): string[] {
  return topics.map(({ name }) => name)
}
