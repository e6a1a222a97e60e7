// A topology as a naive evaluator sees it: nodes that answer from all that they have ever been given, and the order in which
// they are asked. It shares no code with src.

/** A key of a windowed table. */
export interface WindowedKey {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly isSession: boolean
}

export type Key = string | WindowedKey | null
export type Value = number | null

/** A record, or a change of a table, which says what it replaced; null is no row. */
export interface Event {
  readonly key: Key
  readonly value: Value
  readonly timestamp: number
  readonly old: Value
}

/** What a node does in one partition. */
export interface Work {
  /** What comes out for an event; each is worked off before the next is asked for. */
  take(event: Event, input: number): Iterable<Event>
  /** What comes out in a job of its own, once all that the record has caused is done. */
  due?(): Iterable<Event>
  /** Of a table that keeps rows: the one of a key, as it is now; null is no row. */
  row?(key: Key): Value
}

/** What most nodes are not. */
interface Traits {
  /** Whether it needs the old values of changes, or passes on what it is given. */
  readonly old?: 'reads' | 'passes'
  /** Of a table that keeps no rows: the value of one, made of a value of the table before. */
  readonly derive?: (value: number) => Value
  /** A table whose rows it reads. */
  readonly reads?: Node
}

export interface Node {
  readonly index: number
  readonly kind: 'source' | 'work' | 'regroup' | 'sink'
  readonly parents: readonly Node[]
  readonly children: { readonly to: Node; readonly input: number }[]
  readonly traits: Traits
  readonly make: ((node: Node, partition: number) => Work) | undefined
  readonly written: string[]
  readonly works: Map<number, Work>
}

/** Whether something after a node needs the old values of its changes. */
export function wantsOld(node: Node): boolean {
  return node.children.some(({ to }) => to.traits.old === 'reads' || (to.traits.old === 'passes' && wantsOld(to)))
}

/** The bytes of a key, as Kafka's serdes write it. */
export function bytesOf(key: Key): Buffer {
  if (key === null || typeof key === 'string') return Buffer.from(key ?? '')
  const bounds = Buffer.alloc(key.isSession ? 16 : 8)
  bounds.writeBigInt64BE(BigInt(key.isSession ? key.end : key.start))
  if (key.isSession) bounds.writeBigInt64BE(BigInt(key.start), 8)
  return Buffer.concat([Buffer.from(key.key), bounds])
}

export const shownKey = (key: Key): string =>
  key === null || typeof key === 'string' ? String(key) : `${key.key}@${key.start}-${key.end}`

/** Kafka's default partitioner: the hash murmur2 of the key. The window of a key does not count. */
export function partitionOf(key: Key, partitions: number): number {
  const bytes = Buffer.from(typeof key === 'string' ? key : (key?.key ?? ''))
  const m = 0x5bd1e995
  let hash = 0x9747b28c ^ bytes.length
  let at = 0
  for (; at + 4 <= bytes.length; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), m)
    word = Math.imul(word ^ (word >>> 24), m)
    hash = Math.imul(hash, m) ^ word
  }
  const rest = bytes.subarray(at)
  for (let i = rest.length - 1; i >= 0; i--) hash ^= (rest[i] ?? 0) << (8 * i)
  if (rest.length > 0) hash = Math.imul(hash, m)
  hash = Math.imul(hash ^ (hash >>> 13), m)
  return ((hash ^ (hash >>> 15)) & 0x7fffffff) % partitions
}

/** Records that wait for a regrouping, in one partition. */
interface Lane {
  readonly node: Node
  readonly partition: number
  readonly waiting: Event[]
}

export class Naive {
  readonly #partitions: number
  readonly #nodes: Node[] = []
  readonly #lanes: Lane[] = []
  /** The regroupings of the turn under way. */
  #fresh: { readonly node: Node; readonly event: Event }[] = []

  constructor(partitions: number) {
    this.#partitions = partitions
  }

