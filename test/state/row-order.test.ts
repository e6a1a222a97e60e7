// Sorting rows by their keys, and a list that stays sorted: as comparing whole keys says.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type KeyedRows, RowOrder, sortRows } from '../../src/storage/state/row-order.ts'

const key = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.array(fc.constantFrom(0, 1, 255), { maxLength: 40 }).map((bytes) => Uint8Array.from(bytes)),
  fc.nat({ max: 5_000 }).map((number) => Buffer.from(`the same beginning ${number}`)),
  // A short key and others that differ from it in zero bytes only.
  fc.nat({ max: 60 }).map((length) => new Uint8Array(length)),
)
const keys = fc.uniqueArray(key, { selector: (bytes) => Buffer.from(bytes).toString('hex'), maxLength: 400 })

function rowsOf(list: readonly Uint8Array[]): KeyedRows {
  return {
    keyBytes: (row) => Buffer.concat([Buffer.of(7), list[row] ?? Buffer.of()]),
    keyStart: () => 1,
    keyEnd: (row) => 1 + (list[row]?.length ?? 0),
  }
}

function byComparing(list: readonly Uint8Array[]): number[] {
  return [...list.keys()].toSorted((a, b) => Buffer.compare(list[a] as Uint8Array, list[b] as Uint8Array))
}

test('rows are sorted by the bytes of their keys, whatever those begin with', () => {
  fc.assert(
    fc.property(keys, (list) => {
      expect([...sortRows(rowsOf(list), [...list.keys()])]).toEqual(byComparing(list))
    }),
  )
})

test('a list that rows enter and leave one by one is in order, from either end', () => {
  fc.assert(
    fc.property(keys, fc.nat({ max: 400 }), fc.array(fc.nat()), (list, before, leaving) => {
      const rows = rowsOf(list)
      const first = [...list.keys()].slice(0, before)
      const order = new RowOrder(rows, sortRows(rows, first))
      for (const row of list.keys()) if (row >= before) order.add(row)
      const gone = new Set(leaving.map((at) => at % Math.max(1, list.length)).filter((row) => row < list.length))
      for (const row of gone) order.remove(row)
      const expected = byComparing(list).filter((row) => !gone.has(row))
      expect(order.between(Buffer.of(), undefined, Infinity, false)).toEqual(expected)
      expect(order.between(Buffer.of(), undefined, Infinity, true)).toEqual(expected.toReversed())
    }),
  )
})
