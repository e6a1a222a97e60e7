// Memory for state is bounded by configuration, and how much there is changes no result.
import { createHash } from 'node:crypto'
import { type Application, int64, keyValueStore, string, TimeWindows, topic, windowed, windowStore } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { drive, input, topologyOf } from '../support/topology.ts'

const keyCount = 20_000
/** More than one row takes in memory, with its key. */
const rowBytes = 300

const counts = keyValueStore('counts', { key: string(), value: int64() })
const windows = windowStore('windows', { key: string(), value: int64() })
const countOutput = topic('count-output', { key: string(), value: int64() })
const windowOutput = topic('window-output', { key: windowed(string(), { size: 1_000 }), value: int64() })

/** Counts with and without windows; asks the application now and then how much memory its rows take. */
function counting(app: () => Application | undefined, largest: { bytes: number }) {
  let seen = 0
  return topologyOf((builder) => {
    const grouped = builder
      .stream(input)
      .peek(() => {
        if (++seen % 250 === 0) largest.bytes = Math.max(largest.bytes, app()?.metrics().stateCacheBytes ?? 0)
      })
      .groupByKey()
    grouped.count({ store: counts }).toStream().to(countOutput)
    grouped
      .windowedBy(TimeWindows.of({ size: 1_000 }))
      .count({ store: windows, name: 'w' })
      .toStream()
      .to(windowOutput)
  })
}

/** Every key twice, in two orders, so that a small cache has dropped a row long before it comes again. */
const records = [0, 1].flatMap((round) =>
  Array.from({ length: keyCount }, (_, i) => ({
    key: `key ${round === 0 ? i : (i * 7_919) % keyCount}`,
    value: '',
    timestamp: (i * 7) % 1_000,
  })),
)

interface Outcome {
  readonly digest: string
  readonly rows: number
  readonly largestBytes: number
}

async function run(stateCacheBytes: number, everyRecords: number): Promise<Outcome> {
  const { log } = openTestLog()
  await log.producer().sendMany(input, records)
  const largest = { bytes: 0 }
  const running: { app?: Application } = {}
  const topology = counting(() => running.app, largest)
  const app = await start(log, topology, { stateCacheBytes, commit: { everyRecords, everyMs: 1_000_000 } })
  running.app = app
  await app.caughtUp()
  const hash = createHash('sha256')
  for (const one of [countOutput, windowOutput]) {
    for await (const { key, value, timestamp } of log.read<unknown, unknown>(one as never)) {
      hash.update(JSON.stringify([key, value, timestamp]))
    }
  }
  let rows = 0
  for (const store of [app.store(counts), app.store(windows)]) {
    for (const row of store.range()) {
      hash.update(JSON.stringify(row))
      rows++
    }
  }
  return { digest: hash.digest('hex'), rows, largestBytes: largest.bytes }
}

test('a cache far smaller than the state gives the same results, and stays small', async () => {
  const wide = await run(1_000_000_000, 1_000)
  expect(wide.rows).toBe(2 * keyCount)
  expect(wide.largestBytes).toBeGreaterThan(keyCount * rowBytes)

  for (const cacheBytes of [0, 100_000]) {
    const narrow = await run(cacheBytes, 1_000)
    expect(narrow).toMatchObject({ digest: wide.digest, rows: wide.rows })
    // The rows of the running commit, of both stores, and those that the last one left.
    expect(narrow.largestBytes).toBeLessThan(2 * cacheBytes + 2 * 2 * 1_000 * rowBytes)
  }
})

test('a commit comes before its records are enough when their rows fill the memory', async () => {
  const outcome = await run(100_000, 1_000_000)
  expect(outcome.rows).toBe(2 * keyCount)
  // The engine looks every 1,024 records.
  expect(outcome.largestBytes).toBeLessThan(2 * 100_000 + 2 * 2 * 1_024 * rowBytes)
})

describe('the memory that rows take', () => {
  const texts = keyValueStore('texts', { key: string(), value: string() })

  test('counts their values', () => {
    const driver = drive((builder) =>
      builder
        .stream(input)
        .groupByKey()
        .reduce((_left, right) => right, { store: texts }),
    )
    for (let i = 0; i < 20; i++)
      driver.inputTopic(input).pipeInput({ key: `${i}`, value: 'x'.repeat(50_000), timestamp: 1 })
    expect(driver.metrics().stateCacheBytes).toBeGreaterThan(20 * 50_000)
  })

  test('counts what the running commit made, before it is committed', () => {
    const sums = keyValueStore('sums', { key: string(), value: string() })
    const driver = drive(
      (builder) =>
        builder
          .stream(input)
          .groupByKey()
          .reduce((left, right) => left + right, { store: sums }),
      { commit: 'manual' },
    )
    for (let i = 0; i < 20; i++) {
      driver.inputTopic(input).pipeInput({ key: 'a', value: 'x'.repeat(50_000), timestamp: 1 })
    }
    expect(driver.metrics().stateCacheBytes).toBeGreaterThan(20 * 50_000)
    driver.commit()
    expect(driver.metrics().stateCacheBytes).toBeGreaterThan(20 * 50_000)
  })

  test('is free again when they are dropped', () => {
    const driver = drive(
      (builder) =>
        builder
          .stream(input)
          .groupByKey()
          .reduce((_left, right) => right, { store: texts }),
      {
        stateCacheBytes: 0,
      },
    )
    for (let i = 0; i < 20; i++)
      driver.inputTopic(input).pipeInput({ key: `${i}`, value: 'x'.repeat(50_000), timestamp: 1 })
    // The newest rows are not in their place on disk yet.
    expect(driver.metrics().stateCacheBytes).toBeLessThan(5 * 50_000)
    expect([...driver.store(texts).range()]).toHaveLength(20)
  })
})

describe('a cache of nothing', () => {
  test('finds every row in storage, changed, deleted and made again', () => {
    const sums = keyValueStore('sums', { key: string(), value: string() })
    const driver = drive(
      (builder) =>
        builder
          .stream(input)
          .groupByKey()
          .aggregate({
            initializer: () => '',
            aggregator: (_key, value, sum) => (value === '-' ? null : sum + value),
            value: string(),
            store: sums,
          }),
      { stateCacheBytes: 0 },
    )
    const pipe = (key: string, value: string): void => driver.inputTopic(input).pipeInput({ key, value, timestamp: 1 })
    for (const value of ['x', 'y', '-', 'z', 'w']) for (const key of ['a', 'b', 'c', 'd']) pipe(key, value)
    expect([...driver.store(sums).range()].map(({ key, value }) => `${key}=${value}`)).toEqual([
      'a=zw',
      'b=zw',
      'c=zw',
      'd=zw',
    ])
    driver.crash()
    pipe('a', '!')
    expect(driver.store(sums).get('a')).toBe('zw!')
  })
})
