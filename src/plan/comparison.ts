/**
 * The stored form of a plan, and the comparison that decides whether a topology may go on with what an older one left.
 *
 * Compared is what stored data depends on: sources, regroupings, stores, windows, serdes and partition counts. Function
 * bodies are not: a changed predicate goes on with the state of the old one.
 */
import { MillraceError } from '../core/errors.ts'
import type { PlanNode } from './node.ts'
import type { Topology } from './topology.ts'

/** Facts about one node, by the name that a message uses. */
type Facts = Readonly<Record<string, string | number>>

export interface StoredPlan {
  /** The topics that are read, by name. */
  readonly topics: readonly string[]
  readonly nodes: Readonly<Record<string, Facts>>
  /** For each operator with a store, the topics that its number of partitions follows: they keep theirs. */
  readonly stores: Readonly<Record<string, readonly string[]>>
}

/** @param partitions how many partitions a node works on */
export function storedPlan(topology: Topology, partitions: (node: PlanNode) => number): StoredPlan {
  const stores = new Map<string, readonly string[]>()
  /** The nodes whose records lie where stored data says. */
  const settled = new Set<PlanNode>()
  for (const { nodes: members, inputs } of topology.subTopologies) {
    const keepers = members.filter((node) => node.kind === 'operator' && node.store !== undefined)
    if (keepers.length === 0) continue
    const topics = new Set<string>()
    for (const input of inputs) follow(input, settled, topics)
    for (const node of keepers) {
      settled.add(node)
      stores.set(node.id, [...topics].toSorted())
    }
  }
  const nodes = topology.nodes.flatMap((node) => {
    const facts = factsOf(node)
    if (facts === undefined) return []
    return [[node.id, settled.has(node) ? { ...facts, partitions: partitions(node) } : facts] as const]
  })
  const topics = topology.nodes.flatMap((node) => (node.kind === 'source' ? node.topics.map(({ name }) => name) : []))
  return { topics, nodes: Object.fromEntries(nodes), stores: Object.fromEntries(stores) }
}

/** Collects the nodes, and the topics, whose numbers of partitions decide how many a node has. */
function follow(node: PlanNode, nodes: Set<PlanNode>, topics: Set<string>): void {
  nodes.add(node)
  if (node.kind === 'source') for (const { name } of node.topics) topics.add(name)
  if (node.kind === 'regroup' && node.partitions !== undefined) return
  for (const parent of node.parents) follow(parent, nodes, topics)
}

function factsOf(node: PlanNode): Facts | undefined {
  switch (node.kind) {
    case 'source':
      return {
        verb: node.verb,
        topics: node.topics
          .map(({ name, keyCodec, valueCodec }) => `${name}(${keyCodec.name},${valueCodec.name})`)
          .join(),
      }
    case 'regroup':
      return { verb: node.verb, key: node.keyCodec.name, value: node.valueCodec.name }
    case 'operator': {
      const { store } = node
      if (store === undefined) return undefined
      const facts = { verb: node.verb, store: store.name, key: store.keyCodec.name, value: store.valueCodec.name }
      if (store.window === undefined) return facts
      const { sizeMs, advanceMs, graceMs } = store.window
      return { ...facts, 'window size': sizeMs, 'window advance': advanceMs, 'window grace': graceMs }
    }
    case 'merge':
    case 'sink':
      return undefined
  }
}

/**
 * Says whether an application may go on: `same`, or `extended` by what was not there before.
 *
 * @throws MillraceError `plan_changed` with everything that changed
 */
export function comparePlans(applicationId: string, before: StoredPlan, now: StoredPlan): 'same' | 'extended' {
  const changes: string[] = []
  for (const [id, old] of Object.entries(before.nodes)) {
    const facts = Object.hasOwn(now.nodes, id) ? now.nodes[id] : undefined // a name may be "constructor" or "__proto__"
    if (facts === undefined) {
      changes.push(`"${id}" (${old['verb']}) is gone`)
      continue
    }
    for (const [name, value] of Object.entries(old)) {
      if (facts[name] !== value) changes.push(`"${id}": ${name} was ${value}, is ${facts[name] ?? 'not there'}`)
    }
    for (const [name, value] of Object.entries(facts)) {
      if (!(name in old)) changes.push(`"${id}": ${name} is ${value}, was not there`)
    }
  }
  if (changes.length > 0) {
    throw new MillraceError(
      'plan_changed',
      `application "${applicationId}" has stored data that does not fit its topology any more:\n` +
        changes.map((change) => `  - ${change}\n`).join('') +
        'If an operator only got another place, give it its old id with { name }. If the logic changed, start it under a ' +
        'new application id, which reads the history again.',
    )
  }
  return Object.keys(now.nodes).every((id) => Object.hasOwn(before.nodes, id)) ? 'same' : 'extended'
}
