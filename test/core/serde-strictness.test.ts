// Values that have no bytes and bytes that stand for no value are refused: nothing is changed in silence.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { codecOf, encodeInto, type Encoder, type Serde } from '../../src/core/serde.ts'
import { ByteWriter } from '../../src/core/bytes.ts'
import {
  bigint64,
  boolean,
  bytes,
  float64,
  int64,
  json,
  msgpack,
  nullable,
  string,
  tuple,
} from '../../src/core/serdes.ts'
import { windowed } from '../../src/core/windows/windowed.ts'
import { isSameData } from '../support/same-data.ts'

const padding = 'p'.repeat(40)

describe('text and its UTF-8 bytes stand for each other one to one', () => {
  test.each([
    ['a high surrogate at the end', '\ud83d'],
    ['a low surrogate alone', '\udd11'],
    ['two in the wrong order', '\udd11\ud83d'],
    ['two high ones', '\ud83d\ud83d'],
    ['two low ones', '\udd11\udd11'],
  ])('a string with %s does not encode', (_, half) => {
    for (const text of [half, padding + half, `${half}${padding}`, `é${half}é`]) {
      expect(() => string().encode(text)).toThrow('surrogate')
    }
  })

  test.each([
    ['a byte that never occurs', 'ff'],
    ['a continuation alone', '80'],
    ['a cut off letter', 'e282'],
    ['an overlong slash', 'c0af'],
    ['a surrogate half', 'eda080'],
    ['beyond the last code point', 'f4908080'],
  ])('bytes with %s do not decode', (_, hex) => {
    for (const text of [hex, `61${hex}`, `${hex}61`, `efbfbd${hex}`, Buffer.from(padding).toString('hex') + hex]) {
      expect(() => string().decode(Buffer.from(text, 'hex'))).toThrow('not UTF-8')
    }
  })

  test('any bytes either do not decode or are the bytes of what they decode to', () => {
    const likely = fc.array(fc.constantFrom('41', 'c3a9', 'efbfbd', 'f09f9491', 'ff', '80', 'e2', 'eda080'), {
      maxLength: 6,
    })
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      likely.map((parts) => Uint8Array.from(Buffer.from(parts.join(''), 'hex'))),
    )
    fc.assert(
      fc.property(anyBytes, (given) => {
        let text: string
        try {
          text = string().decode(given)
        } catch {
          expect(() => new TextDecoder('utf-8', { fatal: true }).decode(given)).toThrow(TypeError)
          return
        }
        expect(Buffer.from(string().encode(text)).toString('hex')).toBe(Buffer.from(given).toString('hex'))
      }),
      { numRuns: 500 },
    )
  })
})

const refusedValues: readonly (readonly [string, Encoder<never>, unknown])[] = [
  ['string: a number', string(), 5],
  ['int64: a fraction', int64(), 0.5],
  ['int64: beyond the safe integers', int64(), 2 ** 53],
  ['int64: NaN', int64(), Number.NaN],
  ['int64: a bigint', int64(), 5n],
  ['bigint64: 2^63', bigint64(), 2n ** 63n],
  ['bigint64: below -2^63', bigint64(), -(2n ** 63n) - 1n],
  ['bigint64: a number', bigint64(), 5],
  ['bigint64: text', bigint64(), '5'],
  ['bigint64: a boolean', bigint64(), true],
  ['int64: text', int64(), '5'],
  ['int64: an object without a prototype', int64(), Object.create(null)],
  ['string: a boxed string', string(), Object('a')],
  ['bytes: other numbers', bytes(), new Float64Array(1)],
  ['float64: a string', float64(), '5'],
  ['boolean: 1', boolean(), 1],
  ['bytes: a string', bytes(), 'abc'],
  ['json: undefined', json(), undefined],
  ['json: a function', json(), () => 1],
  ['json: a bigint', json(), { count: 5n }],
  ['msgpack: undefined', msgpack(), undefined],
  ['tuple: too short', tuple(int64(), int64()), [1]],
  ['tuple: too long', tuple(int64(), int64()), [1, 2, 3]],
  ['tuple: null where the part says nothing of it', tuple(string(), string()), ['a', null]],
  ['tuple: null where the part is JSON', tuple(json(), string()), [null, 'a']],
  ['tuple: a part that has no form', tuple(string(), json()), ['a', [Number.NaN]]],
  ['windowed: a null key', windowed(json(), { size: 10 }), { key: null, window: { start: 0, end: 10 } }],
  ['windowed: no window', windowed(json(), { size: 10 }), { key: 'a' }],
  ['nullable: null, which is no bytes at all', nullable(string()), null],
]

test.each(refusedValues)('%s has no bytes', (_, serde, value) => {
  const codec = codecOf(serde as Serde<unknown>)
  const write = (): void => encodeInto(codec, value, new ByteWriter(), 'value')
  expect(write).toThrow(expect.objectContaining({ code: 'encode_failed', message: expect.stringContaining('value') }))
})

