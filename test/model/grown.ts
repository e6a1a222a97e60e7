// Random topologies, each built twice: with the public DSL, and as the naive evaluator has it. Each step takes what is
// there already, so that a shrunk list of steps is a topology too.
import { type KeyValueStore, type KStream, type KTable, StreamsBuilder, type Topology } from 'millrace'
import { aggregateVerbs } from './aggregate-verbs.ts'
import type { Case, Step } from './cases.ts'
import { joinVerbs } from './join-verbs.ts'
import { Naive, type Node, shownKey } from './naive.ts'
import { furtherStreamVerbs, furtherTableVerbs } from './further-verbs.ts'
import { each, keeping } from './operators.ts'
import { processorVerbs } from './processor-verbs.ts'
import {
  type Grouped,
  type Growing,
  keyOf,
  numbers,
  type NumberTopic,
  plain,
  serdes,
  type Side,
  type Source,
  type StreamSide,
  type TableSide,
  type Value,
  type Verbs,
} from './sides.ts'
import { streamVerbs } from './stream-verbs.ts'
import { tableVerbs, windowVerbs } from './table-verbs.ts'
import { expiring } from './versions.ts'

// A step chooses a verb by its place, so new ones go to the end: the cases that were found keep theirs.
const verbs: { readonly [Kind in Source['kind']]: Verbs<never> } = {
  stream: { ...streamVerbs, ...aggregateVerbs, ...joinVerbs, ...processorVerbs, ...furtherStreamVerbs },
  table: { ...tableVerbs, ...furtherTableVerbs },
  windows: windowVerbs,
}

/** The number by which a step chooses a verb. */
export function numberOf(kind: Source['kind'], verb: string): number {
  const number = Object.keys(verbs[kind]).indexOf(verb)
  if (number < 0) throw new Error(`there is no ${kind}.${verb}`)
  return number
}

/** What comes out of a step: the records of a topic, or only the rows that they leave. */
export type Output = { readonly topic: NumberTopic; readonly verb: string } & (
  | { readonly sink: Node }
  | { readonly rows: () => readonly string[] }
)

/** A case at work: what the DSL has made, and its naive twin. */
export class Grown implements Growing {
  readonly builder = new StreamsBuilder()
  readonly partitions: number
  readonly topology: Topology
  readonly naive: Naive
  readonly inputs: readonly NumberTopic[]
  readonly sources: readonly Node[]
  readonly outputs: Output[] = []
  /** The table of what was made last, where there is one. */
  readonly kept: Node | undefined
  #global: { readonly table: object; readonly node: Node } | undefined
  #expiring: TableSide | undefined
  readonly #sides: { readonly side: Side; readonly verb: string }[] = []

