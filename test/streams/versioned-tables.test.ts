// A table of versions says what was the newest at any time within its history, in whatever order the records came.
import fc from 'fast-check'
import { int64, json, keyValueStore, nullable, string, type Topic, topic, versionedStore } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { briefly, drive, topologyOf } from '../support/topology.ts'
import { errorOf } from '../support/thrown.ts'

const prices: Topic<string, number> = topic('prices', { key: string(), value: int64() })
const out: Topic<string, number | null> = topic('out', { key: string(), value: nullable(int64()) })
const history = versionedStore('history', { key: string(), value: int64(), historyMs: 100 })

type Put = readonly [key: string, value: number | null, timestamp: number]

function pipe(driver: TopologyTestDriver, ...puts: readonly Put[]): void {
  for (const [key, value, timestamp] of puts) driver.inputTopic(prices).pipeInput({ key, value, timestamp })
}

const versions = (driver: TopologyTestDriver, key: string, times: readonly number[]) =>
  times.map((asOf) => driver.store(history).get(key, { asOf }))

describe('a table of versions', () => {
  test('answers as of any time, also where versions came late', () => {
    const driver = drive((builder) => builder.table(prices, { store: history }))
    pipe(driver, ['a', 1, 10], ['a', 3, 30], ['a', 2, 20], ['a', 0, 5])
    expect(driver.store(history).get('a')).toBe(3)
    expect(versions(driver, 'a', [4, 5, 9, 10, 19, 20, 29, 30, 99])).toEqual([undefined, 0, 0, 1, 1, 2, 2, 3, 3])
    expect(driver.store(history).row('a', { asOf: 25 })).toEqual({ key: 'a', value: 2, timestamp: 20 })
  })

  test('has a delete for a version too', () => {
    const driver = drive((builder) => builder.table(prices, { store: history }))
    pipe(driver, ['a', 1, 10], ['a', null, 20], ['a', 2, 15], ['a', 3, 30], ['b', null, 20], ['b', 1, 10])
    expect(versions(driver, 'a', [12, 17, 20, 29, 30])).toEqual([1, 2, undefined, undefined, 3])
    expect(versions(driver, 'b', [12, 20])).toEqual([1, undefined])
    expect(driver.store(history).get('b')).toBeUndefined()
  })

  test('drops what is older than its history, and answers for no time before it', () => {
    const driver = drive((builder) => builder.table(prices, { store: history, name: 'table' }))
    pipe(driver, ['a', 1, 10], ['a', 2, 20], ['b', 1, 130], ['a', 3, 29], ['a', 4, 30])
    expect(driver.metrics().dropped).toEqual({ table: { expired: 1 } })
    expect(versions(driver, 'a', [29, 30])).toEqual([undefined, 4])
  })

  test('never forgets the newest version', () => {
    const driver = drive((builder) => builder.table(prices, { store: history }))
    pipe(driver, ['a', 1, 10], ['b', 1, 1_000_000])
    expect(driver.store(history).get('a')).toBe(1)
    expect(versions(driver, 'a', [9, 10])).toEqual([undefined, 1])
  })

  test('tells every version that it takes, and a filter of it says which do not pass', () => {
    const driver = drive((builder) =>
      builder
        .table(prices, { versioned: { historyMs: 100 } })
        .filter(({ value }) => value % 2 === 1)
        .toStream()
        .to(out),
    )
    pipe(driver, ['a', 3, 30], ['a', 1, 10], ['a', 2, 20], ['b', 4, 30])
    expect(briefly(driver.outputTopic(out).readRecords())).toEqual(['a=3@30', 'a=1@10', 'a=null@20', 'b=null@30'])
  })

  test('counts only its newest versions', () => {
    const sums = keyValueStore('sums', { key: string(), value: int64() })
    const driver = drive((builder) =>
      builder
        .table(prices, { versioned: { historyMs: 100 } })
        .mapValues(({ value }) => value * 10)
        .groupBy(({ value }) => ({ key: 'all', value }), { key: string(), value: int64() })
        .reduce({ adder: (sum, value) => sum + value, subtractor: (sum, value) => sum - value, store: sums }),
    )
    pipe(driver, ['a', 3, 30], ['a', 1, 10], ['b', 2, 20], ['a', 5, 40])
    expect(briefly(driver.store(sums).range())).toEqual(['all=70@40'])
    expect(Object.values(driver.metrics().dropped)).toEqual([{ older_version: 1 }])
  })

  test('that becomes a table without versions by way of a stream takes them as they come', () => {
    const newest = keyValueStore('newest', { key: string(), value: int64() })
    const sums = keyValueStore('sums', { key: string(), value: int64() })
    const driver = drive((builder) =>
      builder
        .table(prices, { versioned: { historyMs: 100 } })
        .toStream({ deletes: 'drop' })
        .toTable({ store: newest })
        .groupBy(({ value }) => ({ key: 'all', value }), { key: string(), value: int64() })
        .reduce({ adder: (sum, value) => sum + value, subtractor: (sum, value) => sum - value, store: sums }),
    )
    pipe(driver, ['a', 3, 30], ['a', 1, 10])
    expect(briefly(driver.store(newest).range())).toEqual(['a=1@10'])
    expect(briefly(driver.store(sums).range())).toEqual(['all=1@30'])
  })

  test('gives a stream that is joined with it the version of the time of each record', () => {
    const orders: Topic<string, string> = topic('orders', { key: string(), value: string() })
    const priced: Topic<string, string> = topic('priced', { key: string(), value: string() })
    const driver = drive((builder) => {
      const table = builder.table(prices, { store: history }).mapValues(({ value }) => value * 10)
      builder
        .stream(orders)
        .leftJoin(table, (order, price) => `${order} at ${price}`)
        .to(priced)
    })
    pipe(driver, ['a', 3, 30], ['a', 1, 10], ['a', null, 20])
    for (const timestamp of [5, 10, 25, 30]) {
      driver.inputTopic(orders).pipeInput({ key: 'a', value: 'one', timestamp })
    }
    expect(briefly(driver.outputTopic(priced).readRecords())).toEqual([
      'a=one at null@5',
      'a=one at 10@10',
      'a=one at null@25',
      'a=one at 30@30',
    ])
  })

  test('may hold values that could be changed in place', () => {
    const lists = topic('lists', { key: string(), value: json<number[]>() })
    const store = versionedStore('lists', { key: string(), value: json<number[]>(), historyMs: 100 })
    const driver = drive((builder) => builder.stream(lists).toTable({ store }))
    for (const at of [10, 20]) driver.inputTopic(lists).pipeInput({ key: 'a', value: [at], timestamp: at })
    driver.crash()
    expect([15, 25].map((asOf) => driver.store(store).get('a', { asOf }))).toEqual([[10], [20]])
  })
})

