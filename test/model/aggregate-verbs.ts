// Verbs that aggregate a stream by key, in windows and without.
import { int64, SessionWindows, SlidingWindows, TimeWindows, UnlimitedWindows } from 'millrace'
import { aggregating, sessions, type Sizes, sliding, windowing } from './aggregates.ts'
import { digest, type Fold, type Side, type Step, type StreamSide, type Verbs } from './sides.ts'

const counting: Fold = (count) => (count ?? 0) + 1

function sizesOf(detail: number): Sizes {
  const size = 4 + (detail % 17)
  return { size, advance: detail % 3 === 0 ? Math.ceil(size / 3) : size, grace: detail % 8 }
}

export const aggregateVerbs: Verbs<StreamSide> = {
  count: (growing, side: StreamSide, { detail }: Step, name: string): Side => {
    const { grouped, node } = growing.group(side, detail, `${name}-group`)
    return { kind: 'table', table: grouped.count({ name }), node: growing.work([node], () => aggregating(counting)) }
  },

  aggregate: (growing, side: StreamSide, { detail }: Step, name: string): Side => {
    const { grouped, node } = growing.group(side, detail, `${name}-group`)
    const table = grouped.aggregate({
      initializer: () => 0,
      aggregator: (key, value, sum) => digest(sum, value, key, 0),
      value: int64(),
      name,
    })
    return { kind: 'table', table, node: growing.work([node], () => aggregating(digest)) }
  },

  windowed: (growing, side: StreamSide, { detail }: Step, name: string): Side => {
    const { grouped, node } = growing.group(side, detail, `${name}-group`)
    const sizes = sizesOf(detail)
    const isFinal = detail % 5 === 4
    const late = detail % 4 === 1 ? growing.late('windowed') : undefined
    const windowed = grouped
      .windowedBy(TimeWindows.of(sizes))
      .emitStrategy(isFinal ? 'onWindowClose' : 'onWindowUpdate')
    const table = windowed.aggregate({
      initializer: () => 0,
      aggregator: (key, value, sum) => digest(sum, value, key, 0),
      value: int64(),
      late: late?.topic,
      name,
    })
    const closeOf = (end: number): number => end + sizes.grace
    const traits = { releases: isFinal, ...(late && { late: late.sink }) }
    return {
      kind: 'windows',
      table,
      node: growing.work([node], () => windowing(digest, sizes, isFinal), traits),
      closeOf,
    }
  },

  sessions: (growing, side: StreamSide, { detail }: Step, name: string): Side => {
    const { grouped, node } = growing.group(side, detail, `${name}-group`)
    const [gap, grace, isFinal] = [detail % 11, detail % 7, detail % 5 === 4]
    const late = detail % 4 === 1 ? growing.late('sessions') : undefined
    const windowed = grouped.windowedBy(SessionWindows.of({ gap, grace }))
    const table = windowed.emitStrategy(isFinal ? 'onWindowClose' : 'onWindowUpdate').count({ late: late?.topic, name })
    const closeOf = (end: number): number => end + gap + grace + 1
    const traits = { releases: isFinal, ...(late && { late: late.sink }) }
    return { kind: 'windows', table, node: growing.work([node], () => sessions(gap, grace, isFinal), traits), closeOf }
  },

  cogroup: (growing, side: StreamSide, { detail, other }: Step, name: string): Side => {
    const second = growing.streamOf(growing.at(other))
    const left = growing.group(side, detail, `${name}-left`)
    const right = growing.group(second, detail + 2, `${name}-right`)
    const fold: Fold = (sum, value, key, input) => (input === 0 ? digest(sum, value, key, 0) : (sum ?? 0) - value)
    const table = left.grouped
      .cogroup<number>((key, value, sum) => fold(sum, value, key, 0))
      .cogroup(right.grouped, (key, value, sum) => fold(sum, value, key, 1))
      .aggregate({ initializer: () => 0, value: int64(), name })
    return { kind: 'table', table, node: growing.work([left.node, right.node], () => aggregating(fold)) }
  },

  sliding: (growing, side: StreamSide, { detail }: Step, name: string): Side => {
    const { grouped, node } = growing.group(side, detail, `${name}-group`)
    const [difference, isFinal] = [detail % 13, detail % 5 === 4]
    const grace = detail % 7 === 0 ? 1_000 : detail % 9
    const late = detail % 4 === 1 ? growing.late('sliding') : undefined
    const windowed = grouped
      .windowedBy(SlidingWindows.of({ difference, grace }))
      .emitStrategy(isFinal ? 'onWindowClose' : 'onWindowUpdate')
    const table = windowed.aggregate({
      initializer: () => 0,
      aggregator: (key, value, sum) => digest(sum, value, key, 0),
      value: int64(),
      late: late?.topic,
      name,
    })
    const traits = { releases: isFinal, ...(late && { late: late.sink }) }
    return {
      kind: 'windows',
      table,
      node: growing.work([node], () => sliding(digest, difference, grace, isFinal), traits),
      closeOf: (end) => end + grace + 1,
    }
  },

  unlimited: (growing, side: StreamSide, { detail }: Step, name: string): Side => {
    const { grouped, node } = growing.group(side, detail, `${name}-group`)
    const first = detail % 3 === 0 ? 0 : detail % 40
    const table = grouped.windowedBy(UnlimitedWindows.of({ start: first })).aggregate({
      initializer: () => 0,
      aggregator: (key, value, sum) => digest(sum, value, key, 0),
      value: int64(),
      name,
    })
    const sizes = { size: Infinity, advance: Infinity, grace: 0, first }
    return {
      kind: 'windows',
      table,
      node: growing.work([node], () => windowing(digest, sizes, false)),
      closeOf: () => Infinity,
    }
  },

  windowedCogroup: (growing, side: StreamSide, { detail, other }: Step, name: string): Side => {
    const left = growing.group(side, detail, `${name}-left`)
    const right = growing.group(growing.streamOf(growing.at(other)), detail + 2, `${name}-right`)
    const fold: Fold = (sum, value, key, input) => (input === 0 ? digest(sum, value, key, 0) : (sum ?? 0) - value)
    const sizes = sizesOf(detail)
    const late = detail % 4 === 1 ? growing.late('windowedCogroup') : undefined
    const table = left.grouped
      .cogroup<number>((key, value, sum) => fold(sum, value, key, 0))
      .cogroup(right.grouped, (key, value, sum) => fold(sum, value, key, 1))
      .windowedBy(TimeWindows.of(sizes))
      .aggregate({ initializer: () => 0, value: int64(), late: late?.topic, name })
    const traits = late ? { late: late.sink } : {}
    const node = growing.work([left.node, right.node], () => windowing(fold, sizes, false), traits)
    return { kind: 'windows', table, node, closeOf: (end) => end + sizes.grace }
  },
}
