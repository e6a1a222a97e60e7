// The reader predicts keys; whatever it is given, what comes out is what JSON.parse gives.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonReader, unpredicted } from '../../src/core/json-reader.ts'
import { json } from '../../src/core/serdes.ts'
import { codecOf } from '../../src/core/serde.ts'

/** The value and its type to the bit: prototypes, the order of keys, and the sign of zero. */
function expectSame(found: unknown, expected: unknown): void {
  expect(Object.is(found, expected) || typeof expected === 'object').toBe(true)
  if (typeof expected !== 'object' || expected === null) return
  expect(Object.getPrototypeOf(found)).toBe(Object.getPrototypeOf(expected))
  const keys = Reflect.ownKeys(expected)
  expect(Reflect.ownKeys(found as object)).toEqual(keys)
  for (const key of keys) {
    const one = Object.getOwnPropertyDescriptor(found, key)
    const other = Object.getOwnPropertyDescriptor(expected, key)
    expect({ ...one, value: 0 }).toEqual({ ...other, value: 0 })
    expectSame(one?.value, other?.value)
  }
}

type Outcome = { readonly value: unknown } | { readonly error: string }

function outcomeOf(read: () => unknown): Outcome {
  try {
    return { value: read() }
  } catch (error) {
    return { error: String(error) }
  }
}

/** Reads the text in the middle of other bytes, as a record is read from its batch. */
function expectAsParsed(
  read: (bytes: Buffer, start: number, end: number) => unknown,
  text: Buffer,
  after: string,
): void {
  const before = Buffer.from('{"a":')
  const bytes = Buffer.concat([before, text, Buffer.from(after)])
  const expected = outcomeOf(() => JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text)))
  const found = outcomeOf(() => read(bytes, before.length, before.length + text.length))
  if ('error' in expected) {
    expect(found).toHaveProperty('error')
    if (expected.error.startsWith('SyntaxError')) expect(found).toEqual(expected)
  } else {
    expect(found).toHaveProperty('value')
    expectSame((found as { value: unknown }).value, expected.value)
  }
}

/** What the reader gives on its own; with a reader of its own for each value, it never rests. */
const alone = (bytes: Buffer, start: number, end: number): unknown => {
  const value = new JsonReader().read(bytes, start, end)
  return value === unpredicted
    ? JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(start, end)))
    : value
}

const blanks = fc.constantFrom('', '', '', ' ', '\n  ', '\t', '\r\n', '\u00a0', '\ufeff')
const digits = fc.stringMatching(/^[0-9]{1,22}$/)
const numbers = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer().map(String),
  fc
    .tuple(
      fc.constantFrom('', '-', '+'),
      digits,
      fc.constantFrom('', '.', '.'),
      fc.option(digits, { nil: '' }),
      fc.constantFrom('', '', 'e', 'E+', 'e-'),
      fc.constantFrom('', '', '3', '308', '400'),
    )
    .map((parts) => parts.join('')),
  fc.constantFrom(
    '0',
    '-0',
    '-0.0',
    '0e1',
    '-',
    '.5',
    '5.',
    '1e',
    '01',
    '9007199254740993',
    '0.1',
    '1e23',
    '123456789012.345',
    '5e-324',
    'NaN',
    'Infinity',
    '0x10',
  ),
)
const characters = fc.constantFrom(
  'a',
  'b',
  ' ',
  '/',
  'é',
  '€',
  '😀',
  '\ufffd',
  '\ufeff',
  '\\n',
  '\\"',
  '\\\\',
  '\\/',
  '\\u0041',
  '\\ud83d\\ude00',
  '\\ud800',
  '\\x',
  '\\',
  '\n',
  '\u0000',
  '\u007f',
  '\u2028',
)
const texts = fc.oneof(
  fc.string().map((text) => JSON.stringify(text)),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  fc.array(characters, { maxLength: 6 }).map((list) => `"${list.join('')}"`),
)
const keys = fc.oneof(
  fc.constantFrom(
    '"a"',
    '"b"',
    '"id"',
    '"a b"',
    '"é"',
    '""',
    '"0"',
    '"17"',
    '"__proto__"',
    '"constructor"',
    '"toString"',
    '"\\u0061"',
    '"\\u005f_proto__"',
    '"length"',
    'a',
    "'a'",
  ),
  texts,
)
const { value: documents } = fc.letrec<{ value: string; list: string; map: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    numbers,
    texts,
    fc.constantFrom('true', 'false', 'null', 'nul', 'truE', '', '"', 'undefined'),
    tie('list'),
    tie('map'),
  ),
  list: fc
    .tuple(blanks, fc.array(tie('value'), { maxLength: 4 }), blanks, fc.constantFrom(',', ',', ',', ', ', ',,'))
    .map(([open, items, close, comma]) => `[${open}${items.join(comma)}${close}]`),
  map: fc
    .tuple(
      blanks,
      fc.array(fc.tuple(keys, fc.constantFrom(':', ':', ': ', ' :', ''), tie('value')), { maxLength: 5 }),
      blanks,
      fc.constantFrom(',', ',', ',', ', ', ' ,', ',\n'),
    )
    .map(([open, entries, close, comma]) => `{${open}${entries.map((entry) => entry.join('')).join(comma)}${close}}`),
}))
const afterwards = fc.constantFrom('', '0', '"', '}', ']', 'e5', '.5', ' ', ',', '\u0000')

