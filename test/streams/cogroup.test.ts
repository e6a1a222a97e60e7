// cogroup: streams of different values fill one table, each with its own aggregator, under one stream time.
import fc from 'fast-check'
import {
  int64,
  keyValueStore,
  nullable,
  SessionWindows,
  sessionWindowed,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
  windowed,
} from 'millrace'
import type { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { aggregation } from '../../src/streams/aggregate.ts'
import { counting } from '../../src/streams/fold.ts'
import { sideBySide } from '../../src/plan/subscriber.ts'
import { start } from '../support/applications.ts'
import { carrierOf } from '../support/carriers.ts'
import { openTestLog } from '../support/open.ts'
import { alone } from '../support/operator-double.ts'
import { countStore } from '../support/plans.ts'
import { errorOf, rejectionOf } from '../support/thrown.ts'
import { briefly, drive, topologyOf, type Script } from '../support/topology.ts'
import { call } from '../support/untyped.ts'

const words = topic('words', { key: nullable(string()), value: nullable(string()) })
const numbers = topic('numbers', { key: nullable(string()), value: nullable(int64()) })
const sums = topic('sums', { key: string(), value: int64() })
const store = keyValueStore('rows', { key: string(), value: int64() })

const addLength = (_key: string, word: string, sum: number): number => sum + word.length
const add = (_key: string, number: number, sum: number): number | null => (number === 0 ? null : sum + number)

/** Lengths of words and numbers, in one sum; 0 deletes it. */
const summed: Script = (builder) =>
  builder
    .stream(words)
    .groupByKey()
    .cogroup(addLength)
    .cogroup(builder.stream(numbers).groupByKey(), add)
    .aggregate({ initializer: () => 100, value: int64(), store })
    .toStream()
    .to(sums)

type Fed = readonly ['word' | 'number', key: string | null, value: string | number | null, timestamp: number]

function feed(driver: TopologyTestDriver, ...records: readonly Fed[]): void {
  for (const [kind, key, value, timestamp] of records) {
    if (kind === 'word') driver.inputTopic(words).pipeInput({ key, value: value as string | null, timestamp })
    else driver.inputTopic(numbers).pipeInput({ key, value: value as number | null, timestamp })
  }
}

describe('a table of several streams', () => {
  test('has one row for each key, which any of them begins, changes and deletes', () => {
    const driver = drive(summed)
    feed(driver, ['word', 'a', 'xy', 5], ['number', 'a', 7, 3], ['number', 'b', 1, 4], ['word', 'b', 'x', 9])
    feed(driver, ['number', 'a', 0, 6], ['word', 'a', 'x', 7])
    const nullableSums = topic('sums', { key: string(), value: nullable(int64()) })
    expect(briefly(driver.outputTopic(nullableSums).readRecords())).toEqual([
      'a=102@5',
      'a=109@5',
      'b=101@4',
      'b=102@9',
      'a=null@6',
      'a=101@7',
    ])
    driver.crash()
    expect(driver.store(store).get('a')).toBe(101)
  })

  test('drops null keys and values of each, under its one name', () => {
    const driver = drive(summed)
    feed(driver, ['word', null, 'x', 1], ['number', null, 1, 1], ['word', 'a', null, 1], ['number', 'a', null, 1])
    expect(driver.outputTopic(sums).readRecords()).toEqual([])
    expect(driver.metrics().dropped).toEqual({ 'words_numbers.cogroup': { null_key: 2, null_value: 2 } })
  })

  test('regroups an input whose key was changed', () => {
    const driver = drive((builder) => {
      const byFirst = builder
        .stream(words)
        .groupBy(({ value }) => value?.slice(0, 1) ?? null, { key: string(), value: nullable(string()) })
      builder
        .stream(numbers)
        .groupByKey()
        .cogroup<number>((_key, number, sum) => sum + number)
        .cogroup(byFirst, addLength)
        .aggregate({ initializer: () => 0, value: int64() })
        .toStream()
        .to(sums)
    })
    feed(driver, ['number', 'x', 5, 1], ['word', 'a', 'xyz', 2])
    expect(briefly(driver.outputTopic(sums).readRecords())).toEqual(['x=5@1', 'x=8@2'])
  })

  test('takes one stream twice, with an aggregator for each time', () => {
    const driver = drive((builder) => {
      const grouped = builder.stream(numbers).groupByKey()
      grouped
        .cogroup<number>((_key, number, sum) => sum + number)
        .cogroup(grouped, (_key, number, sum) => sum * number)
        .aggregate({ initializer: () => 0, value: int64() })
        .toStream()
        .to(sums)
    })
    feed(driver, ['number', 'a', 3, 1])
    expect(briefly(driver.outputTopic(sums).readRecords())).toEqual(['a=3@1', 'a=9@1'])
  })

  test('says what it replaced where that is asked', () => {
    const rows = countStore('counts')
    const both = alone(sideBySide([aggregation(rows, counting), aggregation(rows, counting)]), {
      inputs: 2,
      wantsOld: true,
    })
    const carrier = () => carrierOf<unknown, unknown>(string() as never, 'a', string() as never, 'x')
    both.feed(carrier(), 1)
    both.feed(carrier(), 0)
    expect(both.caught.map(({ value, old }) => [value, old])).toEqual([
      [1, null],
      [2, 1],
    ])
  })
})

describe('in windows', () => {
  const size = 10
  const windows = topic('windows', { key: windowed(string(), { size }), value: int64() })
  const late = topic('late', { key: string(), value: string() })

  test('a record of any input closes the windows of all, and what is late goes to a topic', () => {
    const driver = drive((builder) => {
      const lengths = builder
        .stream(numbers)
        .mapValues(({ value }) => String(value))
        .groupByKey()
      builder
        .stream(words)
        .groupByKey()
        .cogroup(addLength)
        .cogroup(lengths, addLength)
        .windowedBy(TimeWindows.of({ size, grace: 5 }))
        .aggregate({ initializer: () => 0, value: int64(), late })
        .toStream()
        .to(windows)
    })
    feed(driver, ['word', 'a', 'x', 3], ['number', 'a', 22, 14], ['word', 'a', 'xyz', 9], ['number', 'b', 1, 15])
    feed(driver, ['word', 'a', 'too late', 9], ['number', 'a', 9, 2])
    expect(
      driver
        .outputTopic(windows)
        .readRecords()
        .map(({ key, value, timestamp }) => `${key.key} ${key.window.start}=${value}@${timestamp}`),
    ).toEqual(['a 0=1@3', 'a 10=2@14', 'a 0=4@9', 'b 10=1@15'])
    expect(briefly(driver.outputTopic(late).readRecords())).toEqual(['a=too late@9', 'a=9@2'])
  })
})

test('in sessions, a record of any input begins, extends and joins them', () => {
  const sessions = topic('sessions', { key: sessionWindowed(string()), value: nullable(int64()) })
  const driver = drive((builder) =>
    builder
      .stream(words)
      .groupByKey()
      .cogroup(addLength)
      .cogroup(builder.stream(numbers).groupByKey(), add)
      .windowedBy(SessionWindows.of({ gap: 5, grace: 100 }))
      .aggregate({ initializer: () => 0, merger: (_key, older, newer) => older + newer, value: int64() })
      .toStream()
      .to(sessions),
  )
  feed(driver, ['word', 'a', 'xyz', 1], ['number', 'a', 10, 10], ['number', 'b', 1, 10], ['word', 'a', 'x', 6])
  expect(
    driver
      .outputTopic(sessions)
      .readRecords()
      .map(({ key, value }) => `${key.key} ${key.window.start}-${key.window.end}=${value}`),
  ).toEqual(['a 1-1=3', 'a 10-10=10', 'b 10-10=1', 'a 1-1=null', 'a 10-10=null', 'a 1-10=14'])
})

test('an aggregator that returns nothing fails its record, and is told by its verb', () => {
  const driver = drive((builder) =>
    builder
      .stream(words)
      .groupByKey()
      .cogroup<number>((() => undefined) as never)
      .aggregate({ initializer: () => 0, value: int64() }),
  )
  expect(errorOf(() => feed(driver, ['word', 'a', 'x', 1]))).toMatchObject({
    code: 'bad_record',
    operator: 'words.cogroup',
    message: expect.stringContaining('the aggregator of cogroup returned undefined'),
  })
})

test('random records give the sums that a Map gives, with commits and crashes anywhere', () => {
  const record = fc.oneof(
    fc.tuple(fc.constant('word' as const), fc.constantFrom('a', 'b'), fc.constantFrom('', 'x', 'xyz')),
    fc.tuple(fc.constant('number' as const), fc.constantFrom('a', 'b'), fc.nat({ max: 3 })),
  )
  const act = fc.oneof({ weight: 4, arbitrary: record }, fc.constantFrom('commit' as const, 'crash' as const))
  fc.assert(
    fc.property(fc.array(act, { maxLength: 25 }), (acts) => {
      const driver = drive(summed, { commit: 'manual' })
      const expected = new Map<string, number>()
      for (const [timestamp, next] of acts.entries()) {
        if (next === 'commit') driver.commit()
        else if (next === 'crash') driver.crash()
        else {
          const [kind, key, value] = next
          feed(driver, [kind, key, value, timestamp])
          if (value === 0) expected.delete(key)
          else expected.set(key, (expected.get(key) ?? 100) + (typeof value === 'number' ? value : value.length))
        }
      }
      driver.commit()
      expect(new Map([...driver.store(store).range()].map(({ key, value }) => [key, value]))).toEqual(expected)
      driver.close()
    }),
    { numRuns: 20 },
  )
})

describe('what cannot be brought together is refused', () => {
  const grouped = (builder: StreamsBuilder) => builder.stream(words).groupByKey()
  const refused = (script: Script) => errorOf(() => topologyOf(script))

  test('a stream of another builder', () => {
    const other = new StreamsBuilder().stream(words).groupByKey()
    expect(refused((builder) => grouped(builder).cogroup(addLength).cogroup(other, addLength))).toMatchObject({
      code: 'topology_invalid',
      message: expect.stringContaining('of the same builder'),
    })
  })

  test('keys of another format', () => {
    const other = topic('other', { key: int64(), value: string() })
    const script: Script = (builder) =>
      grouped(builder)
        .cogroup(addLength)
        .cogroup(builder.stream(other).groupByKey() as never, addLength as never)
    expect(refused(script)).toMatchObject({
      code: 'topology_invalid',
      message: expect.stringMatching(/keys of one format, but .* nullable\(string\) and int64/),
    })
  })

  test('a stream that is not grouped, and aggregators that are none', () => {
    const wrong: readonly Script[] = [
      (builder) => grouped(builder).cogroup(undefined as never),
      (builder) =>
        grouped(builder)
          .cogroup(addLength)
          .cogroup(builder.stream(words) as never, addLength),
      (builder) =>
        grouped(builder)
          .cogroup(addLength)
          .cogroup(grouped(builder), 'add' as never),
      (builder) =>
        grouped(builder)
          .cogroup(addLength)
          .windowedBy({ size: 5 } as never),
    ]
    for (const script of wrong) expect(refused(script)).toMatchObject({ code: 'bad_option' })
  })

  test('options that aggregate does not have, or lacks', () => {
    for (const windows of [undefined, TimeWindows.of({ size: 5 }), SessionWindows.of({ gap: 5 })]) {
      const aggregate = (options: unknown) =>
        refused((builder) => {
          const cogrouped = grouped(builder).cogroup(addLength)
          return call(
            windows === undefined ? cogrouped : cogrouped.windowedBy(windows as TimeWindows),
            'aggregate',
            options,
          )
        })
      expect(aggregate(undefined)).toMatchObject({ code: 'bad_option' })
      expect(aggregate({ initializer: 0, value: int64() })).toMatchObject({ code: 'bad_option' })
      expect(
        aggregate({ initializer: () => 0, ...(windows instanceof SessionWindows ? { merger: add } : {}) }),
      ).toMatchObject({ code: 'topology_invalid' })
      expect(aggregate({ initializer: () => 0, value: int64(), aggregator: addLength })).toMatchObject({
        code: 'bad_option',
        message: expect.stringContaining('aggregate has no option "aggregator"'),
      })
    }
  })

  test('inputs with different numbers of partitions', async () => {
    const { log } = openTestLog()
    await log.admin.createTopic(topic('words', { key: string(), value: string(), partitions: 3 }))
    expect(await rejectionOf(start(log, topologyOf(summed)))).toMatchObject({
      code: 'partitions_differ',
      message: expect.stringContaining('words has 3, numbers has 1'),
    })
  })
})
