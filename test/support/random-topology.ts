// Random topologies: chains and branches of verbs over random topics, drawn by fast-check and built with the public DSL.
import fc from 'fast-check'
import {
  int64,
  keyValueStore,
  type KStream,
  nullable,
  SessionWindows,
  SlidingWindows,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
  type Topic,
  type Topology,
} from 'millrace'
import { map } from 'rxjs'
import { type Codec, codecOf } from '../../src/core/serde.ts'
import type { PlanNode } from '../../src/plan/node.ts'
import type { PlanBuilder } from '../../src/plan/plan-builder.ts'
import { Stream } from '../../src/streams/stream.ts'
import { buffering } from './buffering.ts'
import { asBranch, type Branch, type Key, keyOf, type Row, type Value } from './random-branch.ts'
import { joinedByForeignKey, joinedStreams, joinedTable, joinedTables } from './random-joins.ts'
import { summing, addingUp, summingUp, sums } from './random-processor.ts'
import { answeredLater, type Global, inCalendar, inOneWindow, joinedGlobally, sourcesOf } from './random-sources.ts'

const verbs = [
  'filter',
  'map',
  'flatMap',
  'mapValues',
  'selectKey',
  'throw',
  'distinct',
  'merge',
  'joinStreams',
  'joinTable',
  'joinTables',
  'joinByForeignKey',
  'repartition',
  'count',
  'reduce',
  'aggregate',
  'windowedCount',
  'windowedReduce',
  'sessions',
  'sliding',
  'finalCount',
  'toTable',
  'suppressedSum',
  'suppressedWindows',
  'regroupRows',
  'cogroup',
  'punctuate',
  'process',
  'hold',
  'joinGlobal',
  'calendar',
  'unlimited',
  'mapAsync',
  'filterNot',
  'flatMapValues',
  'peek',
  'split',
  'processValues',
  'pipe',
  'cogroupInWindows',
  'countRows',
] as const

/** One verb, on one of the streams that are there, and what it does in detail. */
interface Step {
  readonly verb: (typeof verbs)[number]
  readonly from: number
  readonly other: number
  readonly detail: number
}

export interface RandomRecord extends Row {
  readonly headers: readonly { readonly key: string; readonly value: string }[]
}

export interface RandomTopology {
  /** The inputs: their partitions and records. */
  readonly topics: readonly { readonly partitions: number; readonly records: readonly RandomRecord[] }[]
  /** Whether one source reads all topics, or each topic has its own. */
  readonly together: boolean
  /** How the last topic is read, if there are others. */
  readonly last: 'stream' | 'globalTable' | 'expiringTable'
  readonly steps: readonly Step[]
  /** The partitions of the output topics. */
  readonly outputs: readonly number[]
}

const record = fc.record({
  key: fc.option(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'ff'), { freq: 8 }),
  value: fc.option(fc.integer({ min: -20, max: 20 }), { freq: 12 }),
  // Few distinct times, in no order: many ties, much that is late.
  timestamp: fc.nat({ max: 60 }),
  headers: fc.array(fc.record({ key: fc.constantFrom('h', 'i'), value: fc.constantFrom('', 'x') }), { maxLength: 1 }),
})

const inputTopic = fc.record({
  partitions: fc.integer({ min: 1, max: 4 }),
  records: fc.array(record, { maxLength: 16, size: 'max' }),
})

export const randomTopologies: fc.Arbitrary<RandomTopology> = fc.record({
  topics: fc.array(inputTopic, { minLength: 1, maxLength: 3 }),
  together: fc.boolean(),
  last: fc.constantFrom('stream', 'globalTable', 'expiringTable'),
  steps: fc.array(
    fc.record({ verb: fc.constantFrom(...verbs), from: fc.nat(), other: fc.nat(), detail: fc.nat({ max: 99 }) }),
    {
      minLength: 1,
      maxLength: 9,
      size: 'max',
    },
  ),
  outputs: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
})

export type NumberTopic = Topic<Key, Value>

export function numberTopic(name: string, partitions: number): NumberTopic {
  return topic(name, { key: nullable(string()), value: nullable(int64()), partitions })
}

