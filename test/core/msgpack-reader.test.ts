// The reader of MessagePack reads the plain data of any library, and takes nothing else from anyone.
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { MsgpackReader } from '../../src/core/msgpack-reader.ts'
import { msgpack } from '../../src/core/serdes.ts'
import { isSameData } from '../support/same-data.ts'

const library = new Packr({ useRecords: false, variableMapSize: true, copyBuffers: true })
const writers = [library, new Packr({ useRecords: false, variableMapSize: false })]

/** Keys of few kinds, so that maps often share beginnings. */
const keys = fc.oneof(
  fc.constantFrom('a', 'b', 'page', 'status', 'stats', '', 'é', '键', '7', 'k'.repeat(40), 'k'.repeat(300)),
  fc.string({ maxLength: 3 }),
)
const scalars = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('x'.repeat(31), 'x'.repeat(32), 'x'.repeat(255), 'x'.repeat(256), 'x'.repeat(65_536)),
  fc.maxSafeInteger(),
  fc.integer({ min: -70_000, max: 70_000 }),
  fc.constantFrom(
    ...[5, 7, 8, 15, 16, 31, 32].flatMap((bits) => [2 ** bits, 2 ** bits - 1, -(2 ** bits), -(2 ** bits) - 1]),
  ),
  fc.double().map((value) => value + 0), // msgpackr has one zero
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 300 }),
  fc.date({ noInvalidDate: true }),
  fc.date({ noInvalidDate: true, min: new Date(-2_000), max: new Date(2 ** 34 * 1_000 + 2_000) }),
)
const { value: values } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, scalars, tie('list'), tie('map')),
  list: fc.oneof(fc.array(tie('value'), { maxLength: 5 }), fc.array(fc.nat(), { minLength: 16, maxLength: 20 })),
  map: fc.array(fc.tuple(keys, tie('value')), { maxLength: 20 }).map((entries) => Object.fromEntries(entries)),
}))

test('any plain data is read as it was written, between other bytes, again and again', () => {
  const reader = new MsgpackReader()
  fc.assert(
    fc.property(fc.array(values, { minLength: 1, maxLength: 5 }), fc.constantFrom(...writers), (list, writer) => {
      for (const value of [...list, ...list]) {
        const packed = writer.pack(value)
        const bytes = Buffer.concat([Buffer.of(0x81), packed, Buffer.of(0xa1, 0x61)])
        expect(isSameData(value, reader.read(bytes, 1, 1 + packed.length))).toBe(true)
      }
    }),
    { numRuns: 400 },
  )
})

test('bytes that were changed or cut off are refused, or are plain data that can be written again', () => {
  const reader = new MsgpackReader()
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 })
  fc.assert(
    fc.property(values, damage, fc.nat(), (value, changes, cut) => {
      const bytes = Buffer.from(library.pack(value))
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte
      const end = changes.length % 2 === 0 ? bytes.length : cut % (bytes.length + 1)
      let found: unknown
      try {
        found = reader.read(bytes, 0, end)
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
        return
      }
      expect(isSameData(found, msgpack<unknown[]>().decode(msgpack<unknown[]>().encode([found]))[0])).toBe(true)
    }),
    { numRuns: 2_000 },
  )
})

test('maps with ever new keys are read too, and do not fill the memory', () => {
  const reader = new MsgpackReader()
  for (let i = 0; i < 20_000; i++) {
    const value = { [`key ${i}`]: i, same: { [`inner ${i % 5_000}`]: true } }
    const bytes = library.pack(value)
    expect(reader.read(bytes, 0, bytes.length)).toEqual(value)
  }
  expect(reader.rememberedKeys).toBeLessThanOrEqual(2_048)
})

test('text that is not UTF-8 is refused', () => {
  const reader = new MsgpackReader()
  expect(() => reader.read(Buffer.of(0xa2, 0xc3, 0x28), 0, 3)).toThrow('not UTF-8')
})

