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
  /** Each header as `key=value`, in their order. */
  readonly headers: string
  /** It goes to where the node has its late records, and nowhere else. */
  readonly isLate?: boolean
  /** Of what has waited in an outer join until its window closed: the value that it came with. */
  readonly waited?: Value
}

/** A row that is there. */
export interface Row {
  readonly value: number
  readonly timestamp: number
}

/** What a function of a step throws. */
export class Thrown extends Error {}

/** What a node does in one partition. It throws {@link Thrown}, or changes only what it keeps itself. */
export interface Work {
  /** What comes out for an event; each is worked off before the next is asked for. */
  take(event: Event, input: number): Iterable<Event>
  /** Of a table that keeps rows: the one of a key, as it is now; null is no row. */
  row?(key: Key): Row | null
}

/** Where rows that a filter let pass neither before nor now are left out: all, those of a table that keeps its rows, none. */
type Spared = 'all' | 'kept' | 'none'

/** What most nodes are not. */
interface Traits {
  /** Whether it needs the old values of changes, or passes on what it is given. */
  readonly old?: 'reads' | 'passes'
  /** By input, where that is not what most have: those of a table that keeps its rows. */
  readonly spared?: readonly Spared[]
  /** Whether it joins two tables, of which it needs the rows; both may be one. */
  readonly isJoin?: boolean
  /** Of a table that is made of records: that no one has given it a store. */
  readonly isPlain?: boolean
  /** Of a table that keeps no rows: the value of one, made of a value of the table before. */
  readonly derive?: (value: number) => Value
  /** Of a table that is joined of two: its row. */
  readonly row?: (partition: number, key: Key) => Row | null
  /** Of a table: whether it passes on every change, so that it and what it is made of are one to a join. */
  readonly passesAll?: boolean
  /** Of a regrouping: its name, by which those of one time are told apart. */
  readonly name?: string
  /** Whether it has a use for records without a key. */
  readonly takesNullKeys?: boolean
  /** Whether what it lets go of waits for other records. */
  readonly releases?: boolean
  /** Whether all partitions have one work together. */
  readonly isGlobal?: boolean
  /** Where late records go. */
  readonly late?: Node
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
  /** What each work was given, in the turns that were kept. */
  readonly given: Map<number, { readonly event: Event; readonly input: number }[]>
}

/** Whether a record without a key, which no partition is right for, is of use to something after a node. */
function takesNullKeys(node: Node): boolean {
  return node.traits.takesNullKeys === true || node.children.some(({ to }) => takesNullKeys(to))
}

/** Whether something after a node needs the old values of its changes. */
export function wantsOld(node: Node): boolean {
  return node.children.some(({ to }) => to.traits.old === 'reads' || (to.traits.old === 'passes' && wantsOld(to)))
}

/** Whether a filter leaves out what passed neither before nor now: who needs old values, or is spared of such rows. */
export function leavesOut(node: Node): boolean {
  return wantsOld(node) || node.children.some(({ to, input }) => isSpared(to, input))
}

/** Whether something after a filter gets only what passed before or now; what passes changes on says nothing of its own. */
function isSpared(node: Node, input: number, isBeyondJoin = false): boolean {
  const { spared, old } = node.traits
  const parent = node.parents[input]
  const level = spared?.[input] ?? (old === 'passes' ? 'none' : 'kept')
  const counts = !isBeyondJoin || level === 'all'
  if (counts && parent !== undefined && knowsOld(parent, level)) return true
  if (old !== 'passes') return false
  const beyond = isBeyondJoin || node.traits.isJoin === true
  return node.children.some(({ to, input: next }) => isSpared(to, next, beyond))
}

