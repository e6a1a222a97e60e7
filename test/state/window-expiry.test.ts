// Rows of windows go when stream time has left them behind, and never while grace still admits a record for them.
import fc from 'fast-check'
import { days, int64, minutes, seconds, string, TimeWindows, windowStore } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { drive, input, type Script, topologyOf } from '../support/topology.ts'

const counts = windowStore('counts', { key: string(), value: int64() })

const counting = (windows: TimeWindows, retentionMs?: number): Script => {
  const options = retentionMs === undefined ? { store: counts } : { store: counts, retentionMs }
  return (builder) => builder.stream(input).groupByKey().windowedBy(windows).count(options)
}

/** `key@start=count` of every row that there is. */
const rowsOf = (driver: TopologyTestDriver): string[] =>
  [...driver.store(counts).range()].map(({ key, value }) => `${key.key}@${key.window.start}=${value}`)

const at = (driver: TopologyTestDriver, timestamp: number, key = 'a'): void =>
  driver.inputTopic(input).pipeInput({ key, value: '', timestamp })

describe('a row is kept', () => {
  test('for a day of stream time', () => {
    const driver = drive(counting(TimeWindows.of({ size: minutes(1) })))
    at(driver, 0)
    at(driver, minutes(1), 'b')
    at(driver, days(1) - 1)
    expect(rowsOf(driver)).toEqual(['a@0=1', 'b@60000=1', `a@${days(1) - minutes(1)}=1`])
    at(driver, days(1))
    expect(rowsOf(driver)).toEqual(['b@60000=1', `a@${days(1) - minutes(1)}=1`, `a@${days(1)}=1`])
  })

  test('as long as size and grace want where that is more', () => {
    const driver = drive(counting(TimeWindows.of({ size: days(1), grace: days(2) })))
    at(driver, 5)
    at(driver, days(3) - 1)
    at(driver, 6) // stream time is one millisecond before the close
    expect(rowsOf(driver)).toEqual(['a@0=2', `a@${days(2)}=1`])
    at(driver, days(3))
    at(driver, 7) // late
    expect(rowsOf(driver)).toEqual([`a@${days(2)}=1`, `a@${days(3)}=1`])
    expect(driver.metrics().dropped).toEqual({ 'input.count': { late: 1 } })
  })

  test('as long as retentionMs says', () => {
    const driver = drive(counting(TimeWindows.of({ size: 10, grace: 5 }), 20))
    at(driver, 0)
    at(driver, 19)
    expect(rowsOf(driver)).toEqual(['a@0=1', 'a@10=1'])
    at(driver, 20)
    expect(rowsOf(driver)).toEqual(['a@10=1', 'a@20=1'])
  })
})

/** What the rows would be if nothing ever expired: the rule of closing alone. */
function model(timestamps: readonly number[], { sizeMs, advanceMs, graceMs }: TimeWindows) {
  const rows = new Map<number, number>()
  let streamTime = -1
  let late = 0
  for (const timestamp of timestamps) {
    streamTime = Math.max(streamTime, timestamp)
    for (let start = 0; start <= timestamp; start += advanceMs) {
      if (start + sizeMs <= timestamp) continue
      if (start + sizeMs + graceMs <= streamTime) late++
      else rows.set(start, (rows.get(start) ?? 0) + 1)
    }
  }
  return { rows, streamTime, late }
}

test('expiry changes no result: what grace admits is there, what has expired is gone', () => {
  const definitions = fc
    .record({
      size: fc.integer({ min: 1, max: 12 }),
      advance: fc.integer({ min: 1, max: 12 }),
      grace: fc.nat({ max: 12 }),
    })
    .map(({ size, advance, grace }) => TimeWindows.of({ size, advance: Math.min(size, advance), grace }))
  const timestamps = fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 15 })
  fc.assert(
    fc.property(definitions, timestamps, fc.nat({ max: 10 }), (windows, times, more) => {
      const retentionMs = windows.sizeMs + windows.graceMs + more
      using driver = new TopologyTestDriver(topologyOf(counting(windows, retentionMs)), { stateCacheBytes: 0 })
      for (const timestamp of times) at(driver, timestamp)
      const { rows, streamTime, late } = model(times, windows)
      const kept = [...rows].filter(([from]) => from + retentionMs > streamTime).toSorted(([a], [b]) => a - b)
      expect(rowsOf(driver)).toEqual(kept.map(([from, count]) => `a@${from}=${count}`))
      expect(driver.metrics().dropped['input.count']?.['late'] ?? 0).toBe(late)
    }),
    { numRuns: 40 },
  )
})

