// The key of a windowed row: bytes as Kafka writes them, and window definitions that cannot be wrong.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { codecOf } from '../../src/core/serde.ts'
import { int64, string, tuple } from '../../src/core/serdes.ts'
import { TimeWindows } from '../../src/core/windows/time-windows.ts'
import type { Windowed } from '../../src/core/windows/window.ts'
import { sessionWindowed, windowed } from '../../src/core/windows/windowed.ts'
import { sessionTexts, windowedTexts, windowSizeMs } from '../support/serde-samples.ts'

const key = <K>(of: K, start: number, end: number): Windowed<K> => ({ key: of, window: { start, end } })

describe('a windowed key', () => {
  const serde = windowed(string(), { size: 60_000 })

  test('is the bytes of the key, then the start of the window in 8 bytes', () => {
    const start = 1_700_000_000_000
    const encoded = Buffer.from(serde.encode(key('key', start, start + 60_000)))
    expect(encoded.toString('hex')).toBe(`${Buffer.from('key').toString('hex')}0000018bcfe56800`)
  })

  test('knows the end of the window by its size', () => {
    const encoded = windowed(string(), { size: 10 }).encode(key('a', 30, 40))
    expect(windowed(string(), { size: 25 }).decode(encoded)).toEqual(key('a', 30, 55))
  })

  test('leaves the start of the window out of the choice of a partition', () => {
    fc.assert(
      fc.property(windowedTexts, (value) => {
        const encoded = serde.encode(value)
        const partitioned = encoded.subarray(0, encoded.length - codecOf(serde).partitionSuffixBytes)
        expect(Buffer.compare(partitioned, string().encode(value.key))).toBe(0)
      }),
    )
  })

  test('sorts the windows of one key by time', () => {
    fc.assert(
      fc.property(windowedTexts, windowedTexts, (left, right) => {
        const [a, b] = [left, { ...right, key: left.key }]
        const order = Math.sign(Buffer.compare(serde.encode(a), serde.encode(b)))
        expect(order).toBe(Math.sign(a.window.start - b.window.start))
      }),
    )
  })

  test('takes a key of any serde', () => {
    const pairs = windowed(tuple(string(), int64()), { size: windowSizeMs })
    const value = key(['a', -5] as const, 60_000, 60_000 + windowSizeMs)
    expect(pairs.decode(pairs.encode(value))).toEqual(value)
  })

  test('is refused when it is too short or has no valid start', () => {
    expect(() => serde.decode(Buffer.from('short'))).toThrow('at least 8 bytes')
    expect(() => serde.decode(Buffer.alloc(9, 255))).toThrow('no valid start')
    expect(() => serde.encode(key('a', -1, 59_999))).toThrow(expect.objectContaining({ code: 'bad_option' }))
    expect(() => serde.encode(key('a', 0.5, 60_000.5))).toThrow(expect.objectContaining({ code: 'bad_option' }))
  })

  test('has a format of its own for every window size and key: bytes of one mean another window to the other', () => {
    const { wire, format } = codecOf(serde)
    const same = codecOf(windowed(string(), { size: 60_000 }))
    expect(same.wire).toBe(wire)
    expect(same.format).toBe(format)
    for (const other of [codecOf(windowed(string(), { size: 5 })), codecOf(windowed(int64(), { size: 60_000 }))]) {
      expect(other.wire).not.toBe(wire)
      expect(other.format).not.toBe(format)
    }
  })
})

describe('the serde of windows of any kind', () => {
  test('is that of their size', () => {
    const windows = TimeWindows.of({ size: 60_000, advance: 10_000, grace: 5 })
    expect(codecOf(windowed(string(), windows)).format).toBe(codecOf(windowed(string(), { size: 60_000 })).format)
  })
})

describe('the key of a session', () => {
  const serde = sessionWindowed(string())

  test('is the bytes of the key, then the end and the start of the session in 8 bytes each', () => {
    const encoded = Buffer.from(serde.encode(key('key', 1_700_000_000_000, 1_700_000_060_000)))
    expect(encoded.toString('hex')).toBe(`${Buffer.from('key').toString('hex')}0000018bcfe652600000018bcfe56800`)
  })

  test('leaves the session out of the choice of a partition', () => {
    fc.assert(
      fc.property(sessionTexts, (value) => {
        const encoded = serde.encode(value)
        const partitioned = encoded.subarray(0, encoded.length - codecOf(serde).partitionSuffixBytes)
        expect(Buffer.compare(partitioned, string().encode(value.key))).toBe(0)
      }),
    )
  })

  test('is refused when it is too short, or ends before it starts', () => {
    expect(() => serde.decode(Buffer.alloc(15))).toThrow('at least 16 bytes')
    expect(() => serde.encode(key('a', 5, 4))).toThrow('ends before it starts')
    const bytes = Buffer.from(serde.encode(key('a', 4, 5)))
    bytes[8] = 3
    expect(() => serde.decode(bytes)).toThrow('ends before it starts')
    expect(() => serde.encode(key('a', -1, 5))).toThrow(expect.objectContaining({ code: 'bad_option' }))
    expect(() => serde.encode(key('a', 0.5, 1.5))).toThrow(expect.objectContaining({ code: 'bad_option' }))
  })

  test('has a format of its own', () => {
    expect(codecOf(serde).format).toBe(codecOf(sessionWindowed(string())).format)
    for (const other of [windowed(string(), { size: 1 }), sessionWindowed(int64())]) {
      expect(codecOf(other as typeof serde).format).not.toBe(codecOf(serde).format)
    }
  })
})

describe('windows', () => {
  test('are tumbling without grace unless they say otherwise', () => {
    expect(TimeWindows.of({ size: 10 })).toMatchObject({ sizeMs: 10, advanceMs: 10, graceMs: 0 })
    expect(TimeWindows.of({ size: 10, advance: 3, grace: 7 })).toMatchObject({ sizeMs: 10, advanceMs: 3, graceMs: 7 })
  })

  test('cannot be changed', () => {
    expect(Object.isFrozen(TimeWindows.of({ size: 10 }))).toBe(true)
  })

  const mistyped = { size: 10, gracee: 5 }
  test.each([
    ['a size of 0', () => TimeWindows.of({ size: 0 })],
    ['a fraction', () => TimeWindows.of({ size: 1.5 })],
    ['an advance of 0', () => TimeWindows.of({ size: 10, advance: 0 })],
    ['an advance above the size', () => TimeWindows.of({ size: 10, advance: 11 })],
    ['a negative grace', () => TimeWindows.of({ size: 10, grace: -1 })],
    ['NaN', () => TimeWindows.of({ size: Number.NaN })],
    ['a mistyped option', () => TimeWindows.of(mistyped)],
    ['a windowed key of size 0', () => windowed(string(), { size: 0 })],
    ['a windowed key with a mistyped option', () => windowed(string(), mistyped)],
  ])('with %s are refused', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'bad_option' }))
  })
})
