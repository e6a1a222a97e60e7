// The figures of an instance: how fast it is, how long things take, what waits; by a clock that a test moves.
import { rmSync } from 'node:fs'
import { int64, keyValueStore, ManualClock, type Metrics, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start, turns, until } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { Service } from '../support/service.ts'
import { drive, input, output, topologyOf } from '../support/topology.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })
const counting = topologyOf((builder) => builder.stream(input).groupByKey().count({ store: counts }))

const records = (...keys: readonly string[]) => keys.map((key) => ({ key, value: 'x', timestamp: 1 }))

describe('rates', () => {
  test('are records a second over one and over five minutes, and fall to 0', async () => {
    const { log } = openTestLog()
    const clock = new ManualClock()
    const app = await start(log, counting, { clock })
    clock.advance(10_000)
    await log.producer().sendMany(input, records(...Array.from({ length: 90 }, (_, at) => `${at}`)))
    await app.caughtUp()
    const at = (durationMs: number): Metrics['rates'] => {
      clock.advance(durationMs)
      return app.metrics().rates
    }
    expect(at(0)).toEqual({ oneMinute: 9, fiveMinutes: 9 })
    expect(at(20_000)).toEqual({ oneMinute: 3, fiveMinutes: 3 })
    expect(at(60_000)).toEqual({ oneMinute: 0, fiveMinutes: 1 })
    expect(at(300_000)).toEqual({ oneMinute: 0, fiveMinutes: 0 })
  })
})

describe('durations', () => {
  test('are told of turns and of commits, and of the time from append to commit', async () => {
    const { log } = openTestLog()
    const clock = new ManualClock()
    await log.producer().sendMany(input, records('old'))
    const slow = topologyOf((builder) => builder.stream(input).foreach(() => clock.advance(30)))
    const app = await start(log, slow, { clock, commit: { everyMs: 1_000 } })
    await until(() => app.metrics().turn.count === 1)
    expect(app.metrics().turn).toMatchObject({ count: 1, totalMs: 30, maxMs: 30 })
    await app.caughtUp()
    expect(app.metrics().appendToCommit.count, 'what was there before it started').toBe(0)
    await log.producer().sendMany(input, records('new'))
    await until(() => app.metrics().turn.count === 2)
    clock.advance(1_000)
    await until(() => app.metrics().commits === 2)
    const { turn, commit, appendToCommit, busy } = app.metrics()
    expect(turn).toMatchObject({ count: 2, totalMs: 60, maxMs: 30 })
    expect(commit).toMatchObject({ count: 2, totalMs: 0 })
    expect(appendToCommit).toMatchObject({ count: 1, totalMs: 1_030, maxMs: 1_030 })
    expect(busy).toBeCloseTo(60 / 1_060, 6)
  })

  test('forget their percentiles after five minutes, and go on counting', async () => {
    const { log } = openTestLog()
    const clock = new ManualClock()
    const slow = topologyOf((builder) => builder.stream(input).foreach(() => clock.advance(30)))
    const app = await start(log, slow, { clock })
    await log.producer().sendMany(input, records('a'))
    await app.caughtUp()
    expect(app.metrics().turn).toMatchObject({ p50Ms: 30, p99Ms: 30, maxMs: 30 })
    clock.advance(300_000)
    expect(app.metrics().turn).toMatchObject({ count: 1, totalMs: 30, p50Ms: 0, p99Ms: 0, maxMs: 0 })
  })

  test('of more arrivals than are remembered keep the longest', async () => {
    const { log } = openTestLog()
    const clock = new ManualClock()
    const app = await start(log, counting, { clock, commit: { everyMs: 1_000_000 } })
    await turns(5)
    const producer = log.producer()
    for (let sent = 1; sent <= 200; sent++) {
      await producer.sendMany(input, records('a'))
      await until(() => app.metrics().partitions[0]?.offset === sent)
      clock.advance(10)
    }
    await app.caughtUp()
    const { count, maxMs } = app.metrics().appendToCommit
    expect(maxMs).toBe(2_000)
    expect(count).toBeLessThanOrEqual(64)
  })
})

describe('lag', () => {
  test('is told by partition, in records and in time', async () => {
    const { log } = openTestLog()
    const clock = new ManualClock(10_000)
    const two = topic('two', { key: string(), value: string(), partitions: 2 })
    const service = new Service()
    const app = await start(
      log,
      topologyOf((builder) => builder.stream(two).mapAsync(service.fn, { concurrency: 1 })),
      {
        clock,
      },
    )
    const producer = log.producer()
    for (const timestamp of [1_000, 4_000, 6_000]) {
      await producer.send(two, { key: 'a', value: `${timestamp}`, timestamp, partition: 1 })
    }
    await until(() => service.open.length === 1)
    await until(() => app.metrics().partitions[1]?.endOffset === 3)
    expect(app.metrics().partitions).toEqual([
      { topic: 'two', partition: 0, offset: 0, endOffset: 0, records: 0, ageMs: 0 },
      { topic: 'two', partition: 1, offset: 1, endOffset: 3, records: 2, ageMs: 6_000 },
    ])
    expect(app.metrics().lag).toBe(2)
  })
})

