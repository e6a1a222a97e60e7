// json() and msgpack() give back what they took, or refuse it: nothing is acknowledged that comes back as something else.
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../../src/core/bytes.ts'
import { codecOf, encodeInto, type Serde } from '../../src/core/serde.ts'
import { json, msgpack } from '../../src/core/serdes.ts'
import { isSameData } from '../support/same-data.ts'

class Money {
  readonly amount = 5
}

class List extends Array<number> {}
class Frame extends Uint8Array {}
class Day extends Date {}

const inCircle: Record<string, unknown> = { a: [] }
inCircle['a'] = [inCircle]

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value }
  return value
}

const throwing = {
  get price(): number {
    throw new RangeError('no price yet')
  },
}

/** Values that neither format can give back. */
const refusedByBoth: readonly (readonly [string, () => unknown])[] = [
  ['undefined', () => undefined],
  ['undefined in an array', () => [1, undefined]],
  ['a hole in an array', () => [1, , 3]], // oxlint-disable-line no-sparse-arrays -- the hole is what is tested
  ['an array of nothing but holes', () => new Array(5)],
  ['an array with a property', () => Object.assign([1], { total: 1 })],
  ['a match of a regular expression', () => /b/.exec('abc')],
  ['an array with a symbol as a key', () => Object.assign([1], { [Symbol('a')]: 1 })],
  ['an array of another class', () => List.from([1, 2])],
  ['a function', () => () => 1],
  ['a function as a property', () => ({ f: () => 1 })],
  ['a class', () => Money],
  ['a symbol', () => Symbol('a')],
  ['a symbol as a key', () => ({ [Symbol('a')]: 1 })],
  ['a Map with text as keys', () => new Map([['a', 1]])],
  ['a Map with objects as keys', () => new Map([[{ id: 1 }, 'x']])],
  [
    'a Map with 1 and "1"',
    () => ({
      map: new Map<unknown, number>([
        [1, 1],
        ['1', 2],
      ]),
    }),
  ],
  ['an empty Map', () => new Map()],
  ['a Set', () => new Set([1])],
  ['a WeakMap', () => new WeakMap()],
  ['a Promise', () => Promise.resolve(1)],
  ['a RegExp', () => /a/g],
  ['an Error', () => new Error('a')],
  ['a URL, which has a toJSON', () => new URL('http://a/')],
  ['a boxed number', () => [new Number(5)]],
  ['a boxed boolean', () => [new Boolean(false)]],
  ['a boxed text', () => [new String('a')]],
  ['a boxed bigint', () => Object(5n)],
  ['an instance of a class', () => new Money()],
  ['an object that inherits properties', () => Object.create({ a: 1 })],
  ['a function called toJSON', () => ({ toJSON: () => 'a' })],
  ['a toJSON that returns undefined', () => ({ a: { toJSON: () => undefined } })],
  ['a Float64Array', () => new Float64Array([1])],
  ['a Uint8ClampedArray', () => new Uint8ClampedArray([1])],
  ['a BigInt64Array', () => new BigInt64Array(1)],
  ['an ArrayBuffer', () => new ArrayBuffer(4)],
  ['a DataView', () => new DataView(new ArrayBuffer(4))],
  ['the object Math', () => Math],
  ['a circle', () => inCircle],
  [
    'an array in a circle',
    () => {
      const list: unknown[] = []
      list.push(list)
      return list
    },
  ],
  ['very deep nesting', () => nested(100_000)],
  ['a little too deep nesting', () => nested(501)],
  ['a property that throws', () => throwing],
  [
    'a Proxy that was revoked',
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return proxy
    },
  ],
  ['an invalid Date', () => new Date(Number.NaN)],
  ['a Date of another class', () => new Day(0)],
  ['a Date with a property', () => Object.assign(new Date(0), { zone: 'UTC' })],
  ['bytes of another class', () => new Frame(1)],
  ['a bigint of 65 bits', () => 2n ** 64n],
  ['a bigint below 64 bits', () => -(2n ** 63n) - 1n],
]

const refusedByJson: readonly (readonly [string, () => unknown])[] = [
  ['NaN', () => Number.NaN],
  ['Infinity in an object', () => ({ a: Number.POSITIVE_INFINITY })],
  ['-Infinity', () => [Number.NEGATIVE_INFINITY]],
  ['a bigint', () => ({ count: 5n })],
  ['a Date', () => new Date(0)],
  ['bytes', () => Uint8Array.of(1)],
  ['a Buffer', () => ({ body: Buffer.from('a') })],
]

const refusedByMsgpack: readonly (readonly [string, () => unknown])[] = [
  ['half a surrogate pair', () => 'a\ud800'],
  ['half a surrogate pair in a long text', () => ({ t: `${'x'.repeat(500)}\udc00` })],
  ['half a surrogate pair in a key', () => ({ 'a\ud800': 1 })],
]

