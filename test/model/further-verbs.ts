// Verbs that do what others do in another form: negations, values alone, counts and reductions, operators of the user's.
import { int64, keyValueStore, SessionWindows, string, TimeWindows } from 'millrace'
import { aggregating, aggregatingRows, sessions, windowing } from './aggregates.ts'
import type { Event, Key, Row, Value, Work } from './naive.ts'
import { each, filteringRows, groupingRows } from './operators.ts'
import {
  digest,
  type Fold,
  keyOf,
  passes,
  plain,
  type Side,
  type Step,
  type StreamSide,
  type TableSide,
  type Verbs,
} from './sides.ts'

const counting: Fold = (count) => (count ?? 0) + 1
/** The first value is the row. */
const reducing: Fold = (sum, value, key, input) => (sum === null ? value : digest(sum, value, key, input))
const one = (value: Value): Value => (value === null ? null : 1)

export const furtherStreamVerbs: Verbs<StreamSide> = {
  filterNot: (growing, { stream, node, rekeyed }: StreamSide, { detail }: Step): Side => ({
    kind: 'stream',
    stream: stream.filterNot(({ value }) => passes(detail, value)),
    node: growing.work([node], () => each((event) => (passes(detail, event.value) ? [] : [event]))),
    rekeyed,
  }),

  selectKey: (growing, { stream, node }: StreamSide, { detail }: Step): Side => ({
    kind: 'stream',
    stream: plain(stream.selectKey(({ value }) => keyOf(detail, value))),
    node: growing.work([node], () => each((event) => [{ ...event, key: keyOf(detail, event.value) }])),
    rekeyed: true,
  }),

  flatMapValues: (growing, { stream, node, rekeyed }: StreamSide, { detail }: Step): Side => {
    const copies = (value: Value): number[] => {
      const length = Math.abs((value ?? 0) + detail) % 3
      return Array.from({ length }, (_, copy) => (value ?? detail) + copy)
    }
    return {
      kind: 'stream',
      stream: plain(stream.flatMapValues(({ value }) => copies(value))),
      node: growing.work([node], () => each((event) => copies(event.value).map((value) => ({ ...event, value })))),
      rekeyed,
    }
  },

  peek: (growing, { stream, node, rekeyed }: StreamSide): Side => {
    stream.foreach(() => undefined)
    return {
      kind: 'stream',
      stream: stream.peek(() => undefined),
      node: growing.work([node], () => each((event) => [event])),
      rekeyed,
    }
  },

  split: (growing, { stream, node, rekeyed }: StreamSide, { detail }: Step): Side => {
    const more = (value: Value): number => (value ?? 0) + detail
    const { some, rest } = stream.split({ some: ({ value }) => passes(detail, value), rest: 'default' })
    return {
      kind: 'stream',
      stream: plain(some.mapValues(({ value }) => more(value))).merge(plain(rest)),
      node: growing.work([node], () =>
        each((event) => [passes(detail, event.value) ? { ...event, value: more(event.value) } : event]),
      ),
      rekeyed,
    }
  },

  processValues: (growing, { stream, node, rekeyed }: StreamSide, { detail }: Step, name: string): Side => {
    const made = (value: Value): Value[] => (value === null ? [] : [value + detail, null])
    const processed = stream.processValues<Value>(
      (context) => ({ process: (record) => made(record.value).forEach((value) => context.forward({ value })) }),
      { name },
    )
    return {
      kind: 'stream',
      stream: plain(processed),
      node: growing.work([node], () => each((event) => made(event.value).map((value) => ({ ...event, value })))),
      rekeyed,
    }
  },

  reduce: (growing, side: StreamSide, { detail }: Step, name: string): Side => {
    const { grouped, node } = growing.group(side, detail, `${name}-group`)
    const table = grouped.reduce((sum, value) => digest(sum, value, '', 0), { name })
    return { kind: 'table', table, node: growing.work([node], () => aggregating(reducing)) }
  },

  windowedReduce: (growing, side: StreamSide, { detail }: Step, name: string): Side => {
    const { grouped, node } = growing.group(side, detail, `${name}-group`)
    const sizes = { size: 4 + (detail % 17), advance: 4 + (detail % 17), grace: detail % 8 }
    const windowed = grouped.windowedBy(TimeWindows.of(sizes))
    const isCount = detail % 3 === 0
    const table = isCount
      ? windowed.count({ name })
      : windowed.reduce((sum, value) => digest(sum, value, '', 0), { name })
    return {
      kind: 'windows',
      table,
      node: growing.work([node], () => windowing(isCount ? counting : reducing, sizes, false)),
      closeOf: (end) => end + sizes.grace,
    }
  },

  sessionsReduce: (growing, { stream, node, rekeyed }: StreamSide, { detail }: Step, name: string): Side => {
    const ones: StreamSide = {
      kind: 'stream',
      stream: plain(stream.mapValues(({ value }) => one(value))),
      node: growing.work([node], () => each((event) => [{ ...event, value: one(event.value) }])),
      rekeyed,
    }
    const group = growing.group(ones, 2 * detail, `${name}-group`)
    const [gap, grace] = [detail % 11, detail % 7]
    const windowed = group.grouped.windowedBy(SessionWindows.of({ gap, grace }))
    const table =
      detail % 2 === 0
        ? windowed.reduce((left, right) => left + right, { name })
        : windowed.aggregate({
            initializer: () => 0,
            aggregator: (_, value, sum) => sum + value,
            merger: (_, left, right) => left + right,
            value: int64(),
            name,
          })
    return {
      kind: 'windows',
      table,
      node: growing.work([group.node], () => sessions(gap, grace, false)),
      closeOf: (end) => end + gap + grace + 1,
    }
  },
}

