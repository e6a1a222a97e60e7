// Packed rows are found as they were put last, whatever was put, replaced and removed before.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PackedSegment } from '../../src/state/packed-segment.ts'

const place = { before: 2, after: 3 }
/** Keys that share beginnings and lengths; some hash alike in a small table. */
const keys = fc.constantFrom('', 'a', 'b', 'ab', 'a\0', '\xff', 'abc')
const ends = fc.constantFrom('001', '002', '003')
const act = fc.record({ key: keys, end: ends, length: fc.nat({ max: 40 }), isRemoved: fc.boolean() })

function rowsOf(segment: PackedSegment, key: string): string[] {
  const rows: string[] = []
  segment.visit(key, (text, value) => rows.push(`${text} ${value.toString('latin1')}`))
  return rows.toSorted()
}

test('rows are those of a map, by key and by stored key', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const segment = new PackedSegment(place)
      const model = new Map<string, string>()
      for (const [at, { key, end, length, isRemoved }] of acts.entries()) {
        const text = `__${key}${end}`
        const value = String.fromCharCode(48 + at).repeat(length)
        if (at % 7 === 6) segment.trim()
        if (isRemoved) {
          segment.remove(text)
          model.delete(text)
        } else {
          segment.put(text, Buffer.from(value, 'latin1'))
          model.set(text, value)
        }
        expect(segment.find(text)?.toString('latin1')).toBe(model.get(text))
        const same = [...model].filter(([other]) => other.slice(2, -3) === key)
        expect(rowsOf(segment, key)).toEqual(same.map(([other, stored]) => `${other} ${stored}`).toSorted())
      }
    }),
  )
})

test('rows that are replaced again and again take no more than a few times their bytes', () => {
  const segment = new PackedSegment(place)
  const value = Buffer.alloc(100)
  for (let round = 0; round < 50; round++) {
    for (let key = 0; key < 500; key++) segment.put(`__${key}001`, value.fill(round))
    for (let key = 0; key < 500; key += 2) segment.remove(`__${key}001`)
  }
  expect(segment.bytes).toBeLessThan(8 * 500 * 120)
  for (let key = 0; key < 500; key++) {
    expect(segment.find(`__${key}001`)?.every((byte) => byte === 49)).toBe(key % 2 === 0 ? undefined : true)
  }
})
