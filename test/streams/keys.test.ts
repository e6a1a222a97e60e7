// Keys are compared by their encoded bytes, and a store takes keys only as long as storage does.
import {
  bytes,
  int64,
  json,
  keyValueStore,
  nullable,
  type Serde,
  string,
  TimeWindows,
  topic,
  tuple,
  windowStore,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { keyBytesMax } from '../../src/storage/keys.ts'
import { errorOf } from '../support/thrown.ts'
import { drive, input, topologyOf } from '../support/topology.ts'

interface Place {
  readonly x: number
  readonly y: number
}

describe('two keys are one', () => {
  test('when their bytes are equal, whatever the objects', () => {
    const places = topic('places', { key: json<Place>(), value: string() })
    const counts = keyValueStore('counts', { key: json<Place>(), value: int64() })
    const driver = drive((builder) => builder.stream(places).groupByKey().count({ store: counts }))
    for (const key of [
      { x: 1, y: 2 },
      { x: 1, y: 2 },
      { y: 2, x: 1 },
      { x: 1, y: 3 },
    ]) {
      driver.inputTopic(places).pipeInput({ key, value: 'v', timestamp: 1 })
    }
    expect([...driver.store(counts).range()].map(({ key, value }) => [JSON.stringify(key), value])).toEqual([
      ['{"x":1,"y":2}', 2],
      ['{"x":1,"y":3}', 1],
      ['{"y":2,"x":1}', 1],
    ])
    expect(driver.store(counts).get({ y: 2, x: 1 })).toBe(1)
  })

  test('also for bytes and tuples, in memory and after a restart', () => {
    const blobs = topic('blobs', { key: bytes(), value: string() })
    const counts = keyValueStore('counts', { key: bytes(), value: int64() })
    const pair = tuple(string(), int64())
    const pairs = keyValueStore('pairs', { key: pair, value: int64() })
    const driver = drive((builder) => {
      builder.stream(blobs).groupByKey().count({ store: counts })
      builder
        .stream(blobs)
        .groupBy(({ key }): readonly [string, number] => ['pair', key.length], { key: pair })
        .count({ store: pairs })
    })
    for (const key of [
      [1, 2],
      [1, 2],
      [2, 1],
    ]) {
      driver.inputTopic(blobs).pipeInput({ key: Uint8Array.from(key), value: 'v', timestamp: 1 })
      driver.crash()
    }
    expect(driver.store(counts).get(Uint8Array.of(1, 2))).toBe(2)
    expect(driver.store(counts).get(Uint8Array.of(2, 1))).toBe(1)
    expect(driver.store(pairs).get(['pair', 2])).toBe(3)
  })
})

test('two serdes that are made alike write one format', () => {
  const schema = {
    '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value: value as Place }) },
  } as const
  const alike: readonly (() => Serde<unknown>)[] = [
    () => tuple(string(), nullable(int64())) as Serde<unknown>,
    () => tuple(tuple(string()), string()) as Serde<unknown>,
    () => json(schema),
    () => nullable(tuple(string(), int64())) as Serde<unknown>,
  ]
  for (const serde of alike) {
    const counts = keyValueStore('counts', { key: serde(), value: int64() })
    const topology = () =>
      topologyOf((builder) =>
        builder
          .stream(input)
          .groupBy(({ value }): unknown => value, { key: serde() })
          .count({ store: counts }),
      )
    expect(topology).not.toThrow()
  }
})

describe('a key that is too long for storage', () => {
  /** Store id, partition and the start of a window stand before it. */
  const longestKey = 'x'.repeat(keyBytesMax - 16)

  test('is an error of its record', () => {
    const totals = keyValueStore('totals', { key: string(), value: int64() })
    const driver = drive((builder) => builder.stream(input).groupByKey().count({ store: totals }), { onError: 'skip' })
    for (const key of [longestKey, `${longestKey}x`, longestKey]) {
      driver.inputTopic(input).pipeInput({ key, value: 'v', timestamp: 1 })
    }
    expect(driver.store(totals).get(longestKey)).toBe(2)
    expect(driver.metrics().failed).toEqual({ 'input.count': { key_too_long: 1 } })
  })

  test('says the limit, the store and the place', () => {
    const windows = windowStore('windows', { key: string(), value: int64() })
    const driver = drive((builder) =>
      builder
        .stream(input)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 10 }))
        .count({ store: windows }),
    )
    driver.inputTopic(input).pipeInput({ key: longestKey, value: 'v', timestamp: 1 })
    expect(driver.store(windows).fetch(longestKey)).toHaveLength(1)
    const error = errorOf(() => driver.inputTopic(input).pipeInput({ key: `${longestKey}x`, value: 'v', timestamp: 1 }))
    expect(error).toMatchObject({
      code: 'key_too_long',
      operator: 'input.count',
      topic: 'input',
      offset: 1,
      message: expect.stringMatching(/the key has 4011 bytes; store "windows" takes keys of up to 4010/),
    })
  })

  test('is not in the store, and asking for it is no error', () => {
    const totals = keyValueStore('totals', { key: string(), value: int64() })
    const windows = windowStore('windows', { key: string(), value: int64() })
    const driver = drive((builder) => {
      builder.stream(input).groupByKey().count({ store: totals })
      builder
        .stream(input)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 10 }))
        .count({ store: windows, name: 'w' })
    })
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'v', timestamp: 1 })
    const tooLong = 'x'.repeat(10_000)
    expect(driver.store(totals).get(tooLong)).toBeUndefined()
    expect([...driver.store(totals).range({ from: tooLong })]).toEqual([])
    expect([...driver.store(totals).range({ to: tooLong })]).toHaveLength(1)
    expect(driver.store(windows).fetch(tooLong)).toEqual([])
  })
})
