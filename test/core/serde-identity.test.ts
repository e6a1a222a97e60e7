// Two keys are one key exactly when their bytes are equal: caches by identity must agree with the disk.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { codecOf } from '../../src/core/serde.ts'
import { serdeSamples } from '../support/serde-samples.ts'

describe.each(serdeSamples)('%s', (_, { serde, values }) => {
  const codec = codecOf(serde)

  test('identities are equal if and only if the bytes are', () => {
    const fewValues = fc.uniqueArray(values, { maxLength: 8 }).filter((list) => list.length > 0)
    const pairs = fewValues.chain((list) => fc.tuple(fc.constantFrom(...list), fc.constantFrom(...list)))
    fc.assert(
      fc.property(pairs, ([left, right]) => {
        const sameBytes = Buffer.compare(codec.encode(left), codec.encode(right)) === 0
        expect(codec.identity(left) === codec.identity(right)).toBe(sameBytes)
      }),
      { numRuns: 300 },
    )
  })

  test('an equal value that is another object has the same identity', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(codec.identity(codec.decode(codec.encode(value)))).toBe(codec.identity(value))
      }),
    )
  })

  test('an identity is found in a Map', () => {
    fc.assert(
      fc.property(values, (value) => {
        const rows = new Map([[codec.identity(value), 'row']])
        expect(rows.get(codec.identity(codec.decode(codec.encode(value))))).toBe('row')
      }),
    )
  })
})
