// What the page makes of what it gets: rates on the edges of a topology, windows as bars, and what has changed in rows.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { areOld, currentFigures, edgeRates, lossesOf } from '../../src/dashboard/page/graph-figures.ts'
import { nextNode } from '../../src/dashboard/page/graph-keys.ts'
import { partitionRuns } from '../../src/dashboard/page/partition-runs.ts'
import { changesBetween } from '../../src/dashboard/page/row-changes.ts'
import { pathOfSeries } from '../../src/dashboard/page/series-path.ts'
import { lanesMax, ticksOf, timelineOf } from '../../src/dashboard/page/timeline-layout.ts'
import type { FiguresView, RowsView, RowView, TopologyDescription } from '../../src/dashboard/views.ts'

const node = { verb: 'filter', stores: [] } as const
/** orders and payments meet in `joined`, of which `good` go to `out`. */
const topology: TopologyDescription = {
  subTopologies: [
    {
      index: 0,
      regrouped: [],
      nodes: [
        { id: 'orders', verb: 'stream', kind: 'source', topics: ['orders'], to: ['big'] },
        { id: 'payments', verb: 'stream', kind: 'source', topics: ['payments'], to: ['joined'] },
        { ...node, id: 'big', kind: 'operator', to: ['joined'] },
        { ...node, id: 'joined', kind: 'operator', stores: ['waiting'], to: ['good'] },
        { ...node, id: 'good', kind: 'operator', to: ['out', 'copy'] },
        { id: 'out', verb: 'to', kind: 'sink', topics: ['out'], byRecord: false, to: [] },
        { id: 'copy', verb: 'to', kind: 'sink', topics: ['copies', 'more'], byRecord: true, to: [] },
      ],
    },
  ],
}
const flows = {
  consumedByTopic: { orders: { count: 9, rate: 40 }, payments: { count: 9, rate: 2.5 } },
  producedByTopic: { out: { count: 3, rate: 7 }, copies: { count: 3, rate: 1 } },
}
const duration = { p50Ms: 0, p99Ms: 0, maxMs: 0 }
const figures: FiguresView = {
  atMs: 1_000_000,
  rates: { oneMinute: 1, fiveMinutes: 1 },
  turn: duration,
  commit: duration,
  appendToCommit: duration,
  busy: 0.5,
  operators: {
    big: { count: 100, rate: 41, busy: 0.1 },
    joined: { count: 120, rate: 30, busy: 0.2 },
    good: { count: 50, rate: 12, busy: null },
    copy: { count: 50, rate: null, busy: null },
  },
  stores: {},
  calls: {},
}

describe('records a second on the edges of a topology', () => {
  test('come from committed counts where no process runs: at sources and sinks, and nowhere else', () => {
    expect(Object.fromEntries(edgeRates(topology, { ...flows, figures: null }))).toEqual({
      'orders → big': 40,
      'payments → joined': 2.5,
      'good → out': 7,
    })
  })

  test('come from the process where one runs, but for an operator that two edges feed', () => {
    expect(Object.fromEntries(edgeRates(topology, { ...flows, figures }))).toEqual({
      'orders → big': 41,
      'payments → joined': 2.5,
      'joined → good': 12,
      'good → out': 7,
    })
  })

  test('are not guessed for a topic that two sinks write, nor before there are two looks', () => {
    const again = { id: 'again', verb: 'to', kind: 'sink', topics: ['out'], byRecord: false, to: [] } as const
    const nodes = [...topology.subTopologies.flatMap((sub) => sub.nodes), again]
    const twice: TopologyDescription = { subTopologies: [{ index: 0, regrouped: [], nodes }] }
    const unknown = { ...flows.consumedByTopic, orders: { count: 9, rate: null } }
    const rates = edgeRates(twice, { ...flows, consumedByTopic: unknown, figures: null })
    expect(Object.fromEntries(rates)).toEqual({ 'payments → joined': 2.5 })
  })
})

test('what a process said of the last minute is left out once it is older than that', () => {
  expect([areOld(figures, 1_060_000), areOld(figures, 1_060_001)]).toEqual([false, true])
  expect(currentFigures(figures, 1_060_000)).toBe(figures)
  expect(currentFigures(null, 0)).toBeNull()
  const { operators, ...rest } = currentFigures(figures, 1_060_001) ?? figures
  expect({ ...rest, operators: figures.operators }).toEqual(figures)
  expect(operators['big']).toEqual({ count: 100, rate: 41, busy: null })
})

