// Event time from a function: it counts from the first moment on, and what is no time fails its record alone.
import {
  int64,
  keyValueStore,
  nullable,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
  type Topic,
  windowed,
} from 'millrace'
import type { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, input, output, topologyOf } from '../support/topology.ts'
import { call } from '../support/untyped.ts'

const textTopic = (name: string): Topic<string, string> => topic(name, { key: string(), value: string() })
const perWindow = topic('per-window', { key: windowed(string(), { size: 10 }), value: int64() })
const timeInValue = ({ value }: { readonly value: string }): number => Number(value)

test('the time that a function says is that of windows, of stream time and of what is written', () => {
  const driver = drive((builder) => {
    const stream = builder.stream(input, { timestamp: timeInValue })
    stream.to(output)
    stream
      .groupByKey()
      .windowedBy(TimeWindows.of({ size: 10 }))
      .count()
      .toStream()
      .to(perWindow)
  })
  for (const value of ['25', '3', '27']) driver.inputTopic(input).pipeInput({ key: 'k', value, timestamp: 99 })
  expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['k=25@25', 'k=3@3', 'k=27@27'])
  expect(
    driver
      .outputTopic(perWindow)
      .readRecords()
      .map(({ key, value }) => [key.window.start, value]),
  ).toEqual([
    [20, 1],
    [20, 2],
  ])
  expect(driver.metrics()).toMatchObject({ eventTime: 27, dropped: { 'input.count': { late: 1 } } })
})

test('it decides which partition goes next, and a function sees the times of the log', async () => {
  const { log } = openTestLog()
  const [left, right] = [textTopic('left'), textTopic('right')]
  const seen: number[] = []
  const producer = log.producer()
  for (const [at, value] of ['1', '4', '5'].entries())
    await producer.send(left, { key: 'l', value, timestamp: 100 + at })
  for (const [at, value] of ['2', '3', '6'].entries()) await producer.send(right, { key: 'r', value, timestamp: at })
  const topology = topologyOf((builder) => {
    const timed = (record: { readonly value: string; readonly timestamp: number }): number => {
      seen.push(record.timestamp)
      return Number(record.value)
    }
    builder.stream([left, right], { timestamp: timed }).to(output)
  })
  const app = await start(log, topology)
  await app.caughtUp()
  expect((await collect(log.read(output))).map(({ value }) => value).join('')).toBe('123456')
  expect(
    seen.toSorted((a, b) => a - b),
    'each once',
  ).toEqual([0, 1, 2, 100, 101, 102])
})

describe('what is no time', () => {
  test.each([
    ['a negative number', -1, 'bad_timestamp'],
    ['a fraction', 1.5, 'bad_timestamp'],
    ['no number', Number.NaN, 'bad_timestamp'],
    ['a date', new Date(5), 'bad_timestamp'],
    ['nothing', undefined, 'bad_timestamp'],
    ['a promise', Promise.resolve(5), 'bad_record'],
  ])('fails its record before anything has seen it: %s', (_what, answer, code) => {
    const driver = drive(
      (builder) => {
        const timestamp = ({ value }: { readonly value: string }): unknown => (value === 'bad' ? answer : 5)
        const stream = call(builder, 'stream', input, { timestamp, name: 'timed' })
        call(stream, 'to', output)
      },
      { onError: 'deadLetter' },
    )
    for (const value of ['a', 'bad', 'b']) driver.inputTopic(input).pipeInput({ key: 'k', value, timestamp: 9 })
    expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['k=a@5', 'k=b@5'])
    expect(driver.metrics().failed).toEqual({ timed: { [code]: 1 } })
    const letters = driver.outputTopic(textTopic('test-driver.dead-letters')).readRecords()
    expect(briefly(letters), 'the record as it was read').toEqual(['k=bad@9'])
  })

  test('stops the application where nothing else is said, and says where', () => {
    const driver = drive((builder) => builder.stream(input, { timestamp: () => -5 }).to(output))
    expect(errorOf(() => driver.inputTopic(input).pipeInput({ key: 'k', value: 'v', timestamp: 1 }))).toMatchObject({
      code: 'bad_timestamp',
      topic: 'input',
      offset: 0,
      operator: 'input',
      message: expect.stringContaining('returned -5'),
    })
  })

  test('is told from a function that throws, and from a value that does not decode', () => {
    const raw = topic('input', { key: string(), value: int64() })
    const cause = new Error('no time today')
    const throwing = drive((builder) =>
      builder
        .stream(input, {
          timestamp: () => {
            throw cause
          },
        })
        .to(output),
    )
    const pipe = (): void => throwing.inputTopic(input).pipeInput({ key: 'k', value: 'v', timestamp: 1 })
    expect(errorOf(pipe)).toMatchObject({ code: 'user_function_threw', cause })
    const undecodable = drive((builder) =>
      builder
        .stream(raw, {
          timestamp: (record) => {
            try {
              return record.value
            } catch {
              return 5 // that it was caught changes nothing
            }
          },
        })
        .foreach(() => undefined),
    )
    const pipeText = (): void => undecodable.inputTopic(input).pipeInput({ key: 'k', value: 'v', timestamp: 1 })
    expect(errorOf(pipeText)).toMatchObject({ code: 'undecodable' })
  })
})

