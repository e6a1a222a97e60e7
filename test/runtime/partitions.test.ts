// Topics and their partitions: what is made, what must agree, and where records of one key come together.
import { int64, keyValueStore, nullable, string, TimeWindows, topic, windowed, windowStore } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { rejectionOf } from '../support/thrown.ts'
import { topologyOf } from '../support/topology.ts'

const two = topic('two', { key: string(), value: string(), partitions: 2 })
const three = topic('three', { key: string(), value: string(), partitions: 3 })
const asItIs = topic('as-it-is', { key: string(), value: string() })
const counts = keyValueStore('counts', { key: string(), value: int64() })

const keys = Array.from({ length: 60 }, (_, i) => `key ${i}`)
const oneOfEach = keys.map((key, i) => ({ key, value: `value ${i % 7}`, timestamp: i }))

describe('a topic of the topology', () => {
  test('is created with the partitions of its constant, or with one', async () => {
    const { log } = openTestLog()
    await start(
      log,
      topologyOf((builder) => {
        builder.stream(two).to(three)
        builder.stream(asItIs).foreach(() => undefined)
      }),
    )
    const made = (await log.admin.listTopics()).map(({ name, partitions }) => [name, partitions])
    expect(made).toEqual([
      ['as-it-is', 1],
      ['three', 3],
      ['two', 2],
    ])
  })

  test('is taken as it is where the constant does not say', async () => {
    const { log } = openTestLog()
    await log.admin.createTopic({ name: 'as-it-is', partitions: 5 })
    await log.producer().sendMany(asItIs, oneOfEach)
    const app = await start(
      log,
      topologyOf((builder) => builder.stream(asItIs).groupByKey().count({ store: counts })),
    )
    await app.caughtUp()
    expect([...app.store(counts).range()]).toHaveLength(keys.length)
  })

  test('that has another number of partitions is refused', async () => {
    const { log } = openTestLog()
    await log.admin.createTopic({ name: 'three', partitions: 4 })
    const app = start(
      log,
      topologyOf((builder) => builder.stream(two).to(three)),
    )
    expect(await rejectionOf(app)).toMatchObject({
      code: 'partitions_differ',
      topic: 'three',
      message: expect.stringMatching(/"three" has 4 partitions, but the program says 3/),
    })
  })
})

describe('topics of different partition counts', () => {
  test('may be read as one stream', async () => {
    const { log } = openTestLog()
    await log.producer().sendMany(two, oneOfEach)
    await log.producer().sendMany(three, oneOfEach)
    const app = await start(
      log,
      topologyOf((builder) =>
        builder
          .stream([two, three])
          .mapValues(({ value }) => value)
          .to(asItIs),
      ),
    )
    await app.caughtUp()
    expect(await log.admin.endOffsets(asItIs)).toEqual([2 * keys.length])
  })

  test.each([
    ['one stream', () => topologyOf((builder) => builder.stream([two, three]).groupByKey().count())],
    ['a merge', () => topologyOf((builder) => builder.stream(two).merge(builder.stream(three)).groupByKey().count())],
    [
      'a merge with a regrouping',
      () =>
        topologyOf((builder) =>
          builder.stream(two).repartition({ partitions: 5 }).merge(builder.stream(three)).groupByKey().count(),
        ),
    ],
  ])('cannot be grouped together without regrouping: %s', async (_what, topology) => {
    const { log } = openTestLog()
    const error = await rejectionOf(start(log, topology()))
    expect(error).toMatchObject({
      code: 'partitions_differ',
      message: expect.stringContaining('Put repartition() before it'),
    })
    expect(error.message).toMatch(/three has 3/)
    expect(error.operator).toMatch(/count$/)
  })

  test('are grouped together behind a regrouping, which is as wide as the widest', async () => {
    const { log } = openTestLog()
    const windows = windowStore('windows', { key: string(), value: int64() })
    await log.producer().sendMany(two, oneOfEach)
    await log.producer().sendMany(three, oneOfEach)
    const app = await start(
      log,
      topologyOf((builder) => {
        const all = builder.stream(two).merge(builder.stream(three)).repartition().groupByKey()
        all.count({ store: counts })
        all.windowedBy(TimeWindows.of({ size: 1_000 })).count({ store: windows, name: 'w' })
      }),
    )
    await app.caughtUp()
    expect([...app.store(counts).range()].map(({ value }) => value)).toEqual(Array(keys.length).fill(2))
    expect([...app.store(windows).range()]).toHaveLength(keys.length)
    expect(Object.keys(app.metrics().streamTimes).filter((name) => name.startsWith('w/'))).toEqual([
      'w/0',
      'w/1',
      'w/2',
    ])
  })
})