/** Builds the topology; every stream that nobody goes on with ends in one of the outputs. */
export function buildRandom(
  drawn: RandomTopology,
  inputs: readonly NumberTopic[],
  outputs: readonly NumberTopic[],
): Topology {
  const builder = new StreamsBuilder()
  const { branches, global } = sourcesOf(builder, drawn, inputs)
  const open = new Set(branches)
  for (const [index, step] of drawn.steps.entries()) {
    const from = branches[step.from % branches.length] as Branch
    const other = branches[step.other % branches.length] as Branch
    if (step.verb === 'mapAsync') {
      // What comes of calls must not meet anything else.
      if (from.widths.length === 1 && from.widths[0] === 1 && from.isJoined !== true)
        answeredLater(step.detail, `step-${index}`, from, `${outputs[0]?.name}-answers-${index}`)
      continue
    }
    const hasPairs = from.isJoined === true || other.isJoined === true
    const verb = step.verb === 'joinStreams' && hasPairs ? 'merge' : step.verb
    const isJoined = verb === 'joinStreams' || from.isJoined === true || (verb === 'merge' && hasPairs)
    const made = { ...apply({ ...step, verb }, `step-${index}`, from, other, global), isJoined }
    // Now and then a stream that goes on is also written.
    if (step.detail % 4 !== 0) open.delete(from)
    if (verb === 'merge' || verb.startsWith('join')) open.delete(other)
    branches.push(made)
    open.add(made)
  }
  for (const [index, { stream }] of [...open].entries()) {
    if (index % 3 === 2)
      stream.to(({ value }) => outputs[Math.abs(value ?? 0) % outputs.length] as NumberTopic, { topics: outputs })
    else stream.to(outputs[index % outputs.length] as NumberTopic)
  }
  return builder.build()
}

