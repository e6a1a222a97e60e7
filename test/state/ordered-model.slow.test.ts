// An ordered store against a list that is sorted when it is asked: in every layout, both ways, with writes in the middle of a
// walk, whatever was undone, committed, dropped from memory or lost in a crash.
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { StoreLayout } from '../../src/plan/store-layout.ts'
import { RecentRows } from '../../src/state/recent-rows.ts'
import { openTestLog } from '../support/open.ts'
import { type HexRange, hexKeys, layouts, Model, shown, times, World } from './ordered-world.ts'

const places = fc.record({ key: hexKeys, at: times, number: fc.nat({ max: 1 }) })
const dueTimes = fc.constantFrom(-1, 0, 1, 2, 1_000)
const ranges: fc.Arbitrary<HexRange> = fc.record(
  {
    key: hexKeys,
    from: hexKeys,
    to: hexKeys,
    prefix: hexKeys,
    fromTime: times,
    toTime: times,
    isReverse: fc.boolean(),
  },
  { requiredKeys: [] },
)

const act = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('put' as const), place: places, due: dueTimes }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), place: places }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('setDue' as const), place: places, due: dueTimes }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('range' as const), range: ranges }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('span' as const), key: hexKeys, from: times, to: times, reach: times }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('due' as const), until: fc.nat({ max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), to: fc.nat({ max: 400_000 }) }) },
)
const turn = fc.record({
  kind: fc.constant('turn' as const),
  isUndone: fc.boolean(),
  acts: fc.array(act, { maxLength: 8 }),
})
const between = fc.constantFrom('commit', 'age', 'forget', 'forgetAll', 'restart').map((kind) => ({ kind }) as const)
const steps = fc.array(fc.oneof({ weight: 3, arbitrary: turn }, between), { maxLength: 20 })

type Act = typeof act extends fc.Arbitrary<infer A> ? A : never

function play(world: World, model: Model, layout: StoreLayout, next: Act, value: string): void {
  const atOf = (at: number): number => (layout.order === 'key' ? 0 : at)
  const numberOf = (number: number): number => (layout.isNumbered ? number : 0)
  if (next.kind === 'range') {
    expect(world.rows(next.range)).toEqual(model.range(next.range))
  } else if (next.kind === 'span') {
    const range = { key: next.key, fromTime: next.from, toTime: next.to }
    const rows = model.range(range)
    expect(world.rowsOf(range)).toEqual(rows)
    const before = model.range({ key: next.key, fromTime: next.reach, toTime: next.from - 1 })
    expect(world.rowsOf({ ...range, reachTime: next.reach })).toEqual([...before.slice(-1), ...rows])
    expect(world.edgesOf(range)).toEqual([rows[0], rows.at(-1)])
  } else if (next.kind === 'due') {
    if (!layout.hasDueTimes) return
    // Either may come first: a walk passes over what has expired.
    const due = (): unknown => expect(world.store.dueRows(next.until).map(shown)).toEqual(model.due(next.until))
    if (next.until % 2 === 0) due()
    expect(world.store.firstDue()).toBe(model.due(Infinity)[0]?.due)
    due()
  } else if (next.kind === 'time') {
    model.streamTime = world.time.advance(next.to)
  } else {
    const { key } = next.place
    const [at, number] = [atOf(next.place.at), numberOf(next.place.number)]
    const row = world.row(key, at, number)
    const known = model.find(key, at, number)
    expect(row.exists).toBe(known !== undefined)
    if (next.kind === 'remove') {
      world.store.remove(row)
      model.remove(key, at, number)
    } else if (next.kind === 'put') {
      const due = layout.hasDueTimes && !model.hasExpired(at) ? next.due : -1
      world.store.put(row, value, at + 1)
      if (due >= 0) world.store.setDue(row, due)
      model.put({ key, at, number, value, timestamp: at + 1, due: due >= 0 ? due : (known?.due ?? -1) })
    } else if (known !== undefined && layout.hasDueTimes) {
      world.store.setDue(row, next.due)
      model.put({ ...known, due: next.due })
    }
  }
}

