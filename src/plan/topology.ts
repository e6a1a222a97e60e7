/**
 * A topology: the frozen plan of an application, cut into sub-topologies where records change their partition.
 */
import { type ErrorPlace, MillraceError } from '../core/errors.ts'
import { checkChoice, checkOptions, isInstance } from '../core/checks.ts'
import type { Codec } from '../core/serde.ts'
import type { TopologyDescription } from '../core/topology-description.ts'
import { describeMermaid, describeText } from './describe.ts'
import { descriptionOf } from './description.ts'
import type { Edge, PlanNode, PlanStore, PortNode, SubTopology } from './node.ts'
import { keepersOfNullKeys } from './null-keys.ts'
import { giversOfOld } from './old-values.ts'
import type { StoreSpec } from './store.ts'

/** How {@link Topology.describe} answers. */
export type DescriptionFormat = 'text' | 'mermaid' | 'json'

const drawings: Readonly<
  Record<DescriptionFormat, (description: TopologyDescription) => string | TopologyDescription>
> = { text: describeText, mermaid: describeMermaid, json: (description) => description }

/** What a topology is made of, worked out from its nodes. */
interface Parts {
  readonly nodes: readonly PlanNode[]
  readonly subTopologies: readonly SubTopology[]
  readonly stores: readonly PlanStore[]
  readonly children: ReadonlyMap<PlanNode, readonly Edge[]>
  readonly ports: ReadonlyMap<PlanNode, readonly PortNode[]>
  readonly giversOfOld: ReadonlySet<PlanNode>
  readonly keepersOfNullKeys: ReadonlySet<PlanNode>
}

/**
 * A plan as the runtime takes it. What users have is its subclass in streams/topology.ts, which may grow; everyone else
 * sees one that does not change.
 */
export class Topology {
  #parts: Parts

  /** @internal nodes come from a {@link StreamsBuilder}, or from the calls of a topology by hand */
  constructor(nodes: readonly PlanNode[] = []) {
    this.#parts = partsOf(nodes)
    Object.freeze(this)
  }

  /** @throws MillraceError `topology_invalid`, and the topology is as before */
  protected become(nodes: readonly PlanNode[]): void {
    this.#parts = partsOf(nodes)
  }

  /** The plan itself, for the runtime; {@link describe} is for everyone. */
  get nodes(): readonly PlanNode[] {
    return this.#parts.nodes
  }

  /** The nodes by what works in one turn, for the runtime. */
  get subTopologies(): readonly SubTopology[] {
    return this.#parts.subTopologies
  }

  /** Every store, by the order of its owner. */
  get stores(): readonly PlanStore[] {
    return this.#parts.stores
  }

  /** The ways out of a node, in the order in which the nodes they lead to were made. */
  childrenOf(node: PlanNode): readonly Edge[] {
    return this.#parts.children.get(node) ?? []
  }

  /** The further outputs of an operator. */
  portsOf(node: PlanNode): readonly PortNode[] {
    return this.#parts.ports.get(node) ?? []
  }

  /** Whether the changes that a node emits carry their old values, because something after it needs them. */
  wantsOld(node: PlanNode): boolean {
    return this.#parts.giversOfOld.has(node)
  }

  /** Whether a regrouping lets records with a null key pass, because something after it has a use for them. */
  keepsNullKeys(node: PlanNode): boolean {
    return this.#parts.keepersOfNullKeys.has(node)
  }

  /**
   * The topology for people or for tools: sub-topologies, nodes, stores, topics, and what feeds what.
   *
   * The same script gives the same description every time, so it can be compared in a test. `text` (default) reads like
   * Kafka Streams', `mermaid` is a flowchart that Markdown pages draw, `json` is plain data.
   *
   * @example
   * ```ts
   * console.log(topology.describe())
   * console.log(topology.describe({ format: 'mermaid' }))
   * const [first] = topology.describe({ format: 'json' }).subTopologies
   * ```
   * @throws MillraceError `bad_option`
   */
  describe(options?: { readonly format?: 'text' | 'mermaid' | undefined }): string
  describe(options: { readonly format: 'json' }): TopologyDescription
  describe(options: { readonly format?: DescriptionFormat | undefined }): string | TopologyDescription
  describe(options: { readonly format?: DescriptionFormat | undefined } = {}): string | TopologyDescription {
    const { format = 'text' } = checkOptions('describe', options, ['format'])
    checkChoice('format', format, Object.keys(drawings) as DescriptionFormat[])
    return drawings[format](descriptionOf(this))
  }
}

