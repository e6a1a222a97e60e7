// The serdes of millrace are known by their names, however they are put together; those of users are not.
import {
  bigint64,
  boolean,
  bytes,
  CalendarWindows,
  float64,
  int64,
  json,
  msgpack,
  nullable,
  type Serde,
  sessionWindowed,
  string,
  tuple,
  windowed,
} from 'millrace'
import { expect, test } from 'vitest'
import { codecNamed } from '../../src/core/named-serde.ts'
import { codecOf } from '../../src/core/serde.ts'
import { VersionCodec } from '../../src/core/version-codec.ts'
import { WithHeadersCodec } from '../../src/core/with-headers.ts'

const month = CalendarWindows.of({ unit: 'month', timeZone: 'Europe/Berlin' })
const key = { key: ['a', 1], window: { start: 60, end: 120 } }
const samples: readonly (readonly [object, unknown])[] = [
  [string(), 'a,b(c)'],
  [int64(), -3],
  [bigint64(), 5n],
  [float64(), 0.5],
  [boolean(), true],
  [bytes(), Uint8Array.of(0, 255)],
  [json(), { a: [1, null] }],
  [msgpack(), { a: 2n ** 60n }],
  [nullable(json()), 'x'],
  [tuple(string(), tuple(nullable(int64()), boolean()), json()), ['a', [null, false], [1]]],
  [windowed(tuple(string(), int64()), { size: 60 }), key],
  [sessionWindowed(string()), { key: 'a', window: { start: 5, end: 9 } }],
  [new WithHeadersCodec(codecOf(int64())), { value: 1, headers: [] }],
  [new VersionCodec(codecOf(nullable(string()))), 'v'],
]

test('a serde that millrace brings is found by its name and reads what was written', () => {
  for (const [serde, value] of samples) {
    const codec = codecOf<unknown>(serde as Serde<unknown>)
    const found = codecNamed(codec.name)
    expect(found?.name).toBe(codec.name)
    expect(found?.decode(codec.encode(value))).toEqual(value)
  }
  const name = codecOf(windowed(string(), month)).name
  expect(codecNamed(name)?.name).toBe(name)
})

test('no serde is found for a name of a user, nor for one that only looks like a name of millrace', () => {
  for (const name of ['', 'upper-case', 'string()', 'tuple()', 'nullable(mine)', 'windowed(string,x)', 'windowed(10)'])
    expect(codecNamed(name)).toBeUndefined()
  for (const name of ['nullable(string,int64)', 'tuple(string', 'tuple(string,)', 'constructor', 'list(string)'])
    expect(codecNamed(name)).toBeUndefined()
})