test('what a node passed over begins with failures of all kinds, then what was late, then other reasons', () => {
  const passedOver = [
    { operator: 'a', kind: 'dropped', why: 'null_key', count: 3 },
    { operator: 'a', kind: 'failed', why: 'user_function', count: 1 },
    { operator: 'a', kind: 'dropped', why: 'late', count: 5 },
    { operator: 'a', kind: 'failed', why: 'undecodable', count: 2 },
    { operator: 'b', kind: 'dropped', why: 'late', count: 9 },
  ] as const
  expect(lossesOf(passedOver, 'a')).toEqual([
    { tone: 'failed', name: 'failed', count: 3 },
    { tone: 'late', name: 'late', count: 5 },
    { tone: 'dropped', name: 'null_key', count: 3 },
  ])
  expect(lossesOf(passedOver, 'c')).toEqual([])
})

test('arrow keys reach every node of a picture from its first one', () => {
  const standing = (x: number, y: number) => ({ x, y, width: 100, height: 40 })
  // Two that meet in a third, which feeds two; one has a store above it.
  const nodes = [
    standing(0, 0),
    standing(0, 100),
    standing(150, 50),
    standing(300, 50),
    standing(300, -20),
    standing(450, 0),
    standing(450, 100),
  ]
  const [first] = nodes
  expect(first && nextNode(nodes, first, 'ArrowRight')).toBe(nodes[2])
  expect(first && nextNode(nodes, first, 'ArrowLeft')).toBeUndefined()
  const reached = new Set([first])
  for (const one of reached) {
    for (const direction of ['ArrowRight', 'ArrowDown', 'ArrowUp', 'ArrowLeft'] as const) {
      const next = one && nextNode(nodes, one, direction)
      if (next !== undefined) reached.add(next)
    }
  }
  expect(reached.size).toBe(nodes.length)
})

function row(key: string, startMs: number, endMs: number, value: string): RowView {
  return { key, window: { startMs, endMs }, value, isCut: false, timestampMs: startMs }
}

describe('windows over time', () => {
  test('have a lane for each key, and those that overlap stand below each other', () => {
    const rows = [row('b', 20, 30, '4'), row('a', 0, 10, '2'), row('a', 5, 15, '1'), row('a', 10, 20, '4')]
    const timeline = timelineOf(rows)
    expect(timeline).toMatchObject({ fromMs: 0, toMs: 30, keysLeft: 0 })
    expect(timeline?.lanes.map(({ key, depths }) => [key, depths])).toEqual([
      ['a', 2],
      ['b', 1],
    ])
    expect(timeline?.lanes[0]?.bars.map(({ from, to, depth, share }) => [from * 30, to * 30, depth, share])).toEqual([
      [0, 10, 0, 0.5],
      [5, 15, 1, 0.25],
      [10, 20, 0, 1],
    ])
  })

  test('keep their places when a newer one comes, so that the keyboard keeps its own', () => {
    const rows = [row('a', 0, 10, '1'), row('b', 0, 10, '1')]
    const lanesOf = (all: readonly RowView[]) => timelineOf(all)?.lanes.map(({ key }) => key)
    expect(lanesOf([row('b', 10, 20, '1'), ...rows])).toEqual(lanesOf(rows))
  })

  test('of values that are no numbers have no height, and without an end go on to the edge', () => {
    const timeline = timelineOf([row('a', 0, 10, '{"n":1}'), row('a', 10, Number.MAX_SAFE_INTEGER, '3')])
    expect(timeline?.lanes[0]?.bars.map(({ to, share }) => [to, share])).toEqual([
      [1, null],
      [1, null],
    ])
  })

  test('of very many keys show the first few, and say how many there are besides; rows without windows show none', () => {
    const many = Array.from({ length: 40 }, (_, at) => row(`key ${at}`, at, at + 1, '1'))
    expect(timelineOf(many)?.lanes).toHaveLength(lanesMax)
    expect(timelineOf(many)?.keysLeft).toBe(40 - lanesMax)
    expect(timelineOf([{ ...row('a', 0, 1, '1'), window: null }])).toBeUndefined()
    expect(timelineOf([])).toBeUndefined()
  })

  test('every bar lies within the picture, whatever the windows', () => {
    const times = fc.tuple(fc.nat(10_000), fc.nat(10_000), fc.constantFrom('a', 'b'), fc.oneof(fc.nat(), fc.float()))
    fc.assert(
      fc.property(fc.array(times, { minLength: 1, maxLength: 60 }), (drawn) => {
        const rows = drawn.map(([start, length, key, value]) => row(key, start, start + length, String(value)))
        const bars = timelineOf(rows)?.lanes.flatMap((lane) =>
          lane.bars.map((bar) => ({ ...bar, depths: lane.depths })),
        )
        expect(bars).toHaveLength(rows.length)
        for (const { from, to, share, depth, depths } of bars ?? []) {
          expect(0 <= from && from <= to && to <= 1 && depth < depths).toBe(true)
          expect(share === null || (share >= 0 && share <= 1)).toBe(true)
        }
      }),
    )
  })

  test('ticks are round times between the ends, and never more than there is room for', () => {
    expect(ticksOf(1_000, 61_000, 6)).toEqual([10_000, 20_000, 30_000, 40_000, 50_000, 60_000])
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 2 ** 50 }),
        fc.integer({ min: 2, max: 12 }),
        (from, span, most) => {
          const ticks = ticksOf(from, from + span, most)
          expect(ticks.length).toBeLessThanOrEqual(most + 1)
          for (const tick of ticks) expect(tick >= from && tick <= from + span).toBe(true)
        },
      ),
    )
  })
})