describe('a regrouping', () => {
  test('brings the records of a key to one partition, also of windowed keys', async () => {
    const { log } = openTestLog()
    const windows = windowStore('windows', { key: string(), value: int64() })
    const windowOutput = topic('windows', { key: windowed(string(), { size: 10 }), value: int64(), partitions: 4 })
    await log.producer().sendMany(three, oneOfEach)
    const app = await start(
      log,
      topologyOf((builder) => {
        builder
          .stream(three)
          .groupBy(({ value }) => value, { key: string() })
          .windowedBy(TimeWindows.of({ size: 10, grace: 100 }))
          .count({ store: windows })
          .toStream()
          .to(windowOutput)
      }),
    )
    await app.caughtUp()
    const partitions = new Map<string, Set<number>>()
    let total = 0
    for (const { key, partition } of await collect(log.read(windowOutput))) {
      partitions.set(key.key, (partitions.get(key.key) ?? new Set()).add(partition))
      total++
    }
    expect(total).toBe(keys.length)
    expect([...partitions.values()].map(({ size }) => size)).toEqual(Array(7).fill(1))
    const counted = [...app.store(windows).range()].reduce((sum, { value }) => sum + value, 0)
    expect(counted).toBe(keys.length)
  })

  test('has as many partitions as it says, and keeps keys where a producer would put them', async () => {
    const { log } = openTestLog()
    const six = topic('six', { key: string(), value: string(), partitions: 6 })
    const seen: string[] = []
    const app = await start(
      log,
      topologyOf((builder) =>
        builder
          .stream(two)
          .repartition({ partitions: 6 })
          .peek(({ key }) => seen.push(key))
          .to(six),
      ),
    )
    const producer = log.producer()
    await producer.sendMany(two, oneOfEach)
    await app.caughtUp()
    const byEngine = new Map((await collect(log.read(six))).map(({ key, partition }) => [key, partition]))
    await Promise.all(
      keys.map(async (key) => {
        const { partition } = await producer.send(six, { key, value: '', timestamp: 0 })
        expect(byEngine.get(key)).toBe(partition)
      }),
    )
    expect(seen).toHaveLength(keys.length)
  })

  test('by a windowed key keeps all windows of a key together', async () => {
    const { log } = openTestLog()
    const tasks = topic('tasks', { key: nullable(string()), value: string(), partitions: 8 })
    await log.producer().sendMany(
      asItIs,
      keys.flatMap((key) => [5, 15, 25].map((timestamp) => ({ key, value: '', timestamp }))),
    )
    const app = await start(
      log,
      topologyOf((builder) =>
        builder
          .stream(asItIs)
          .groupByKey()
          .windowedBy(TimeWindows.of({ size: 10, grace: 100 }))
          .count()
          .toStream()
          .repartition({ partitions: 8 })
          .map(({ key }) => ({ key: null, value: key.key })) // without a key a record shows the partition of its task
          .to(tasks),
      ),
    )
    await app.caughtUp()
    const partitions = new Map<string, Set<number>>()
    for (const { value, partition } of await collect(log.read(tasks))) {
      partitions.set(value, (partitions.get(value) ?? new Set()).add(partition))
    }
    expect([...partitions.values()].map(({ size }) => size)).toEqual(Array(keys.length).fill(1))
    expect(new Set([...partitions.values()].flatMap((set) => [...set])).size).toBeGreaterThan(4)
  })

  test('that nothing follows is no error', async () => {
    const { log } = openTestLog()
    await log.producer().sendMany(two, oneOfEach)
    const app = await start(
      log,
      topologyOf((builder) => {
        builder.stream(two).repartition()
        builder.stream(two).groupBy(({ value }) => value, { key: string() })
      }),
    )
    await app.caughtUp()
    expect(app.metrics().consumed).toEqual({ two: keys.length })
  })
})