describe('rows that have expired', () => {
  test('are gone from storage, however many of them one commit leaves behind', async () => {
    const { log, environment } = openTestLog()
    const app = await start(log, topologyOf(counting(TimeWindows.of({ size: 10 }), 10)), {
      commit: { everyRecords: 10_000, everyMs: 1_000_000 },
    })
    const producer = log.producer()
    const rowCount = (): number => environment.range('state', Buffer.alloc(8), Buffer.alloc(8, 255), 100_000).length
    for (let round = 0; round < 4; round++) {
      const records = Array.from({ length: 5_000 }, (_, i) => ({ key: `${i}`, value: '', timestamp: round * 1_000 }))
      await producer.sendMany(input, records)
      await app.caughtUp()
      expect([...app.store(counts).range()].length).toBeLessThanOrEqual(2 * 5_000)
    }
    for (let i = 0; i < 10; i++) {
      await producer.send(input, { key: 'last', value: '', timestamp: 100_000 })
      await app.caughtUp()
    }
    expect(rowCount()).toBe(1)
  })

  test('are gone in every partition by that partition’s own stream time', () => {
    const driver = drive((builder) =>
      builder
        .stream(input)
        .repartition({ partitions: 8 })
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 10 }))
        .count({ store: counts, retentionMs: 10 }),
    )
    const keys = Array.from({ length: 40 }, (_, i) => `${i}`)
    for (const key of keys) at(driver, 0, key)
    at(driver, 1_000, '0')
    const left = rowsOf(driver)
    expect(left).toContain('0@1000=1')
    expect(left).not.toContain('0@0=1')
    expect(left.length).toBeGreaterThan(keys.length / 2)
    for (const key of keys) at(driver, 1_000, key)
    expect(rowsOf(driver).every((row) => row.includes('@1000='))).toBe(true)
  })
})

describe('stream time', () => {
  const windows = TimeWindows.of({ size: seconds(1), grace: seconds(1) })

  test('is kept over a crash: what is late stays late', () => {
    const driver = drive(counting(windows))
    at(driver, 10_000)
    driver.crash()
    expect(driver.metrics().streamTimes).toEqual({ 'input.count/0': 10_000 })
    at(driver, 7_999)
    at(driver, 9_000)
    expect(rowsOf(driver)).toEqual(['a@9000=1', 'a@10000=1'])
    expect(driver.metrics().dropped).toEqual({ 'input.count': { late: 1 } })
  })

  test('that was not committed is not kept', () => {
    const driver = drive(counting(windows), { commit: 'manual' })
    at(driver, 1_000)
    driver.commit()
    at(driver, 10_000)
    driver.crash()
    at(driver, 1_001) // behind 10,000, which is worked on again first
    driver.commit()
    expect(rowsOf(driver)).toEqual(['a@1000=1', 'a@10000=1'])
    expect(driver.metrics().dropped).toEqual({ 'input.count': { late: 1 } })
  })

  test('is kept over a restart of the application', async () => {
    const { log } = openTestLog()
    const producer = log.producer()
    const topology = topologyOf(counting(windows))
    const first = await start(log, topology)
    await producer.send(input, { key: 'a', value: '', timestamp: 10_000 })
    await first.caughtUp()
    await first.close()
    const second = await start(log, topology)
    await producer.send(input, { key: 'a', value: '', timestamp: 1 })
    await second.caughtUp()
    expect(second.metrics()).toMatchObject({
      dropped: { 'input.count': { late: 1 } },
      streamTimes: { 'input.count/0': 10_000 },
    })
    expect(second.store(counts).fetch('a')).toHaveLength(1)
  })
})

test('very many rows that expire at once go a part with each commit, and none of them is seen again', async () => {
  const { log } = openTestLog()
  const keys = Array.from({ length: 36_000 }, (_, i) => ({ key: `key ${i}`, value: '', timestamp: 0 }))
  await log.producer().sendMany(input, keys)
  const script = counting(TimeWindows.of({ size: minutes(1) }))
  const app = await start(log, topologyOf(script), { stateCacheBytes: 1_048_576 })
  await app.caughtUp()
  /** Of one moment: commits go on by themselves. */
  const sample = async (): Promise<{ readonly rows: number; readonly commits: number }> => {
    const { commits } = app.metrics()
    const { stores } = await log.admin.describeApplication(app.applicationId)
    return app.metrics().commits === commits ? { rows: stores[0]?.rows ?? 0, commits } : sample()
  }
  const samples = [await sample()]
  expect(samples[0]?.rows).toBe(36_000)
  for (let round = 0; samples.at(-1)?.rows !== 1; round++) {
    expect(round).toBeLessThan(5)
    await log.producer().send(input, { key: 'late', value: '', timestamp: days(2) + round })
    await app.caughtUp()
    expect([...app.store(counts).range()]).toMatchObject([{ key: { key: 'late' }, value: round + 1 }])
    samples.push(await sample())
  }
  for (const [at, { rows, commits }] of samples.entries()) {
    const before = samples[at - 1] ?? { rows, commits: commits - 1 }
    // 10,000 of the tree, and those of the journal that lie between them: 512 KiB of them at most.
    expect(before.rows - rows).toBeLessThan(22_000 * (commits - before.commits))
  }
  expect((await log.admin.verify()).problems).toEqual([])
})
