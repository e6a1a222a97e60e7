// Joins of streams: with each other, and with tables of all kinds.
import { int64, JoinWindows, nullable } from 'millrace'
import { call } from '../support/untyped.ts'
import { joining, lookingUp } from './operators.ts'
import type { Node, Work } from './naive.ts'
import { joinerOf, keyOf, plain, serdes, type Side, type Step, type StreamSide, type Verbs } from './sides.ts'
import { type Versions, versions, waiting } from './versions.ts'

export const joinVerbs: Verbs<StreamSide> = {
  join: (growing, side: StreamSide, { detail, other }: Step, name: string): Side => {
    const second = growing.streamOf(growing.at(other))
    const left = growing.byKey(side, `${name}-left-by-key`)
    const right = growing.byKey(second, `${name}-right-by-key`)
    const sizes = { before: detail % 9, after: (detail % 13) - (detail % 9 > 3 ? 3 : 0), grace: detail % 6 }
    const kinds = ['join', 'leftJoin', 'outerJoin'] as const
    const kind = kinds[detail % 3] ?? 'join'
    const late = detail % 4 === 1 ? growing.late('join') : undefined
    const options = {
      ...serdes,
      otherValue: nullable(int64()),
      window: JoinWindows.of(sizes),
      late: late && { left: late.topic, right: late.topic },
      name,
    }
    const stream = call(left.stream, kind, right.stream, joinerOf, options)
    const outer = kind === 'join' ? [] : kind === 'leftJoin' ? [0] : [0, 1]
    const node = growing.work([left.node, right.node], () => joining(joinerOf, sizes, outer), {
      takesNullKeys: kind !== 'join',
      releases: kind !== 'join',
      ...(late && { late: late.sink }),
    })
    return { kind: 'stream', stream: plain(stream), node, rekeyed: false }
  },

  lookUp: (growing, side: StreamSide, { detail, other }: Step, name: string): Side => {
    const table = growing.tableOf(growing.at(other), `${name}-table`)
    const { stream, node } = growing.byKey(side, `${name}-by-key`)
    const comesAlone = detail % 2 === 1
    const joined = call(stream, comesAlone ? 'leftJoin' : 'join', table.table, joinerOf, { name })
    const make = (_: Node, partition: number): Work =>
      lookingUp(
        ({ key }) => (key === null ? null : (growing.naive.rowOf(table.node, partition, key)?.value ?? null)),
        joinerOf,
        comesAlone,
      )
    const traits = { takesNullKeys: comesAlone }
    return { kind: 'stream', stream: plain(joined), node: growing.work([node], make, traits), rekeyed: false }
  },

  /** The row of a table of versions as of the record's time, at once or after a grace. */
  lookUpVersions: (growing, side: StreamSide, { detail, other }: Step, name: string): Side => {
    const second = growing.byKey(growing.streamOf(growing.at(other)), `${name}-table-by-key`)
    const historyMs = 1 + (detail % 25)
    const table = second.stream.toTable({ ...serdes, name: `${name}-table`, versioned: { historyMs } })
    const kept = growing.work([second.node], () => versions(historyMs))
    const { stream, node } = growing.byKey(side, `${name}-by-key`)
    const comesAlone = detail % 2 === 1
    const graceMs = detail % 3 === 0 ? undefined : detail % (historyMs + 1)
    const joined = call(stream, comesAlone ? 'leftJoin' : 'join', table, joinerOf, { ...serdes, graceMs, name })
    const make = (_: Node, partition: number): Work => {
      const meeting = lookingUp(
        ({ key, timestamp }) =>
          key === null ? null : (growing.naive.workOf(kept, partition) as Versions).asOf(key, timestamp),
        joinerOf,
        comesAlone,
      )
      return graceMs === undefined ? meeting : waiting(meeting, graceMs, comesAlone)
    }
    const traits = { takesNullKeys: comesAlone, releases: graceMs !== undefined }
    return { kind: 'stream', stream: plain(joined), node: growing.work([node], make, traits), rekeyed: false }
  },

  lookUpGlobal: (growing, { stream, node, rekeyed }: StreamSide, { detail }: Step, name: string): Side => {
    const global = growing.global()
    const tableKey = (value: number | null) =>
      detail % 2 === 0 ? keyOf(detail, value) : ('abcd'[(value ?? 0) & 3] ?? null)
    const comesAlone = detail % 3 === 0
    const options = { tableKey: ({ value }: { readonly value: number | null }) => tableKey(value), name }
    const joined = call(stream, comesAlone ? 'leftJoin' : 'join', global.table, joinerOf, options)
    const make = (): Work =>
      lookingUp(
        ({ value }) => {
          const key = tableKey(value)
          return key === null ? null : (growing.naive.rowOf(global.node, 0, key)?.value ?? null)
        },
        joinerOf,
        comesAlone,
        true,
      )
    const traits = { takesNullKeys: comesAlone }
    return { kind: 'stream', stream: plain(joined), node: growing.work([node], make, traits), rekeyed }
  },
}
