// Bytes stay bytes until someone looks; a decoding error belongs to the record, also when user code catches it.
import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../../src/core/bytes.ts'
import type { Carrier } from '../../src/plan/carrier.ts'
import { codecOf, type Serde } from '../../src/core/serde.ts'
import { int64, json, msgpack, nullable, string, tuple } from '../../src/core/serdes.ts'
import { windowed } from '../../src/core/windows/windowed.ts'
import { carrierOf, carrierOfBytes } from '../support/carriers.ts'

const notUtf8 = Uint8Array.of(0xff)
const largeNotUtf8 = Buffer.alloc(2_000, 0xff)
const text = (value: string): Uint8Array => string().encode(value)

/** A serde of text that counts how often it decodes. */
function countingSerde(): { readonly serde: Serde<string>; readonly decoded: () => number } {
  let count = 0
  return {
    serde: {
      encode: text,
      decode(bytes) {
        count++
        return string().decode(bytes)
      },
    },
    decoded: () => count,
  }
}

function written<K, V>(carrier: Carrier<K, V>, keySerde: Serde<K>, valueSerde: Serde<V>): readonly [string, string] {
  const [key, value] = [new ByteWriter(), new ByteWriter()]
  carrier.writeKey(codecOf(keySerde), key)
  carrier.writeValue(codecOf(valueSerde), value)
  return [key.copyFrom(0).toString('hex'), value.copyFrom(0).toString('hex')]
}

describe.each([
  ['small', notUtf8],
  ['large', largeNotUtf8],
] as const)('a %s value that does not decode', (_, bad) => {
  const open = (): Carrier<string, string> => carrierOfBytes(string(), text('key'), string(), bad)

  test('throws when it is read, not before', () => {
    const carrier = open()
    const view = carrier.view()
    expect(view.key).toBe('key')
    expect(view.timestamp).toBe(1_000)
    expect(carrier.root.failure).toBeUndefined()
    expect(() => view.value).toThrow(expect.objectContaining({ code: 'undecodable' }))
  })

  test('fails the turn even when the throw is caught', () => {
    const carrier = open()
    const derived = carrier.withKey('other', undefined)
    let seen = 'nothing'
    try {
      seen = derived.view().value
    } catch {
      seen = 'caught'
    }
    expect(seen).toBe('caught')
    expect(carrier.root.failure).toMatchObject({ code: 'undecodable', message: expect.stringContaining('value') })
  })

  test('does not fail a later turn that the record begins', () => {
    const carrier = open()
    const derived = carrier.withKey('other', undefined)
    expect(() => derived.value).toThrow()
    derived.beginTurn()
    expect(derived.root.failure).toBeUndefined()
    expect(() => derived.value).toThrow()
    expect(derived.root.failure).toMatchObject({ code: 'undecodable' })
  })

  test('throws each time', () => {
    const view = open().view()
    for (let i = 0; i < 3; i++) expect(() => view.value).toThrow(expect.objectContaining({ code: 'undecodable' }))
  })

  test('passes through as the bytes that it is', () => {
    const carrier = open()
    carrier.view()
    const out = new ByteWriter()
    carrier.withKey('other', codecOf(string())).writeValue(codecOf(string()), out)
    expect(out.copyFrom(0).equals(bad)).toBe(true)
    expect(carrier.root.failure).toBeUndefined()
  })
})

test('a key that does not decode leaves the value readable', () => {
  const view = carrierOfBytes(string(), notUtf8, string(), text('value')).view()
  expect(view.value).toBe('value')
  expect(() => view.key).toThrow(expect.objectContaining({ code: 'undecodable' }))
})

describe('a null', () => {
  test('where the topic says nothing of it is an error when it is read', () => {
    const carrier = carrierOfBytes(string(), text('key'), string(), null)
    expect(carrier.isValueNull).toBe(true)
    expect(carrier.view().key).toBe('key')
    expect(carrier.root.failure).toBeUndefined()
    expect(() => carrier.view().value).toThrow(expect.objectContaining({ code: 'unexpected_null' }))
    expect(carrier.root.failure).toMatchObject({ code: 'unexpected_null' })
    const keyless = carrierOfBytes(string(), null, string(), text('value'))
    expect(() => keyless.view().key).toThrow(expect.objectContaining({ code: 'unexpected_null' }))
  })

  test('where the topic says nullable is null', () => {
    const view = carrierOfBytes(nullable(string()), null, nullable(string()), null).view()
    expect(view).toEqual({ key: null, value: null, timestamp: 1_000, headers: [] })
  })

  test('is told from no bytes', () => {
    const carrier = carrierOfBytes(nullable(string()), Buffer.of(), nullable(string()), Buffer.of())
    expect([carrier.isKeyNull, carrier.isValueNull]).toEqual([false, false])
    expect(carrier.view()).toMatchObject({ key: '', value: '' })
  })

  test('that a function returns is null, whatever the codec', () => {
    const carrier = carrierOf(string(), 'key', string(), 'value').withValue(null, codecOf(nullable(string())))
    expect(carrier.isValueNull).toBe(true)
    expect(carrier.view().value).toBeNull()
  })
})

/** A user's serde that reads null from bytes. */
const foreign: Serde<string> = { encode: text, decode: () => JSON.parse('null') as string }
const anySchema = json({
  '~standard': {
    version: 1,
    vendor: 'by-hand',
    validate: (value: unknown) => (value === null ? { issues: [{ message: 'no null' }] } : { value: value as string }),
    types: undefined as unknown as { readonly input: string; readonly output: string },
  },
})

