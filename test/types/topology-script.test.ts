// A topology script as a user writes it: it type-checks without a cast or an annotation, and runs.
import {
  int64,
  json,
  keyValueStore,
  minutes,
  days,
  nullable,
  seconds,
  StreamsBuilder,
  type StreamRecord,
  string,
  TimeWindows,
  topic,
  tuple,
  windowed,
  windowStore,
} from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'

interface Click {
  readonly page: string
  readonly status: number
  readonly bytes: number
}

const clicks = topic('clicks', { key: string(), value: json<Click>(), partitions: 4, retentionMs: days(7) })
const perMinute = topic('clicks-per-minute', { key: windowed(string(), { size: minutes(1) }), value: int64() })
const counts = windowStore('counts', { key: string(), value: int64() })

const click = (page: string, status = 200, bytes = 1): Click => ({ page, status, bytes })

describe('a topology script', () => {
  test('counts clicks per page and minute', () => {
    const builder = new StreamsBuilder()

    builder
      .stream(clicks)
      .filter(({ value }) => value.status === 200)
      .groupBy(({ value }) => value.page, { key: string() })
      .windowedBy(TimeWindows.of({ size: minutes(1), grace: seconds(10) }))
      .count({ store: counts })
      .toStream()
      .to(perMinute)

    const topology = builder.build()
    expect(topology.describe()).toContain('clicks-per-minute')

    using driver = new TopologyTestDriver(topology)
    driver.inputTopic(clicks).pipeInput({ key: 'a', value: click('/'), timestamp: 0 })
    driver.inputTopic(clicks).pipeInput({ key: 'b', value: click('/', 404), timestamp: 1 })
    driver.inputTopic(clicks).pipeInput({ key: 'c', value: click('/'), timestamp: 2 })
    expect(driver.outputTopic(perMinute).readRecords()).toMatchObject([
      { key: { key: '/', window: { start: 0, end: 60_000 } }, value: 1 },
      { key: { key: '/', window: { start: 0, end: 60_000 } }, value: 2 },
    ])
  })

  test('uses a key of two parts, a guard, a lost value and a table without its deletes', () => {
    interface Paid {
      readonly kind: 'paid'
      readonly cents: number
    }
    interface Refused {
      readonly kind: 'refused'
    }
    const parts = tuple(string(), int64())
    const orders = topic('orders', { key: string(), value: nullable(json<Paid | Refused>()) })
    const sums = topic('sums', { key: parts, value: int64() })
    const perCents = keyValueStore('per-cents', { key: parts, value: int64() })
    const builder = new StreamsBuilder()
    const live = builder.stream(orders).filter((record) => record.value !== null)
    live
      .filter((record): record is StreamRecord<string, Paid> => record.value.kind === 'paid')
      .groupBy(({ key, value }) => [key, value.cents], { key: parts })
      .count({ store: perCents })
      .filter(({ value }) => value < 2)
      .toStream({ deletes: 'drop' })
      .mapValues(({ value }) => value * 10)
      .to(sums)
    live
      .mapValues(({ value }) => value.kind.length)
      .groupByKey({ value: int64() })
      .reduce((left, right) => left + right)

    using driver = new TopologyTestDriver(builder.build())
    for (const value of [{ kind: 'paid', cents: 5 }, null, { kind: 'refused' }, { kind: 'paid', cents: 5 }] as const) {
      driver.inputTopic(orders).pipeInput({ key: 'a', value, timestamp: 0 })
    }
    expect(driver.outputTopic(sums).readRecords()).toMatchObject([{ key: ['a', 5], value: 10 }])
    expect(driver.store(perCents).get(['a', 5])).toBe(2)
  })
})
