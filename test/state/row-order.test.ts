// Sorting rows by their keys, and a list that stays sorted: as comparing whole keys says.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RowOrder } from '../../src/storage/state/row-order.ts'
import { type KeyedRows, sortRows } from '../../src/storage/state/row-sort.ts'

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
      expect([...sortRows(rowsOf(list), [...list.keys()], 0)]).toEqual(byComparing(list))
    }),
  )
})

test('a list that rows enter and leave one by one is in order, from either end', () => {
  fc.assert(
    fc.property(keys, fc.nat({ max: 400 }), fc.array(fc.nat()), (list, before, leaving) => {
      const rows = rowsOf(list)
      const order = new RowOrder(rows, new Int32Array(0))
      for (const row of list.keys()) {
        order.add(row)
        if (row === before) order.between(Buffer.of(), undefined, Infinity, false) // sorts what is there by then
      }
      const gone = new Set(leaving.map((at) => at % Math.max(1, list.length)).filter((row) => row < list.length))
      order.removeAll([...gone])
      const expected = byComparing(list).filter((row) => !gone.has(row))
      expect(order.between(Buffer.of(), undefined, Infinity, false)).toEqual(expected)
      expect(order.between(Buffer.of(), undefined, Infinity, true)).toEqual(expected.toReversed())
    }),
  )
})

test('many rows that come in any order, and go where they were read, stay in order', () => {
  const list = Array.from({ length: 12_000 }, (_, at) =>
    Buffer.from(`${at < 6_000 ? 'a' : 'the same'} ${(at * 7_919) % 12_007}`),
  )
  const rows = rowsOf(list)
  const expected = new Set(byComparing(list))
  const order = new RowOrder(
    rows,
    Int32Array.from({ length: 9_000 }, (_, at) => at),
  )
  for (let round = 0; round < 40; round++) {
    for (let row = 9_000 + round * 75; row < 9_000 + (round + 1) * 75; row++) order.add(row)
    const there = [...expected].filter((row) => row < 9_000 + (round + 1) * 75)
    const from = list[there[(round * 211) % there.length] as number] as Buffer
    const after = there.filter((row) => Buffer.compare(list[row] as Buffer, from) >= 0)
    const leaving = order.between(from, undefined, 300, false)
    expect(leaving).toEqual(after.slice(0, 300))
    expect(order.between(Buffer.of(), from, 50, true)).toEqual(there.slice(0, -after.length).slice(-50).toReversed())
    order.removeAll(leaving)
    for (const row of leaving) expected.delete(row)
  }
  expect(order.between(Buffer.of(), undefined, Infinity, false)).toEqual([...expected])
})
