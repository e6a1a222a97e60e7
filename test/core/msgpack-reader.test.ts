// The reader of plain MessagePack gives what msgpackr gives, whatever the bytes and whatever it has read before.
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { expect, test } from 'vitest'
import { MsgpackReader } from '../../src/core/msgpack-reader.ts'

const library = new Packr({ useRecords: false, variableMapSize: true, copyBuffers: true })
const writers = [
  library,
  new Packr({ useRecords: false, variableMapSize: false }),
  new Packr({ useRecords: true }), // an extension: values describe their own records
  new Packr({ useRecords: false, moreTypes: true, structuredClone: true }),
]
const unpack = (bytes: Buffer, start: number, end: number): unknown => library.unpack(bytes, { start, end })

/** Keys of few kinds, so that maps often share beginnings. */
const keys = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'page',
    'status',
    'stats',
    '',
    'é',
    '键',
    '7',
    '__proto__',
    'k'.repeat(40),
    'k'.repeat(300),
  ),
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
  fc.double(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 300 }),
  fc.date({ noInvalidDate: true }),
)
const { value: values } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, scalars, tie('list'), tie('map')),
  list: fc.oneof(fc.array(tie('value'), { maxLength: 5 }), fc.array(fc.nat(), { minLength: 16, maxLength: 20 })),
  map: fc.array(fc.tuple(keys, tie('value')), { maxLength: 20 }).map((entries) => Object.fromEntries(entries)),
}))

/** What reading gives: a value, or that there is none. */
function outcome(read: () => unknown): { readonly value: unknown } | 'refused' {
  try {
    return { value: read() }
  } catch {
    return 'refused'
  }
}

test('any value of any writer is read as msgpackr reads it, between other bytes, again and again', () => {
  const reader = new MsgpackReader(unpack)
  fc.assert(
    fc.property(fc.array(values, { minLength: 1, maxLength: 5 }), fc.constantFrom(...writers), (list, writer) => {
      for (const value of [...list, ...list]) {
        const packed = writer.pack(value)
        const bytes = Buffer.concat([Buffer.of(0x81), packed, Buffer.of(0xa1, 0x61)])
        const end = 1 + packed.length
        expect(reader.read(bytes, 1, end)).toStrictEqual(unpack(bytes, 1, end))
      }
    }),
    { numRuns: 400 },
  )
})

test('bytes that were changed or cut off never give another value than msgpackr does', () => {
  const reader = new MsgpackReader(unpack)
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 })
  fc.assert(
    fc.property(values, damage, fc.nat(), (value, changes, cut) => {
      const bytes = Buffer.from(library.pack(value))
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte
      const end = changes.length % 2 === 0 ? bytes.length : cut % (bytes.length + 1)
      const found = outcome(() => reader.read(bytes, 0, end))
      if (found !== 'refused') expect(found).toStrictEqual(outcome(() => unpack(bytes, 0, end)))
    }),
    { numRuns: 2_000 },
  )
})

test('maps with ever new keys are read too, and do not fill the memory', () => {
  const reader = new MsgpackReader(unpack)
  for (let i = 0; i < 20_000; i++) {
    const value = { [`key ${i}`]: i, same: { [`inner ${i % 5_000}`]: true } }
    const bytes = library.pack(value)
    expect(reader.read(bytes, 0, bytes.length)).toEqual(value)
  }
  expect(reader.rememberedKeys).toBeLessThanOrEqual(2_048)
})

test('text that is not UTF-8 is refused', () => {
  const reader = new MsgpackReader(unpack)
  expect(() => reader.read(Buffer.of(0xa2, 0xc3, 0x28), 0, 3)).toThrow('not UTF-8')
})
