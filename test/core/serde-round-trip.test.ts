// What is written is what is read, for every serde and for the ones that users write.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { codecOf, type Serde } from '../../src/core/serde.ts'
import { bytes, float64, int64, json, msgpack, string, tuple } from '../../src/core/serdes.ts'
import { serdeSamples } from '../support/serde-samples.ts'

/** Plain data: what a Buffer or a Uint8Array holds compares equal. */
const copyOf = (value: unknown): unknown => structuredClone(value)

describe.each(serdeSamples)('%s', (_, { serde, values }) => {
  test('reads back the value that was written', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(copyOf(serde.decode(serde.encode(value)))).toEqual(copyOf(value))
      }),
    )
  })

  test('gives the same bytes for the same value each time', () => {
    fc.assert(
      fc.property(values, values, (value, between) => {
        const first = serde.encode(value)
        serde.encode(between)
        expect(serde.encode(value)).toEqual(first)
      }),
    )
  })
})

test.each([
  ['float64', float64()],
  ['msgpack', msgpack<number>()],
] as const)('every NaN is the same bytes of %s', (_, serde) => {
  const bits = [0x7ff8000000000000n, 0xfff8000000000000n, 0x7ff0000000000001n, 0xffffffffffffffffn]
  const computed = [...new Float64Array(BigUint64Array.from(bits).buffer), -Number.NaN, Math.sqrt(-1)]
  const encoded = computed.map((value) => Buffer.from(serde.encode(value)).toString('hex'))
  expect(new Set(encoded)).toEqual(new Set([Buffer.from(serde.encode(Number.NaN)).toString('hex')]))
  expect(serde.decode(serde.encode(Math.sqrt(-1)))).toBeNaN()
})

test('text of any length and script survives', () => {
  const alphabet = ['a', 'é', '键', '🔑', '\ufffd', '\ufeff', '\0']
  for (const length of [0, 1, 31, 32, 33, 5_000]) {
    for (const letter of alphabet) {
      const text = 'x'.repeat(length) + letter
      expect(string().decode(string().encode(text))).toBe(text)
    }
  }
})

test('a Uint8Array comes back as a Uint8Array', () => {
  const value = Uint8Array.of(1, 2, 3)
  expect(bytes().decode(bytes().encode(value))).toEqual(value)
  expect(tuple(bytes()).decode(tuple(bytes()).encode([value]))).toEqual([value])
})

test('binary data inside of MessagePack survives', () => {
  const serde = msgpack<{ readonly name: string; readonly blob: Uint8Array }>()
  const { name, blob } = serde.decode(serde.encode({ name: 'a', blob: Uint8Array.of(0, 255, 7) }))
  expect([name, ...blob]).toEqual(['a', 0, 255, 7])
})

describe('a serde of a user', () => {
  const upperCase: Serde<string> = {
    name: 'upper-case',
    encode: (text) => new TextEncoder().encode(text.toUpperCase()),
    decode: (encoded) => new TextDecoder().decode(encoded),
  }

  test('is used as it is written', () => {
    const pair = tuple(upperCase, int64())
    expect(pair.decode(pair.encode(['abc', 1]))).toEqual(['ABC', 1])
  })

  test('has one codec, that carries its name', () => {
    expect(codecOf(upperCase)).toBe(codecOf(upperCase))
    expect(codecOf(upperCase).name).toBe('upper-case')
    expect(codecOf({ encode: upperCase.encode, decode: upperCase.decode }).name).toBe('custom')
  })

  test('is refused when it is none, or does not return bytes', () => {
    const noSerde = { encode: 'yes' } as unknown as Serde<string>
    expect(() => codecOf(noSerde)).toThrow(expect.objectContaining({ code: 'bad_option' }))
    const textual = { encode: (text: string) => text, decode: json().decode } as unknown as Serde<string>
    expect(() => codecOf(textual).encode('a')).toThrow(expect.objectContaining({ code: 'encode_failed' }))
  })
})