  /**
   * @param kept gets the rows of what was made last
   * @param writesTables whether only the changes of tables are written
   */
  constructor({ partitions, steps, policy }: Case, kept?: KeyValueStore<string, number>, writesTables = false) {
    this.partitions = partitions
    this.naive = new Naive(partitions, policy)
    this.inputs = [0, 1, 2, 3].map((index) => numbers(`in-${index}`, partitions))
    this.sources = this.inputs.map(() => this.naive.add('source', []))
    for (const [index, input] of this.inputs.slice(0, 2).entries()) {
      const node = this.sources[index] as Node
      this.#sides.push({
        side: { kind: 'stream', stream: this.builder.stream(input), node, rekeyed: false },
        verb: 'stream',
      })
    }
    for (const [index, one] of steps.entries()) this.#grow(one, `step-${index}`)
    for (const [index, { side, verb }] of this.#sides.slice(2).entries()) {
      const topic = numbers(`out-${index}`, 1)
      if (writesTables && side.kind !== 'table') continue
      if (side.kind === 'view') {
        plain(side.table.toStream()).to(topic)
        this.outputs.push({ topic, verb, rows: side.rows })
      } else {
        const { stream, node } = this.streamOf(side)
        stream.to(topic)
        this.outputs.push({ topic, verb, sink: this.naive.add('sink', [node]) })
      }
    }
    if (kept !== undefined) this.kept = this.#keep(kept)
    this.topology = this.builder.build()
  }

  #keep(store: KeyValueStore<string, number>): Node {
    const last = this.#sides.findLast(({ side }) => side.kind !== 'view')?.side as Source
    const { stream, node } = this.byKey(this.streamOf(last), 'kept-by-key')
    const keyed = stream as unknown as KStream<string, Value>
    keyed.toTable({ store })
    return this.work([node], keeping)
  }

  #grow(one: Step, name: string): void {
    const side = this.at(one.from)
    const known = Object.entries(verbs[side.kind])
    const [verb, make] = known[one.verb % known.length] as (typeof known)[number]
    this.#sides.push({ side: make(this, side as never, one, name), verb: `${side.kind}.${verb}` })
  }

  work(parents: readonly Node[], make: NonNullable<Node['make']>, traits: Node['traits'] = {}): Node {
    return this.naive.add('work', parents, make, traits)
  }

  at(number: number): Source {
    const sides = this.#sides.map(({ side }) => side).filter((side) => side.kind !== 'view')
    return sides[number % sides.length] as Source
  }

  streamOf(side: Source): StreamSide {
    if (side.kind === 'stream') return side
    if (side.kind === 'table')
      return { kind: 'stream', stream: plain(side.table.toStream()), node: side.node, rekeyed: false }
    const stream = side.table
      .toStream()
      .map(({ key: { key, window }, value }) => ({ key: `${key}@${window.start}-${window.end}`, value }))
    const node = this.work([side.node], () => each((event) => [{ ...event, key: shownKey(event.key) }]))
    return { kind: 'stream', stream: plain(stream), node, rekeyed: true }
  }

  byKey({ stream, node, rekeyed }: StreamSide, name: string): StreamSide {
    if (!rekeyed) return { kind: 'stream', stream, node, rekeyed }
    const regrouped = plain(stream.repartition({ ...serdes, name }))
    return {
      kind: 'stream',
      stream: regrouped,
      node: this.naive.add('regroup', [node], undefined, { name }),
      rekeyed: false,
    }
  }

  group(side: StreamSide, detail: number, name: string): { readonly grouped: Grouped; readonly node: Node } {
    const { stream, node, rekeyed } = side
    if (detail % 2 === 0) {
      const grouped = stream.groupByKey({ ...serdes, name }) as Grouped
      return { grouped, node: rekeyed ? this.naive.add('regroup', [node], undefined, { name }) : node }
    }
    const grouped = stream.groupBy(({ value }) => keyOf(detail, value), { ...serdes, name }) as Grouped
    const keyed = this.work([node], () => each((event) => [{ ...event, key: keyOf(detail, event.value) }]))
    return { grouped, node: this.naive.add('regroup', [keyed], undefined, { name }) }
  }

  tableOf(side: Source, name: string): TableSide {
    if (side.kind === 'table') return side
    const { stream, node } = this.byKey(this.streamOf(side), `${name}-by-key`)
    const table = stream.toTable({ ...serdes, name }) as unknown as KTable<string, number>
    return { kind: 'table', table, node: this.work([node], keeping, { isPlain: true }) }
  }

  global(): { readonly table: object; readonly node: Node } {
    this.#global ??= {
      table: this.builder.globalTable(this.inputs[2] as NumberTopic),
      node: this.work([this.sources[2] as Node], keeping, { isGlobal: true }),
    }
    return this.#global
  }

  expiring(detail: number): TableSide {
    const ttlMs = 1 + (detail % 30)
    this.#expiring ??= {
      kind: 'table',
      table: this.builder.table(this.inputs[3] as NumberTopic, { ttlMs }),
      node: this.work([this.sources[3] as Node], () => expiring(ttlMs), { releases: true, isPlain: true }),
    }
    return this.#expiring
  }

  late(verb: string): { readonly topic: NumberTopic; readonly sink: Node } {
    const topic = numbers(`late-${this.outputs.length}`, 1)
    const sink = this.naive.add('sink', [])
    this.outputs.push({ topic, verb: `${verb} with late`, sink })
    return { topic, sink }
  }
}
