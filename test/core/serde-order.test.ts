// Byte order is value order, so that a range of keys is a range of values.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Serde } from '../../src/core/serde.ts'
import { bigint64, boolean, bytes, float64, int64, nullable, string, tuple } from '../../src/core/serdes.ts'
import { bigints, blobs, floats, safeIntegers, texts } from '../support/serde-samples.ts'

type Compare<T> = (left: T, right: T) => number

const byNumber: Compare<number | bigint> = (left, right) => (left < right ? -1 : left > right ? 1 : 0)

/** As numbers, with -0 before 0 and NaN behind everything. */
const byFloat: Compare<number> = (left, right) => {
  const rank = (value: number): number => (Number.isNaN(value) ? 1 : 0)
  return byNumber(rank(left), rank(right)) || byNumber(left, right) || byNumber(1 / left, 1 / right)
}

const byCodePoint: Compare<string> = (left, right) => {
  const [a, b] = [Array.from(left), Array.from(right)]
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = byNumber(a[i]?.codePointAt(0) ?? 0, b[i]?.codePointAt(0) ?? 0)
    if (order !== 0) return order
  }
  return a.length - b.length
}

const byBytes: Compare<Uint8Array> = (left, right) => Buffer.compare(left, right)

function nullFirst<T>(compare: Compare<T>): Compare<T | null> {
  return (left, right) =>
    left === null || right === null ? byNumber(+(left !== null), +(right !== null)) : compare(left, right)
}

/** Compares any two values, and each with itself. */
function expectOrder<T>(serde: Serde<T>, values: fc.Arbitrary<T>, compare: Compare<T>): void {
  fc.assert(
    fc.property(values, values, (left, right) => {
      const order = Math.sign(Buffer.compare(serde.encode(left), serde.encode(right)))
      expect(order).toBe(Math.sign(compare(left, right)))
      expect(Buffer.compare(serde.encode(left), serde.encode(left))).toBe(0)
    }),
    { numRuns: 500 },
  )
}

/** Short strings of few letters, so that one is often the beginning of the other. */
const similarTexts = fc.oneof(fc.string({ unit: fc.constantFrom('\0', '\u0001', 'a', 'ÿ'), maxLength: 4 }), texts)
const similarBlobs = fc.oneof(fc.uint8Array({ max: 2, maxLength: 4 }), blobs)

describe('byte order is value order', () => {
  test('for int64', () => expectOrder(int64(), safeIntegers, byNumber))
  test('for bigint64', () => expectOrder(bigint64(), bigints, byNumber))
  test('for float64, with both zeros, infinities and NaN', () => {
    const special = fc.constantFrom(
      0,
      -0,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
      5e-324,
      -5e-324,
    )
    expectOrder(float64(), fc.oneof(floats, special), byFloat)
  })
  test('for string, by code point', () => expectOrder(string(), similarTexts, byCodePoint))
  test('for boolean', () => expectOrder(boolean(), fc.boolean(), (left, right) => byNumber(+left, +right)))

  test('for a tuple, part by part', () => {
    type Parts = readonly [string, number, Uint8Array]
    expectOrder(
      tuple(string(), int64(), bytes()),
      fc.tuple(similarTexts, safeIntegers, similarBlobs) as fc.Arbitrary<Parts>,
      (left, right) => byCodePoint(left[0], right[0]) || byNumber(left[1], right[1]) || byBytes(left[2], right[2]),
    )
  })

  test('for a tuple with parts that may be null, null first', () => {
    type Parts = readonly [string | null, number | null]
    const [byText, byDouble] = [nullFirst(byCodePoint), nullFirst(byFloat)]
    expectOrder(
      tuple(nullable(string()), nullable(float64())),
      fc.tuple(fc.option(similarTexts, { freq: 2 }), fc.option(floats, { freq: 2 })) as fc.Arbitrary<Parts>,
      (left, right) => byText(left[0], right[0]) || byDouble(left[1], right[1]),
    )
  })

  test('for a tuple of tuples', () => {
    type Parts = readonly [readonly [string, string], string]
    const order: Compare<readonly [string, string]> = (a, b) => byCodePoint(a[0], b[0]) || byCodePoint(a[1], b[1])
    expectOrder(
      tuple(tuple(string(), string()), string()),
      fc.tuple(fc.tuple(similarTexts, similarTexts), similarTexts) as fc.Arbitrary<Parts>,
      (left, right) => order(left[0], right[0]) || byCodePoint(left[1], right[1]),
    )
  })
})

test('int64 and bigint64 write the same bytes', () => {
  fc.assert(
    fc.property(safeIntegers, (value) => {
      expect(int64().encode(value)).toEqual(bigint64().encode(BigInt(value)))
    }),
  )
})