describe.each(layouts)('%s', (_, layout) => {
  test('shows what a sorted list would, after any turns, commits and crashes', () => {
    const { environment } = openTestLog()
    fc.assert(
      fc.property(steps, fc.nat({ max: 3 }), (list, questions) => {
        // Segments that a restart left are read as a whole after as many questions.
        let asked = 0
        vi.spyOn(RecentRows.prototype, 'isAskedOften').mockImplementation(() => asked++ >= questions)
        const world = new World(environment, layout)
        const model = new Model(layout)
        let committed = { rows: model.rows, streamTime: -1 }
        let values = 0
        for (const step of list) {
          if (step.kind === 'turn') {
            const before = { rows: model.rows, streamTime: model.streamTime }
            world.begin()
            for (const next of step.acts) play(world, model, layout, next, `${values++}`)
            if (!step.isUndone) continue
            world.undo()
            model.rows = before.rows
            world.time.now = model.streamTime = before.streamTime
          } else if (step.kind === 'restart') {
            world.restart()
            model.rows = committed.rows
            world.time.now = model.streamTime = committed.streamTime
          } else {
            world.commit()
            committed = { rows: model.rows, streamTime: model.streamTime }
            if (step.kind === 'age') world.age()
            if (step.kind === 'forget' || step.kind === 'forgetAll') world.forget(step.kind === 'forgetAll')
            const rows = world.committedRows().filter(({ at }) => !model.hasExpired(at))
            expect(rows).toEqual(model.range({}).map(({ due: _due, ...row }) => row))
          }
        }
        world.begin()
        expect(world.rows()).toEqual(model.range({}))
        world.commit()
        world.restart()
        world.begin()
        expect(world.rows({ isReverse: true })).toEqual(model.range({ isReverse: true }))
        if (layout.hasDueTimes) expect(world.store.dueRows(1_000).map(shown)).toEqual(model.due(1_000))
        expect(world.store.misses).toBeLessThanOrEqual(world.store.lookups)
      }),
      { numRuns: 60 },
    )
    vi.restoreAllMocks()
  })

  test('answers the same ranges of what is committed', () => {
    const { environment } = openTestLog()
    fc.assert(
      fc.property(fc.array(places, { maxLength: 12 }), fc.array(ranges, { maxLength: 6 }), (list, asked) => {
        const world = new World(environment, layout)
        const model = new Model(layout)
        world.begin()
        for (const place of list) play(world, model, layout, { kind: 'put', place, due: -1 }, 'v')
        world.commit()
        for (const range of asked) {
          expect(world.committedRows(range)).toEqual(model.range(range).map(({ due: _due, ...row }) => row))
        }
      }),
      { numRuns: 40 },
    )
  })

  test('a walk meets what is put ahead of it, and nothing that is put or removed in its back', () => {
    const { environment } = openTestLog()
    const writes = fc.array(fc.record({ isPut: fc.boolean(), place: places }), { maxLength: 3 })
    fc.assert(
      fc.property(
        fc.array(places, { maxLength: 8 }),
        fc.nat({ max: 8 }),
        fc.array(writes, { maxLength: 10 }),
        fc.boolean(),
        (list, committedCount, onTheWay, isReverse) => {
          const world = new World(environment, layout)
          const model = new Model(layout)
          world.begin()
          for (const [index, place] of list.entries()) {
            if (index === committedCount) world.commit()
            play(world, model, layout, { kind: 'put', place, due: 1 }, 'v')
          }
          world.begin()
          let step = 0
          let last = undefined as ReturnType<typeof shown> | undefined
          const isAhead = (row: ReturnType<typeof shown>): boolean => {
            if (last === undefined) return true
            const order = model.compare(row, last)
            return isReverse ? order < 0 : order > 0
          }
          for (const row of world.store.rows({ isReverse })) {
            const [expected] = model.range({ isReverse }).filter(isAhead)
            expect(shown(row)).toEqual(expected)
            last = shown(row)
            for (const { isPut, place } of onTheWay[step++] ?? []) {
              const next = isPut ? ({ kind: 'put', place, due: 2 } as const) : ({ kind: 'remove', place } as const)
              play(world, model, layout, next, `on the way ${step}`)
            }
          }
          expect(model.range({ isReverse }).filter(isAhead)).toEqual([])
        },
      ),
      { numRuns: 60 },
    )
  })
})
