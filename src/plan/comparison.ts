/**
 * What a plan leaves in the log, and the comparison that decides whether a topology may go on with what an older one
 * left.
 *
 * It compares what stored data depends on: the facts of what reads, moves and keeps data, the partition counts of
 * stores, and by which source or regrouping their keys came to their partitions. Function bodies are not: a changed
 * predicate goes on with the state of the old one.
 */
import { MillraceError } from '../core/errors.ts'
import { present } from '../core/assert.ts'
import {
  type Facts,
  type StoredPlan,
  type StoredStore,
  storedPlanVersion,
  type StoreReading,
} from '../core/stored-plan.ts'
import { entrancesOf, type PlanNode, type PlanStore, subTopologyName } from './node.ts'
import { orderOf } from './store-layout.ts'
import type { Topology } from './topology.ts'

/**
 * @param partitions how many partitions a node works on
 * @param loaded where the topics of global tables ended when they were new
 */
export function storedPlan(
  topology: Topology,
  partitions: (node: PlanNode) => number,
  loaded: StoredPlan['loaded'] = {},
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
  const stores = topology.stores.map(({ spec, owner, readers }) => {
    const stored: StoredStore = {
      owner: owner.id,
      readers: readers.map(({ id }) => id),
      facts: factsOf(spec, partitions(owner)),
      keys: [...entrancesOf(owner)].map(({ id }) => id).toSorted(),
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
  }
}

/** Collects the topics whose numbers of partitions decide how many a node has. */
function follow(node: PlanNode, topics: Set<string>): void {
  if (node.kind === 'source') for (const { name } of node.topics) topics.add(name)
  if (node.kind === 'regroup' && node.partitions !== undefined) return
  for (const parent of node.parents) follow(parent, topics)
}

function factsOf({ kind, keyCodec, valueCodec, layout, facts }: PlanStore['spec'], partitions: number): Facts {
  return { kind, order: orderOf(layout), key: keyCodec.name, value: valueCodec.name, ...facts, partitions }
}

function readingOf(spec: PlanStore['spec'], partitions: number, subTopology: string): StoreReading {
  const { kind, keyCodec, valueCodec, layout, form, isOfProcessors = false } = spec
  const { name: key } = keyCodec
  const { name: value } = valueCodec
  return { kind, key, value, partitions, layout, form: form?.name, subTopology, isOfProcessors }
}

/**
 * Says whether an application may go on: `same`, or `extended` by what was not there before.
 *
 * @throws MillraceError `plan_changed` with everything that changed
 */
export function comparePlans(applicationId: string, before: StoredPlan, now: StoredPlan): 'same' | 'extended' {
  const changes = [...changesOfNodes(before, now), ...changesOfStores(before, now)]
  if (changes.length > 0) {
    throw new MillraceError(
      'plan_changed',
      `application "${applicationId}" has stored data that no longer fits its topology:\n` +
        changes.map((change) => `  - ${change}\n`).join('') +
        'If an operator only got another place, give it its old id with { name }. If the logic changed, start it under a ' +
        'new application id, which reads the history again.',
    )
  }
  const isKnown =
    Object.keys(now.nodes).every((id) => Object.hasOwn(before.nodes, id)) &&
    Object.entries(now.stores).every(([name, { keys }]) => {
      const old = own(before.stores, name)
      return old !== undefined && keys.every((id) => old.keys.includes(id))
    })
  return isKnown ? 'same' : 'extended'
}

function* changesOfNodes(before: StoredPlan, now: StoredPlan): Iterable<string> {
  for (const [id, old] of Object.entries(before.nodes)) {
    const facts = own(now.nodes, id)
    if (facts === undefined) yield `"${id}" (${old['verb']}) is gone`
    else yield* changesOfFacts(`"${id}"`, old, facts)
  }
}

function* changesOfStores(before: StoredPlan, now: StoredPlan): Iterable<string> {
  for (const [name, old] of Object.entries(before.stores)) {
    const store = own(now.stores, name)
    if (store === undefined) {
      if (Object.hasOwn(now.nodes, old.owner)) yield `store "${name}" of "${old.owner}" is gone`
      continue
    }
    // No topic matched: it has nothing, and any number of partitions will do.
    if (old.facts['partitions'] === 0) continue
    yield* changesOfFacts(`store "${name}"`, { owner: old.owner, ...old.facts }, { owner: store.owner, ...store.facts })
    // Rows stay where they were put. A further way for keys harms none of them; without the old way, keys miss their
    // rows.
    const gone = old.keys.filter((id) => !store.keys.includes(id) && Object.hasOwn(now.nodes, id))
    if (gone.length > 0) {
      yield `store "${name}": its keys came to their partitions by ${listOf(old.keys)}, and come by ${listOf(store.keys)}`
    }
  }
}

function* changesOfFacts(what: string, old: Facts, facts: Facts): Iterable<string> {
  for (const [name, value] of Object.entries(old)) {
    if (facts[name] !== value) yield `${what}: ${name} was ${value}, is ${facts[name] ?? 'not there'}`
  }
  for (const [name, value] of Object.entries(facts)) {
    if (!(name in old)) yield `${what}: ${name} is ${value}, was not there`
  }
}

/** A name may be "constructor" or "__proto__". */
function own<T>(of: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(of, name) ? of[name] : undefined
}

function listOf(ids: readonly string[]): string {
  return ids.map((id) => `"${id}"`).join(', ')
}