export const furtherTableVerbs: Verbs<TableSide> = {
  filterNot: (growing, { table, node }: TableSide, { detail }: Step): Side => {
    const stays = (value: number): boolean => !passes(detail, value)
    return {
      kind: 'table',
      table: table.filterNot(({ value }) => passes(detail, value)),
      node: growing.work([node], (self) => filteringRows(self, stays), {
        old: 'passes',
        derive: (value) => (stays(value) ? value : null),
      }),
    }
  },

  transformValues: (growing, { table, node }: TableSide, { detail }: Step, name: string): Side => {
    const made = (value: Value): Value => (value === null || value % 5 === 4 ? null : value + detail)
    const store = keyValueStore(`${name}-kept`, { key: string(), value: int64() })
    const transformed = table.transformValues(() => ({ transform: ({ value }) => made(value) }), { store, name })
    return {
      kind: 'table',
      table: transformed,
      node: growing.work([node], () => transforming(made), { passesAll: true, derive: made }),
    }
  },

  regroup: (growing, { table, node }: TableSide, { detail }: Step, name: string): Side => {
    const group = (_: Key, value: number) => ({ key: keyOf(detail, value), value })
    const grouped = table.groupBy(({ key, value }) => group(key, value), {
      key: string(),
      value: int64(),
      name: `${name}-group`,
    })
    const isCount = detail % 2 === 0
    const add = (sum: Value, value: number): Value => (isCount ? (sum ?? 0) + 1 : sum === null ? value : sum + value)
    const remove = (sum: number, value: number): Value => sum - (isCount ? 1 : value)
    const summed = isCount
      ? grouped.count({ name })
      : grouped.reduce({ adder: (sum, value) => sum + value, subtractor: (sum, value) => sum - value, name })
    const left = growing.work([node], () => groupingRows(group), { old: 'reads' })
    const regrouped = growing.naive.add('regroup', [left], undefined, { name: `${name}-group` })
    return { kind: 'table', table: summed, node: growing.work([regrouped], () => aggregatingRows(add, remove)) }
  },
}

/** Each change gives a row, which is kept with its time. */
function transforming(made: (value: Value) => Value): Work {
  const rows = new Map<Key, Row | null>()
  return {
    take(event: Event) {
      const value = made(event.value)
      const old = rows.get(event.key)?.value ?? null
      rows.set(event.key, value === null ? null : { value, timestamp: event.timestamp })
      return [{ ...event, value, old }]
    },
    row: (key) => rows.get(key) ?? null,
  }
}
