// Null: what is dropped is counted with its reason, what a topic does not allow is a failed record, and the rest passes.
import { bytes, int64, json, keyValueStore, nullable, string, TimeWindows, topic, type Topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, input, output, type Script } from '../support/topology.ts'

const anything: Topic<string | null, string | null> = topic('anything', {
  key: nullable(string()),
  value: nullable(string()),
})
const totals = keyValueStore('totals', { key: string(), value: int64() })

const records = [
  { key: 'a', value: 'x', timestamp: 1 },
  { key: null, value: 'x', timestamp: 2 },
  { key: 'a', value: null, timestamp: 3 },
  { key: null, value: null, timestamp: 4 },
] as const

describe('a record with a null key', () => {
  test('is dropped and counted where it would be regrouped', () => {
    const driver = drive((builder) => {
      builder.stream(anything).repartition({ name: 'spread' }).to(anythingElse)
      builder
        .stream(anything)
        .groupBy(({ value }) => value, { key: string(), name: 'by-value' })
        .count({ store: totals })
    })
    for (const record of records) driver.inputTopic(anything).pipeInput(record)
    expect(driver.metrics().dropped).toEqual({ spread: { null_key: 2 }, 'by-value': { null_key: 2 } })
    expect(driver.outputTopic(anythingElse).readRecords()).toHaveLength(2)
    expect([...driver.store(totals).range()].map(({ key, value }) => `${key}=${value}`)).toEqual(['x=2'])
  })

  test('is dropped and counted by an aggregation', () => {
    const driver = drive((builder) => builder.stream(anything).groupByKey().count({ store: totals }))
    for (const record of records) driver.inputTopic(anything).pipeInput(record)
    expect(driver.metrics().dropped).toEqual({ 'anything.count': { null_key: 2, null_value: 1 } })
    expect(driver.store(totals).get('a')).toBe(1)
  })

  test('passes where nothing depends on it', () => {
    const driver = drive((builder) =>
      builder
        .stream(anything)
        .filter(() => true)
        .to(anythingElse),
    )
    for (const record of records) driver.inputTopic(anything).pipeInput(record)
    expect(briefly(driver.outputTopic(anythingElse).readRecords())).toEqual([
      'a=x@1',
      'null=x@2',
      'a=null@3',
      'null=null@4',
    ])
  })

  test('fails where a topic does not allow it', () => {
    const driver = drive((builder) =>
      builder
        .stream(input)
        .map(({ value }) => ({ key: null as never, value }))
        .to(output),
    )
    expect(errorOf(() => driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 }))).toMatchObject({
      code: 'unexpected_null',
      operator: 'to-1',
      topic: 'input',
      partition: 0,
      offset: 0,
      message: expect.stringContaining('topic "output" does not say nullable'),
    })
  })

  test('goes to the partition of its task', () => {
    const wide = topic('wide', { key: string(), value: string(), partitions: 4 })
    const wideOutput = topic('wide-output', { key: nullable(string()), value: string(), partitions: 4 })
    const driver = drive((builder) =>
      builder
        .stream(wide)
        .map(({ value }) => ({ key: null, value }))
        .to(wideOutput),
    )
    for (let i = 0; i < 20; i++) driver.inputTopic(wide).pipeInput({ key: `${i}`, value: `${i}`, timestamp: i })
    const partitionOf = new Map(
      driver
        .outputTopic(wide)
        .readRecords()
        .map(({ key, partition }) => [key, partition]),
    )
    const written = driver.outputTopic(wideOutput).readRecords()
    expect(written).toHaveLength(20)
    for (const { value, partition } of written) expect(partition).toBe(partitionOf.get(value))
  })
})

const anythingElse: Topic<string | null, string | null> = topic('anything-else', {
  key: nullable(string()),
  value: nullable(string()),
})