describe('what JSON.parse gives or refuses, the reader gives or leaves to it', () => {
  test('for text that is nearly JSON, seen for the first time', () => {
    fc.assert(
      fc.property(documents, blanks, blanks, afterwards, (text, before, close, after) => {
        expectAsParsed(alone, Buffer.from(before + text + close), after)
      }),
      { numRuns: 1_000 },
    )
  })

  test('for text of one codec in any order, again and again', () => {
    const codec = codecOf(json<unknown>())
    fc.assert(
      fc.property(fc.array(documents, { minLength: 1, maxLength: 4 }), afterwards, (list, after) => {
        for (const text of [...list, ...list])
          expectAsParsed((...range) => codec.read(...range), Buffer.from(text), after)
      }),
      { numRuns: 250 },
    )
  })

  test('for JSON that was cut off or changed', () => {
    const reader = codecOf(json<unknown>())
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 })
    fc.assert(
      fc.property(fc.json({ depthSize: 'small' }), damage, fc.nat(), afterwards, (text, changes, cut, after) => {
        const bytes = Buffer.from(text)
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        const part = changes.length % 2 === 0 ? bytes : bytes.subarray(0, cut % (bytes.length + 1))
        expectAsParsed(alone, part, after)
        expectAsParsed((...range) => reader.read(...range), part, after)
      }),
      { numRuns: 1_000 },
    )
  })

  test('for every number, to the bit', () => {
    fc.assert(
      fc.property(numbers, (text) => expectAsParsed(alone, Buffer.from(`[${text}]`), '')),
      { numRuns: 2_000 },
    )
  })

  test.each([62, 64, 66, 500])('nested %i deep', (depth) => {
    const text = Buffer.from('[{"a":'.repeat(depth / 2) + '1' + '}]'.repeat(depth / 2))
    expect(JSON.stringify(alone(text, 0, text.length))).toBe(text.toString())
  })

  test('under a prototype of all objects that nobody may write to', () => {
    Object.defineProperty(Object.prototype, 'fixed', { value: 1, writable: false, configurable: true })
    try {
      const text = Buffer.from('{"fixed":2}')
      for (let i = 0; i < 3; i++) expectAsParsed(alone, text, '')
    } finally {
      delete (Object.prototype as { fixed?: number }).fixed
    }
  })
})

describe('of a stream of records', () => {
  const bytesOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
  const isPredicted = (reader: JsonReader, bytes: Buffer): boolean =>
    reader.read(bytes, 0, bytes.length) !== unpredicted

  test('with few shapes, every one is predicted', () => {
    const reader = new JsonReader()
    for (let i = 0; i < 1_000; i++) {
      const value =
        i % 3 === 0 ? { id: i, at: 'now' } : { kind: i % 5, of: { id: i / 7, tags: ['é', 'a\n'] }, none: null }
      expect(isPredicted(reader, bytesOf(value))).toBe(true)
      const pretty = Buffer.from(JSON.stringify(value, undefined, 2))
      expect(isPredicted(reader, pretty)).toBe(true)
    }
  })

  test('with ever new keys, it soon leaves nearly all to JSON.parse, and does not fill the memory', () => {
    const reader = new JsonReader()
    let predicted = 0
    for (let i = 0; i < 20_000; i++)
      predicted += Number(isPredicted(reader, bytesOf({ [`key ${i}`]: i, same: { [`inner ${i % 5_000}`]: true } })))
    expect(predicted).toBeLessThan(2_000)
    expect(reader.rememberedKeys).toBeLessThanOrEqual(2_048)
  })

  test('that change their shape for good, the new one is predicted before long', () => {
    const reader = new JsonReader()
    for (let i = 0; i < 5_000; i++) isPredicted(reader, bytesOf({ [`key ${i}`]: i }))
    const value = bytesOf([{ a: 1, b: { c: 2 } }])
    for (let i = 0; i < 200; i++) isPredicted(reader, value)
    for (let i = 0; i < 100; i++) expect(isPredicted(reader, value)).toBe(true)
  })

  test('of one topic, the shapes do not crowd out those of another', () => {
    expect(codecOf(json())).not.toBe(codecOf(json()))
    expect(codecOf(json()).wire).toBe(codecOf(json()).wire)
  })
})