function encode(serde: Serde<unknown>, value: unknown): Uint8Array {
  const out = new ByteWriter()
  encodeInto(codecOf(serde), value, out, 'value')
  return out.copyFrom(0)
}

const refused = expect.objectContaining({ name: 'MillraceError', code: 'encode_failed' })

describe('is refused by json()', () => {
  test.each([...refusedByBoth, ...refusedByJson])('%s', (_, make) => {
    expect(() => encode(json(), make())).toThrow(refused)
  })
})

describe('is refused by msgpack()', () => {
  test.each([...refusedByBoth, ...refusedByMsgpack])('%s', (_, make) => {
    expect(() => encode(msgpack(), make())).toThrow(refused)
  })
})

test('parts that are shared very many times are refused before they fill the memory', () => {
  const out = new ByteWriter(8)
  out.at = 2 ** 29 + 1 // as if so much had been written
  for (const serde of [json(), msgpack()])
    expect(() => codecOf(serde).write([[]], out)).toThrow('more than 536870912 bytes')
})

test.each<readonly [string, () => unknown]>([
  [
    'items[1].tags[1]: a function cannot be written as',
    () => ({ items: [{ price: 1 }, { price: 2, tags: [1, () => 1] }] }),
  ],
  ['[0][0]: an object of class Map cannot be written as', () => [[new Map()]]],
  ['["a key"].b: a symbol cannot be written as', () => ({ 'a key': { b: Symbol('x') } })],
  ['order.price: no price yet', () => ({ order: throwing })],
  ['cannot encode the value with json: undefined cannot be written as', () => undefined],
  ['a[0].a[0].a[0]….a[0].a[0].a[0]: the value is nested more than 500 deep', () => inCircle],
])('a refusal says what and where: %s', (message, make) => {
  for (const serde of [json(), msgpack()]) {
    expect(() => encode(serde, make())).toThrow(message.replace('json', codecOf(serde).name))
  }
})

test('what a property throws is the cause, whatever it is', () => {
  const empty: unknown = Object.create(null)
  const value = {
    get a(): unknown {
      throw empty
    },
  }
  expect(() => encode(json(), value)).toThrow(refused)
})

const given = Object.defineProperty({ a: 1 }, 'hidden', { value: 2, enumerable: false })
let reads = 0
/** Its property is another one each time that it is read. */
const flickering = {
  get a(): unknown {
    return reads++ % 2 === 0 ? 1 : Number.NaN
  },
}

/** Values that both formats give back, and what comes back where that is another object. */
const returned: readonly (readonly [string, unknown, unknown?])[] = [
  ['-0', -0],
  ['a property called __proto__', JSON.parse('{"__proto__":{"a":1},"b":2}')],
  ['a property called constructor', { constructor: 1, hasOwnProperty: 2, toString: 3 }],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ['a property that is undefined', { a: undefined, b: 1 }, { b: 1 }],
  ['16 properties of which one is undefined', Object.assign({}, Array(16).fill(0), { 3: undefined })],
  ['a property that is not enumerable', given, { a: 1 }],
  ['a Proxy of a plain object', new Proxy({ a: [1] }, {}), { a: [1] }],
  ['a frozen object', Object.freeze({ a: Object.freeze([1]) })],
  ['a property that is another one each time', flickering, { a: 1 }],
  ['null inside', { a: null, b: [null] }],
  ['the empty ones', [{}, [], '']],
  ['numbers at the edges', [2 ** 53, 5e-324, 1.7976931348623157e308, 1e21, -(2 ** 31) - 1, 2 ** 32, 0.1]],
  ['nesting as deep as it may be', nested(500)],
  ['text that JSON escapes', ['"\\\n\u0000\u007f\u2028', { '"\n': 1 }, `${'x'.repeat(100)}"`]],
  ['text of any script', ['é键🔑\ufffd', 'é'.repeat(20), '键'.repeat(100), '🔑'.repeat(30_000), { é键: '\ufeff' }]],
]

describe.each([
  ['json', json()],
  ['msgpack', msgpack()],
] as const)('comes back from %s()', (_, serde) => {
  test.each(returned)('%s', (_name, value, back) => {
    reads = 0
    const decoded = serde.decode(serde.encode(value))
    expect(isSameData(back ?? value, decoded)).toBe(true)
  })

  test('__proto__ as a property and not as the prototype', () => {
    const decoded = serde.decode(serde.encode(JSON.parse('[{"__proto__":{"isAdmin":true}},{"__proto__":1}]')))
    const [first] = decoded as [{ readonly isAdmin?: boolean }]
    expect(Object.getPrototypeOf(first)).toBe(Object.prototype)
    expect(first.isAdmin).toBeUndefined()
    expect(Object.keys(first)).toEqual(['__proto__'])
  })
})

test('JSON gives back half a surrogate pair, which it escapes', () => {
  expect(json().decode(json().encode({ 'a\ud800': 'b\udc00' }))).toEqual({ 'a\ud800': 'b\udc00' })
})