describe.each<readonly [string, Serde<string>, Uint8Array]>([
  ['the JSON text null', json<string>(), Buffer.from('null')],
  ['the JSON text null with blanks around it', json<string>(), Buffer.from(' \t\r\nnull\n ')],
  ['the JSON text null where there is a schema', anySchema, Buffer.from('null')],
  ['nil of MessagePack', msgpack<string>(), Buffer.of(0xc0)],
])('%s', (_, serde, bytes) => {
  const unexpected = expect.objectContaining({ code: 'unexpected_null', message: expect.stringContaining('nullable(') })

  test('is unexpected where the topic says nothing of null', () => {
    const carrier = carrierOfBytes(serde, bytes, serde, bytes)
    expect(() => carrier.view().value).toThrow(unexpected)
    expect(() => carrier.view().key).toThrow(unexpected)
    expect(carrier.root.failure).toMatchObject({ code: 'unexpected_null' })
    expect([carrier.isKeyNull, carrier.isValueNull]).toEqual([false, false])
    expect(Buffer.from(carrier.originalValue() ?? [])).toEqual(Buffer.from(bytes))
  })

  test('is a null like any other where the topic says nullable', () => {
    const carrier = carrierOfBytes(nullable(serde), bytes, nullable(serde), bytes)
    expect([carrier.isKeyNull, carrier.isValueNull]).toEqual([true, true])
    expect(carrier.view()).toMatchObject({ key: null, value: null })
    expect(carrier.root.failure).toBeUndefined()
  })

  test('is not mistaken for a value next to it', () => {
    const around = Buffer.concat([Buffer.from('nullnull'), bytes, Buffer.from('null')])
    const codec = codecOf(nullable(serde))
    expect(codec.isNull(around, 8, 8 + bytes.length)).toBe(true)
    expect(codec.isNull(around, 0, 7 + bytes.length)).toBe(false)
    expect(codec.isNull(around, 8, 8)).toBe(false)
  })
})

describe('a null inside of a key', () => {
  test.each<readonly [string, Serde<unknown>, Uint8Array]>([
    ['of a tuple', tuple(json()) as Serde<unknown>, Buffer.from('null\0\u0001')],
    ['of a window', windowed(json(), { size: 10 }) as Serde<unknown>, Buffer.from('null\0\0\0\0\0\0\0\0')],
  ])('%s is unexpected where it is not nullable', (_, serde, bytes) => {
    const carrier = carrierOfBytes(serde, bytes, string(), text('value'))
    expect(() => carrier.view().key).toThrow(expect.objectContaining({ code: 'unexpected_null' }))
  })

  test('is null in a tuple whose part is nullable', () => {
    expect(tuple(nullable(json())).decode(Buffer.from('null\0\u0001'))).toEqual([null])
  })
})

test('a null that a serde of a user reads is unexpected where the topic says nothing of it', () => {
  const carrier = carrierOfBytes(string(), text('key'), foreign, text('a'))
  expect(() => carrier.view().value).toThrow(expect.objectContaining({ code: 'unexpected_null' }))
  expect(carrierOfBytes(string(), text('key'), nullable(foreign), text('a')).view().value).toBeNull()
})

describe('bytes that nobody looked at', () => {
  test('are written as they came', () => {
    const spaced = Buffer.from('{ "a" :  1 }')
    const carrier = carrierOfBytes(string(), text('key'), json(), spaced)
    carrier.view()
    expect(written(carrier, string(), json())).toEqual(['6b6579', spaced.toString('hex')])
  })

  test('are not decoded for it', () => {
    const { serde, decoded } = countingSerde()
    const carrier = carrierOf(serde, 'key', serde, 'value')
    expect(written(carrier, serde, serde)).toEqual(['6b6579', Buffer.from('value').toString('hex')])
    expect(decoded()).toBe(0)
  })

  test('are decoded once, however often they are read', () => {
    const { serde, decoded } = countingSerde()
    const carrier = carrierOf(string(), 'key', serde, 'value')
    carrier.view()
    expect([carrier.value, carrier.view().value, carrier.withKey('k', undefined).value]).toEqual(Array(3).fill('value'))
    expect(decoded()).toBe(1)
  })

  test('are encoded anew for another format', () => {
    const carrier = carrierOf(string(), 'key', int64(), 5)
    expect(written(carrier, string(), json<number>())[1]).toBe(Buffer.from('5').toString('hex'))
  })

  test('fit a topic that says nullable as well', () => {
    const { serde, decoded } = countingSerde()
    const carrier = carrierOf(serde, 'key', serde, 'value') as Carrier<string | null, string | null>
    written(carrier, nullable(serde), nullable(serde))
    expect(decoded()).toBe(0)
  })
})

test('a value that cannot be encoded is an error that names the serde', () => {
  const carrier = carrierOf(string(), 'key', string(), 'value').withValue(0.5, codecOf(int64()))
  expect(() => carrier.writeValue(codecOf(int64()), new ByteWriter())).toThrow(
    expect.objectContaining({ code: 'encode_failed', message: expect.stringContaining('int64') }),
  )
})

test('a dead letter gets the original bytes', () => {
  const carrier = carrierOfBytes(string(), notUtf8, string(), largeNotUtf8)
  expect(Buffer.from(carrier.originalKey() ?? [])).toEqual(Buffer.from(notUtf8))
  expect(Buffer.from(carrier.originalValue() ?? [])).toEqual(largeNotUtf8)
  const nulls = carrierOfBytes(string(), null, string(), null)
  expect([nulls.originalKey(), nulls.originalValue()]).toEqual([null, null])
})