/** What a program without types may pass. */
const anything = fc.oneof(
  fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withUnicodeString: true,
  }),
  fc.constantFrom(-0, Number.NaN, 2 ** 53, '5', '\ud800', 5n, 2n ** 63n, true, Symbol('a'), () => 1, Buffer.from('a')),
)

const others: readonly (readonly [string, Serde<unknown>, fc.Arbitrary<unknown>])[] = [
  ['string', string() as Serde<unknown>, anything],
  ['bigint64', bigint64() as Serde<unknown>, anything],
  ['float64', float64() as Serde<unknown>, anything],
  ['boolean', boolean() as Serde<unknown>, anything],
  ['nullable', nullable(float64()) as Serde<unknown>, anything],
  ['tuple', tuple(string(), nullable(float64())) as Serde<unknown>, fc.tuple(anything, anything)],
  [
    'windowed',
    windowed(float64(), { size: 10 }) as Serde<unknown>,
    fc.record({ key: anything, window: fc.constant({ start: 20, end: 30 }) }),
  ],
]

describe('anything that is given is refused or comes back equal', () => {
  test.each(others)('from %s', (_, serde, values) => {
    fc.assert(
      fc.property(values, (value) => {
        const out = new ByteWriter()
        try {
          encodeInto(codecOf(serde), value, out, 'value')
        } catch (error) {
          expect(error).toMatchObject({ code: 'encode_failed' })
          return
        }
        expect(isSameData(value, serde.decode(out.copyFrom(0)))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('from int64, whose zero has no sign', () => {
    fc.assert(
      fc.property(fc.oneof(anything, fc.integer(), fc.double()), (value) => {
        const encoded = outcome(() => int64().encode(value as number))
        if (encoded !== undefined) expect(int64().decode(encoded) === value).toBe(true)
      }),
    )
    expect(int64().encode(-0)).toEqual(int64().encode(0))
  })

  test('from bytes, as a Uint8Array', () => {
    const anyBytes = fc.oneof(
      anything,
      fc.uint8Array(),
      fc.uint8Array().map((given) => Buffer.from(given).subarray(1)),
    )
    fc.assert(
      fc.property(anyBytes, (value) => {
        const encoded = outcome(() => bytes().encode(value as Uint8Array))
        if (encoded !== undefined) expect(bytes().decode(encoded)).toStrictEqual(new Uint8Array(value as Uint8Array))
      }),
    )
  })
})

function outcome<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

const refusedBytes: readonly (readonly [string, { readonly decode: (bytes: Uint8Array) => unknown }, string])[] = [
  ['int64: 7 bytes', int64(), '80000000000000'],
  ['int64: 9 bytes', int64(), '800000000000000000'],
  ['int64: 2^53', int64(), 'a0 00000000000000'],
  ['int64: the smallest 64-bit integer', int64(), '0000000000000000'],
  ['bigint64: no bytes', bigint64(), ''],
  ['float64: 4 bytes', float64(), '80000000'],
  ['boolean: no byte', boolean(), ''],
  ['boolean: a byte of 2', boolean(), '02'],
  ['boolean: two bytes', boolean(), '0101'],
  ['json: no bytes', json(), ''],
  ['json: half an object', json(), Buffer.from('{"a":').toString('hex')],
  ['json: invalid UTF-8 in a string', json(), '22ff22'],
  ['msgpack: no bytes', msgpack(), ''],
  ['msgpack: a cut off string', msgpack(), 'a56865'],
  ['msgpack: bytes left over', msgpack(), '0102'],
  ['msgpack: the byte that is never used', msgpack(), 'c1'],
  ['msgpack: the byte that is never used, in an array', msgpack(), '91c1'],
  ['msgpack: the byte that is never used, in a map', msgpack(), '81a161c1'],
  ['tuple: a part is missing', tuple(string(), string()), '610001'],
  ['tuple: a part too many', tuple(string()), '610001620001'],
  ['tuple: an unknown mark', tuple(string()), '610002'],
  ['tuple: cut off behind a zero', tuple(string()), '6100'],
  ['tuple: null where the part says nothing of it', tuple(string()), '0000'],
  ['tuple: null in the middle of a part', tuple(nullable(string())), '610000'],
]

test.each(refusedBytes)('%s stands for no value', (_, serde, hex) => {
  expect(() => serde.decode(Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toThrow(Error)
})

test('what is nullable cannot be made nullable again', () => {
  expect(() => nullable(nullable(string()))).toThrow(expect.objectContaining({ code: 'bad_option' }))
})

test('a failed decode does not disturb the next one', () => {
  const serde = msgpack<{ readonly a: string }>()
  const good = serde.encode({ a: 'x'.repeat(100) })
  expect(() => serde.decode(good.subarray(0, 50))).toThrow(Error)
  expect(serde.decode(good)).toEqual({ a: 'x'.repeat(100) })
})
