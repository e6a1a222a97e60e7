// The figures of an application: counted since it first started, part of every commit.
import { int64, keyValueStore, ManualClock, nullable, string, TimeWindows, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start, until } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { drive, input, output, topologyOf } from '../support/topology.ts'

const anything = topic('anything', { key: nullable(string()), value: nullable(string()), partitions: 2 })
const counts = keyValueStore('counts', { key: string(), value: int64() })

const topology = topologyOf((builder) => {
  const stream = builder.stream(anything)
  stream
    .filter(({ key }) => key !== null)
    .map(({ key, value }) => ({ key: key ?? '', value: value ?? '' }))
    .to(output)
  const grouped = stream.groupByKey()
  grouped.count({ store: counts })
  grouped.windowedBy(TimeWindows.of({ size: 10 })).count({ name: 'windows' })
  stream.foreach(
    ({ value }) => {
      if (value === 'bad') throw new Error('not this one')
    },
    { name: 'strict' },
  )
})

/** Both keys go to the same partition. */
const records = [
  { key: 'a', value: 'x', timestamp: 5 },
  { key: 'a', value: 'x', timestamp: 25 },
  { key: 'a', value: 'x', timestamp: 6 }, // late
  { key: 'a', value: null, timestamp: 26 },
  { key: 'a', value: 'bad', timestamp: 999 },
]

const counted = {
  consumed: { anything: 5 },
  produced: { output: 4 },
  dropped: { windows: { late: 1, null_value: 1 }, 'anything.count': { null_value: 1 } },
  failed: { strict: { user_function_threw: 1 } },
}

describe('counters', () => {
  test('count records by topic, drops by operator and reason, failures by operator and code', async () => {
    const { log } = openTestLog()
    await log.producer().sendMany(anything, records)
    const app = await start(log, topology, { onError: 'skip' })
    await app.caughtUp()
    expect(app.metrics()).toMatchObject(counted)
  })

  test('go on after a restart', async () => {
    const { log } = openTestLog()
    await log.producer().sendMany(anything, records)
    const first = await start(log, topology, { onError: 'skip' })
    await first.caughtUp()
    await first.close()
    const second = await start(log, topology, { onError: 'skip' })
    expect(second.metrics()).toMatchObject(counted)
    await log.producer().sendMany(anything, records.slice(2))
    await second.caughtUp()
    expect(second.metrics()).toMatchObject({
      consumed: { anything: 8 },
      produced: { output: 6 },
      dropped: { windows: { late: 2, null_value: 2 }, 'anything.count': { null_value: 2 } },
      failed: { strict: { user_function_threw: 2 } },
    })
  })

  test('count a late record for each window that it is late for', () => {
    const driver = drive((builder) =>
      builder
        .stream(input)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 10, advance: 5 }))
        .count({ name: 'hops' }),
    )
    for (const timestamp of [100, 7]) driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp })
    expect(driver.metrics().dropped).toEqual({ hops: { late: 2 } })
  })
})

describe('stream times', () => {
  test('are those of windows, by operator and partition', async () => {
    const { log } = openTestLog()
    await log.producer().sendMany(anything, records)
    const app = await start(log, topology, { onError: 'skip' })
    await app.caughtUp()
    const { streamTimes, eventTime } = app.metrics()
    expect(Object.keys(streamTimes)).toEqual(['windows/0', 'windows/1'])
    expect(Object.values(streamTimes).toSorted((a, b) => a - b)).toEqual([-1, 25])
    expect(eventTime).toBe(999)
  })
})

describe('the state of affairs', () => {
  test('is told by lag, event time and rate', async () => {
    const { log } = openTestLog()
    const clock = new ManualClock()
    await log.producer().sendMany(anything, records.slice(0, 3))
    const app = await start(log, topology, { clock, commit: { everyMs: 1_000_000 } })
    expect(app.metrics()).toMatchObject({
      state: 'running',
      lag: 3,
      eventTime: -1,
      commits: 0,
      consumed: {},
      produced: {},
    })
    await until(() => app.metrics().lag === 0)
    expect(app.metrics()).toMatchObject({ eventTime: 25, commits: 0, consumed: {} })
    await app.caughtUp()
    expect(app.metrics()).toMatchObject({ lag: 0, commits: 1, consumed: { anything: 3 } })
    expect(app.metrics().recordsPerSecond).toBeGreaterThan(0)
    expect(app.metrics().lastCommitMs).toBeGreaterThan(0)
    expect(app.metrics().stateCacheBytes).toBeGreaterThan(0)
    await app.close()
    expect(app.metrics().state).toBe('closed')
  })

  test('is a copy that does not change any more', async () => {
    const { log } = openTestLog()
    const app = await start(log, topology)
    const before = app.metrics()
    await log.producer().sendMany(anything, records.slice(0, 1))
    await app.caughtUp()
    expect(before.consumed).toEqual({})
    expect(app.metrics().consumed).toEqual({ anything: 1 })
  })
})