test('MessagePack gives back what JSON has no form for', () => {
  const dates = [0, 1, -1, 999, -999.5, 1e12 + 7, 2 ** 32 * 1_000, 2 ** 34 * 1_000 + 1, 8.64e15, -8.64e15]
  const value = {
    numbers: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    bigints: [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n, 2n ** 64n - 1n],
    dates: dates.map((ms) => new Date(ms)),
    bytes: [0, 1, 255, 256, 65_535, 65_536].map((length) => new Uint8Array(length).fill(7)),
  }
  expect(isSameData(value, msgpack().decode(msgpack().encode(value)))).toBe(true)
})

test('plain data of another realm is plain data', () => {
  const source = '({ a: [1, { b: new Date(5) }], c: Uint8Array.of(1), d: {} })'
  const back = msgpack().decode(msgpack().encode(runInNewContext(source)))
  expect(back).toStrictEqual({ a: [1, { b: new Date(5) }], c: Uint8Array.of(1), d: {} })
  expect(json().decode(json().encode(runInNewContext('({ a: [1, {}] })')))).toStrictEqual({ a: [1, {}] })
})

test('a Buffer or a view comes back from MessagePack as a Uint8Array of its own', () => {
  const around = Buffer.from('around')
  const back = msgpack().decode(msgpack().encode([around, around.subarray(2, 4)]))
  expect(back).toStrictEqual([Uint8Array.from(around), Uint8Array.of(0x6f, 0x75)])
})

/** Anything that a program without types may pass, hostile values too. */
const leaves = fc.oneof(
  fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withUnicodeString: true,
  }),
  fc.constantFrom(
    -0,
    0,
    Number.NaN,
    2 ** 53,
    undefined,
    null,
    '',
    '\ud800',
    '\ud801',
    'null',
    'NaN',
    new Date(5),
    5n,
    5,
  ),
  fc.constantFrom(
    ...[...refusedByBoth, ...refusedByJson].filter(([name]) => !/deep|revoked/.test(name)).map(([, make]) => make()),
  ),
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.uint8Array(),
)
const propertyNames = fc.oneof(fc.constantFrom('a', 'b', '0', '__proto__', 'toJSON', 'length', '\udc00'), fc.string())
const { anything } = fc.letrec((tie) => ({
  anything: fc.oneof({ maxDepth: 3 }, leaves, tie('list'), tie('map')),
  list: fc.array(tie('anything'), { maxLength: 18 }),
  map: fc
    .array(fc.tuple(propertyNames, tie('anything')), { maxLength: 18 })
    .map((entries) => Object.fromEntries(entries)),
}))

/** The bytes, or nothing where the value is refused. */
function bytesOf(serde: Serde<unknown>, value: unknown): Uint8Array | undefined {
  try {
    return encode(serde, value)
  } catch (error) {
    expect(error).toEqual(refused)
    return undefined
  }
}

describe.each([
  ['json', json()],
  ['msgpack', msgpack()],
] as const)('%s() of anything', (_, serde) => {
  test('refuses the value or gives it back', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const encoded = bytesOf(serde, value)
        if (encoded !== undefined) expect(isSameData(value, serde.decode(encoded))).toBe(true)
      }),
      { numRuns: 400 },
    )
  })

  test('never writes the same bytes for two values that differ', () => {
    const pair = fc.oneof(fc.tuple(anything, anything), fc.tuple(leaves, leaves), fc.clone(anything, 2))
    fc.assert(
      fc.property(pair, ([left, right]) => {
        const [one, other] = [bytesOf(serde, left), bytesOf(serde, right)]
        if (one === undefined || other === undefined || Buffer.compare(one, other) !== 0) return
        const back = serde.decode(one)
        expect([isSameData(left, back), isSameData(right, back)]).toEqual([true, true])
      }),
      { numRuns: 400 },
    )
  })
})

test('the text of JSON is the one of JSON.stringify', () => {
  const values = fc.oneof(fc.jsonValue(), fc.array(fc.string({ unit: 'binary', maxLength: 100 })))
  fc.assert(
    fc.property(
      values.filter((value) => value !== null),
      (value) => {
        const text = Buffer.from(json().encode(value)).toString().replaceAll('-0', '0')
        expect(text).toBe(JSON.stringify(value).replaceAll('-0', '0'))
      },
    ),
    { numRuns: 500 },
  )
})

test('another library of MessagePack reads what is written, and its own bytes are the same', () => {
  const library = new Packr({ useRecords: false, variableMapSize: true, copyBuffers: true })
  const values = fc.jsonValue({ noUnicodeString: false }).map((value) => JSON.parse(JSON.stringify(value)))
  fc.assert(
    fc.property(
      values.filter((value) => value !== null && !JSON.stringify(value).includes('__proto__')),
      (value) => {
        const encoded = Buffer.from(msgpack().encode(value))
        expect(library.unpack(encoded)).toEqual(value)
        expect(encoded.equals(library.pack(value))).toBe(true)
      },
    ),
    { numRuns: 500 },
  )
})