  add(kind: Node['kind'], parents: readonly Node[], make?: Node['make'], traits: Traits = {}): Node {
    const index = this.#nodes.length
    const node: Node = { index, kind, parents, children: [], traits, make, written: [], works: new Map() }
    for (const [input, parent] of parents.entries()) parent.children.push({ to: node, input })
    this.#nodes.push(node)
    return node
  }

  /** A record of a topic, with everything that it causes. */
  feed(source: Node, event: Event): void {
    const partition = event.key === null ? 0 : partitionOf(event.key, this.#partitions)
    this.#turn(() => this.#send(source, event, partition))
    this.#regroup()
    while (this.#job()) this.#regroup()
  }

  /** The row of a table, as it is now. */
  rowOf(node: Node, partition: number, key: Key): Value {
    const { derive } = node.traits
    const [parent] = node.parents
    if (derive === undefined || parent === undefined) return node.works.get(partition)?.row?.(key) ?? null
    const value = this.rowOf(parent, partition, key)
    return value === null ? null : derive(value)
  }

  #turn(work: () => void): void {
    this.#fresh = []
    work()
    for (const { node, event } of this.#fresh) {
      const partition = partitionOf(event.key, this.#partitions)
      let lane = this.#lanes.find((one) => one.node === node && one.partition === partition)
      if (lane === undefined) this.#lanes.push((lane = { node, partition, waiting: [] }))
      lane.waiting.push(event)
    }
  }

  #send(node: Node, event: Event, partition: number): void {
    for (const { to, input } of node.children) {
      if (to.kind === 'sink') to.written.push(`${shownKey(event.key)}=${event.value}@${event.timestamp}`)
      else if (to.kind === 'regroup') {
        if (event.key !== null) this.#fresh.push({ node: to, event })
      } else for (const out of this.#workOf(to, partition).take(event, input)) this.#send(to, out, partition)
    }
  }

  #workOf(node: Node, partition: number): Work {
    let work = node.works.get(partition)
    if (work === undefined) {
      if (node.make === undefined) throw new Error('only what works has something to do')
      work = node.make(node, partition)
      node.works.set(partition, work)
    }
    return work
  }

  /** Regrouped records by time, then by regrouping and partition; those of one lane in their order. */
  #regroup(): void {
    for (;;) {
      const busy = this.#lanes.filter(({ waiting }) => waiting.length > 0)
      const [first] = busy.toSorted(
        (a, b) =>
          (a.waiting[0]?.timestamp ?? 0) - (b.waiting[0]?.timestamp ?? 0) ||
          a.node.index - b.node.index ||
          a.partition - b.partition,
      )
      const event = first?.waiting.shift()
      if (first === undefined || event === undefined) return
      this.#turn(() => this.#send(first.node, event, first.partition))
    }
  }

  /** The first job that is due: by sub-topology, partition and node. */
  #job(): boolean {
    for (const sub of this.#subTopologies()) {
      for (let partition = 0; partition < this.#partitions; partition++) {
        for (const node of sub) {
          const due = [...(node.works.get(partition)?.due?.() ?? [])]
          if (due.length === 0) continue
          this.#turn(() => due.forEach((event) => this.#send(node, event, partition)))
          return true
        }
      }
    }
    return false
  }

  /** Nodes that are joined by anything but a regrouping. */
  #subTopologies(): Node[][] {
    const groups: Set<Node>[] = []
    for (const node of this.#nodes) {
      // What follows a regrouping is not with it, but with everything else that follows it.
      const { reads } = node.traits
      const near = [...node.parents, ...(reads === undefined ? [] : [reads])].flatMap((parent) =>
        parent.kind === 'regroup' ? parent.children.map(({ to }) => to) : [parent],
      )
      const own = groups.filter((group) => group.has(node) || near.some((one) => group.has(one)))
      const rest = groups.filter((group) => !own.includes(group))
      groups.splice(0, groups.length, ...rest, new Set([...own.flatMap((group) => [...group]), node]))
    }
    const indexOf = (node: Node): number => node.index
    return groups
      .map((group) => [...group].toSorted((a, b) => indexOf(a) - indexOf(b)))
      .toSorted((a, b) => (a[0]?.index ?? 0) - (b[0]?.index ?? 0))
  }
}
