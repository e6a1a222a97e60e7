// Numbers of a record are zigzag varints: exact over all safe integers, and never read beyond the bytes.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { varintBytes, VarintReader, writeVarint } from '../../../src/log/format/varint.ts'
import { safeIntegers } from '../../support/serde-samples.ts'

/** The definition, slowly: zigzag, then 7 bits a byte, the lowest first. */
function slowVarint(value: number): number[] {
  let rest = value < 0 ? -2n * BigInt(value) - 1n : 2n * BigInt(value)
  const bytes: number[] = []
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return [...bytes, Number(rest)]
}

const boundaries = [7, 14, 21, 28, 31, 32, 35, 42, 49, 53]
  .flatMap((bits) => [2 ** (bits - 1), 2 ** bits - 1, 2 ** bits])
  .flatMap((value) => [value, -value, value - 1, -value - 1])
  .filter(Number.isSafeInteger)

const values = fc.oneof(safeIntegers, fc.constantFrom(...boundaries, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER))

function reading(bytes: readonly number[]): VarintReader {
  const reader = new VarintReader()
  reader.bytes = Uint8Array.from(bytes)
  return reader
}

test('every safe integer is written as its definition says, into the room that was promised', () => {
  fc.assert(
    fc.property(values, (value) => {
      const bytes = Buffer.alloc(12, 0x55)
      const end = writeVarint(bytes, 1, value)
      expect([...bytes.subarray(1, end)]).toEqual(slowVarint(value))
      expect(varintBytes(value)).toBe(end - 1)
      expect(bytes[end]).toBe(0x55)
    }),
    { numRuns: 1_000, examples: boundaries.map((value) => [value] as [number]) },
  )
})

test('numbers in a row are read back one after the other', () => {
  fc.assert(
    fc.property(fc.array(values), (list) => {
      const reader = reading(list.flatMap(slowVarint))
      for (const value of list) expect(reader.read()).toBe(value === 0 ? 0 : value)
      expect(reader.at).toBe(reader.bytes.length)
    }),
    { numRuns: 500, examples: [[boundaries]] },
  )
})

test('a number that is cut off is not a number', () => {
  fc.assert(
    fc.property(values, (value) => {
      const bytes = slowVarint(value)
      for (let length = 0; length < bytes.length; length++) {
        expect(reading(bytes.slice(0, length)).read()).toBeNaN()
      }
    }),
  )
})

test('a number of too many bytes is not a number', () => {
  expect(reading([...Array<number>(20).fill(255), 1]).read()).toBeNaN()
})
