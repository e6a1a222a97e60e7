// Where Kafka Streams gives other answers, and no conformance case is about it: M1 to M5 of docs/kafka-streams.md.
// What it answered to the same records stands beside each.
import {
  int64,
  JoinWindows,
  keyValueStore,
  type KTable,
  nullable,
  SessionWindows,
  string,
  TimeWindows,
  topic,
  windowed,
} from 'millrace'
import { expect, test } from 'vitest'
import { briefly, drive, input } from '../support/topology.ts'

const numbers = topic('numbers', { key: string(), value: int64() })
const other = topic('other', { key: string(), value: string() })
const sums = topic('sums', { key: string(), value: nullable(int64()) })
const texts = topic('texts', { key: string(), value: string() })

test('M1: a change that a filter leaves out moves the time of suppress, so a window that is over gives its result', () => {
  const perWindow = topic('per-window', { key: windowed(string(), { size: 10 }), value: int64() })
  const driver = drive((builder) =>
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(TimeWindows.of({ size: 10, grace: 5 }))
      .count()
      .filter(({ value }) => value > 1)
      .suppress({ untilWindowCloses: true })
      .toStream()
      .to(perWindow),
  )
  const reader = driver.outputTopic(perWindow)
  const outcomes = [0, 3, 15, 100].map((timestamp) => {
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp })
    return reader.readRecords().map(({ key, value }) => `${key.window.start}=${value}`)
  })
  // Kafka Streams: nothing at all. With a predicate that a count of 0 passes, it is as here (D8).
  expect(outcomes).toEqual([[], [], ['0=2'], []])
})

test('M1: and what never passed goes on as a delete once its time is over, unless the filter knows its rows', () => {
  const play = (filtered: (table: KTable<string, number>) => KTable<string, number, 'both'>) => {
    const driver = drive((builder) =>
      filtered(builder.table(numbers)).suppress({ untilTimeLimit: 10 }).toStream().to(sums),
    )
    for (const [key, value, timestamp] of [
      ['a', 2, 0],
      ['b', 1, 30],
      ['c', 2, 60],
      ['c', 4, 90],
    ] as const) {
      driver.inputTopic(numbers).pipeInput({ key, value, timestamp })
    }
    return briefly(driver.outputTopic(sums).readRecords())
  }
  const isEven = ({ value }: { readonly value: number }): boolean => value % 2 === 0
  const kept = keyValueStore('kept', { key: string(), value: int64() })
  expect(play((table) => table.filter(isEven) as KTable<string, number, 'both'>)).toEqual([
    'a=2@0',
    'b=null@30',
    'c=4@90',
  ])
  // Kafka Streams, with a store or without.
  expect(play((table) => table.filter(isEven, { store: kept }) as KTable<string, number, 'both'>)).toEqual([
    'a=2@0',
    'c=4@90',
  ])
})

test('M2: a session of one moment replaces what it was, so a grouping after it counts each record once', () => {
  const driver = drive((builder) =>
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(SessionWindows.of({ gap: 10, grace: 5 }))
      .count()
      .groupBy(({ key, value }) => ({ key: key.key, value }), { key: string(), value: int64() })
      .reduce({ adder: (sum, value) => sum + value, subtractor: (sum, value) => sum - value })
      .toStream()
      .to(sums),
  )
  for (const timestamp of [5, 5, 5, 8]) driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp })
  // Kafka Streams: 1, 3, 6, then 3 and 7.
  expect(briefly(driver.outputTopic(sums).readRecords())).toEqual(['a=1@5', 'a=2@5', 'a=3@5', 'a=0@5', 'a=4@8'])
})

test('M3: a record that comes after its windows have closed is late, whatever it would have met', () => {
  const driver = drive((builder) =>
    builder
      .stream(input)
      .join(builder.stream(other), (left, right) => `${left}+${right}`, {
        window: JoinWindows.of({ difference: 10, grace: 5 }),
        name: 'pairs',
      })
      .to(texts),
  )
  driver.inputTopic(input).pipeInput({ key: 'a', value: 'L', timestamp: 0 })
  driver.inputTopic(input).pipeInput({ key: 'z', value: 'Z', timestamp: 15 })
  driver.inputTopic(other).pipeInput({ key: 'a', value: 'R1', timestamp: 0 })
  driver.inputTopic(input).pipeInput({ key: 'z', value: 'Z', timestamp: 17 })
  driver.inputTopic(other).pipeInput({ key: 'a', value: 'R2', timestamp: 0 })
  // Kafka Streams: L+R2 too, until the buffer of the left side happens to drop L.
  expect(briefly(driver.outputTopic(texts).readRecords())).toEqual(['a=L+R1@0'])
  expect(driver.metrics().dropped).toEqual({ pairs: { late: 1 } })
})

test('M5: the dead letter of a record that fails after a regrouping is the record of the topic', () => {
  const driver = drive(
    (builder) =>
      builder
        .stream(input)
        .selectKey(() => 'k')
        .repartition({ key: string() })
        .mapValues(({ value }) => {
          if (value === 'bad') throw new Error('bad')
          return value
        })
        .to(other),
    { onError: 'deadLetter' },
  )
  for (const [at, value] of ['good', 'bad'].entries()) {
    driver.inputTopic(input).pipeInput({ key: 'a', value, timestamp: at })
  }
  const letters = topic('test-driver.dead-letters', { key: string(), value: string() })
  expect(briefly(driver.outputTopic(other).readRecords())).toEqual(['k=good@0'])
  // Kafka Streams: k=bad@1.
  expect(briefly(driver.outputTopic(letters).readRecords())).toEqual(['a=bad@1'])
})