describe('refuses', () => {
  const nil = Buffer.of(0xc0)
  const repeated = (byte: number, count: number): Buffer => Buffer.alloc(count, byte)

  test.each<readonly [string, Buffer]>([
    ['undefined of msgpackr', Buffer.of(0xd4, 0, 0)],
    ['a record of msgpackr', new Packr({ useRecords: true }).pack([{ a: 1 }, { a: 2 }])],
    ['a circle of msgpackr', circleOfLibrary()],
    ['a Set of msgpackr', new Packr({ useRecords: false, moreTypes: true }).pack(new Set([1]))],
    ['a large bigint of msgpackr', new Packr({ useRecords: false, useBigIntExtension: true }).pack(2n ** 70n)],
    ['an extension of 1 byte', Buffer.of(0xd4, 7, 0)],
    ['an extension of 16 bytes', Buffer.concat([Buffer.of(0xd8, 7), repeated(0, 16)])],
    ['an extension of any length', Buffer.of(0xc7, 1, 7, 0)],
    ['an extension that claims 4 GiB', Buffer.of(0xc9, 0xff, 0xff, 0xff, 0xff, 7)],
    ['a timestamp of 1 byte', Buffer.of(0xd4, 0xff, 0)],
    ['a timestamp of 5 bytes', Buffer.of(0xc7, 5, 0xff, 0, 0, 0, 0, 0)],
    ['a timestamp with too many nanoseconds', Buffer.concat([Buffer.of(0xd7, 0xff), repeated(0xff, 8)])],
    ['a timestamp beyond all dates', Buffer.concat([Buffer.of(0xc7, 12, 0xff, 0, 0, 0, 0, 0x7f), repeated(0xff, 7)])],
    ['a number as a key', Buffer.of(0x81, 1, 1)],
    ['nil as a key', Buffer.of(0x81, 0xc0, 1)],
    ['a list as a key', Buffer.of(0x81, 0x90, 1)],
    ['a list that claims 4 G items', Buffer.of(0xdd, 0xff, 0xff, 0xff, 0xff, 1)],
    ['a map that claims 4 G entries', Buffer.of(0xdf, 0xff, 0xff, 0xff, 0xff, 0xa0, 1)],
    ['text that claims 4 GiB', Buffer.of(0xdb, 0xff, 0xff, 0xff, 0xff, 0x61)],
    ['binary data that claims 4 GiB', Buffer.of(0xc6, 0xff, 0xff, 0xff, 0xff, 1)],
    ['half an integer of 64 bits', Buffer.of(0xcf, 0, 0, 0, 0)],
    ['two values', Buffer.of(1, 2)],
    ['lists that fill the stack', Buffer.concat([repeated(0x91, 1_000_000), nil])],
    ['maps that fill the stack', Buffer.concat([Buffer.from('81a161'.repeat(1_000_000), 'hex'), nil])],
  ])('%s', (_, bytes) => {
    expect(() => new MsgpackReader().read(bytes, 0, bytes.length)).toThrow(RangeError)
  })
})

function circleOfLibrary(): Buffer {
  const circle: unknown[] = []
  circle.push(circle)
  return new Packr({ useRecords: false, structuredClone: true }).pack(circle)
}

test('a value after a refusal is read as if there had been none', () => {
  const reader = new MsgpackReader()
  const deep = Buffer.alloc(2_000, 0x91)
  for (let i = 0; i < 3; i++) expect(() => reader.read(deep, 0, deep.length)).toThrow(RangeError)
  const bytes = library.pack({ a: [[[1]]] })
  expect(reader.read(bytes, 0, bytes.length)).toEqual({ a: [[[1]]] })
})

test('of two equal keys in a map the last one counts, and __proto__ is a key like any other', () => {
  const reader = new MsgpackReader()
  const twice = Buffer.from('82a16101a16102', 'hex')
  expect(reader.read(twice, 0, twice.length)).toEqual({ a: 2 })
  const key = Buffer.from('__proto__')
  const map = Buffer.concat([Buffer.of(0x81, 0xa0 | key.length), key, Buffer.from('81a16101', 'hex')])
  for (let i = 0; i < 3; i++) {
    const value = reader.read(map, 0, map.length)
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.entries(value as object)).toEqual([['__proto__', { a: 1 }]])
  }
})
