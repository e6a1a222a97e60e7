/**
 * What brings records together by key: all inputs of a store's nodes, and so both sides of a join, must have equally
 * many partitions, and keys of one format, because a partition is chosen by the bytes of a key.
 *
 * A regrouping that does not say how many it has adapts: it has as many as the topics that it meets, or, where it meets
 * other regroupings alone, as the widest of them.
 */
import { present } from '../core/assert.ts'
import { MillraceError } from '../core/errors.ts'
import type { Codec } from '../core/serde.ts'
import { entrancesOf, type PlanNode, type SourceNode } from '../plan/node.ts'
import type { Topology } from '../plan/topology.ts'

/** Of nodes that share stores: the sources and regroupings by which their records come to their partitions. */
interface Meeting {
  readonly nodes: readonly PlanNode[]
  readonly entrances: readonly PlanNode[]
  /** Whether rows go by the keys of records: those of processors go by what they like. */
  readonly isByKey: boolean
}

export class CoPartitioning {
  readonly #widths = new Map<PlanNode, number>()
  readonly #partitionsOf: (topic: string) => number

  /**
   * @param partitionsOf how many partitions a topic has
   * @throws MillraceError `partitions_differ`, `topology_invalid` for keys of different formats
   */
  constructor(topology: Topology, partitionsOf: (topic: string) => number) {
    this.#partitionsOf = partitionsOf
    const shared = topology.stores.filter(({ spec }) => spec.isOfTask !== true && spec.isGlobal !== true)
    const meetings = shared.map(({ spec, owner, readers }): Meeting => {
      const nodes = [owner, ...readers]
      const entrances = [...new Set(nodes.flatMap((node) => [...entrancesOf(node)]))]
      return { nodes, entrances, isByKey: spec.isOfProcessors !== true }
    })
    // One regrouping may adapt to another that adapts itself, so this goes on until nothing changes; widths only grow.
    while (this.#measure(topology.nodes, meetings));
    for (const meeting of meetings) this.#check(meeting)
  }

  /** The number of partitions that the records of a node lie in. */
  widthOf(node: PlanNode): number {
    return present(this.#widths.get(node), 'every node of the topology was measured')
  }

  #measure(nodes: readonly PlanNode[], meetings: readonly Meeting[]): boolean {
    let hasChanged = false
    for (const node of nodes) {
      const width = this.#measured(node, meetings)
      if (width === this.#widths.get(node)) continue
      this.#widths.set(node, width)
      hasChanged = true
    }
    return hasChanged
  }

  #measured(node: PlanNode, meetings: readonly Meeting[]): number {
    if (node.kind === 'source') return node.isGlobal ? 1 : Math.max(0, ...this.#topicsOf(node).values())
    const fixed = fixedWidth(node)
    if (fixed !== undefined) return fixed
    const own = Math.max(...node.parents.map((parent) => this.#widths.get(parent) ?? 0))
    if (node.kind !== 'regroup') return own
    const others = meetings.flatMap(({ entrances }) => (entrances.includes(node) ? entrances : []))
    const given = others.flatMap((other) =>
      other.kind === 'source' ? this.#measured(other, []) : (fixedWidth(other) ?? []),
    )
    if (given.length > 0) return Math.max(...given)
    return Math.max(own, ...others.map((other) => this.#widths.get(other) ?? 0))
  }

  #topicsOf({ topics }: SourceNode): Map<string, number> {
    return new Map(topics.map(({ name }) => [name, this.#partitionsOf(name)]))
  }

  #check({ nodes, entrances, isByKey }: Meeting): void {
    const inputs = new Map<string, number>()
    for (const entrance of entrances) {
      if (entrance.kind !== 'source') inputs.set(entrance.id, this.widthOf(entrance))
      else for (const [name, partitions] of this.#topicsOf(entrance)) inputs.set(name, partitions)
    }
    const [width = 0, ...others] = new Set(inputs.values())
    if (others.length > 0) {
      const list = [...inputs].map(([name, partitions]) => `${name} has ${partitions}`).join(', ')
      const message = `${theirInputs(nodes)} have different numbers of partitions: ${list}. Put repartition() before it`
      throw new MillraceError('partitions_differ', message, { operator: nodes[0]?.id })
    }
    if (isByKey && width > 1) checkFormats(nodes, entrances)
  }
}

/** @throws MillraceError `topology_invalid` */
function checkFormats(nodes: readonly PlanNode[], entrances: readonly PlanNode[]): void {
  const inputs = entrances.flatMap(placingOf)
  const [first, ...others] = inputs
  if (first === undefined || others.every(({ codec }) => placesAlike(codec, first.codec))) return
  const list = inputs.map(({ name, codec }) => `${name} has ${codec.name}`).join(', ')
  throw new MillraceError(
    'topology_invalid',
    `${theirInputs(nodes)} have keys of different formats: ${list}. So equal keys may lie in different partitions: put ` +
      'repartition({ key: … }) before it, where the keys are of another format',
    { operator: nodes[0]?.id },
  )
}

/** By which codecs keys come to their partitions there. */
function placingOf(entrance: PlanNode): readonly { readonly name: string; readonly codec: Codec<unknown> }[] {
  if (entrance.kind === 'regroup') return [{ name: entrance.id, codec: entrance.keyCodec.placing }]
  if (entrance.kind !== 'source') return []
  return entrance.topics.map(({ name, keyCodec }) => ({ name, codec: keyCodec.placing }))
}

/** A name is all that tells serdes apart that users write. */
function placesAlike(one: Codec<unknown>, other: Codec<unknown>): boolean {
  return one.format === other.format || (one.isNamed && one.name === other.name)
}

function theirInputs(nodes: readonly PlanNode[]): string {
  const [brings, its] = nodes.length === 1 ? ['brings', 'its'] : ['bring', 'their']
  return `${nodes.map(({ id }) => `"${id}"`).join(' and ')} ${brings} records together by key, but ${its} inputs`
}

/** How many partitions a regrouping has by its options. */
function fixedWidth(node: PlanNode): number | undefined {
  return node.kind === 'regroup' ? node.partitions : undefined
}
