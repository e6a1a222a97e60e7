/**
 * Outputs of a version that go to topics of the user's instead of hidden ones.
 */
import { checkedEntries, checkName } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import { nearestName } from '../core/near-names.ts'
import { codecOf, topicCodecOf } from '../core/serde.ts'
import { shown } from '../core/shown.ts'
import { checkTopic, type Topic } from '../core/topic.ts'
import { topicLike } from '../plan/mapped-topics.ts'
import type { SourceTopic } from '../plan/node.ts'
import type { Topology } from '../plan/topology.ts'
import type { OtherOutputs } from './face.ts'

/** The topic that takes the place of one of the script: by its name, or as its constant says. */
type OtherTopic = string | SourceTopic

/** As they are stored: names by names, in their order. */
export type OutputNames = Readonly<Record<string, string>>

/** Where the outputs of a version go that do not go to hidden topics. */
export class OtherTopics {
  readonly names: OutputNames
  readonly #others: ReadonlyMap<string, OtherTopic>

  /** @throws MillraceError `bad_option` */
  constructor(topology: Topology, given: OtherOutputs = {}) {
    const others = checkedEntries('outputs', given)
      .filter(([, other]) => other !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([topic, other]) => [topic, checkOther(topic, other)] as const)
    this.#others = new Map(others)
    this.names = Object.fromEntries(others.map(([topic, other]) => [topic, nameOf(other)]))
    checkNames(topology, this.names)
  }

  /**
   * What takes the place of a topic of the script; undefined: a hidden topic does.
   *
   * @throws MillraceError `bad_option` when its serdes differ
   */
  of(topic: SourceTopic): SourceTopic | undefined {
    const other = this.#others.get(topic.name)
    if (other === undefined) return undefined
    if (typeof other === 'string') return topicLike(topic, other)
    for (const side of ['keyCodec', 'valueCodec'] as const) {
      if (other[side].name === topic[side].name) continue
      throw new MillraceError(
        'bad_option',
        `outputs: topic "${topic.name}" is written with ${topic[side].name} for its ` +
          `${side === 'keyCodec' ? 'keys' : 'values'}, and "${other.name}" is read with ${other[side].name}`,
        { topic: topic.name },
      )
    }
    const saysNothing = other.partitions === undefined && Object.keys(other.config).length === 0
    if (saysNothing) return topicLike(topic, other.name)
    return { ...topic, name: other.name, partitions: other.partitions, config: other.config }
  }
}

function checkOther(topic: string, given: unknown): OtherTopic {
  const what = `outputs: the topic for ${shown(topic)}`
  if (typeof given === 'string') return checkName(what, given)
  const { name, partitions, config, key, value } = checkTopic(what, given as Topic<unknown, unknown>)
  return { name, partitions, config, keyCodec: codecOf(key), valueCodec: topicCodecOf(value) }
}

function nameOf(other: OtherTopic): string {
  return typeof other === 'string' ? other : other.name
}

/** Each is a topic that the topology writes, and goes to one that it has nothing to do with. */
function checkNames({ nodes }: Topology, names: OutputNames): void {
  const sinks = nodes.filter((node) => node.kind === 'sink')
  const written = new Set(sinks.flatMap(({ topics }) => topics.map(({ name }) => name)))
  const used = new Set(nodes.flatMap((node) => (node.kind === 'source' ? node.topics.map(({ name }) => name) : [])))
  for (const name of written) used.add(name)
  // What a function chooses is not known before it does.
  const isOpen = sinks.some(({ choose }) => choose !== undefined)
  for (const [topic, other] of Object.entries(names)) {
    if (!isOpen && !written.has(topic)) throw unknownOutput(topic, [...written])
    if (used.has(other)) {
      throw new MillraceError(
        'bad_option',
        `outputs: "${topic}" would go to "${other}", which the topology reads or writes itself, or another output goes ` +
          'to: name another topic',
        { topic: other },
      )
    }
    used.add(other)
  }
}

function unknownOutput(topic: string, written: readonly string[]): MillraceError {
  const near = nearestName(topic, written)
  const known = written.length === 0 ? 'none' : written.map((name) => `"${name}"`).join(', ')
  return new MillraceError(
    'bad_option',
    `outputs: the topology writes no topic ${shown(topic)}; it writes ${known}` +
      (near === undefined ? '' : `. Did you mean "${near}"?`),
    { topic },
  )
}
