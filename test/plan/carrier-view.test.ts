// A record in a user's hand is a plain immutable object, however large its value is and whenever it is decoded.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { json, string } from '../../src/core/serdes.ts'
import { carrierOf } from '../support/carriers.ts'

interface Page {
  readonly title: string
  readonly tags: readonly string[]
}

const small: Page = { title: 'Home', tags: ['a', 'b'] }
const large: Page = { title: 'x'.repeat(2_000), tags: [] }

describe.each([
  ['a small value', 'key', small],
  ['a value of more than 1 KiB', 'key', large],
  ['a key of more than 1 KiB', 'k'.repeat(2_000), small],
] as const)('a record with %s', (_, key, value) => {
  const view = carrierOf(string(), key, json<Page>(), value).view()
  const plain = { key, value, timestamp: 1_000, headers: [] }

  test('compares as a plain object', () => {
    expect(view).toEqual(plain)
    expect(view).toStrictEqual(plain)
  })

  test('can be taken apart and spread', () => {
    const { key: k, value: v, timestamp, headers } = view
    expect({ key: k, value: v, timestamp, headers }).toEqual(plain)
    expect({ ...view }).toEqual(plain)
    expect({ ...view, value: 1 }).toEqual({ ...plain, value: 1 })
    expect(Object.entries(view)).toEqual(Object.entries(plain))
  })

  test('can be written as JSON and cloned', () => {
    expect(JSON.parse(JSON.stringify(view))).toEqual(plain)
    expect(structuredClone(view)).toEqual(plain)
  })

  test('cannot be changed', () => {
    expect(Object.isFrozen(view)).toBe(true)
    const writable = view as { -readonly [Field in keyof typeof view]: unknown }
    expect(() => (writable.value = 1)).toThrow(TypeError)
    expect(() => (writable.timestamp = 1)).toThrow(TypeError)
    expect(view).toEqual(plain)
  })

  test('decodes once: the same value each time', () => {
    expect(view.value).toBe(view.value)
    expect({ ...view }.value).toBe(view.value)
  })
})

test('one record has one view', () => {
  const carrier = carrierOf(string(), 'key', json<Page>(), large)
  expect(carrier.view()).toBe(carrier.view())
})

test('a view keeps its contents when the carrier goes on', () => {
  const carrier = carrierOf(string(), 'key', json<Page>(), small)
  const view = carrier.view()
  carrier.withValue({ title: 'other', tags: [] }, undefined).view()
  carrier.withKey('other', undefined).view()
  carrier.timestamp = 5
  expect(view).toEqual({ key: 'key', value: small, timestamp: 1_000, headers: [] })
})

test('what is derived from a record shows what was given, and the rest of the record', () => {
  const sizes = fc.constantFrom(0, 1, 1_000, 1_024, 1_025, 5_000)
  const carriers = fc
    .tuple(sizes, sizes)
    .map(([keySize, valueSize]) => carrierOf(string(), 'k'.repeat(keySize), string(), 'v'.repeat(valueSize)))
  fc.assert(
    fc.property(carriers, fc.boolean(), (carrier, seenBefore) => {
      if (seenBefore) carrier.view()
      const { key, value, timestamp } = carrier
      expect(carrier.withKey(1, undefined).view()).toEqual({ key: 1, value, timestamp, headers: [] })
      expect(carrier.withValue(2, undefined).view()).toEqual({ key, value: 2, timestamp, headers: [] })
      expect(carrier.withKeyAndValue(1, undefined, 2, undefined).view()).toMatchObject({ key: 1, value: 2, timestamp })
    }),
  )
})
