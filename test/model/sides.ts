// What a step of a random topology takes and makes: a stream or a table of the DSL, with the node of the naive evaluator that
// stands for it, and what all verbs share.
import {
  int64,
  type KGroupedStream,
  type KStream,
  type KTable,
  nullable,
  type StreamsBuilder,
  string,
  topic,
  type Topic,
  type Windowed,
} from 'millrace'
import type { Fold } from './aggregates.ts'
import type { Step, Text } from './cases.ts'
import type { Key, Naive, Node, Value } from './naive.ts'

export interface StreamSide {
  readonly kind: 'stream'
  readonly stream: KStream<Text, Value>
  readonly node: Node
  /** Whether a verb that works by key has to regroup first. */
  readonly rekeyed: boolean
}

export interface TableSide {
  readonly kind: 'table'
  readonly table: KTable<string, number>
  readonly node: Node
}

export interface WindowSide {
  readonly kind: 'windows'
  readonly table: KTable<Windowed<string>, number>
  readonly node: Node
  /** The stream time at which a window has closed. */
  readonly closeOf: (end: number) => number
}

/** A table of which only the rows are determined, not the changes that lead to them. */
export interface ViewSide {
  readonly kind: 'view'
  readonly table: KTable<string, number>
  /** The rows, as `key=value`, in any order. */
  readonly rows: () => readonly string[]
}

export type Side = StreamSide | TableSide | WindowSide | ViewSide
/** What a verb can go on from. */
export type Source = Exclude<Side, ViewSide>

export type Verbs<S extends Source> = Readonly<
  Record<string, (growing: Growing, side: S, step: Step, name: string) => Side>
>

/** A topology that grows, as verbs see it. */
export interface Growing {
  readonly builder: StreamsBuilder
  readonly partitions: number
  readonly naive: Naive
  work(parents: readonly Node[], make: NonNullable<Node['make']>, traits?: Node['traits']): Node
  /** Whatever there is, by a number. */
  at(number: number): Source
  /** A stream of the topology that is there already, or of what a table has become. */
  streamOf(side: Source): StreamSide
  /** Another stream, whose equal keys lie in the same partitions. */
  byKey(side: StreamSide, name: string): StreamSide
  group(side: StreamSide, detail: number, name: string): { readonly grouped: Grouped; readonly node: Node }
  /** A table, made of what is there if that is none. */
  tableOf(side: Source, name: string): TableSide
  /** The global table of the topology. */
  global(): { readonly table: object; readonly node: Node }
  /** The table of the topology whose rows expire. */
  expiring(detail: number): TableSide
  /** A topic that late records go to, and what stands for it. */
  late(verb: string): { readonly topic: NumberTopic; readonly sink: Node }
}

export type Grouped = KGroupedStream<string, number, 'both'>

export type NumberTopic = Topic<Text, Value>
export const numbers = (name: string, partitions: number): NumberTopic =>
  topic(name, { key: nullable(string()), value: nullable(int64()), partitions })

export const serdes = { key: string(), value: nullable(int64()) }
export const digest: Fold = (sum, value) => (value % 6 === 5 ? null : ((sum ?? 0) * 3 + value) % 1_009)
export const keyOf = (detail: number, value: Value): Text =>
  value === null ? 'none' : value % 7 === 6 ? null : `k${Math.abs(value * (detail % 9)) % 5}`
export const shiftOf = (detail: number, value: Value): Value =>
  value === null ? detail % 20 : value % 9 === 8 ? null : value + (detail % 20)
export const passes = (detail: number, value: Value): boolean => Math.abs(value ?? 1) % 3 !== detail % 3
/** Of streams: a side that is not there counts too. */
export const joinerOf = (left: Value, right: Value): Value => (left ?? 100) * 2 - (right ?? 7)

/** Every stream has the same type, whatever its verb knows beyond that. */
export function plain(stream: object): KStream<Text, Value> {
  return stream as KStream<Text, Value>
}

export type { Fold, Key, Node, Step, Text, Value }
