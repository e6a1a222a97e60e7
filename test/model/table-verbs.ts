// Verbs of tables, with windows and without.
import { int64, type KTable, string } from 'millrace'
import { aggregatingRows } from './aggregates.ts'
import type { Key, Value, Work } from './naive.ts'
import { each, filteringRows, groupingRows, suppressing } from './operators.ts'
import { keyOf, passes, shiftOf, type Side, type Step, type TableSide, type Verbs, type WindowSide } from './sides.ts'
import { filtered, tableJoinVerbs } from './table-join-verbs.ts'

export const tableVerbs: Verbs<TableSide> = {
  filter: (growing, side: TableSide, { detail }: Step): Side => filtered(growing, side, detail),

  mapValues: (growing, { table, node }: TableSide, { detail }: Step): Side => ({
    kind: 'table',
    table: table.mapValues(({ value }) => value + detail) as KTable<string, number>,
    node: growing.work([node], () => mappingRows(detail), {
      old: 'passes',
      passesAll: true,
      derive: (value) => value + detail,
    }),
  }),

  suppress: (growing, { table, node }: TableSide, { detail }: Step, name: string): Side => {
    const limit = detail % 23
    const maxRecords = detail % 4 === 3 ? Number.POSITIVE_INFINITY : detail % 4
    const bound = Number.isFinite(maxRecords) ? { maxRecords } : {}
    const suppressed = table.suppress({ untilTimeLimit: limit, ...bound, value: int64(), name })
    return {
      kind: 'table',
      table: suppressed,
      node: growing.work([node], () => suppressing({ limit, maxRecords }), { releases: true, spared: ['none'] }),
    }
  },

  groupBy: (growing, { table, node }: TableSide, { detail }: Step, name: string): Side => {
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
    const left = growing.work([node], () => groupingRows(group), { old: 'reads' })
    const regrouped = growing.naive.add('regroup', [left], undefined, { name: `${name}-group` })
    return { kind: 'table', table: summed, node: growing.work([regrouped], () => aggregatingRows(add, remove)) }
  },

  toStream: (growing, side: TableSide): Side => growing.streamOf(side),

  ...tableJoinVerbs,
}

export const windowVerbs: Verbs<WindowSide> = {
  filter: (growing, { table, node, closeOf }: WindowSide, { detail }: Step): Side => ({
    kind: 'windows',
    table: table.filter(({ value }) => passes(detail, value)),
    node: growing.work([node], (self) => filteringRows(self, (value) => passes(detail, value)), {
      old: 'passes',
      derive: (value) => (passes(detail, value) ? value : null),
    }),
    closeOf,
  }),

  suppress: (growing, { table, node, closeOf }: WindowSide, _: Step, name: string): Side => ({
    kind: 'windows',
    table: table.suppress({ untilWindowCloses: true, value: int64(), name }),
    node: growing.work([node], () => suppressing({ closeOf: ({ end }) => closeOf(end) }), {
      releases: true,
      spared: ['none'],
    }),
    closeOf,
  }),

  toStream: (growing, side: WindowSide): Side => growing.streamOf(side),
}

function mappingRows(detail: number): Work {
  const mapped = (value: Value): Value => (value === null ? null : value + detail)
  return each((event) => [{ ...event, value: mapped(event.value), old: mapped(event.old) }])
}