describe('what has changed between two looks at rows', () => {
  const view = (of: ReadonlyMap<string, number>, limit: number): RowsView => {
    const sorted = [...of].toSorted(([a], [b]) => (a < b ? -1 : 1))
    const rows = sorted.slice(0, limit).map(([key, value]): RowView => {
      return { key, window: null, value: String(value), isCut: false, timestampMs: 0 }
    })
    return { rows, next: null, isCutShort: sorted.length > limit }
  }
  const map = fc
    .array(fc.tuple(fc.constantFrom(...'abcdefghij'.split('')), fc.nat(3)), { maxLength: 12 })
    .map((entries) => new Map(entries))

  test('is all that changed where all rows are shown, and nothing else where they are cut short', () => {
    fc.assert(
      fc.property(map, map, fc.integer({ min: 1, max: 12 }), (before, after, limit) => {
        const keys = new Set([...before.keys(), ...after.keys()])
        const all = [...keys].filter((key) => before.get(key) !== after.get(key))
        const [old, now] = [view(before, limit), view(after, limit)]
        const found = changesBetween(old, now, ({ key }) => key)
        for (const { key, before: was, after: is } of found) {
          const text = (value: number | undefined): string | null => (value === undefined ? null : String(value))
          expect([was, is]).toEqual([text(before.get(key)), text(after.get(key))])
          expect(all).toContain(key)
        }
        if (!old.isCutShort && !now.isCutShort) expect(found.map(({ key }) => key).toSorted()).toEqual(all.toSorted())
      }),
    )
  })
})

test('a chart has a line for each stretch that is known, a dot for what is known alone, and gaps between them', () => {
  const path = pathOfSeries([null, 1, 2, null, 4, null], { width: 50, height: 20, most: 4 })
  expect(path).toBe('M10.0 14.8L20.0 10.5M40.0 2.0h.1')
  expect(pathOfSeries([0, 0], { width: 10, height: 20, most: 0 })).toBe('M0.0 19.0L10.0 19.0')
})

test('partitions that follow each other are written as one, topic by topic, and two of them as they are', () => {
  const of = (topic: string, ...numbers: readonly number[]) => numbers.map((number) => `${topic}/${number}`)
  expect(partitionRuns([...of('a', 0, 1), ...of('b', 2, 3, 4, 6), ...of('b/c', 7, 8, 9)])).toBe(
    'a/0 a/1 b/2-4 b/6 b/c/7-9',
  )
  expect(partitionRuns([])).toBe('')
})