describe('a null value', () => {
  test('that nobody reads passes, also where the topic does not say nullable', () => {
    const driver = drive((builder) =>
      builder
        .stream(input)
        .filter(({ key }) => key === 'a')
        .to(output),
    )
    driver.inputTopic(input).pipeInput({ key: 'a', value: null, timestamp: 1 })
    const nullableOutput = topic('output', { key: string(), value: nullable(string()) })
    expect(briefly(driver.outputTopic(nullableOutput).readRecords())).toEqual(['a=null@1'])
  })

  test('that is read fails where the topic does not say nullable', () => {
    const driver = drive((builder) =>
      builder
        .stream(input)
        .mapValues(({ value }) => value)
        .to(output),
    )
    expect(errorOf(() => driver.inputTopic(input).pipeInput({ key: 'a', value: null, timestamp: 1 }))).toMatchObject({
      code: 'unexpected_null',
      operator: 'mapValues-1',
      offset: 0,
      message: expect.stringContaining('nullable(string)'),
    })
  })

  test('that a function makes is a tombstone in the topic', () => {
    const driver = drive((builder) =>
      builder
        .stream(input)
        .mapValues(() => null)
        .to(output),
    )
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 })
    const nullableOutput = topic('output', { key: string(), value: nullable(string()) })
    expect(briefly(driver.outputTopic(nullableOutput).readRecords())).toEqual(['a=null@1'])
  })

  test('does not move the stream time of a window, nor does a null key', () => {
    const driver = drive((builder) =>
      builder
        .stream(anything)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 10 }))
        .count({ name: 'windows' }),
    )
    const pipe = driver.inputTopic(anything)
    pipe.pipeInput({ key: 'a', value: 'x', timestamp: 5 })
    pipe.pipeInput({ key: 'a', value: null, timestamp: 1_000 })
    pipe.pipeInput({ key: null, value: 'x', timestamp: 1_000 })
    pipe.pipeInput({ key: 'a', value: 'x', timestamp: 6 })
    expect(driver.metrics().dropped).toEqual({ windows: { null_value: 1, null_key: 1 } })
    expect(driver.metrics().streamTimes).toEqual({ 'windows/0': 6 })
  })
})

describe('a value that is the JSON text null', () => {
  const numbers = topic('numbers', { key: string(), value: json<number>() })
  const numbersOrNull = topic('numbers', { key: string(), value: nullable(json<number>()) })
  const raw = topic('numbers', { key: string(), value: bytes() })
  const sums = keyValueStore('sums', { key: string(), value: json<number>() })
  const copies = topic('copies', { key: string(), value: nullable(bytes()) })
  const nullText = { key: 'a', value: Buffer.from(' null'), timestamp: 1 }
  const unexpected = { code: 'unexpected_null', offset: 0, message: expect.stringContaining('nullable(json)') }

  test.each<readonly [string, Script]>([
    ['a function', (builder) => builder.stream(numbers).mapValues(({ value }) => value.toFixed(1))],
    ['a filter', (builder) => builder.stream(numbers).filter(({ value }) => value > 1)],
    [
      'an aggregation',
      (builder) =>
        builder
          .stream(numbers)
          .groupByKey()
          .reduce((a, b) => a + b, { store: sums }),
    ],
  ])('is unexpected for %s where the topic does not say nullable', (_, script) => {
    const driver = drive(script)
    expect(errorOf(() => driver.inputTopic(raw).pipeInput(nullText))).toMatchObject(unexpected)
  })

  test('is a null like any other where the topic says nullable', () => {
    const driver = drive((builder) => {
      const stream = builder.stream(numbersOrNull)
      stream.groupByKey().count({ store: totals })
      stream
        .filter(({ value }) => value === null)
        .to(topic('copies', { key: string(), value: nullable(json<number>()) }))
    })
    driver.inputTopic(raw).pipeInput(nullText)
    driver.inputTopic(raw).pipeInput({ key: 'a', value: Buffer.from('5'), timestamp: 2 })
    expect(driver.metrics().dropped).toEqual({ 'numbers.count': { null_value: 1 } })
    expect(driver.store(totals).get('a')).toBe(1)
    expect(briefly(driver.outputTopic(copies).readRecords())).toEqual(['a=null@1'])
  })
})
