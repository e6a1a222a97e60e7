// A store that is used as a queue, with more rows than are kept of its front: they are those of a list, always.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keyLayout, segmentLayout } from '../../src/plan/store-layout.ts'
import { openTestLog } from '../support/open.ts'
import { World } from './ordered-world.ts'

const keyNumber = (number: number): string => number.toString(16).padStart(8, '0')
const numberOf = ({ keyBytes, keyEnd }: { keyBytes: Buffer; keyEnd: number }): number =>
  Number.parseInt(keyBytes.toString('hex', 0, keyEnd), 16)

const rowsMax = 3_000
const act = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      max: fc.constantFrom(1, 10, 300, 1_000),
      /** -1: the row is removed, 0: it is due no longer, more: it is due so much later. */
      then: fc.constantFrom(-1, -1, 0, 1, 2_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      key: fc.nat({ max: rowsMax }),
      due: fc.nat({ max: rowsMax }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('removeMany' as const),
      from: fc.nat({ max: rowsMax }),
      count: fc.constantFrom(1, 20, 400),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('see' as const),
      until: fc.nat({ max: rowsMax }),
      max: fc.constantFrom(1, 30, 1_000),
    }),
  },
)
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('turn' as const),
      isUndone: fc.boolean(),
      acts: fc.array(act, { maxLength: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.constantFrom('commit', 'age', 'restart').map((kind) => ({ kind }) as const) },
)

type Act = typeof act extends fc.Arbitrary<infer A> ? A : never

/** The due times of the rows by their keys; -1: never. */
type Dues = Map<number, number>

function firstDue(dues: Dues, until: number, max: number): number[] {
  return [...dues]
    .filter(([, due]) => due >= 0 && due <= until)
    .toSorted(([a, dueOfA], [b, dueOfB]) => dueOfA - dueOfB || a - b)
    .slice(0, max)
    .map(([key]) => key)
}

function play(world: World, dues: Dues, next: Act): void {
  const { store } = world
  if (next.kind === 'see') {
    const [first] = firstDue(dues, Infinity, 1)
    expect(store.firstDue()).toBe(first === undefined ? undefined : dues.get(first))
    expect(store.dueRows(next.until, next.max).map(numberOf)).toEqual(firstDue(dues, next.until, next.max))
  } else if (next.kind === 'put') {
    store.setDue(world.put(keyNumber(next.key), 0, 0, 'again', 2), next.due)
    dues.set(next.key, next.due)
  } else if (next.kind === 'removeMany') {
    for (let key = next.from; key < next.from + next.count; key++) {
      store.remove(world.row(keyNumber(key), 0, 0))
      dues.delete(key)
    }
  } else {
    const rows = store.dueRows(2 * rowsMax, next.max)
    expect(rows.map(numberOf)).toEqual(firstDue(dues, 2 * rowsMax, next.max))
    for (const row of rows) {
      const key = numberOf(row)
      const due = next.then <= 0 ? -1 : row.due + next.then
      if (next.then < 0) store.remove(row)
      else store.setDue(row, due)
      if (next.then < 0) dues.delete(key)
      else dues.set(key, due)
    }
  }
}

test.each([
  ['by key', keyLayout({ hasDueTimes: true })],
  ['by segment', segmentLayout(1_000, { hasDueTimes: true })],
])(
  '%s, a queue of thousands of rows gives them in order, whatever was undone, committed or lost in a crash',
  (_, layout) => {
    const { environment } = openTestLog()
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const world = new World(environment, layout)
        let dues: Dues = new Map()
        world.begin()
        for (let key = 0; key < rowsMax; key += 2) play(world, dues, { kind: 'put', key, due: (key * 7) % rowsMax })
        world.commit()
        let committed = new Map(dues)
        for (const next of steps) {
          if (next.kind === 'turn') {
            const before = new Map(dues)
            world.begin()
            for (const one of next.acts) play(world, dues, one)
            if (!next.isUndone) continue
            world.undo()
            dues = before
          } else if (next.kind === 'restart') {
            world.restart()
            dues = new Map(committed)
          } else {
            world.commit()
            committed = new Map(dues)
            if (next.kind === 'age') world.age()
          }
        }
        world.begin()
        play(world, dues, { kind: 'see', until: 2 * rowsMax, max: 1_000 })
      }),
      { numRuns: 25 },
    )
  },
)

test('walks that take turns each see what is ahead of them, whatever the others and the turn have changed', () => {
  const { environment } = openTestLog()
  const move = fc.record({
    walk: fc.nat({ max: 2 }),
    steps: fc.constantFrom(1, 5, 300, 1_500),
    removes: fc.boolean(),
    puts: fc.option(fc.nat({ max: rowsMax })),
  })
  fc.assert(
    fc.property(fc.array(move, { maxLength: 10 }), (moves) => {
      const world = new World(environment, keyLayout({ isOrdered: true }))
      world.begin()
      const keys = new Set<number>()
      for (let key = 0; key < rowsMax; key += 2) {
        world.put(keyNumber(key), 0, 0, 'v', 1)
        keys.add(key)
      }
      world.commit()
      world.age()
      world.begin()
      const walks = Array.from({ length: 3 }, () => ({ rows: world.store.rows(), last: -1 }))
      for (const { walk, steps, removes, puts } of moves) {
        const at = walks[walk] as (typeof walks)[number]
        const ahead = [...keys].filter((key) => key > at.last).toSorted((a, b) => a - b)
        for (let taken = 0; taken < steps; taken++) {
          const { value: row, done } = at.rows.next()
          expect(done === true ? undefined : numberOf(row)).toBe(ahead[taken])
          if (done === true) return
          at.last = numberOf(row)
          if (!removes) continue
          world.store.remove(row)
          keys.delete(at.last)
        }
        if (puts === null) continue
        world.put(keyNumber(puts), 0, 0, 'new', 2)
        keys.add(puts)
      }
    }),
    {
      numRuns: 40,
      examples: [
        [
          [
            { walk: 0, steps: 5, removes: false, puts: null },
            { walk: 1, steps: 300, removes: true, puts: null },
            { walk: 2, steps: 1, removes: false, puts: null },
            { walk: 0, steps: 5, removes: false, puts: null },
          ],
        ],
      ],
    },
  )
})