function apply(
  { verb, detail }: Step,
  name: string,
  { stream, widths }: Branch,
  other: Branch,
  global: Global | undefined,
): Branch {
  const serdes = { key: string(), value: nullable(int64()) }
  switch (verb) {
    case 'filter':
      return { stream: stream.filter(({ value }) => (value ?? 1) % 3 !== detail % 3), widths }
    case 'filterNot':
      return { stream: stream.filterNot(({ value }) => (value ?? 1) % 3 === detail % 3), widths }
    case 'flatMapValues':
      return {
        stream: stream.flatMapValues(({ value }) =>
          Array.from({ length: Math.abs((value ?? 0) + detail) % 3 }, (_, copy) => (value ?? detail) + copy),
        ),
        widths,
      }
    case 'peek':
      stream.foreach(() => undefined)
      return { stream: stream.peek(() => undefined), widths }
    case 'split': {
      const { odd, rest } = stream.split({ odd: ({ value }) => (value ?? 0) % 2 === 1, rest: 'default' })
      return { stream: asBranch(odd.mapValues(({ value }) => (value ?? 0) + detail)).merge(asBranch(rest)), widths }
    }
    case 'processValues': {
      const made = stream.processValues<Value>(
        (context) => ({
          process: ({ value }) => context.forward({ value: value === null ? detail : value - 1 }),
        }),
        { name },
      )
      return { stream: asBranch(made), widths }
    }
    case 'pipe': {
      const made = stream.pipe(map(({ key, value }) => ({ key, value: value === null ? detail : value + 1 })))
      return { stream: asBranch(made), widths }
    }
    case 'mapValues':
      return {
        stream: stream.mapValues(({ value }) => (value === null ? detail : value % 9 === 8 ? null : value + detail)),
        widths,
      }
    case 'selectKey':
      return { stream: stream.selectKey(({ value }) => keyOf(detail, value)), widths }
    case 'throw':
      return {
        stream: stream.mapValues(({ value }) => {
          if (value !== null && value % 13 === detail % 13) throw new Error(`${value} is not wanted`)
          return value
        }),
        widths,
      }
    case 'distinct': {
      const id = ({ value }: Row): number | string | null =>
        value === null ? null : value % 5 === 4 ? `${value}` : value
      return { stream: stream.distinct({ id, within: 1 + (detail % 30), name }), widths }
    }
    case 'map':
      return {
        stream: asBranch(
          stream.map(({ key, value, timestamp, headers }) => ({
            key: detail % 3 === 0 ? key : keyOf(detail, value),
            value: value === null ? null : value - detail,
            timestamp: detail % 2 === 0 ? timestamp : Math.max(0, timestamp + ((value ?? 0) % 5)),
            headers: detail % 5 === 0 ? [...headers, { key: name, value: String(detail) }] : headers,
          })),
        ),
        widths,
      }
    case 'flatMap':
      return {
        stream: asBranch(
          stream.flatMap(({ key, value }) =>
            Array.from({ length: Math.abs((value ?? 0) + detail) % 4 }, (_, copy) => ({
              key: copy === 1 ? keyOf(detail, value) : key,
              value: value === null ? copy : value + copy,
            })),
          ),
        ),
        widths,
      }
    case 'merge':
      return { stream: stream.merge(other.stream), widths: [...new Set([...widths, ...other.widths])] }
    case 'joinByForeignKey':
      return joinedByForeignKey(detail, name, { stream, widths }, other)
    case 'joinTables':
      return joinedTables(detail, name, { stream, widths }, other)
    case 'joinGlobal':
      return { stream: joinedGlobally(detail, name, stream, global), widths }
    case 'calendar':
    case 'unlimited': {
      const even = widths.length === 1 ? stream : stream.selectKey(({ key }) => key)
      return {
        stream: (verb === 'calendar' ? inCalendar : inOneWindow)(detail, name, even),
        widths: [Math.max(...widths)],
      }
    }
    case 'mapAsync':
      throw new Error('what comes of calls is no branch')
    case 'joinTable':
      return joinedTable(detail, name, { stream, widths }, other)
    case 'joinStreams':
      return joinedStreams(detail, name, { stream, widths }, other)
    case 'repartition': {
      const partitions = detail % 5 === 0 ? undefined : detail % 5
      const options = partitions === undefined ? {} : { partitions }
      return {
        stream: asBranch(stream.repartition({ ...serdes, ...options, name })),
        widths: [partitions ?? Math.max(...widths)],
      }
    }
    case 'toTable': {
      // Where the key is not new, its inputs must have equally many partitions.
      const even = widths.length === 1 ? stream : stream.selectKey(({ key }) => key)
      const versioned = detail % 3 === 0 ? { versioned: { historyMs: 1 + (detail % 25) } } : {}
      const table = even.toTable({ key: string(), value: int64(), name, ...versioned })
      const left =
        detail % 2 === 0
          ? table.filter(({ value }) => value % 4 !== detail % 4)
          : table.filterNot(({ value }) => value % 4 === detail % 4)
      const shown = left.mapValues(({ value }) => value + detail)
      return { stream: asBranch(shown.toStream()), widths: [Math.max(...widths)] }
    }
    case 'regroupRows': {
      const even = widths.length === 1 ? stream : stream.selectKey(({ key }) => key)
      const table = even.toTable({ key: string(), value: int64(), name: `${name}-table` })
      const store = keyValueStore(`${name}-kept`, { key: string(), value: int64() })
      const changes = keyValueStore(`${name}-changes`, { key: string(), value: int64() })
      const kept =
        detail % 2 === 0
          ? table
          : detail % 4 === 1
            ? table.filter(({ value }) => value % 5 !== 0, { store })
            : table.transformValues(addingUp(changes), { stores: [changes], store })
      const sums = kept
        .groupBy(({ value }) => ({ key: keyOf(detail, value), value: value % 11 === 10 ? null : value }), {
          key: string(),
          value: int64(),
          name: `${name}-group`,
        })
        .reduce({
          adder: (sum, value) => sum + value,
          subtractor: (sum, value) => (sum % 7 === 5 ? null : sum - value),
          name,
        })
      return { stream: asBranch(sums.toStream()), widths: [Math.max(...widths)] }
    }
    case 'punctuate':
      return { stream: throughNode(stream, (plan, from) => plan.stateless(verb, from, name, summing(detail))), widths }
    case 'process': {
      const even = widths.length === 1 ? stream : asBranch(stream.repartition({ ...serdes, name: `${name}-group` }))
      const store = sums(name, detail % 2 === 0)
      const made = even.process(summingUp(store, detail), { stores: [store], name })
      return { stream: asBranch(made), widths: [Math.max(...widths)] }
    }
    case 'hold': {
      const make = () => buffering(1 + (detail % 20), undefined, name, valueCodec)
      // What brings records of a key together needs inputs that have equally many partitions.
      const even = widths.length === 1 ? stream : asBranch(stream.repartition({ ...serdes, name: `${name}-group` }))
      const held = throughNode(even, (plan, from) => plan.stateful(verb, from, name, make))
      return { stream: held, widths: [Math.max(...widths)] }
    }
    case 'countRows': {
      const even = widths.length === 1 ? stream : stream.selectKey(({ key }) => key)
      const grouped = even
        .toTable({ key: string(), value: int64(), name: `${name}-table` })
        .groupBy(({ value }) => ({ key: keyOf(detail, value), value }), {
          key: string(),
          value: int64(),
          name: `${name}-group`,
        })
      const counts =
        detail % 2 === 0
          ? grouped.count({ name })
          : grouped.aggregate({
              initializer: () => detail,
              aggregator: (key, value, sum) => sum + value * key.length,
              subtractor: (key, value, sum) => sum - value * key.length,
              value: int64(),
              name,
            })
      return { stream: asBranch(counts.toStream()), widths: [Math.max(...widths)] }
    }
    case 'cogroup':
    case 'cogroupInWindows': {
      const grouped = (stream: KStream<Key, Value>, side: string) =>
        asBranch(stream.repartition({ ...serdes, partitions: 2, name: `${name}-${side}` })).groupByKey(serdes)
      const cogrouped = grouped(stream, 'left')
        .cogroup<number>((key, value, sum) => (value % 6 === 5 ? null : sum + value + key.length))
        .cogroup(grouped(other.stream, 'right'), (_, value, sum) => (sum * 3 + value) % 1_009)
      const options = { initializer: () => detail, value: int64(), name }
      if (verb === 'cogroup') return { stream: asBranch(cogrouped.aggregate(options).toStream()), widths: [2] }
      const [grace, merger] = [detail % 7, (_: unknown, one: number, two: number): number => one + two]
      const table =
        detail % 3 === 0
          ? cogrouped.windowedBy(SessionWindows.of({ gap: detail % 9, grace })).aggregate({ ...options, merger })
          : cogrouped
              .windowedBy(
                detail % 3 === 1
                  ? TimeWindows.of({ size: 5 + (detail % 20), grace })
                  : SlidingWindows.of({ difference: detail % 9, grace }),
              )
              .aggregate(options)
      const flat = table.toStream().map(({ key, value }) => ({ key: `${key.key}@${key.window.start}`, value }))
      return { stream: asBranch(flat), widths: [2] }
    }
    default:
      return aggregated(verb, detail, name, { stream, widths })
  }
}

