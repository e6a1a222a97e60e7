// A decoded value stays valid for ever: it never looks into the buffer that it was read from.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { codecOf, type Serde } from '../../src/core/serde.ts'
import { bytes, json, msgpack, nullable, tuple } from '../../src/core/serdes.ts'
import { windowed } from '../../src/core/windows/windowed.ts'
import { serdeSamples } from '../support/serde-samples.ts'

/** Decodes out of the middle of a larger buffer, overwrites the buffer, and returns the value. */
function decodeAndOverwrite<T>(serde: Serde<T>, value: T): T {
  const encoded = serde.encode(value)
  const around = Buffer.alloc(5, 0xaa)
  const buffer = Buffer.concat([around, encoded, around])
  const decoded = codecOf(serde).read(buffer, around.length, around.length + encoded.length)
  buffer.fill(0x55)
  return decoded
}

describe('a value keeps its contents when the buffer it was read from changes', () => {
  test.each(serdeSamples)('%s', (_, { serde, values }) => {
    fc.assert(
      fc.property(values, (value) => {
        expect(structuredClone(decodeAndOverwrite(serde, value))).toEqual(structuredClone(value))
      }),
    )
  })

  const blob = Uint8Array.from({ length: 100 }, (_, index) => index)
  const lazy: Serde<Uint8Array> = { encode: (value) => value, decode: (given) => given }

  test.each<readonly [string, Serde<Uint8Array>]>([
    ['nullable bytes', nullable(bytes()) as Serde<Uint8Array>],
    ['MessagePack that is all binary', msgpack<Uint8Array>()],
    ['a serde that returns what it was given', lazy],
  ])('%s', (_, serde) => {
    expect([...decodeAndOverwrite(serde, blob)]).toEqual([...blob])
  })

  test('binary inside of MessagePack, a tuple and a windowed key', () => {
    const packed = decodeAndOverwrite(msgpack<{ readonly deep: readonly Uint8Array[] }>(), { deep: [blob, blob] })
    expect(packed.deep.map((part) => [...part])).toEqual([[...blob], [...blob]])
    expect([...decodeAndOverwrite(tuple(bytes()), [blob])[0]]).toEqual([...blob])
    const sizeMs = 10
    const key = { key: blob, window: { start: 0, end: sizeMs } } as never
    expect([...decodeAndOverwrite(windowed(bytes(), { size: sizeMs }), key).key]).toEqual([...blob])
  })
})

describe('encoded bytes stay what they are', () => {
  test.each(serdeSamples)('%s', (_, { serde, values }) => {
    fc.assert(
      fc.property(values, values, (value, other) => {
        const encoded = serde.encode(value)
        const before = Buffer.from(encoded).toString('hex')
        codecOf(serde).identity(other)
        serde.decode(serde.encode(other))
        expect(Buffer.from(encoded).toString('hex')).toBe(before)
      }),
    )
  })

  test('also when the value that they came from changes', () => {
    const value = Uint8Array.of(1, 2, 3)
    const encoded = bytes().encode(value)
    value.fill(9)
    expect([...encoded]).toEqual([1, 2, 3])
    const list = json<number[]>()
    const numbers = [1]
    const text = list.encode(numbers)
    numbers.push(2)
    expect(list.decode(text)).toEqual([1])
  })
})