/** Whether a table has old values for whom it spares so much. */
function knowsOld({ traits, parents }: Node, spared: Spared): boolean {
  if (spared === 'none') return false
  if (traits.old !== 'passes') return spared === 'all' || traits.isPlain !== true
  return parents.every((parent) => knowsOld(parent, traits.isJoin === true ? 'all' : spared))
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

const byName = ({ traits: { name: a = '' } }: Node, { traits: { name: b = '' } }: Node): number =>
  a < b ? -1 : a > b ? 1 : 0

/** Records that wait for a regrouping, in one partition, each with the one of a topic that it comes from. */
interface Lane {
  readonly node: Node
  readonly partition: number
  readonly waiting: { readonly event: Event; readonly origin: Event }[]
}

/** What becomes of a turn that failed. */
export type Policy = 'fail' | 'skip' | 'deadLetter'

export const shown = ({ key, value, timestamp, headers }: Event): string =>
  `${shownKey(key)}=${value}@${timestamp} ${headers}`

export class Naive {
  readonly #partitions: number
  readonly #policy: Policy
  readonly #nodes: Node[] = []
  readonly #lanes: Lane[] = []
  readonly letters: string[] = []
  /** The regroupings of the turn under way, what it has written, and to which works it has given something. */
  #fresh: { readonly node: Node; readonly event: Event; readonly partition: number }[] = []
  #sinks: Node[] = []
  #touched: { readonly node: Node; readonly partition: number }[] = []

  constructor(partitions: number, policy: Policy) {
    this.#partitions = partitions
    this.#policy = policy
  }

  add(kind: Node['kind'], parents: readonly Node[], make?: Node['make'], traits: Traits = {}): Node {
    const index = this.#nodes.length
    const node: Node = {
      index,
      kind,
      parents,
      children: [],
      traits,
      make,
      written: [],
      works: new Map(),
      given: new Map(),
    }
    for (const [input, parent] of parents.entries()) parent.children.push({ to: node, input })
    this.#nodes.push(node)
    return node
  }

  /** A record of a topic, with everything that it causes; false: it has stopped the application. */
  feed(source: Node, event: Event): boolean {
    const partition = event.key === null ? 0 : partitionOf(event.key, this.#partitions)
    const before = this.#nodes.map(({ written }) => written.length)
    if (this.#turn(event, () => this.#send(source, event, partition)) && this.#regroup()) return true
    // What the record has done before it failed was not committed.
    for (const { index, written } of this.#nodes) written.length = before[index] ?? 0
    return false
  }

  /** The row of a table, as it is now. */
  rowOf(node: Node, partition: number, key: Key): Row | null {
    const { derive, row } = node.traits
    if (row !== undefined) return row(partition, key)
    const [parent] = node.parents
    if (derive === undefined || parent === undefined) return this.workOf(node, partition).row?.(key) ?? null
    const before = this.rowOf(parent, partition, key)
    const value = before === null ? null : derive(before.value)
    return before === null || value === null ? null : { value, timestamp: before.timestamp }
  }

  /** Returns whether the application goes on. */
  #turn(origin: Event, work: () => void): boolean {
    this.#fresh = []
    this.#sinks = []
    this.#touched = []
    try {
      work()
    } catch (error) {
      if (!(error instanceof Thrown)) throw error
      this.#undo()
      if (this.#policy === 'deadLetter') this.letters.push(shown(origin))
      return this.#policy !== 'fail'
    }
    for (const { node, event, partition } of this.#fresh) {
      let lane = this.#lanes.find((one) => one.node === node && one.partition === partition)
      if (lane === undefined) this.#lanes.push((lane = { node, partition, waiting: [] }))
      lane.waiting.push({ event, origin })
    }
    return true
  }

  /** Works that a failed turn has touched are made again, of what they were given before. */
  #undo(): void {
    for (const { written } of this.#sinks) written.pop()
    for (const { node, partition } of this.#touched) {
      node.given.get(partition)?.pop()
      node.works.delete(partition)
    }
  }

  #send(node: Node, event: Event, partition: number): void {
    for (const { to, input } of node.children) {
      if (to.kind === 'sink') this.#write(to, event)
      else if (to.kind === 'regroup') {
        // A record without a key stays where it is.
        const next = event.key === null ? partition : partitionOf(event.key, this.#partitions)
        if (event.key !== null || takesNullKeys(to)) this.#fresh.push({ node: to, event, partition: next })
      } else this.#give(to, event, input, to.traits.isGlobal === true ? 0 : partition)
    }
  }

  #give(to: Node, event: Event, input: number, partition: number): void {
    const outs = this.workOf(to, partition).take(event, input)
    const given = to.given.get(partition) ?? []
    given.push({ event, input })
    to.given.set(partition, given)
    this.#touched.push({ node: to, partition })
    for (const out of outs) {
      if (out.isLate !== true) this.#send(to, out, partition)
      else if (to.traits.late !== undefined) this.#write(to.traits.late, out)
    }
  }

  #write(sink: Node, event: Event): void {
    sink.written.push(shown(event))
    this.#sinks.push(sink)
  }

  /** What a node does in a partition, as it is now. */
  workOf(node: Node, partition: number): Work {
    let work = node.works.get(partition)
    if (work === undefined) {
      if (node.make === undefined) throw new Error('only what works has something to do')
      work = node.make(node, partition)
      node.works.set(partition, work)
      for (const { event, input } of node.given.get(partition) ?? []) for (const _ of work.take(event, input));
    }
    return work
  }

  /** Regrouped records by time, then by the name of the regrouping and partition; those of one lane in their order. */
  #regroup(): boolean {
    for (;;) {
      const busy = this.#lanes.filter(({ waiting }) => waiting.length > 0)
      const [first] = busy.toSorted(
        (a, b) =>
          (a.waiting[0]?.event.timestamp ?? 0) - (b.waiting[0]?.event.timestamp ?? 0) ||
          byName(a.node, b.node) ||
          a.partition - b.partition,
      )
      const next = first?.waiting.shift()
      if (first === undefined || next === undefined) return true
      if (!this.#turn(next.origin, () => this.#send(first.node, next.event, first.partition))) return false
    }
  }
}