test.each([
  ['a history of no length', () => versionedStore('x', { key: string(), value: int64(), historyMs: 0 }), 'bad_option'],
  [
    'two histories that differ',
    () => topologyOf((builder) => builder.table(prices, { store: history, versioned: { historyMs: 5 } })),
    'bad_option',
  ],
  [
    'versions in a store without them',
    () => {
      const store = keyValueStore('plain', { key: string(), value: int64() })
      return topologyOf((builder) => builder.table(prices, { store, versioned: { historyMs: 5 } }))
    },
    'topology_invalid',
  ],
])('%s is refused', (_what, attempt, code) => {
  expect(errorOf(attempt).code).toBe(code)
})

/** So that a history has several segments. */
const unitMs = 20_000
const times = Array.from({ length: 26 }, (_, time) => time * unitMs)
const puts = fc.tuple(fc.constantFrom('a', 'b'), fc.option(fc.nat({ max: 9 }), { freq: 3 }), fc.constantFrom(...times))
const steps = fc.array(fc.oneof({ weight: 6, arbitrary: puts }, fc.constantFrom('commit', 'crash')), { maxLength: 40 })

test('whatever comes in whatever order, it answers as a list of all versions would', () => {
  fc.assert(
    fc.property(steps, fc.constantFrom(1, 4, 10, 50), fc.constantFrom(0, 1_000_000), (list, units, cacheBytes) => {
      const historyMs = units * unitMs
      const store = versionedStore('versions', { key: string(), value: int64(), historyMs })
      const topology = topologyOf((builder) => builder.table(prices, { store }))
      using driver = new TopologyTestDriver(topology, { commit: 'manual', stateCacheBytes: cacheBytes })
      const model = new Map<string, Map<number, number | null>>()
      let streamTime = -1
      for (const step of list) {
        if (step === 'commit') driver.commit()
        else if (step === 'crash') driver.crash()
        else {
          pipe(driver, step)
          const [key, value, timestamp] = step
          if (timestamp < streamTime - historyMs) continue
          streamTime = Math.max(streamTime, timestamp)
          const known = model.get(key) ?? new Map<number, number | null>()
          model.set(key, known.set(timestamp, value))
        }
      }
      driver.commit()
      for (const key of ['a', 'b']) {
        const all = [...(model.get(key) ?? [])].toSorted(([left], [right]) => right - left)
        const newest = all[0]
        const asOf = (time: number): number | undefined => {
          const isKept = time >= streamTime - historyMs || (newest !== undefined && newest[0] <= time)
          return isKept ? (all.find(([at]) => at <= time)?.[1] ?? undefined) : undefined
        }
        expect(times.map((time) => driver.store(store).get(key, { asOf: time }))).toEqual(times.map(asOf))
        expect(driver.store(store).get(key)).toBe(newest?.[1] ?? undefined)
      }
    }),
    { numRuns: 50 },
  )
})
