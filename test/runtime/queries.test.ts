// Queries: rows of stores as of the last commit, from all partitions, in order.
import {
  type Application,
  days,
  int64,
  json,
  keyValueStore,
  ManualClock,
  nullable,
  string,
  TimeWindows,
  topic,
  tuple,
  type Windowed,
  windowStore,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { start, until } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { errorOf } from '../support/thrown.ts'
import { drive, input, topologyOf } from '../support/topology.ts'

const wide = topic('wide', { key: string(), value: string(), partitions: 4 })
const numbers = topic('numbers', { key: int64(), value: string(), partitions: 3 })
const counts = keyValueStore('counts', { key: string(), value: int64() })
const byNumber = keyValueStore('by-number', { key: int64(), value: int64() })
const windows = windowStore('windows', { key: string(), value: int64() })

const topology = topologyOf((builder) => {
  const grouped = builder.stream(wide).groupByKey()
  grouped.count({ store: counts })
  grouped.windowedBy(TimeWindows.of({ size: 10, advance: 5, grace: 1_000 })).count({ store: windows, name: 'windows' })
  builder.stream(numbers).groupByKey().count({ store: byNumber })
})

const letters = 'abcdefghijklmnopqrst'.split('')

async function filled(): Promise<Application> {
  const { log } = openTestLog()
  const producer = log.producer()
  await producer.sendMany(
    wide,
    letters.flatMap((key, i) => [0, 20, 100].map((time) => ({ key, value: '', timestamp: time + i }))),
  )
  await producer.sendMany(
    numbers,
    [-5, 3, 1_000, -1, 70_000, 0].map((key) => ({ key, value: '', timestamp: 1 })),
  )
  const app = await start(log, topology)
  await app.caughtUp()
  return app
}

describe('a store without windows', () => {
  test('gives the value of a key, or undefined', async () => {
    const store = (await filled()).store(counts)
    for (const key of letters) expect(store.get(key)).toBe(3)
    expect(store.get('missing')).toBeUndefined()
    expect(store.get('')).toBeUndefined()
  })

  test('gives all rows in the order of their keys, from all partitions', async () => {
    const app = await filled()
    expect([...app.store(counts).range()].map(({ key }) => key)).toEqual(letters)
    expect([...app.store(counts).range()][0]).toEqual({ key: 'a', value: 3, timestamp: 100 })
    expect([...app.store(byNumber).range()].map(({ key }) => key)).toEqual([-5, -1, 0, 3, 1_000, 70_000])
  })

  test('gives the rows between bounds, both included', async () => {
    const app = await filled()
    const keysOf = (bounds: { from?: string; to?: string }): string =>
      [...app.store(counts).range(bounds)].map(({ key }) => key).join('')
    expect(keysOf({ from: 'c', to: 'f' })).toBe('cdef')
    expect(keysOf({ from: 'r' })).toBe('rst')
    expect(keysOf({ to: 'b' })).toBe('ab')
    expect(keysOf({ from: 'bb', to: 'dd' })).toBe('cd')
    expect(keysOf({ from: 'x' })).toBe('')
    expect(keysOf({ from: 'f', to: 'c' })).toBe('')
    expect([...app.store(byNumber).range({ from: -1, to: 3 })].map(({ key }) => key)).toEqual([-1, 0, 3])
  })

  test('is read in pages, and stays whole while commits go on', async () => {
    const { log } = openTestLog()
    const producer = log.producer()
    const keys = Array.from({ length: 1_500 }, (_, i) => `key ${String(i).padStart(5, '0')}`)
    await producer.sendMany(
      wide,
      keys.map((key) => ({ key, value: '', timestamp: 1 })),
    )
    const app = await start(log, topology)
    await app.caughtUp()
    const seen: string[] = []
    for (const { key } of app.store(counts).range()) {
      seen.push(key)
      if (seen.length === 700) {
        await producer.sendMany(
          wide,
          keys.map((again) => ({ key: again, value: '', timestamp: 2 })),
        )
        await app.caughtUp()
      }
    }
    expect(seen).toEqual(keys)
    expect(app.store(counts).get('key 00000')).toBe(2)
  })
})

describe('a store of windows', () => {
  const brief = ({ key, value }: { readonly key: Windowed<string>; readonly value: number }): string =>
    `${key.key}@${key.window.start}-${key.window.end}=${value}`

  test('gives the windows of a key in the order of time', async () => {
    const store = (await filled()).store(windows)
    expect(store.fetch('c').map(brief)).toEqual(['c@0-10=1', 'c@15-25=1', 'c@20-30=1', 'c@95-105=1', 'c@100-110=1'])
    expect(store.fetch('c')[0]).toEqual({ key: { key: 'c', window: { start: 0, end: 10 } }, value: 1, timestamp: 2 })
    expect(store.fetch('missing')).toEqual([])
  })

  test('gives those that start between bounds, both included', async () => {
    const store = (await filled()).store(windows)
    const starts = (bounds: { from?: number; to?: number }): number[] =>
      store.fetch('c', bounds).map(({ key }) => key.window.start)
    expect(starts({ from: 15, to: 95 })).toEqual([15, 20, 95])
    expect(starts({ from: 16 })).toEqual([20, 95, 100])
    expect(starts({ to: 19 })).toEqual([0, 15])
    expect(starts({ from: 21, to: 90 })).toEqual([])
    expect(starts({ from: 200 })).toEqual([])
    expect(starts({ from: 20, to: 15 })).toEqual([])
  })

  test('walks the windows of one key as `fetch` lists them, in any bounds, from either end', async () => {
    const store = (await filled()).store(windows)
    for (const bounds of [{}, { from: 15, to: 95 }, { to: 19 }, { from: 200 }, { reverse: true }]) {
      expect([...store.range({ key: 'c', ...bounds })]).toEqual(store.fetch('c', bounds))
    }
    expect([...store.range({ key: 'missing' })]).toEqual([])
  })

  test('gives the windows of all keys, by time, then by key', async () => {
    const store = (await filled()).store(windows)
    const rows = [...store.range({ from: 95, to: 100 })].map(brief)
    expect(rows.slice(0, 6)).toEqual([
      'a@95-105=1',
      'b@95-105=1',
      'c@95-105=1',
      'd@95-105=1',
      'e@95-105=1',
      'a@100-110=1',
    ])
    expect(rows).toHaveLength(15)
    expect([...store.range()]).toHaveLength([...store.range({ from: 0 })].length)
    expect([...store.range({ from: 1_000 })]).toEqual([])
  })

  test('reads what is there, not every window that could be', async () => {
    const { log, environment } = openTestLog()
    const sparse = topologyOf((builder) =>
      builder
        .stream(input)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 1 }))
        .count({ store: windows, retentionMs: days(30) }),
    )
    const records = [
      ['a', 0],
      ['a', 50_000],
      ['b', 70_000],
      ['a', 100_000],
    ] as const
    await log.producer().sendMany(
      input,
      records.map(([key, timestamp]) => ({ key, value: '', timestamp })),
    )
    const app = await start(log, sparse)
    await app.caughtUp()
    let reads = 0
    const get = environment.get.bind(environment)
    const range = environment.range.bind(environment)
    environment.get = (...args) => (reads++, get(...args))
    environment.range = (...args) => (reads++, range(...args))
    expect(
      app
        .store(windows)
        .fetch('a')
        .map(({ key }) => key.window.start),
    ).toEqual([0, 50_000, 100_000])
    expect(
      app
        .store(windows)
        .fetch('b')
        .map(({ key }) => key.window.start),
    ).toEqual([70_000])
    expect(reads).toBeLessThan(40)
  })

  test('refuses bounds that are none', async () => {
    const store = (await filled()).store(windows)
    for (const bounds of [{ from: -1 }, { to: 1.5 }, { from: 'noon' }, { form: 1 }]) {
      expect(errorOf(() => store.fetch('a', bounds as never))).toMatchObject({ code: 'bad_option' })
      expect(errorOf(() => store.range(bounds as never))).toMatchObject({ code: 'bad_option' })
    }
  })
})

