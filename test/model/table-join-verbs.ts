// Joins of tables, by key and by foreign key.
import { int64, keyValueStore, type KTable, string } from 'millrace'
import { call } from '../support/untyped.ts'
import { type Event, type Key, type Node, partitionOf, type Row, type Value, type Work } from './naive.ts'
import { each, filteringRows } from './operators.ts'
import { type Growing, joinerOf, passes, type Side, type Step, type TableSide, type Verbs } from './sides.ts'

const kinds = ['join', 'leftJoin', 'outerJoin'] as const
type Kind = (typeof kinds)[number]

/** Where a row may come alone, one that a filter lets pass neither before nor now is no change at all. */
const spared = {
  join: ['kept', 'kept'],
  leftJoin: ['all', 'kept'],
  outerJoin: ['all', 'all'],
} as const

export const tableJoinVerbs: Verbs<TableSide> = {
  join: (growing, left: TableSide, step: Step, name: string): Side =>
    joinedSides(growing, left, growing.tableOf(growing.at(step.other), `${name}-right`), step, name),

  joinByForeignKey: (growing, left: TableSide, { detail, other }: Step, name: string): Side => {
    const right = growing.tableOf(growing.at(other), `${name}-right`)
    const kind = detail % 2 === 0 ? 'join' : 'leftJoin'
    const names = ['a', 'b', 'ab', 'k0', 'k2']
    const foreignKey = (value: number): string | null =>
      value % 7 === 6 ? null : (names[Math.abs(value * (1 + (detail % 9))) % names.length] ?? null)
    const store =
      detail % 3 === 0 ? { name } : { store: keyValueStore(`${name}-kept`, { key: string(), value: int64() }) }
    const table = call(left.table, kind, right.table, joinerOf, { foreignKey, ...store }) as KTable<string, number>
    const rowOf = (partition: number, key: Key): Row | null => {
      const one = growing.naive.rowOf(left.node, partition, key)
      if (one === null) return null
      const named = foreignKey(one.value)
      const two = named === null ? null : growing.naive.rowOf(right.node, partitionOf(named, growing.partitions), named)
      const value = resultOf(kind, one.value, two?.value ?? null)
      return value === null ? null : { value, timestamp: one.timestamp }
    }
    growing.work([right.node], () => each(() => []))
    return viewOf(growing, [left], table, rowOf, { old: 'reads' })
  },

  /** With rows of its own, of which some are filtered out: a change may come by one side or by both. */
  joinOwnRows: (growing, whole: TableSide, step: Step, name: string): Side => {
    const { detail } = step
    const part = filtered(growing, whole, detail)
    const [left, right] = detail % 2 === 0 ? [whole, part] : [part, filtered(growing, whole, detail + 1)]
    return joinedSides(growing, left, right, step, name)
  },
}

function joinedSides(growing: Growing, left: TableSide, right: TableSide, { detail }: Step, name: string): Side {
  const kind = kinds[detail % 3] ?? 'join'
  const store =
    detail % 4 === 0 ? { store: keyValueStore(`${name}-kept`, { key: string(), value: int64() }) } : { name }
  const table = call(left.table, kind, right.table, joinerOf, store) as KTable<string, number>
  const rowOf = (partition: number, key: Key): Row | null => {
    const [one, two] = [left, right].map(({ node }) => growing.naive.rowOf(node, partition, key))
    const value = resultOf(kind, one?.value ?? null, two?.value ?? null)
    return value === null ? null : { value, timestamp: Math.max(one?.timestamp ?? -1, two?.timestamp ?? -1) }
  }
  if (isShared(left.node, right.node) && originOf(left.node) !== originOf(right.node)) {
    return viewOf(growing, [left, right], table, rowOf, { spared: spared[kind] })
  }
  return { kind: 'table', table, node: joined(growing, kind, left.node, right.node, rowOf) }
}

export function filtered(growing: Growing, { table, node }: TableSide, detail: number): TableSide {
  return {
    kind: 'table',
    table: table.filter(({ value }) => passes(detail, value)),
    node: growing.work([node], (self) => filteringRows(self, (value) => passes(detail, value)), {
      old: 'passes',
      derive: (value) => (passes(detail, value) ? value : null),
    }),
  }
}

function resultOf(kind: Kind, left: Value, right: Value): Value {
  if (left === null && (right === null || kind !== 'outerJoin')) return null
  return right === null && kind === 'join' ? null : joinerOf(left, right)
}

/** The changes of both sides; where both are made of one table, row by row, each change comes once. */
function joined(
  growing: Growing,
  kind: Kind,
  left: Node,
  right: Node,
  row: (partition: number, key: Key) => Row | null,
): Node {
  if (originOf(left) === originOf(right)) {
    const both = (value: Value): Value => resultOf(kind, derived(left, value), derived(right, value))
    return growing.work(
      [originOf(left)],
      () =>
        each((event) =>
          event.key === null || isOfNothing(event)
            ? []
            : [{ ...event, value: both(event.value), old: both(event.old) }],
        ),
      { row, old: 'passes', isJoin: true },
    )
  }
  const make = (_: Node, partition: number): Work => ({
    take(event, input) {
      const other = growing.naive.rowOf(input === 0 ? right : left, partition, event.key)
      const comesAlone = input === 0 ? kind !== 'join' : kind === 'outerJoin'
      if (other === null && (isOfNothing(event) || !comesAlone)) return []
      const value = other?.value ?? null
      const result = (own: Value): Value => (input === 0 ? resultOf(kind, own, value) : resultOf(kind, value, own))
      const timestamp = Math.max(event.timestamp, other?.timestamp ?? -1)
      return [{ ...event, value: result(event.value), old: result(event.old), timestamp }]
    },
  })
  return growing.work([left, right], make, { row, old: 'passes', isJoin: true, spared: spared[kind] })
}

/** A delete of a row that was not there. */
const isOfNothing = ({ value, old }: Event): boolean => value === null && old === null

/** The value of a row of a table that keeps none, made of one of its origin. */
function derived(node: Node, value: Value): Value {
  const [parent] = node.parents
  if (originOf(node) === node || parent === undefined || node.traits.derive === undefined) return value
  const before = derived(parent, value)
  return before === null ? null : node.traits.derive(before)
}

/** The table whose every change a table passes on. */
function originOf(node: Node): Node {
  const [parent] = node.parents
  return node.traits.passesAll === true && parent !== undefined ? originOf(parent) : node
}

/** Whether two tables have rows that come from one store, so that a change may come by both. */
function isShared(left: Node, right: Node): boolean {
  const rights = new Set(storesOf(right))
  return storesOf(left).some((node) => rights.has(node))
}

function storesOf(node: Node): readonly Node[] {
  const { derive, row } = node.traits
  return derive === undefined && row === undefined ? [node] : node.parents.flatMap(storesOf)
}

function viewOf(
  growing: Growing,
  sides: readonly TableSide[],
  table: KTable<string, number>,
  rowOf: (partition: number, key: Key) => Row | null,
  traits: Node['traits'] = {},
): Side {
  const keys = new Set<string>()
  const note = (event: Event): [] => {
    if (typeof event.key === 'string') keys.add(event.key)
    return []
  }
  growing.work(
    sides.map(({ node }) => node),
    () => each(note),
    traits,
  )
  const rows = (): readonly string[] =>
    [...keys].flatMap((key) => {
      const row = rowOf(partitionOf(key, growing.partitions), key)
      return row === null ? [] : [`${key}=${row.value}`]
    })
  return { kind: 'view', table, rows }
}
