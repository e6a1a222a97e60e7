/**
 * What a plan leaves in the log: what stored data depends on, as plain data that a later start compares with
 * (comparison.ts).
 *
 * These are the facts of what reads, moves and keeps data, the partition counts of stores, and by which source or
 * regrouping their keys came to their partitions. Function bodies are not: a changed predicate goes on with the state
 * of the old one.
 */
import { present } from '../core/assert.ts'
import {
  type Facts,
  type StoredOutput,
  type StoredPlan,
  type StoredStore,
  storedPlanVersion,
  type StoreReading,
  versionFact,
} from '../core/stored-plan.ts'
import { descriptionOf } from './description.ts'
import { type KeptLayouts, laidOut, noLayouts } from './kept-layouts.ts'
import { entrancesOf, type PlanNode, type PlanStore, subTopologyName } from './node.ts'
import { orderOf } from './store-layout.ts'
import type { Topology } from './topology.ts'

/**
 * @param partitions how many partitions a node works on
 * @param loaded where the topics of global tables ended when they were new
 * @param layouts where rows lie that an older topology left
 */
export function storedPlan(
  topology: Topology,
  partitions: (node: PlanNode) => number,
  loaded: StoredPlan['loaded'] = {},
  layouts: KeptLayouts = noLayouts,
): StoredPlan {
  const topicsOf = new Map<PlanNode, readonly string[]>()
  const subTopologyOf = new Map<PlanNode, string>()
  for (const sub of topology.subTopologies) {
    const { nodes, inputs } = sub
    const topics = new Set<string>()
    for (const input of inputs) follow(input, topics)
    for (const node of nodes) {
      topicsOf.set(node, [...topics].toSorted())
      subTopologyOf.set(node, subTopologyName(sub))
    }
  }
  const nodes = topology.nodes
    .filter(({ facts, stores }) => Object.keys(facts).length > 0 || stores.length > 0)
    .map(({ id, verb, facts }) => [id, { verb, ...facts }] as const)
  const stores = topology.stores.map(({ spec: asked, owner, readers }) => {
    const spec = laidOut(asked, layouts)
    const writers = spec.isOfProcessors === true ? [owner, ...readers] : [owner]
    const stored: StoredStore = {
      owner: owner.id,
      readers: readers.map(({ id }) => id),
      facts: factsOf(spec, partitions(owner)),
      keys: [...new Set(writers.flatMap((node) => [...entrancesOf(node)]))].map(({ id }) => id).toSorted(),
      topics: spec.isGlobal === true ? [] : (topicsOf.get(owner) ?? []),
      reading: readingOf(spec, partitions(owner), present(subTopologyOf.get(owner), 'every node is in a sub-topology')),
    }
    return [spec.name, stored] as const
  })
  return {
    version: storedPlanVersion,
    topics: topology.nodes.flatMap((node) => (node.kind === 'source' ? node.topics.map(({ name }) => name) : [])),
    nodes: Object.fromEntries(nodes),
    stores: Object.fromEntries(stores),
    loaded,
    outputs: outputsOf(topology),
    topology: descriptionOf(topology),
  }
}

/** What several sinks write holds newest records only where all of them write such. */
function outputsOf({ nodes }: Topology): Record<string, StoredOutput> {
  const outputs: Record<string, StoredOutput> = {}
  for (const node of nodes) {
    if (node.kind !== 'sink') continue
    for (const { name } of node.topics) {
      outputs[name] = { newest: node.newest && (!Object.hasOwn(outputs, name) || outputs[name]?.newest === true) }
    }
  }
  return outputs
}

/** Collects the topics whose numbers of partitions decide how many a node has. */
function follow(node: PlanNode, topics: Set<string>): void {
  if (node.kind === 'source') for (const { name } of node.topics) topics.add(name)
  if (node.kind === 'regroup' && node.partitions !== undefined) return
  for (const parent of node.parents) follow(parent, topics)
}

function factsOf({ kind, keyCodec, valueCodec, layout, facts }: PlanStore['spec'], partitions: number): Facts {
  const version = valueCodec.version === 0 ? {} : { [versionFact]: valueCodec.version }
  return { kind, order: orderOf(layout), key: keyCodec.name, value: valueCodec.name, ...version, ...facts, partitions }
}

function readingOf(spec: PlanStore['spec'], partitions: number, subTopology: string): StoreReading {
  const { kind, keyCodec, valueCodec, layout, form, isOfProcessors = false } = spec
  const { name: key } = keyCodec
  const { name: value } = valueCodec
  return { kind, key, value, partitions, layout, form: form?.name, subTopology, isOfProcessors }
}
