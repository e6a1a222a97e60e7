// A function that makes a key or a value loses its serde; what regroups or stores asks for it. The types ask first, and a
// program without types gets the same answer here.
import {
  int64,
  json,
  keyValueStore,
  sessionStore,
  SessionWindows,
  StreamsBuilder,
  string,
  TimeWindows,
  windowStore,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { drive, input } from '../support/topology.ts'
import { call } from '../support/untyped.ts'

const newStream = (): object => new StreamsBuilder().stream(input)
const fn = (): undefined => undefined

/** A stream after a verb that loses serdes. */
const after = (verb: string): object => call(newStream(), verb, fn)

const asks = (call: () => unknown, verb: string, side: string): void =>
  expect(errorOf(call)).toMatchObject({
    code: 'topology_invalid',
    message: expect.stringContaining(`${verb} needs the serde of the ${side}`),
  })

describe.each(['map', 'flatMap', 'selectKey'])('%s loses the key, so that', (verb) => {
  test('what regroups asks for its serde', () => {
    asks(() => call(after(verb), 'groupByKey'), 'groupByKey', 'key')
    asks(() => call(after(verb), 'repartition', { value: string() }), 'repartition', 'key')
    expect(() => call(after(verb), 'groupByKey', { key: string(), value: string() })).not.toThrow()
  })
})

describe.each(['map', 'flatMap', 'mapValues', 'flatMapValues'])('%s loses the value, so that', (verb) => {
  test('what regroups asks for its serde', () => {
    asks(() => call(after(verb), 'groupBy', fn, { key: string() }), 'groupBy', 'value')
    asks(() => call(after(verb), 'repartition', { key: string() }), 'repartition', 'value')
    expect(() => call(after(verb), 'groupBy', fn, { key: string(), value: string() })).not.toThrow()
  })
})

describe('a value that lost its serde', () => {
  const grouped = (): object => call(after('mapValues'), 'groupByKey')

  test('can be counted', () => expect(() => call(grouped(), 'count')).not.toThrow())

  test('is reduced only with a serde, from whoever gives one', () => {
    asks(() => call(grouped(), 'reduce', fn), 'reduce', 'value')
    asks(() => call(call(grouped(), 'windowedBy', TimeWindows.of({ size: 5 })), 'reduce', fn), 'reduce', 'value')
    const store = keyValueStore('sums', { key: string(), value: int64() })
    const regrouped = (): object => call(after('mapValues'), 'groupByKey', { value: int64() })
    expect(() => call(grouped(), 'reduce', fn, { value: int64() })).not.toThrow()
    expect(() => call(grouped(), 'reduce', fn, { store })).not.toThrow()
    expect(() => call(regrouped(), 'reduce', fn)).not.toThrow()
  })
})

test('pipe counts as a change of both', () => {
  const piped = (): object => call(newStream(), 'pipe', (source: unknown) => source)
  asks(() => call(piped(), 'groupByKey'), 'groupByKey', 'key')
  asks(() => call(piped(), 'groupByKey', { key: string() }), 'groupByKey', 'value')
})

test('groupBy always asks for the key, and an aggregate for its value', () => {
  asks(() => call(newStream(), 'groupBy', fn), 'groupBy', 'key')
  asks(() => call(newStream(), 'groupBy', fn, {}), 'groupBy', 'key')
  asks(
    () => call(call(newStream(), 'groupByKey'), 'aggregate', { initializer: fn, aggregator: fn }),
    'aggregate',
    'value',
  )
})

test('an aggregate is written as its store says', () => {
  const folded = { initializer: () => 0, aggregator: (_key: string, value: string, sum: number) => sum + value.length }
  const options = { key: string(), value: int64() }
  const grouped = new StreamsBuilder().stream(input).groupByKey()
  const merger = (_key: string, older: number, newer: number): number => older + newer
  const windows = TimeWindows.of({ size: 5 })
  const sessions = SessionWindows.of({ gap: 5 })
  grouped.aggregate({ ...folded, store: keyValueStore('keys', options) })
  grouped.windowedBy(windows).aggregate({ ...folded, store: windowStore('windows', options) })
  grouped.windowedBy(sessions).aggregate({ ...folded, merger, store: sessionStore('sessions', options) })
  const cogrouped = grouped.cogroup(folded.aggregator)
  cogrouped.aggregate({ initializer: () => 0, store: keyValueStore('cogrouped', options) })
  const driver = drive((builder) => {
    builder
      .table(input)
      .groupBy(({ key, value }) => ({ key, value }), { key: string(), value: string() })
      .aggregate({ ...folded, subtractor: folded.aggregator, store: keyValueStore('rows', options) })
  })
  driver.inputTopic(input).pipeInput({ key: 'a', value: 'four', timestamp: 0 })
  expect(driver.store(keyValueStore('rows', options)).get('a')).toBe(4)
  const other = keyValueStore('other', { key: string(), value: string() })
  expect(
    errorOf(() => call(grouped, 'aggregate', { ...folded, value: int64(), store: other })),
    'two that differ',
  ).toMatchObject({ code: 'topology_invalid', store: 'other' })
})

test('a merge knows only what both sides know', () => {
  const stream = new StreamsBuilder().stream(input)
  const lost = stream.mapValues(({ value }) => value)
  asks(() => call(call(lost, 'merge', stream), 'repartition'), 'repartition', 'value')
  const other = stream.selectKey(({ key }) => key).repartition({ key: json<string>() })
  asks(() => call(call(other, 'merge', stream), 'repartition'), 'repartition', 'key')
})

test('a call that was refused leaves nothing in the topology', () => {
  const builder = new StreamsBuilder()
  const stream = builder.stream(input)
  errorOf(() => call(stream, 'groupBy', fn, {}))
  errorOf(() => call(call(stream, 'groupByKey'), 'aggregate', { initializer: fn, aggregator: fn }))
  expect(builder.build().nodes.map(({ id }) => id)).toEqual(['input'])
})
