// Random topologies, each built twice: with the public DSL, and as the naive evaluator has it. Each step takes what is
// there already, so that a shrunk list of steps is a topology too.
import {
  int64,
  JoinWindows,
  type KGroupedStream,
  type KStream,
  type KTable,
  nullable,
  SessionWindows,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
  type Topic,
  type Topology,
  type Windowed,
} from 'millrace'
import type { Case, Step, Text } from './cases.ts'
import { aggregating, aggregatingRows, type Fold, sessions, windowing } from './aggregates.ts'
import { type Key, Naive, type Node, shownKey, type Value, type Work } from './naive.ts'
import { call } from '../support/untyped.ts'
import { distinct, each, filteringRows, groupingRows, joining, keeping, lookingUp, suppressing } from './operators.ts'

interface StreamSide {
  readonly kind: 'stream'
  readonly stream: KStream<Text, Value>
  readonly node: Node
  /** Whether a verb that works by key has to regroup first. */
  readonly rekeyed: boolean
}

interface TableSide {
  readonly kind: 'table'
  readonly table: KTable<string, number>
  readonly node: Node
}

interface WindowSide {
  readonly kind: 'windows'
  readonly table: KTable<Windowed<string>, number>
  readonly node: Node
  /** The stream time at which a window has closed. */
  readonly closeOf: (end: number) => number
}

type Side = StreamSide | TableSide | WindowSide

export type NumberTopic = Topic<Text, Value>
export const numbers = (name: string, partitions: number): NumberTopic =>
  topic(name, { key: nullable(string()), value: nullable(int64()), partitions })

const serdes = { key: string(), value: nullable(int64()) }
const digest: Fold = (sum, value) => (value % 6 === 5 ? null : ((sum ?? 0) * 3 + value) % 1_009)
const counting: Fold = (count) => (count ?? 0) + 1
const keyOf = (detail: number, value: Value): Text =>
  value === null ? 'none' : value % 7 === 6 ? null : `k${Math.abs(value * (detail % 9)) % 5}`
const shiftOf = (detail: number, value: Value): Value =>
  value === null ? detail % 20 : value % 9 === 8 ? null : value + (detail % 20)
const passes = (detail: number, value: Value): boolean => Math.abs(value ?? 1) % 3 !== detail % 3

/** A case at work: what the DSL has made, and its naive twin. */
export class Grown {
  readonly topology: Topology
  readonly naive: Naive
  readonly inputs: readonly NumberTopic[]
  readonly sources: readonly Node[]
  /** A topic for what comes out of each step. */
  readonly outputs: { readonly topic: NumberTopic; readonly sink: Node; readonly verb: string }[] = []
  readonly #sides: { readonly side: Side; readonly verb: string }[] = []

  constructor({ partitions, steps }: Case) {
    const builder = new StreamsBuilder()
    this.naive = new Naive(partitions)
    this.inputs = [numbers('in-0', partitions), numbers('in-1', partitions)]
    this.sources = this.inputs.map(() => this.naive.add('source', []))
    const streams = this.inputs.map((input) => builder.stream(input))
    for (const [index, stream] of streams.entries()) {
      const node = this.sources[index] as Node
      this.#sides.push({ side: { kind: 'stream', stream, node, rekeyed: false }, verb: 'stream' })
    }
    for (const [index, one] of steps.entries()) this.#grow(one, `step-${index}`)
    for (const [index, { side, verb }] of this.#sides.slice(2).entries()) {
      const { stream, node } = this.#streamOf(side)
      const output = numbers(`out-${index}`, 1)
      stream.to(output)
      this.outputs.push({ topic: output, sink: this.naive.add('sink', [node]), verb })
    }
    this.topology = builder.build()
  }