describe('what is asked wrongly', () => {
  test('is refused when it is no store', () => {
    const driver = drive((builder) => builder.stream(input).groupByKey().count())
    for (const wrong of [undefined, null, 'input.count', keyValueStore]) {
      expect(errorOf(() => driver.store(wrong as never))).toMatchObject({ code: 'bad_option' })
    }
  })

  test('is refused: a store that the topology does not have', async () => {
    const app = await filled()
    const missing = keyValueStore('cuonts', { key: string(), value: int64() })
    expect(errorOf(() => app.store(missing))).toMatchObject({
      code: 'store_unknown',
      store: 'cuonts',
      message: 'the topology has no store "cuonts"; it has "counts", "windows", "by-number"',
    })
    const { log } = openTestLog()
    const empty = await start(
      log,
      topologyOf((builder) => builder.stream(input).foreach(() => undefined)),
    )
    expect(errorOf(() => empty.store(counts))).toMatchObject({
      code: 'store_unknown',
      message: expect.stringContaining('none'),
    })
  })

  test('is refused: other serdes than the store has', async () => {
    const app = await filled()
    const otherValues = keyValueStore('counts', { key: string(), value: json<number>() })
    const otherKeys = keyValueStore('counts', { key: json<string>(), value: int64() })
    expect(errorOf(() => app.store(otherValues))).toMatchObject({
      code: 'bad_option',
      store: 'counts',
      message: 'the values of store "counts" are int64, but the constant says json',
    })
    expect(errorOf(() => app.store(otherKeys))).toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining('keys'),
    })
    const nullableValues = keyValueStore('counts', { key: string(), value: nullable(int64()) })
    expect(app.store(nullableValues).get('a')).toBe(3)
  })

  test('is refused: a store of the other kind', async () => {
    const app = await filled()
    const asWindows = windowStore('counts', { key: string(), value: int64() })
    const asRows = keyValueStore('windows', { key: string(), value: int64() })
    for (const call of [() => app.store(asWindows), () => app.store(asRows)]) {
      expect(errorOf(call)).toMatchObject({ code: 'bad_option', store: expect.any(String) })
    }
  })

  test('is refused: a key that its serde does not encode, and mistyped bounds', async () => {
    const app = await filled()
    expect(errorOf(() => app.store(counts).get(5 as never))).toMatchObject({ code: 'encode_failed' })
    expect(errorOf(() => app.store(windows).fetch(null as never))).toMatchObject({ code: 'encode_failed' })
    expect(errorOf(() => app.store(counts).range({ form: 'a' } as never))).toMatchObject({ code: 'bad_option' })
    expect(errorOf(() => app.store(byNumber).range({ from: 'a' } as never))).toMatchObject({ code: 'encode_failed' })
  })
})