/**
 * What is to be run: it stays as it is, whatever is added to what was given.
 *
 * @throws MillraceError `bad_option` when it is no topology, `topology_invalid` when nothing is in it
 */
export function checkTopology(what: string, given: Topology): Topology {
  if (!isInstance(given, Topology)) {
    throw new MillraceError(
      'bad_option',
      `${what} takes a topology: what StreamsBuilder.build() returned, or new Topology()`,
    )
  }
  if (given.nodes.length === 0) throw new MillraceError('topology_invalid', 'the topology has no source')
  return new Topology(given.nodes)
}

/** @throws MillraceError `topology_invalid` */
function partsOf(given: readonly PlanNode[]): Parts {
  const nodes = Object.freeze([...given])
  checkIds(nodes)
  checkPatterns(nodes)
  const stores = storesOf(nodes)
  checkWindowForms(nodes)
  checkSerdeNames(nodes, stores)
  const children = new Map<PlanNode, Edge[]>()
  const ports = new Map<PlanNode, PortNode[]>()
  for (const node of nodes) {
    for (const [input, parent] of node.parents.entries()) {
      if (node.kind === 'port') listIn(ports, parent).push(node)
      else listIn(children, parent).push({ to: node, input })
    }
  }
  return {
    nodes,
    stores,
    subTopologies: cut(nodes, stores),
    children,
    ports,
    giversOfOld: giversOfOld(nodes),
    keepersOfNullKeys: keepersOfNullKeys(nodes),
  }
}

function listIn<K, V>(lists: Map<K, V[]>, key: K): V[] {
  let list = lists.get(key)
  if (list === undefined) lists.set(key, (list = []))
  return list
}

interface CodecPair {
  readonly keyCodec: Codec<unknown>
  readonly valueCodec: Codec<unknown>
}

/** Ids are where errors, counters, stored plans and stores are found again, so no two nodes may share one. */
function checkIds(nodes: readonly PlanNode[]): void {
  const ids = new Map<string, PlanNode>()
  for (const node of nodes) {
    const other = ids.get(node.id)
    if (other !== undefined) {
      // A store that is given names its operator, so the store may be what was given twice; without one, the id says
      // the verb.
      const isShared = ({ name }: StoreSpec): boolean =>
        name === node.id && other.stores.some((one) => one.name === name)
      const store = node.id.endsWith(`.${node.verb}`) ? undefined : node.stores.find(isShared)
      const ways = store === undefined ? '' : `, or a store of its own where both were given store "${store.name}"`
      throw new MillraceError(
        'topology_invalid',
        `${other.verb} and ${node.verb} would both be called "${node.id}"; give one of them a name: { name: '…' }${ways}`,
        { operator: node.id },
      )
    }
    ids.set(node.id, node)
  }
}

/** A topic has one reader, so a pattern may match none that another source reads. */
function checkPatterns(nodes: readonly PlanNode[]): void {
  const sources = nodes.filter((node) => node.kind === 'source')
  for (const { id, pattern } of sources) {
    if (pattern === undefined) continue
    for (const other of sources) {
      const shared = other.id === id ? undefined : other.topics.find(({ name }) => pattern.regExp.test(name))
      if (shared === undefined) continue
      throw new MillraceError(
        'topology_invalid',
        `topic "${shared.name}" is read by "${other.id}" and matches ${String(pattern.regExp)} of "${id}": a topic is ` +
          'read once, so narrow the pattern',
        { topic: shared.name, operator: id },
      )
    }
  }
}

/** @throws MillraceError `topology_invalid` for two stores of one name */
function storesOf(nodes: readonly PlanNode[]): readonly PlanStore[] {
  const stores = new Map<string, { readonly spec: StoreSpec; readonly owner: PlanNode; readonly readers: PlanNode[] }>()
  for (const node of nodes) {
    for (const spec of node.stores) {
      const known = stores.get(spec.name)
      if (known === undefined) stores.set(spec.name, { spec, owner: node, readers: [] })
      else if (known.spec === spec) known.readers.push(node)
      else throw twoStores(known, spec, node)
    }
  }
  return Object.freeze(
    [...stores.values()].map(({ spec, owner, readers }) => {
      const readsRanges = (node: PlanNode): boolean => node.kind === 'operator' && node.readsRanges.includes(spec)
      const isOrdered = spec.layout.isOrdered || [owner, ...readers].some(readsRanges)
      return Object.freeze({ spec, owner, readers: Object.freeze(readers), isOrdered })
    }),
  )
}

