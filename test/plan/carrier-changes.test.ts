// A carrier that is a change knows the value that it replaced; users never see it.
import { string } from 'millrace'
import { describe, expect, test } from 'vitest'
import { codecOf } from '../../src/core/serde.ts'
import type { Carrier } from '../../src/plan/carrier.ts'
import { carrierOf } from '../support/carriers.ts'
import { errorOf } from '../support/thrown.ts'

const text = codecOf(string())
const record = (): Carrier<string, string> => carrierOf(string(), 'key', string(), 'value')
const change = (): Carrier<string, string> => record().withChange('new', 'old', text)

test('a change has its key, value and time, and the value that it replaced', () => {
  const made = change()
  const { key, value, old, hasOld, timestamp, origin, root } = made
  expect({ key, value, old, hasOld, timestamp }).toEqual({
    key: 'key',
    value: 'new',
    old: 'old',
    hasOld: true,
    timestamp: 1_000,
  })
  expect(root).toBe(origin)
})

test('no row before is an old value too: null', () => {
  const { hasOld, old } = record().withChange('new', null, text)
  expect({ hasOld, old }).toEqual({ hasOld: true, old: null })
})

test('a change with another old value keeps the bytes of its value', () => {
  const made = record().withOld('before')
  expect(made.old).toBe('before')
  expect(String(made.originalValue())).toBe('value')
})

test('the old value can be looked at in place of the value, as a record of its own', () => {
  const view = change().oldView()
  expect({ ...view }).toEqual({ key: 'key', value: 'old', timestamp: 1_000, headers: [] })
  expect(Object.isFrozen(view)).toBe(true)
})

describe('no old value is', () => {
  test('in what a user sees', () => {
    expect({ ...change().view() }).toEqual({ key: 'key', value: 'new', timestamp: 1_000, headers: [] })
  })

  test.each<readonly [string, (carrier: Carrier<string, string>) => Carrier]>([
    ['a record of the log', () => record() as Carrier],
    ['a record with another key', (carrier) => carrier.withKey('other', text) as Carrier],
    ['a record with another value', (carrier) => carrier.withValue('other', text) as Carrier],
    ['a record with both', (carrier) => carrier.withKeyAndValue('other', text, 'other', text) as Carrier],
    ['a record with a key of bytes', (carrier) => carrier.withKeyBytes(text, Buffer.of(), 'other', text) as Carrier],
  ])('in %s, and to read it there is a fault of millrace', (_what, make) => {
    const made = make(change())
    expect(made.hasOld).toBe(false)
    expect(errorOf(() => made.old).message).toContain('an old value is read only where the plan asks for it')
  })
})