describe('the time of a table', () => {
  const names = topic('names', { key: string(), value: string() })
  const seen: (string | null)[] = []
  const ofRow = ({ value, timestamp }: { readonly value: string | null; readonly timestamp: number }): number => {
    seen.push(value)
    return value === null ? timestamp : Number(value)
  }
  const pipe = (driver: TopologyTestDriver, key: string, value: string | null, timestamp: number): void =>
    driver.inputTopic(names).pipeInput({ key, value, timestamp })

  test('that a function says is that of its rows and changes, and it is asked about deletes too', () => {
    seen.length = 0
    const changes = topic('changes', { key: string(), value: nullable(string()) })
    const driver = drive((builder) => builder.table(names, { timestamp: ofRow }).toStream().to(changes))
    pipe(driver, 'a', '25', 99)
    pipe(driver, 'a', null, 30)
    expect(briefly(driver.outputTopic(changes).readRecords())).toEqual(['a=25@25', 'a=null@30'])
    expect(seen).toEqual(['25', null])
  })

  test('decides which rows have expired', () => {
    const store = keyValueStore('names', { key: string(), value: string() })
    const driver = drive((builder) => builder.table(names, { timestamp: ofRow, ttlMs: 10, store }))
    pipe(driver, 'a', '25', 0)
    pipe(driver, 'b', '36', 0)
    expect(briefly(driver.store(store).range())).toEqual(['b=36@36'])
  })

  test('that all tasks read decides what a record finds there', async () => {
    const { log } = openTestLog()
    const found = topic('found', { key: string(), value: string() })
    const topology = topologyOf((builder) =>
      builder
        .stream(input, { timestamp: timeInValue })
        .join(builder.globalTable(names, { timestamp: ofRow }), (left, right) => `${left} ${right}`, {
          tableKey: () => 'a',
        })
        .to(found),
    )
    await (await start(log, topology)).close() // what a new table finds comes before all else
    const producer = log.producer()
    await producer.send(input, { key: 'k', value: '28', timestamp: 1 })
    await producer.send(names, { key: 'a', value: '27', timestamp: 2 })
    await producer.send(names, { key: 'a', value: '29', timestamp: 0 })
    const app = await start(log, topology)
    await app.caughtUp()
    expect((await collect(log.read(found))).map(({ value }) => value)).toEqual(['28 27'])
  })

  test('fails a row for which it is none', () => {
    const verbs = { table: { timestamp: () => -1 }, globalTable: { timestamp: () => -1 } }
    for (const [verb, options] of Object.entries(verbs)) {
      const driver = drive((builder) => void call(builder, verb, names, options))
      expect(errorOf(() => pipe(driver, 'a', 'x', 1))).toMatchObject({
        code: 'bad_timestamp',
        message: expect.stringContaining(`the function timestamp of ${verb} returned -1`),
      })
      expect(errorOf(() => call(new StreamsBuilder(), verb, names, { timestamp: 5 })).code).toBe('bad_option')
    }
  })
})

test('a topic is read with one function of time', () => {
  const builder = new StreamsBuilder()
  builder.stream(input, { timestamp: timeInValue })
  expect(() => builder.stream(input, { timestamp: timeInValue })).not.toThrow()
  for (const options of [{}, { timestamp: () => 5 }]) {
    expect(errorOf(() => builder.stream(input, options))).toMatchObject({
      code: 'topology_invalid',
      message: expect.stringContaining('the same timestamp'),
    })
  }
  expect(errorOf(() => call(builder, 'stream', output, { timestamp: 5 }))).toMatchObject({ code: 'bad_option' })
})