describe('stores', () => {
  test('tell of rows that were in memory, of those that were not, and of what is stored', async () => {
    const { log } = openTestLog()
    const first = await start(log, counting)
    await log.producer().sendMany(input, records('a', 'b', 'a', 'a'))
    await first.caughtUp()
    const { counts: figures } = first.metrics().stores
    expect(figures).toMatchObject({ rows: 2, cacheHits: 2, cacheMisses: 2 })
    expect(figures?.bytes).toBeGreaterThan(0)
    expect(figures?.cachedBytes).toBeGreaterThan(0)
    await first.close()
    expect(first.metrics().stores['counts'], 'as it was last').toMatchObject({ rows: 2, cacheHits: 2 })
    const second = await start(log, counting, { stateCacheBytes: 0 })
    for (const key of ['a', 'a']) {
      await log.producer().sendMany(input, records(key))
      await second.caughtUp()
    }
    expect(second.metrics().stores['counts']).toMatchObject({ rows: 2, cacheHits: 0, cacheMisses: 2, cachedBytes: 0 })
  })

  test('tell how many rows there are, about, also where most are in their place on disk', async () => {
    const { log } = openTestLog()
    const app = await start(log, counting, { stateCacheBytes: 20_000 })
    const keys = Array.from({ length: 3_000 }, (_, at) => `key ${at % 2_000}`)
    await log.producer().sendMany(input, records(...keys))
    await app.caughtUp()
    const { rows = 0, bytes = 0 } = app.metrics().stores['counts'] ?? {}
    const [exact] = (await log.admin.describeApplication('app')).stores
    expect(exact?.rows).toBe(2_000)
    expect(rows).toBeGreaterThan(1_600)
    expect(rows).toBeLessThan(2_400)
    expect(bytes).toBeGreaterThan(20_000)
  })
})

test('are told also where the log can no longer be read', async () => {
  const { log, dir } = openTestLog()
  const app = await start(log, counting)
  await log.producer().sendMany(input, records('a', 'b'))
  await app.caughtUp()
  const before = app.metrics()
  rmSync(dir, { recursive: true })
  await expect(log.producer().sendMany(input, records('c'))).rejects.toMatchObject({ code: 'storage_failed' })
  expect(app.metrics()).toMatchObject({ consumed: before.consumed, commits: before.commits, lag: 0 })
})

describe('calls', () => {
  test('are told by operator: how many are open, and how long the oldest', async () => {
    const { log } = openTestLog()
    const clock = new ManualClock()
    const service = new Service()
    const app = await start(
      log,
      topologyOf((builder) => builder.stream(input).mapAsync(service.fn, { name: 'ask' }).to(output)),
      { clock },
    )
    expect(app.metrics().calls).toEqual({ ask: { open: 0, oldestMs: 0 } })
    await log.producer().send(input, { key: 'a', value: '1', timestamp: 1 })
    await until(() => service.open.length === 1)
    clock.advance(700)
    await log.producer().send(input, { key: 'a', value: '2', timestamp: 1 })
    await until(() => service.open.length === 2)
    clock.advance(50)
    expect(app.metrics().calls).toEqual({ ask: { open: 2, oldestMs: 750 } })
    for (const value of ['1', '2']) await service.answer(value)
    await app.caughtUp()
    expect(app.metrics().calls).toEqual({ ask: { open: 0, oldestMs: 0 } })
  })
})

describe('operators', () => {
  test('tell of the records that each took, in all partitions, over regroupings, sinks included', async () => {
    const { log } = openTestLog()
    const two = topic('two', { key: string(), value: string(), partitions: 2 })
    const topology = topologyOf((builder) => {
      const stream = builder.stream(two).filter(({ value }) => value !== 'bad', { name: 'good' })
      stream.to(output, { name: 'written' })
      stream
        .merge(builder.stream(input), { name: 'both' })
        .groupBy(({ value }) => value, { key: string(), name: 'by-value' })
        .count({ store: counts, name: 'counted' })
    })
    const app = await start(log, topology)
    const bad = { key: 'c', value: 'bad', timestamp: 1 }
    await log.producer().sendMany(two, [...records('a', 'b', 'c', 'd'), bad])
    await log.producer().sendMany(input, records('a', 'b'))
    await app.caughtUp()
    const taken = Object.entries(app.metrics().operators).map(([id, figures]) => [id, figures.records])
    expect(Object.fromEntries(taken)).toMatchObject({ good: 5, written: 4, counted: 6 })
    expect(app.metrics().operators, 'merge does nothing of its own').not.toHaveProperty('both')
  })

  test('share the time that the application worked', async () => {
    const { log } = openTestLog()
    const clock = new ManualClock()
    const topology = topologyOf((builder) =>
      builder
        .stream(input)
        .peek(() => clock.advance(10), { name: 'first' })
        .peek(({ value }) => void JSON.stringify(value), { name: 'second' }),
    )
    const app = await start(log, topology, { clock })
    clock.advance(1_000)
    await log.producer().sendMany(input, records('a'))
    await app.caughtUp()
    const { busy, operators } = app.metrics()
    const shares = Object.values(operators).map((one) => one.busy)
    expect(shares).toHaveLength(2)
    for (const share of shares) expect(share).toBeGreaterThan(0)
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(busy)
  })
})

test('a test driver tells of the same figures', () => {
  const driver = drive((builder) => builder.stream(input).groupByKey().count({ store: counts }))
  driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 1 })
  const { stores, operators, partitions, turn } = driver.metrics()
  expect(stores['counts']).toMatchObject({ rows: 1, cacheHits: 0, cacheMisses: 1 })
  expect(Object.values(operators).map(({ records: taken }) => taken)).toEqual([1])
  expect(partitions).toMatchObject([{ topic: 'input', offset: 1, records: 0 }])
  expect(turn.count, 'it takes no time').toBe(0)
})