type Aggregation =
  | 'count'
  | 'reduce'
  | 'aggregate'
  | 'windowedCount'
  | 'windowedReduce'
  | 'finalCount'
  | 'suppressedSum'
  | 'suppressedWindows'
  | 'sessions'
  | 'sliding'

function aggregated(verb: Aggregation, detail: number, name: string, { stream, widths }: Branch): Branch {
  const serdes = { key: string(), value: nullable(int64()) }
  // Grouping by the key where it is needs inputs that have equally many partitions.
  const byKey = detail % 2 === 0 && widths.length === 1
  const grouped = byKey
    ? stream.groupByKey({ ...serdes, name: `${name}-group` })
    : stream.groupBy(({ key, value }) => (detail % 3 === 0 ? key : keyOf(detail, value)), {
        ...serdes,
        name: `${name}-group`,
      })
  const after = [Math.max(...widths)]
  const size = 5 + (detail % 20)
  const windows = TimeWindows.of({ size, advance: detail % 3 === 0 ? Math.ceil(size / 2) : size, grace: detail % 7 })
  const digest = (sum: number, value: number): number | null => (value % 6 === 5 ? null : (sum * 3 + value) % 1_009)
  const digestOf = (_: unknown, value: number, sum: number): number | null => digest(sum, value)
  switch (verb) {
    case 'count':
      return { stream: asBranch(grouped.count({ name }).toStream()), widths: after }
    case 'reduce':
      return { stream: asBranch(grouped.reduce(digest, { value: int64(), name }).toStream()), widths: after }
    case 'aggregate':
      return {
        stream: asBranch(
          grouped
            .aggregate({
              initializer: () => detail,
              aggregator: (key, value, sum) => digest(sum + key.length, value),
              value: int64(),
              name,
            })
            .toStream(),
        ),
        widths: after,
      }
    case 'sessions': {
      const inSessions = grouped
        .windowedBy(SessionWindows.of({ gap: detail % 9, grace: detail % 20 }))
        .emitStrategy(detail % 5 === 0 ? 'onWindowClose' : 'onWindowUpdate')
      const table =
        detail % 4 === 0
          ? inSessions.count({ name })
          : detail % 4 === 1
            ? inSessions.reduce(digest, { value: int64(), name })
            : inSessions.aggregate({
                initializer: () => 0,
                aggregator: digestOf,
                merger: (_, a, b) => a + b,
                value: int64(),
                name,
              })
      const flat = table.toStream().map(({ key, value }) => ({ key: `${key.key}@${key.window.start}`, value }))
      return { stream: asBranch(flat), widths: after }
    }
    case 'suppressedSum': {
      const limits = [{}, { maxRecords: detail % 3 }, { maxBytes: detail % 40 }][detail % 3]
      const suppressed = grouped
        .reduce(digest, { value: int64(), name })
        .suppress({ untilTimeLimit: detail % 13, ...limits, name: `${name}-suppress` })
      return { stream: asBranch(suppressed.toStream()), widths: after }
    }
    case 'sliding': {
      const sliding = grouped.windowedBy(SlidingWindows.of({ difference: detail % 9, grace: detail % 20 }))
      const table = sliding
        .emitStrategy(detail % 2 === 0 ? 'onWindowUpdate' : 'onWindowClose')
        .reduce(digest, { value: int64(), name })
      const flat = table.toStream().map(({ key, value }) => ({ key: `${key.key}@${key.window.start}`, value }))
      return { stream: asBranch(flat), widths: after }
    }
    case 'windowedCount':
    case 'windowedReduce':
    case 'suppressedWindows':
    case 'finalCount': {
      const emitted = verb === 'finalCount' ? 'onWindowClose' : 'onWindowUpdate'
      const windowed = grouped.windowedBy(windows).emitStrategy(emitted)
      const table =
        verb !== 'windowedReduce'
          ? windowed.count({ name })
          : detail % 2 === 0
            ? windowed.reduce(digest, { value: int64(), name })
            : windowed.aggregate({ initializer: () => detail, aggregator: digestOf, value: int64(), name })
      const shown =
        verb === 'suppressedWindows' ? table.suppress({ untilWindowCloses: true, name: `${name}-suppress` }) : table
      const flat = shown.toStream().map(({ key, value }) => ({ key: `${key.key}@${key.window.start}`, value }))
      return { stream: asBranch(flat), widths: after }
    }
  }
}

const valueCodec = codecOf(nullable(int64())) as Codec<unknown>

/** The stream that comes out of a node for which the DSL has no verb. */
function throughNode(
  stream: KStream<Key, Value>,
  add: (plan: PlanBuilder, from: PlanNode) => PlanNode,
): KStream<Key, Value> {
  if (!(stream instanceof Stream)) throw new Error('a stream of the DSL is known by its class')
  const { parts } = stream
  return parts.faces.stream({ ...parts, node: add(parts.plan, parts.node) })
}