test('a query sees the last commit, never what comes after it', async () => {
  const { log } = openTestLog()
  const app = await start(log, topology, { clock: new ManualClock(), commit: { everyMs: 1_000_000 } })
  const record = { key: 'a', value: '', timestamp: 1 }
  await log.producer().send(wide, record)
  await app.caughtUp()
  await log.producer().send(wide, { ...record, timestamp: 2 })
  await until(() => app.metrics().eventTime === 2)
  expect(app.store(counts).get('a')).toBe(1)
  await app.close()
  expect(app.store(counts).get('a')).toBe(2)
})

test('keys of several parts are ranges too', () => {
  const pair = tuple(string(), int64())
  const store = keyValueStore('pairs', { key: pair, value: int64() })
  const driver = drive((builder) =>
    builder
      .stream(input)
      .groupBy(({ key, value }): readonly [string, number] => [key, Number(value)], { key: pair })
      .count({ store }),
  )
  for (const [key, value] of [
    ['b', '1'],
    ['a', '10'],
    ['a', '9'],
    ['ab', '0'],
  ] as const) {
    driver.inputTopic(input).pipeInput({ key, value, timestamp: 1 })
  }
  expect([...driver.store(store).range()].map(({ key }) => key)).toEqual([
    ['a', 9],
    ['a', 10],
    ['ab', 0],
    ['b', 1],
  ])
  expect([...driver.store(store).range({ from: ['a', 10], to: ['ab', 0] })]).toHaveLength(2)
})
