// Every serde that millrace brings, with values of its type: tests of a promise of all serdes go through this list.
import fc from 'fast-check'
import type { Serde } from '../../src/core/serde.ts'
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
import type { Windowed } from '../../src/core/windows/window.ts'
import { sessionWindowed, windowed } from '../../src/core/windows/windowed.ts'

export const int64Max = 2n ** 63n - 1n
export const int64Min = -(2n ** 63n)

export const texts: fc.Arbitrary<string> = fc.string({ unit: 'binary', maxLength: 80 })
export const safeIntegers: fc.Arbitrary<number> = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -300, max: 300 }),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 31, -(2 ** 31), 2 ** 32, -(2 ** 32), 0),
)
export const bigints: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: int64Min, max: int64Max }),
  fc.constantFrom(int64Min, int64Max, 0n, -1n, 2n ** 53n, -(2n ** 53n)),
)
export const floats: fc.Arbitrary<number> = fc.double()
export const blobs: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 40 })

const plainData = fc.jsonValue()

/** A serde, values of its type, and how they compare: undefined where the serde keeps no order. */
export interface SerdeSample<T> {
  readonly serde: Serde<T>
  readonly values: fc.Arbitrary<T>
}

const sample = <T>(serde: Serde<T>, values: fc.Arbitrary<T>): SerdeSample<unknown> =>
  ({ serde, values }) as SerdeSample<unknown>

export const windowSizeMs = 60_000

export const windowedTexts: fc.Arbitrary<Windowed<string>> = fc
  .tuple(texts, fc.nat({ max: Number.MAX_SAFE_INTEGER - windowSizeMs }))
  .map(([key, start]) => ({
    key,
    window: { start, end: start + windowSizeMs },
  }))

export const sessionTexts: fc.Arbitrary<Windowed<string>> = fc
  .tuple(texts, fc.maxSafeNat(), fc.maxSafeNat())
  .map(([key, one, other]) => ({ key, window: { start: Math.min(one, other), end: Math.max(one, other) } }))

export const serdeSamples: readonly (readonly [string, SerdeSample<unknown>])[] = [
  ['string', sample(string(), texts)],
  ['int64', sample(int64(), safeIntegers)],
  ['bigint64', sample(bigint64(), bigints)],
  ['float64', sample(float64(), floats)],
  ['boolean', sample(boolean(), fc.boolean())],
  ['bytes', sample(bytes(), blobs)],
  ['json', sample(json(), plainData)],
  ['msgpack', sample(msgpack(), plainData)],
  [
    'tuple',
    sample(
      tuple(string(), nullable(int64()), bytes()),
      fc.tuple(texts, fc.option(safeIntegers), blobs) as fc.Arbitrary<readonly [string, number | null, Uint8Array]>,
    ),
  ],
  ['nullable', sample(nullable(string()), texts)],
  ['windowed', sample(windowed(string(), { size: windowSizeMs }), windowedTexts)],
  ['sessionWindowed', sample(sessionWindowed(string()), sessionTexts)],
]
