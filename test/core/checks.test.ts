// A wrong name and a mistyped option are told at once, with what would be right.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkName, checkWhole } from '../../src/core/checks.ts'
import { nearestName } from '../../src/core/near-names.ts'
import { int64, string } from '../../src/core/serdes.ts'
import { keyValueStore, windowStore } from '../../src/core/store-constants.ts'
import { checkTopic, topic } from '../../src/core/topic.ts'
import { toOffset, toTimestamp } from '../../src/core/units.ts'
import { errorOf } from '../support/thrown.ts'

const serdes = { key: string(), value: int64() }
const badOption = (...parts: readonly string[]): unknown =>
  expect.objectContaining({ code: 'bad_option', message: expect.stringMatching(parts.join('.*')) })

const constants = [
  ['a topic', topic],
  ['a key-value store', keyValueStore],
  ['a window store', windowStore],
] as const

describe.each(constants)('%s', (_, make) => {
  test('takes every legal name', () => {
    const letters = fc.constantFrom(...Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-'))
    const names = fc
      .string({ unit: letters, minLength: 1, maxLength: 249, size: 'small' })
      .filter((name) => !/^\.{1,2}$/.test(name))
    fc.assert(
      fc.property(fc.oneof(names, fc.constantFrom('...', '-', '__proto__', 'constructor')), (name) => {
        expect(make(name, serdes).name).toBe(name)
      }),
    )
  })

  test.each([
    '',
    '.',
    '..',
    'a/b',
    'a\\b',
    'a b',
    'a\0',
    'a\n',
    'ä',
    'а', // a Cyrillic letter that looks Latin
    '%2e%2e',
    'a:b',
    'x'.repeat(250),
  ])('refuses the name %j', (name) => {
    expect(() => make(name, serdes)).toThrow(badOption('cannot be', '1 to 249'))
  })

  test('refuses a mistyped option and names the known ones', () => {
    const mistyped = { ...serdes, vlaue: int64() }
    expect(() => make('clicks', mistyped)).toThrow(badOption('"vlaue"', 'key, value', 'Did you mean "value"'))
  })

  test('refuses what is no serde', () => {
    const wrong = { ...serdes, value: 'int64' as unknown as typeof serdes.value }
    expect(() => make('clicks', wrong)).toThrow(badOption('serde'))
  })

  test('cannot be changed', () => {
    expect(Object.isFrozen(make('clicks', serdes))).toBe(true)
  })
})

test('any text is either a name that is kept or is refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 3 }), (name) => {
      const legal = /^[\w.-]+$/.test(name) && !['.', '..'].includes(name)
      if (legal) expect(checkName('a name', name)).toBe(name)
      else expect(() => checkName('a name', name)).toThrow(badOption('cannot be a name'))
    }),
    { numRuns: 500 },
  )
})

test.each([0, -1, 1.5, Number.NaN, 1_025, 2 ** 53])('a topic of %s partitions is refused', (partitions) => {
  expect(() => topic('clicks', { ...serdes, partitions })).toThrow(badOption('partitions', 'from 1 to 1024'))
})

test('a topic keeps its partition count, or leaves it open', () => {
  expect(topic('clicks', { ...serdes, partitions: 1_024 }).partitions).toBe(1_024)
  expect(topic('clicks', serdes).partitions).toBeUndefined()
})

test('a number that is no whole number within its bounds is refused by name', () => {
  expect(checkWhole('the answer', 42, 1, 50)).toBe(42)
  for (const value of [0, 51, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '42' as unknown as number]) {
    expect(() => checkWhole('the answer', value, 1, 50)).toThrow(badOption('the answer is', 'from 1 to 50'))
  }
})

test('an option whose getter throws is refused by its name, and what it threw is the cause', () => {
  const thrown = new RangeError('not today')
  const options = {
    ...serdes,
    get partitions(): number {
      throw thrown
    },
  }
  expect(errorOf(() => topic('clicks', options))).toMatchObject({
    code: 'bad_option',
    message: 'topic "clicks" cannot read its option "partitions": not today',
    cause: thrown,
  })
})

test('an option is read once: what was checked is what is used', () => {
  const answers = [4, -1, 'five']
  const options = {
    ...serdes,
    get partitions(): number {
      return answers.shift() as number
    },
  }
  expect(topic('clicks', options).partitions).toBe(4)
  expect(answers).toEqual([-1, 'five'])
})

test('a constant that a program has put together by itself is checked as one that topic() makes, and copied once', () => {
  const clicks = topic('clicks', serdes)
  expect(checkTopic('a call', clicks)).toBe(clicks)
  const wider = { ...clicks, partitions: 4 }
  const copy = checkTopic('a call', wider)
  expect([copy, checkTopic('a call', wider)]).toEqual([topic('clicks', { ...serdes, partitions: 4 }), copy])
  expect(checkTopic('a call', wider)).toBe(copy)
  for (const change of [{ name: 5n }, { name: 'a/b' }, { partitions: 0 }, { key: {} }, { config: { retention: 5 } }]) {
    expect(errorOf(() => checkTopic('a call', { ...clicks, ...change })).code).toBe('bad_option')
  }
})

test('a message shows whatever was given, on one line', () => {
  const circular: Record<string, unknown> = { name: 'a' }
  circular['self'] = circular
  const bare: unknown = Object.create(null)
  for (const given of [circular, bare, Symbol('a'), 5n, () => 5, 'x'.repeat(9_999), Array(999).fill('x'), undefined]) {
    const { message } = errorOf(() => checkName('a name', given as string))
    expect(message).toMatch(/^.{1,101} cannot be a name: use/)
  }
})

test('only a name that is nearly the same is meant', () => {
  expect(nearestName('partitons', ['name', 'partitions'])).toBe('partitions')
  expect(nearestName('retention.ms', ['retentionBytes', 'retentionMs'])).toBe('retentionMs')
  expect(nearestName('form', ['partition', 'from'])).toBe('from')
  expect(nearestName('replicationFactor', ['partitions', 'config'])).toBeUndefined()
  expect(nearestName('by', ['to', 'at'])).toBeUndefined()
})

test('offsets and timestamps are whole numbers from 0', () => {
  expect([toOffset(0), toTimestamp(2 ** 53 - 1)]).toEqual([0, 2 ** 53 - 1])
  for (const value of [-1, 0.5, Number.NaN, 2 ** 53]) {
    expect(() => toOffset(value)).toThrow(expect.objectContaining({ code: 'bad_option' }))
    expect(() => toTimestamp(value)).toThrow(expect.objectContaining({ code: 'bad_record' }))
  }
})
