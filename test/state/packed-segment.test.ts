// Packed rows are found as they were put last and in their order, whatever was put, replaced, removed and given up before.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PackedSegment } from '../../src/state/packed-segment.ts'

/** Keys that share beginnings and lengths; some hash alike in a small table. */
const keys = fc.constantFrom('', 'a', 'b', 'ab', 'a\0', '\xff', 'abc')
const places = fc.oneof(
  fc.constantFrom([1, 0] as const, [1, 2 ** 40] as const, [2 ** 52, 1] as const),
  fc.tuple(fc.nat({ max: 20 }), fc.nat({ max: 2 })),
)
const act = fc.record({
  kind: fc.constantFrom('put', 'put', 'put', 'remove', 'remove', 'keep'),
  key: keys,
  place: places,
  length: fc.nat({ max: 40 }),
  isReverse: fc.boolean(),
})

interface ModelRow {
  readonly key: string
  readonly at: number
  readonly number: number
  readonly value: string
}

interface Span {
  readonly key: string
  readonly fromTime: number
  readonly toTime: number
  readonly isReverse: boolean
}

function rowsOf(segment: PackedSegment, { key, fromTime, toTime, isReverse }: Span, max = Infinity): ModelRow[] {
  const rows: ModelRow[] = []
  segment.visit(key, fromTime, toTime, isReverse, (at, number, place) => {
    rows.push({ key, at, number, value: segment.valueOf(place).toString('latin1') })
    return rows.length === max
  })
  return rows
}

test.each([true, false])(
  'rows are those of a sorted list, by key, by place and by span; numbered: %s',
  (isNumbered) => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
        const segment = new PackedSegment(isNumbered)
        let model: ModelRow[] = []
        const others = (key: string, at: number, number: number): ModelRow[] =>
          model.filter((row) => row.key !== key || row.at !== at || row.number !== number)
        for (const [count, { kind, key, place, length, isReverse }] of acts.entries()) {
          const at = place[0]
          const number = isNumbered ? place[1] : 0
          const value = String.fromCharCode(48 + count).repeat(length)
          if (kind === 'remove') {
            segment.remove(key, at, number)
            model = others(key, at, number)
          } else if (kind === 'put') {
            segment.put(key, at, number, Buffer.from(value, 'latin1'))
            model = [...others(key, at, number), { key, at, number, value }]
          } else {
            segment.keepFrom(at)
            model = model.filter((row) => row.at >= at)
          }
          const known = model.find((row) => row.key === key && row.at === at && row.number === number)
          expect(segment.find(key, at, number)?.toString('latin1')).toBe(known?.value)
          for (const [fromTime, toTime] of [
            [0, 2 ** 52],
            [1, 2 ** 52 - 1],
            [at, at + 5],
          ] as const) {
            const span = { key, fromTime, toTime, isReverse }
            const inSpan = model
              .filter((row) => row.key === key && row.at >= fromTime && row.at <= toTime)
              .toSorted((a, b) => (a.at - b.at || a.number - b.number) * (isReverse ? -1 : 1))
            expect(rowsOf(segment, span)).toEqual(inSpan)
            expect(rowsOf(segment, span, 2)).toEqual(inSpan.slice(0, 2))
          }
        }
      }),
    )
  },
)

test('rows that are replaced again and again take no more than a few times their bytes', () => {
  const segment = new PackedSegment(false)
  for (let round = 0; round < 50; round++) {
    const value = Buffer.alloc(100 - (round % 2), round)
    for (let key = 0; key < 500; key++) segment.put(`${key}`, 1, 0, value)
    for (let key = 0; key < 500; key += 2) segment.remove(`${key}`, 1, 0)
  }
  expect(segment.bytes).toBeLessThan(8 * 500 * 130)
  for (let key = 0; key < 500; key++) {
    expect(segment.find(`${key}`, 1, 0)?.every((byte) => byte === 49)).toBe(key % 2 === 0 ? undefined : true)
  }
})

test('a row that is replaced by one of the same length takes no more', () => {
  const segment = new PackedSegment(false)
  segment.put('key', 1, 0, Buffer.alloc(100, 0))
  const { bytes } = segment
  for (let round = 1; round < 100; round++) segment.put('key', 1, 0, Buffer.alloc(100, round))
  expect(segment.bytes).toBe(bytes)
  expect(segment.find('key', 1, 0)).toEqual(Buffer.alloc(100, 99))
})

/** A tree that is as deep as it has rows cannot be walked: the stack ends. */
test.each([
  ['in their order', (row: number) => row],
  ['from the last to the first', (row: number) => 50_000 - row],
  ['from both ends', (row: number) => (row % 2 === 0 ? row : 50_000 - row)],
])('the rows of one key may be many, and come %s', (_, timeOf) => {
  const segment = new PackedSegment(false)
  const value = Buffer.alloc(8)
  for (let row = 0; row < 50_000; row++) segment.put('key', timeOf(row), 0, value)
  for (const isReverse of [false, true]) {
    const rows: number[] = []
    segment.visit('key', 0, 50_000, isReverse, (at) => rows.push(at) === 0)
    expect(rows.length).toBe(50_000)
    expect(rows).toEqual(rows.toSorted((a, b) => (isReverse ? b - a : a - b)))
  }
})

test('about half of the rows are not after the middle', () => {
  const segment = new PackedSegment(false)
  expect(segment.middleTime).toBe(0)
  for (let row = 0; row < 10_000; row++) segment.put(`${row % 7}`, (row * 7919) % 10_000, 0, Buffer.alloc(8))
  expect(segment.middleTime).toBeGreaterThan(4_000)
  expect(segment.middleTime).toBeLessThan(6_000)
  const { bytes } = segment
  segment.keepFrom(segment.middleTime + 1)
  expect(segment.bytes).toBeLessThan(bytes * 0.7)
  expect(segment.isEmpty).toBe(false)
})

test('rows never take much more than their bytes: what is set aside for more of them counts too', () => {
  const segment = new PackedSegment(true)
  const value = Buffer.alloc(40)
  for (let rows = 1; rows <= 20_000; rows++) {
    const key = String(rows).padStart(10, '0')
    segment.put(key, rows, 0, value)
    // A key with its length, the head of a row, its entry in the tree; then the table of keys.
    const bytes = rows * (4 + key.length + 24 + value.length + 12)
    if (rows > 1_000) expect(segment.bytes).toBeLessThan(1.26 * bytes + 24 * rows)
  }
})