function twoStores(known: { readonly spec: StoreSpec; readonly owner: PlanNode }, spec: StoreSpec, node: PlanNode) {
  const advice =
    known.spec.isOfProcessors === true
      ? `for a processor to read the store of ${node.id}, call ${node.verb} first`
      : 'name another store'
  return new MillraceError(
    'topology_invalid',
    `two operators, ${known.owner.id} and ${node.id}, would keep their state in one store, "${spec.name}"; ${advice}`,
    { store: spec.name, operator: node.id },
  )
}

/** A stored plan knows a serde by its name, so what reads, regroups or stores data must use serdes that have one. */
function checkSerdeNames(nodes: readonly PlanNode[], stores: readonly PlanStore[]): void {
  for (const node of nodes) {
    const { id } = node
    if (node.kind === 'regroup') checkNamed(`regrouping "${id}"`, node, { operator: id })
    if (node.kind !== 'source') continue
    if (node.pattern !== undefined) checkNamed(`pattern ${String(node.pattern.regExp)}`, node.pattern, { operator: id })
    for (const topic of node.topics) checkNamed(`topic "${topic.name}"`, topic, { topic: topic.name, operator: id })
  }
  for (const { spec, owner } of stores)
    checkNamed(`store "${spec.name}"`, spec, { store: spec.name, operator: owner.id })
}

function checkNamed(what: string, { keyCodec, valueCodec }: CodecPair, place: ErrorPlace): void {
  if (keyCodec.version > 0) {
    throw new MillraceError(
      'topology_invalid',
      `the keys of ${what} have versions, so a key of another version would be another key: leave the versions out`,
      place,
    )
  }
  const side = !keyCodec.isNamed ? 'keys' : !valueCodec.isNamed ? 'values' : undefined
  if (side === undefined) return
  throw new MillraceError(
    'topology_invalid',
    `the serde of the ${side} of ${what} has no name, so a later start could not tell it from one with other bytes: give it ` +
      "one, { name: '…', encode, decode }",
    place,
  )
}

/** If constants with keys of different windows read and write a topic, it returns other windows than it was given. */
function checkWindowForms(nodes: readonly PlanNode[]): void {
  const keys = new Map<string, Codec<unknown>>()
  for (const node of nodes) {
    const topics = node.kind === 'source' || node.kind === 'sink' ? node.topics : []
    for (const { name, keyCodec } of topics) {
      if (keyCodec.windowForms.length === 0) continue
      const other = keys.get(name) ?? keyCodec
      keys.set(name, other)
      if (namesOf(other) === namesOf(keyCodec)) continue
      throw new MillraceError(
        'topology_invalid',
        `topic "${name}" has keys of different windows: ${other.name} and ${keyCodec.name}`,
        { topic: name, operator: node.id },
      )
    }
  }
}

const namesOf = ({ windowForms }: Codec<unknown>): string => windowForms.map(({ name }) => name).join()

/**
 * Puts nodes that are joined by anything but a regrouping's output, or by a store, into one sub-topology. Who reads the
 * store of a global table stays where it is.
 */
function cut(nodes: readonly PlanNode[], stores: readonly PlanStore[]): readonly SubTopology[] {
  // Union-find. A regrouping ends its own sub-topology; `outlets` stands for the one that it begins.
  const leaders = new Map<object, object>()
  const outlets = new Map<PlanNode, object>()
  const find = (member: object): object => {
    const leader = leaders.get(member) ?? member
    return leader === member ? member : find(leader)
  }
  for (const node of nodes) {
    if (node.kind === 'regroup') outlets.set(node, {})
    for (const parent of node.parents) leaders.set(find(outlets.get(parent) ?? parent), find(node))
  }
  for (const { spec, owner, readers } of stores) {
    if (spec.isGlobal !== true) for (const reader of readers) leaders.set(find(reader), find(owner))
  }
  const distinct = [...new Set(nodes.map(find))]
  return Object.freeze(
    distinct.map((leader, index) => {
      const members = nodes.filter((node) => find(node) === leader)
      const fedBy = [...outlets].flatMap(([regroup, outlet]) => (find(outlet) === leader ? [regroup] : []))
      const inputs = [...members.filter((node) => node.kind === 'source'), ...fedBy]
      return Object.freeze({ index, nodes: Object.freeze(members), inputs: Object.freeze(inputs) })
    }),
  )
}
