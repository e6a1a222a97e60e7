// A table keeps the newest record of each key on two sides, to the byte, whatever comes in which order, and also when half of it moves on.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { murmur2 } from '../../../src/core/partitioner.ts'
import { BatchBuilder } from '../../../src/log/format/batch.ts'
import { BatchCursor } from '../../../src/log/format/batch-cursor.ts'
import { type NewestRecords, NewestTable } from '../../../src/log/outputs/newest-table.ts'
import type { OutputRecord } from '../../../src/log/outputs/output-record.ts'
import { completed, place } from '../../support/batches.ts'

interface Put {
  readonly isHere: boolean
  readonly key: string
  readonly value: string | null
  readonly timestamp: number
  readonly header: 'own' | 'switch' | 'none'
}

const key = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('', 'a', 'b', 'c', 'k'.repeat(32), 'k'.repeat(33)) },
  { weight: 1, arbitrary: fc.nat({ max: 5_000 }).map((n) => `key ${n}`) },
)
const put: fc.Arbitrary<Put> = fc.record({
  isHere: fc.boolean(),
  key,
  value: fc.option(fc.constantFrom(0, 1, 32, 33).map((length) => 'v'.repeat(length))),
  timestamp: fc.nat({ max: 3 }),
  header: fc.constantFrom('none', 'none', 'own', 'switch'),
})

const hashOf = (text: string): number => murmur2(Buffer.from(text)) >>> 0
const headersOf = ({ header }: Put): { readonly key: string; readonly value: Buffer }[] =>
  header === 'none' ? [] : [{ key: header === 'own' ? 'own' : 'millrace-switch', value: Buffer.from('1') }]

function tableOf(puts: readonly Put[]): NewestTable {
  const builder = new BatchBuilder()
  for (const one of puts) {
    const keyBytes = Buffer.from(one.key)
    const bytes = Buffer.concat([keyBytes, Buffer.from(one.value ?? '')])
    const valueEnd = one.value === null ? -1 : bytes.length
    builder.append(one.timestamp, bytes, 0, keyBytes.length, keyBytes.length, valueEnd, headersOf(one))
  }
  const table = new NewestTable()
  if (puts.length === 0) return table
  const cursor = new BatchCursor(place)
  cursor.load(completed(builder), 0)
  for (const { isHere, key: of } of puts) {
    cursor.next()
    table.put(cursor, hashOf(of), isHere)
  }
  return table
}

function shown(of: string, ...sides: readonly (OutputRecord | undefined)[]): string {
  const named = sides.map((side) => side && { ...side, headers: side.headers.map((header) => header.key) })
  return JSON.stringify([of, ...named])
}

/** What there is, as text: each difference, and how many keys are the same. */
function shownBy(table: NewestTable, hasTimes: boolean): readonly unknown[] {
  const differing: string[] = []
  const middle = Math.floor(table.size / 2)
  const differ = ({ key: of, here, live }: NewestRecords): unknown => differing.push(shown(of, here, live))
  const equal = table.compare(0, middle, hasTimes, differ) + table.compare(middle, table.size, hasTimes, differ)
  return [equal, differing.toSorted()]
}

function shownByHand(puts: readonly Put[], hasTimes: boolean): readonly unknown[] {
  const sides = [true, false].map(
    (isHere) => new Map(puts.filter((one) => one.isHere === isHere).map((one) => [one.key, one])),
  )
  let equal = 0
  const differing: string[] = []
  for (const of of new Set(puts.map((one) => one.key))) {
    const [here, live] = sides.map((side) => {
      const found = side.get(of)
      if (found === undefined) return undefined
      const { value, timestamp } = found
      return { value, timestamp, headers: headersOf(found).filter((header) => header.key === 'own') }
    })
    if ((here?.value ?? null) === null && (live?.value ?? null) === null) continue
    const compared = (record: typeof here): string =>
      JSON.stringify({ ...record, timestamp: hasTimes && record?.timestamp })
    if (here !== undefined && live !== undefined && compared(here) === compared(live)) equal++
    else differing.push(shown(of, here, live))
  }
  return [equal, differing.toSorted()]
}

test('a table knows the newest record of each key on both sides', () => {
  fc.assert(
    fc.property(
      fc.array(put, { maxLength: 60 }),
      fc.boolean(),
      fc.nat({ max: 2 ** 32 - 1 }),
      (puts, hasTimes, hash) => {
        const table = tableOf(puts)
        expect(shownBy(table, hasTimes)).toEqual(shownByHand(puts, hasTimes))
        const below = puts.filter((one) => hashOf(one.key) < hash)
        expect(shownBy(table.below(hash), hasTimes)).toEqual(shownByHand(below, hasTimes))
      },
    ),
  )
})

test('also of more keys than it began with room for, and a value that grows leaves little unused', () => {
  const puts = Array.from({ length: 20_000 }, (_, n): Put => {
    return { isHere: n % 2 === 0, key: `key ${n >> 1}`, value: `${n >> 2}`, timestamp: n >> 1, header: 'none' }
  })
  expect(shownBy(tableOf(puts), true)).toEqual([10_000, []])
  const growing = Array.from({ length: 2_000 }, (_, n): Put => {
    return { isHere: true, key: 'a', value: 'v'.repeat(n), timestamp: 0, header: 'none' }
  })
  const table = tableOf(growing)
  expect(shownBy(table, true)).toEqual(shownByHand(growing, true))
  expect(table.usedBytes).toBeLessThan(10 * 2_000)
})