  #grow(one: Step, name: string): void {
    const { side } = this.#sides[one.from % this.#sides.length] as { readonly side: Side }
    const verbs: Readonly<Record<string, (side: never, step: Step, name: string) => Side>> =
      side.kind === 'stream' ? this.#ofStreams : side.kind === 'table' ? this.#ofTables : this.#ofWindows
    const [verb, make] = Object.entries(verbs)[one.verb % Object.keys(verbs).length] as [string, (typeof verbs)[string]]
    this.#sides.push({ side: make(side as never, one, name), verb: `${side.kind}.${verb}` })
  }

  #work(parents: readonly Node[], make: NonNullable<Node['make']>, traits: Node['traits'] = {}): Node {
    return this.naive.add('work', parents, make, traits)
  }

  /** A stream of the topology that is there already, or of what a table has become. */
  #streamOf(side: Side): StreamSide {
    if (side.kind === 'stream') return side
    if (side.kind === 'table')
      return { kind: 'stream', stream: plain(side.table.toStream()), node: side.node, rekeyed: false }
    const stream = side.table
      .toStream()
      .map(({ key: { key, window }, value }) => ({ key: `${key}@${window.start}-${window.end}`, value }))
    const node = this.#work([side.node], () => each((event) => [{ ...event, key: shownKey(event.key) }]))
    return { kind: 'stream', stream: plain(stream), node, rekeyed: true }
  }

  /** Another stream, whose equal keys lie in the same partitions. */
  #byKey({ stream, node, rekeyed }: StreamSide, name: string): StreamSide {
    if (!rekeyed) return { kind: 'stream', stream, node, rekeyed }
    const regrouped = plain(stream.repartition({ ...serdes, name }))
    return { kind: 'stream', stream: regrouped, node: this.naive.add('regroup', [node]), rekeyed: false }
  }

  #group(side: StreamSide, detail: number, name: string): { readonly grouped: Grouped; readonly node: Node } {
    const { stream, node, rekeyed } = side
    if (detail % 2 === 0) {
      const grouped = stream.groupByKey({ ...serdes, name }) as Grouped
      return { grouped, node: rekeyed ? this.naive.add('regroup', [node]) : node }
    }
    const grouped = stream.groupBy(({ value }) => keyOf(detail, value), { ...serdes, name }) as Grouped
    const keyed = this.#work([node], () => each((event) => [{ ...event, key: keyOf(detail, event.value) }]))
    return { grouped, node: this.naive.add('regroup', [keyed]) }
  }

  // A step chooses a verb by its place, so new ones go to the end: the cases that were found keep theirs.
  readonly #ofStreams = {
    filter: ({ stream, node, rekeyed }: StreamSide, { detail }: Step): Side => ({
      kind: 'stream',
      stream: stream.filter(({ value }) => passes(detail, value)),
      node: this.#work([node], () => each((event) => (passes(detail, event.value) ? [event] : []))),
      rekeyed,
    }),

    mapValues: ({ stream, node, rekeyed }: StreamSide, { detail }: Step): Side => ({
      kind: 'stream',
      stream: plain(stream.mapValues(({ value }) => shiftOf(detail, value))),
      node: this.#work([node], () => each((event) => [{ ...event, value: shiftOf(detail, event.value) }])),
      rekeyed,
    }),

    flatMap: ({ stream, node }: StreamSide, { detail }: Step): Side => {
      const copies = (key: Text, value: Value) =>
        Array.from({ length: Math.abs((value ?? 0) + detail) % 4 }, (_, copy) => ({
          key: copy === 1 ? keyOf(detail, value) : key,
          value: value === null ? copy : value + copy,
        }))
      return {
        kind: 'stream',
        stream: plain(stream.flatMap(({ key, value }) => copies(key, value))),
        node: this.#work([node], () =>
          each((event) => copies(event.key as Text, event.value).map((copy) => ({ ...event, ...copy }))),
        ),
        rekeyed: true,
      }
    },

    map: ({ stream, node }: StreamSide, { detail }: Step): Side => {
      const timeOf = (timestamp: number, value: Value): number => Math.max(0, timestamp + ((value ?? 0) % 9))
      return {
        kind: 'stream',
        stream: plain(
          stream.map(({ key, value, timestamp }) => ({
            key: detail % 2 === 0 ? key : keyOf(detail, value),
            value,
            timestamp: timeOf(timestamp, value),
          })),
        ),
        node: this.#work([node], () =>
          each((event) => [
            {
              ...event,
              key: detail % 2 === 0 ? event.key : keyOf(detail, event.value),
              timestamp: timeOf(event.timestamp, event.value),
            },
          ]),
        ),
        rekeyed: true,
      }
    },

    merge: ({ stream, node, rekeyed }: StreamSide, { other }: Step): Side => {
      const with_ = this.#streamOf((this.#sides[other % this.#sides.length] as { readonly side: Side }).side)
      return {
        kind: 'stream',
        stream: stream.merge(with_.stream),
        node: this.#work([node, with_.node], () => each((event) => [event])),
        rekeyed: rekeyed || with_.rekeyed,
      }
    },

    repartition: ({ stream, node }: StreamSide, _: Step, name: string): Side => ({
      kind: 'stream',
      stream: plain(stream.repartition({ ...serdes, name })),
      node: this.naive.add('regroup', [node]),
      rekeyed: false,
    }),

    distinct: ({ stream, node, rekeyed }: StreamSide, { detail }: Step, name: string): Side => {
      const idOf = (value: Value): number | string | null =>
        value === null ? null : value % 5 === 4 ? String(value % 3) : value % 3
      return {
        kind: 'stream',
        stream: stream.distinct({ id: ({ value }) => idOf(value), within: 1 + (detail % 30), name }),
        node: this.#work([node], () => distinct(idOf, 1 + (detail % 30))),
        rekeyed,
      }
    },

    toTable: (side: StreamSide, _: unknown, name: string): Side => {
      const { stream, node } = this.#byKey(side, `${name}-by-key`)
      const table = stream.toTable({ ...serdes, name }) as unknown as KTable<string, number>
      return { kind: 'table', table, node: this.#work([node], keeping) }
    },

    count: (side: StreamSide, { detail }: Step, name: string): Side => {
      const { grouped, node } = this.#group(side, detail, `${name}-group`)
      return { kind: 'table', table: grouped.count({ name }), node: this.#work([node], () => aggregating(counting)) }
    },

    aggregate: (side: StreamSide, { detail }: Step, name: string): Side => {
      const { grouped, node } = this.#group(side, detail, `${name}-group`)
      const table = grouped.aggregate({
        initializer: () => 0,
        aggregator: (key, value, sum) => digest(sum, value, key, 0),
        value: int64(),
        name,
      })
      return { kind: 'table', table, node: this.#work([node], () => aggregating(digest)) }
    },

    windowed: (side: StreamSide, { detail }: Step, name: string): Side => {
      const { grouped, node } = this.#group(side, detail, `${name}-group`)
      const size = 4 + (detail % 17)
      const sizes = { size, advance: detail % 3 === 0 ? Math.ceil(size / 3) : size, grace: detail % 8 }
      const isFinal = detail % 5 === 4
      const windowed = grouped
        .windowedBy(TimeWindows.of(sizes))
        .emitStrategy(isFinal ? 'onWindowClose' : 'onWindowUpdate')
      const table = windowed.aggregate({
        initializer: () => 0,
        aggregator: (key, value, sum) => digest(sum, value, key, 0),
        value: int64(),
        name,
      })
      const closeOf = (end: number): number => end + sizes.grace
      return { kind: 'windows', table, node: this.#work([node], () => windowing(digest, sizes, isFinal)), closeOf }
    },

    sessions: (side: StreamSide, { detail }: Step, name: string): Side => {
      const { grouped, node } = this.#group(side, detail, `${name}-group`)
      const [gap, grace, isFinal] = [detail % 11, detail % 7, detail % 5 === 4]
      const windowed = grouped.windowedBy(SessionWindows.of({ gap, grace }))
      const table = windowed.emitStrategy(isFinal ? 'onWindowClose' : 'onWindowUpdate').count({ name })
      const closeOf = (end: number): number => end + gap + grace + 1
      return { kind: 'windows', table, node: this.#work([node], () => sessions(gap, grace, isFinal)), closeOf }
    },

    cogroup: (side: StreamSide, { detail, other }: Step, name: string): Side => {
      const second = this.#streamOf((this.#sides[other % this.#sides.length] as { readonly side: Side }).side)
      const left = this.#group(side, detail, `${name}-left`)
      const right = this.#group(second, detail + 2, `${name}-right`)
      const fold: Fold = (sum, value, key, input) => (input === 0 ? digest(sum, value, key, 0) : (sum ?? 0) - value)
      const table = left.grouped
        .cogroup<number>((key, value, sum) => fold(sum, value, key, 0))
        .cogroup(right.grouped, (key, value, sum) => fold(sum, value, key, 1))
        .aggregate({ initializer: () => 0, value: int64(), name })
      return { kind: 'table', table, node: this.#work([left.node, right.node], () => aggregating(fold)) }
    },

    join: (side: StreamSide, { detail, other }: Step, name: string): Side => {
      const second = this.#streamOf((this.#sides[other % this.#sides.length] as { readonly side: Side }).side)
      const left = this.#byKey(side, `${name}-left-by-key`)
      const right = this.#byKey(second, `${name}-right-by-key`)
      const sizes = { before: detail % 9, after: (detail % 13) - (detail % 9 > 3 ? 3 : 0), grace: detail % 6 }
      const joiner = (one: Value, two: Value): Value => (one ?? 100) * 2 - (two ?? 7)
      const window = JoinWindows.of(sizes)
      const options = { ...serdes, otherValue: nullable(int64()), window, name }
      const kinds = ['join', 'leftJoin', 'outerJoin'] as const
      const kind = kinds[detail % 3] ?? 'join'
      const stream = call(left.stream, kind, right.stream, joiner, options)
      const outer = kind === 'join' ? [] : kind === 'leftJoin' ? [0] : [0, 1]
      const node = this.#work([left.node, right.node], () => joining(joiner, sizes, outer))
      return { kind: 'stream', stream: plain(stream), node, rekeyed: false }
    },

    lookUp: (side: StreamSide, { detail, other }: Step, name: string): Side => {
      const second = (this.#sides[other % this.#sides.length] as { readonly side: Side }).side
      const table =
        second.kind === 'table'
          ? second
          : (this.#ofStreams.toTable(this.#streamOf(second), undefined, `${name}-table`) as TableSide)
      const { stream, node } = this.#byKey(side, `${name}-by-key`)
      const comesAlone = detail % 2 === 1
      const joiner = (left: Value, row: Value): Value => (left ?? 0) * 2 - (row ?? 7)
      const joined = call(stream, comesAlone ? 'leftJoin' : 'join', table.table, joiner, { name })
      const make = (_: Node, partition: number): Work =>
        lookingUp((key) => this.naive.rowOf(table.node, partition, key), joiner, comesAlone)
      return {
        kind: 'stream',
        stream: plain(joined),
        node: this.#work([node], make, { reads: table.node }),
        rekeyed: false,
      }
    },
  }

  readonly #ofTables = {
    filter: ({ table, node }: TableSide, { detail }: Step): Side => ({
      kind: 'table',
      table: table.filter(({ value }) => passes(detail, value)),
      node: this.#work([node], (self) => filteringRows(self, (value) => passes(detail, value)), {
        old: 'passes',
        derive: (value) => (passes(detail, value) ? value : null),
      }),
    }),

    mapValues: ({ table, node }: TableSide, { detail }: Step): Side => ({
      kind: 'table',
      table: table.mapValues(({ value }) => value + detail) as KTable<string, number>,
      node: this.#work([node], () => mappingRows(detail), {
        old: 'passes',
        derive: (value) => value + detail,
      }),
    }),

    suppress: ({ table, node }: TableSide, { detail }: Step, name: string): Side => {
      const limit = detail % 23
      const maxRecords = detail % 4 === 3 ? Number.POSITIVE_INFINITY : detail % 4
      const bound = Number.isFinite(maxRecords) ? { maxRecords } : {}
      const suppressed = table.suppress({ untilTimeLimit: limit, ...bound, value: int64(), name })
      return { kind: 'table', table: suppressed, node: this.#work([node], () => suppressing({ limit, maxRecords })) }
    },

    groupBy: ({ table, node }: TableSide, { detail }: Step, name: string): Side => {
      const group = (_: Key, value: number) => ({ key: keyOf(detail, value), value: shiftOf(detail, value) })
      const grouped = table.groupBy(({ key, value }) => group(key, value), {
        key: string(),
        value: int64(),
        name: `${name}-group`,
      })
      const add = (sum: Value, value: number): Value => (sum ?? 0) + value
      const remove = (sum: number, value: number): Value => (sum === value ? null : sum - value)
      const summed = grouped.aggregate({
        initializer: () => 0,
        aggregator: (_key, value, sum) => add(sum, value),
        subtractor: (_key, value, sum) => remove(sum, value),
        value: int64(),
        name,
      })
      const left = this.#work([node], () => groupingRows(group), { old: 'reads' })
      const regrouped = this.naive.add('regroup', [left])
      return { kind: 'table', table: summed, node: this.#work([regrouped], () => aggregatingRows(add, remove)) }
    },

    toStream: (side: TableSide): Side => this.#streamOf(side),
  }

  readonly #ofWindows = {
    filter: ({ table, node, closeOf }: WindowSide, { detail }: Step): Side => ({
      kind: 'windows',
      table: table.filter(({ value }) => passes(detail, value)),
      node: this.#work([node], (self) => filteringRows(self, (value) => passes(detail, value)), {
        old: 'passes',
        derive: (value) => (passes(detail, value) ? value : null),
      }),
      closeOf,
    }),

    suppress: ({ table, node, closeOf }: WindowSide, _: Step, name: string): Side => ({
      kind: 'windows',
      table: table.suppress({ untilWindowCloses: true, value: int64(), name }),
      node: this.#work([node], () => suppressing({ closeOf: ({ end }) => closeOf(end) })),
      closeOf,
    }),

    toStream: (side: WindowSide): Side => this.#streamOf(side),
  }
}

function mappingRows(detail: number): Work {
  const mapped = (value: Value): Value => (value === null ? null : value + detail)
  return each((event) => [{ ...event, value: mapped(event.value), old: mapped(event.old) }])
}

type Grouped = KGroupedStream<string, number, 'both'>

/** Every stream has the same type, whatever its verb knows beyond that. */
function plain(stream: object): KStream<Text, Value> {
  return stream as KStream<Text, Value>
}
