// Packed rows are found as they were put last, whatever was put, replaced and removed before.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PackedSegment } from '../../src/state/packed-segment.ts'

/** Keys that share beginnings and lengths; some hash alike in a small table. */
const keys = fc.constantFrom('', 'a', 'b', 'ab', 'a\0', '\xff', 'abc')
const places = fc.constantFrom([1, 0] as const, [1, 2 ** 40] as const, [2 ** 52, 1] as const)
const act = fc.record({ key: keys, place: places, length: fc.nat({ max: 40 }), isRemoved: fc.boolean() })

function rowsOf(segment: PackedSegment, key: string, fromTime: number, toTime: number): string[] {
  const rows: string[] = []
  segment.visit(key, fromTime, toTime, (at, number, place) => {
    rows.push(`${key} ${at} ${number} ${segment.valueOf(place).toString('latin1')}`)
  })
  return rows.toSorted()
}

test('rows are those of a map, by key and by place', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const segment = new PackedSegment()
      const model = new Map<string, string>()
      for (const [count, { key, place, length, isRemoved }] of acts.entries()) {
        const [at, number] = place
        const name = `${key} ${at} ${number} `
        const value = String.fromCharCode(48 + count).repeat(length)
        if (count % 7 === 6) segment.trim()
        if (isRemoved) {
          segment.remove(key, at, number)
          model.delete(name)
        } else {
          segment.put(key, at, number, Buffer.from(value, 'latin1'))
          model.set(name, value)
        }
        expect(segment.find(key, at, number)?.toString('latin1')).toBe(model.get(name))
        const same = [...model].filter(([other]) => other.startsWith(`${key} `))
        expect(rowsOf(segment, key, 0, 2 ** 52)).toEqual(same.map((row) => row.join('')).toSorted())
        const early = same.filter(([other]) => other.startsWith(`${key} 1 `))
        expect(rowsOf(segment, key, 1, 2 ** 52 - 1)).toEqual(early.map((row) => row.join('')).toSorted())
      }
    }),
  )
})

test('rows that are replaced again and again take no more than a few times their bytes', () => {
  const segment = new PackedSegment()
  const value = Buffer.alloc(100)
  for (let round = 0; round < 50; round++) {
    for (let key = 0; key < 500; key++) segment.put(`${key}`, 1, 0, value.fill(round))
    for (let key = 0; key < 500; key += 2) segment.remove(`${key}`, 1, 0)
  }
  expect(segment.bytes).toBeLessThan(8 * 500 * 130)
  for (let key = 0; key < 500; key++) {
    expect(segment.find(`${key}`, 1, 0)?.every((byte) => byte === 49)).toBe(key % 2 === 0 ? undefined : true)
  }
})
