// Verbs of streams that keep no rows, and what makes a table of a stream.
import { distinct, each } from './operators.ts'
import { type Node, Thrown } from './naive.ts'
import {
  keyOf,
  passes,
  plain,
  serdes,
  type Side,
  shiftOf,
  type Step,
  type StreamSide,
  type Text,
  type Value,
  type Verbs,
} from './sides.ts'

export const streamVerbs: Verbs<StreamSide> = {
  filter: (growing, { stream, node, rekeyed }: StreamSide, { detail }: Step): Side => ({
    kind: 'stream',
    stream: stream.filter(({ value }) => passes(detail, value)),
    node: growing.work([node], () => each((event) => (passes(detail, event.value) ? [event] : []))),
    rekeyed,
  }),

  mapValues: (growing, { stream, node, rekeyed }: StreamSide, { detail }: Step): Side => ({
    kind: 'stream',
    stream: plain(stream.mapValues(({ value }) => shiftOf(detail, value))),
    node: growing.work([node], () => each((event) => [{ ...event, value: shiftOf(detail, event.value) }])),
    rekeyed,
  }),

  flatMap: (growing, { stream, node }: StreamSide, { detail }: Step): Side => {
    const copies = (key: Text, value: Value) =>
      Array.from({ length: Math.abs((value ?? 0) + detail) % 4 }, (_, copy) => ({
        key: copy === 1 ? keyOf(detail, value) : key,
        value: value === null ? copy : value + copy,
      }))
    return {
      kind: 'stream',
      stream: plain(stream.flatMap(({ key, value }) => copies(key, value))),
      node: growing.work([node], () =>
        each((event) => copies(event.key as Text, event.value).map((copy) => ({ ...event, ...copy }))),
      ),
      rekeyed: true,
    }
  },

  map: (growing, { stream, node }: StreamSide, { detail }: Step): Side => {
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
      node: growing.work([node], () =>
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

  merge: (growing, { stream, node, rekeyed }: StreamSide, { other }: Step): Side => {
    const with_ = growing.streamOf(growing.at(other))
    return {
      kind: 'stream',
      stream: stream.merge(with_.stream),
      node: growing.work([...new Set([node, with_.node])], () => each((event) => [event])),
      rekeyed: rekeyed || with_.rekeyed,
    }
  },

  repartition: (growing, { stream, node }: StreamSide, _: Step, name: string): Side => ({
    kind: 'stream',
    stream: plain(stream.repartition({ ...serdes, name })),
    node: growing.naive.add('regroup', [node], undefined, { name }),
    rekeyed: false,
  }),

  distinct: (growing, { stream, node, rekeyed }: StreamSide, { detail }: Step, name: string): Side => {
    const idOf = (value: Value): number | string | null =>
      value === null ? null : value % 5 === 4 ? String(value % 3) : value % 3
    return {
      kind: 'stream',
      stream: stream.distinct({ id: ({ value }) => idOf(value), within: 1 + (detail % 30), name }),
      node: growing.work([node], () => distinct(idOf, 1 + (detail % 30))),
      rekeyed,
    }
  },

  toTable: (growing, side, _, name): Side => growing.tableOf(side, name),

  /** No matter of what: the table of a topic. */
  expiringTable: (growing, _, { detail }): Side => growing.expiring(detail),

  failing: (growing, { stream, node, rekeyed }, { detail }): Side => {
    const bad = (value: Value): boolean => Math.abs(value ?? 0) % 11 === detail % 11
    // A release that fails is done again row by row: here a turn fails as a whole.
    const isSafe = !releasesBefore(node)
    const answer = (value: Value): Value => {
      if (isSafe && bad(value)) throw new Thrown(`${value} is not wanted`)
      return shiftOf(detail, value)
    }
    return {
      kind: 'stream',
      stream: plain(stream.mapValues(({ value }) => answer(value))),
      node: growing.work([node], () => each((event) => [{ ...event, value: answer(event.value) }])),
      rekeyed,
    }
  },
}

/** Whether what comes to a node may be what an operator of the same turn has let go of. */
function releasesBefore(node: Node): boolean {
  return node.traits.releases === true || (node.kind !== 'regroup' && node.parents.some(releasesBefore))
}
