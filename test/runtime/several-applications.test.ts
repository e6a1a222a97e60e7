// Applications on one log keep out of each other's way, and may feed each other.
import { int64, keyValueStore, string, topic } from 'millrace'
import { expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { storeIdsOf } from '../support/store-ids.ts'
import { rejectionOf } from '../support/thrown.ts'
import { input, output, topologyOf } from '../support/topology.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })
const record = { key: 'a', value: 'x', timestamp: 1 }

const counting = topologyOf((builder) => builder.stream(input).groupByKey().count({ store: counts }))

test('stores, positions and counters of the same names are those of each application', async () => {
  const { log } = openTestLog()
  const producer = log.producer()
  const one = await start(log, counting, { applicationId: 'one' })
  await producer.sendMany(input, [record, record])
  await one.caughtUp()
  const two = await start(
    log,
    topologyOf((builder) => {
      builder.stream(input, { reset: 'latest' }).groupByKey().count({ store: counts })
    }),
    { applicationId: 'two' },
  )
  await producer.send(input, record)
  await Promise.all([one.caughtUp(), two.caughtUp()])
  expect([one.store(counts).get('a'), two.store(counts).get('a')]).toEqual([3, 1])
  expect([one.metrics().consumed, two.metrics().consumed]).toEqual([{ input: 3 }, { input: 1 }])
})

test('one id that begins another, or holds its store, is another one', async () => {
  const { log } = openTestLog()
  await log.producer().send(input, record)
  const ids = ['a', 'a.plan', 'aplan', 'a.counts', 'a.epoch', 'counts']
  const apps = await Promise.all(ids.map((applicationId) => start(log, counting, { applicationId })))
  await Promise.all(apps.map((app) => app.caughtUp()))
  expect(apps.map((app) => app.store(counts).get('a'))).toEqual(ids.map(() => 1))
})

test('a store is called like an entry of the application, and both are there', async () => {
  const { log } = openTestLog()
  const producer = log.producer()
  const names = ['plan', 'epoch', 'progress', 'position']
  const topology = topologyOf((builder) => {
    const grouped = builder.stream(input).groupByKey()
    for (const name of names) grouped.count({ name })
  })
  for (let round = 1; round <= 2; round++) {
    const app = await start(log, topology)
    await producer.send(input, record)
    await app.caughtUp()
    for (const name of names)
      expect(app.store(keyValueStore(name, { key: string(), value: int64() })).get('a')).toBe(round)
    await app.close()
  }
})

test('one application that fails leaves the others at work', async () => {
  const { log } = openTestLog()
  const failing = await start(
    log,
    topologyOf((builder) =>
      builder.stream(input).foreach(() => {
        throw new Error('not this one')
      }),
    ),
    { applicationId: 'failing' },
  )
  const app = await start(log, counting)
  await log.producer().send(input, record)
  expect(await rejectionOf(failing.stopped)).toMatchObject({ code: 'user_function_threw' })
  await app.caughtUp()
  expect(app.store(counts).get('a')).toBe(1)
})

test('what one writes the next one reads', async () => {
  const { log } = openTestLog()
  const middle = topic('middle', { key: string(), value: string() })
  const first = await start(
    log,
    topologyOf((builder) =>
      builder
        .stream(input)
        .mapValues(({ value }) => `${value}1`)
        .to(middle),
    ),
    { applicationId: 'first' },
  )
  const second = await start(
    log,
    topologyOf((builder) =>
      builder
        .stream(middle)
        .mapValues(({ value }) => `${value}2`)
        .to(output),
    ),
    { applicationId: 'second' },
  )
  await log.producer().sendMany(input, [record, record])
  await first.caughtUp()
  await second.caughtUp()
  expect((await collect(log.read(output))).map(({ value }) => value)).toEqual(['x12', 'x12'])
})

test('the same topology may run under two ids', async () => {
  const { log } = openTestLog()
  await log.producer().send(input, record)
  const apps = [
    await start(log, counting, { applicationId: 'one' }),
    await start(log, counting, { applicationId: 'two' }),
  ]
  for (const app of apps) {
    await app.caughtUp()
    expect(app.store(counts).get('a')).toBe(1)
  }
})

test('the memory that an application counts is that of its own stores, and none of it is left when it has stopped', async () => {
  const { log, embedded } = openTestLog()
  const one = await start(log, counting, { applicationId: 'one' })
  const storeIds = storeIdsOf(embedded, 'one', ['counts'])
  await log.producer().sendMany(
    input,
    Array.from({ length: 1_000 }, (_, i) => ({ ...record, key: `key ${i}` })),
  )
  await one.caughtUp()
  const two = await start(
    log,
    topologyOf((builder) => void builder.stream(input)),
    { applicationId: 'two' },
  )
  await two.caughtUp()
  expect(one.metrics().stateCacheBytes).toBeGreaterThan(10_000)
  expect(two.metrics().stateCacheBytes).toBe(0)
  expect(embedded.state.memoryBytes(storeIds)).toBeGreaterThan(10_000)
  await one.close()
  expect(embedded.state.memoryBytes(storeIds)).toBe(0)
  expect(one.store(counts).get('key 7')).toBe(1) // a query reads them anew
})
