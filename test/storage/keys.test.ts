// The order of keys on disk is the order of what they stand for, and no key of one owner lies among those of another.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  afterName,
  afterPrefix,
  namedKey,
  numberOfKey,
  partitionKey,
  partitionNumberKey,
  stateKey,
} from '../../src/storage/keys.ts'
import { blobs } from '../support/serde-samples.ts'
import { errorOf } from '../support/thrown.ts'

const ids = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constantFrom(127, 128, 255, 256, 65_535, 2 ** 31 - 1))
const partitions = fc.oneof(fc.nat({ max: 3 }), fc.constantFrom(127, 128, 255, 256, 1_023))
const numbers = fc.oneof(
  fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  fc.constantFrom(0, 255, 256, 2 ** 32 - 1, 2 ** 32, 2 ** 40),
)
const places = fc.tuple(ids, partitions, numbers)

const compareNumbers = (left: readonly number[], right: readonly number[]): number =>
  left.map((value, index) => Math.sign(value - (right[index] ?? 0))).find((order) => order !== 0) ?? 0

test('places sort by topic, partition and number', () => {
  fc.assert(
    fc.property(places, places, (left, right) => {
      const order = Buffer.compare(partitionNumberKey(...left), partitionNumberKey(...right))
      expect(order).toBe(compareNumbers(left, right))
    }),
    { numRuns: 500 },
  )
})

test('the number of a key is read back', () => {
  fc.assert(
    fc.property(places, (place) => {
      expect(numberOfKey(partitionNumberKey(...place))).toBe(place[2])
    }),
  )
})

test('everything in a partition lies between its key and that of the next', () => {
  fc.assert(
    fc.property(places, blobs, ([id, partition, number], row) => {
      const inside = [partitionNumberKey(id, partition, number), stateKey(id, partition, row, 0, row.length)]
      for (const key of inside) {
        expect(Buffer.compare(key, partitionKey(id, partition))).toBeGreaterThanOrEqual(0)
        expect(Buffer.compare(key, partitionKey(id, partition + 1))).toBe(-1)
      }
    }),
  )
})

test('rows of a store sort by their own keys', () => {
  fc.assert(
    fc.property(blobs, blobs, (left, right) => {
      const order = Buffer.compare(stateKey(5, 1, left, 0, left.length), stateKey(5, 1, right, 0, right.length))
      expect(order).toBe(Buffer.compare(left, right))
    }),
  )
})

test('keys of two names never meet, also when one name begins with the other', () => {
  const names = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.'), minLength: 1, maxLength: 4 })
  const rests = fc.string({ unit: fc.constantFrom('a', '\0', '.'), maxLength: 3 })
  fc.assert(
    fc.property(names, names, rests, rests, (left, right, one, other) => {
      fc.pre(left !== right)
      expect(namedKey(left, one).equals(namedKey(right, other))).toBe(false)
    }),
    { numRuns: 2_000 },
  )
})

test('a prefix ends before every key that does not begin with it, and behind every one that does', () => {
  const prefixes = fc.uint8Array({ minLength: 1, maxLength: 4 }).filter((bytes) => bytes.some((byte) => byte < 255))
  fc.assert(
    fc.property(prefixes, fc.uint8Array({ maxLength: 6 }), (prefix, key) => {
      const begins = Buffer.compare(key.subarray(0, prefix.length), prefix) === 0
      const inRange = Buffer.compare(key, prefix) >= 0 && Buffer.compare(key, afterPrefix(prefix)) < 0
      expect(inRange).toBe(begins)
      const inside = Buffer.concat([prefix, key])
      expect(Buffer.compare(inside, afterPrefix(prefix))).toBe(-1)
    }),
    { numRuns: 500 },
  )
})

test('a walk over names goes on after each, and ends where damaged rows would lead it in a circle', () => {
  const walk = (key: Buffer, from: Buffer) => afterName(key.subarray(0, key.indexOf(0)).toString(), key, from)
  const [a, b] = [namedKey('a', 'x'), namedKey('b', 'x')]
  expect(walk(b, walk(a, Buffer.of(0)))).toEqual(afterPrefix(namedKey('b', '')))
  const circles: readonly (readonly [key: Buffer, from: Buffer])[] = [
    [a, walk(b, Buffer.of(0))], // out of order
    [Buffer.of(0xff, 0, 1), Buffer.of(0)], // no name has these bytes
  ]
  for (const [key, from] of circles) expect(errorOf(() => walk(key, from))).toMatchObject({ code: 'damaged' })
})
