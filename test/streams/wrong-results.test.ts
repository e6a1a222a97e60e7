// What a function returns is checked where it returns: nothing that is no record is passed on, and nothing is lost silently.
import { keyValueStore, type KStream, string, topic, type Topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { drive, input, output, type Script } from '../support/topology.ts'
import { call } from '../support/untyped.ts'

/** A stream behind a verb whose function returns this. */
const returning = (stream: object, verb: string, result: unknown): KStream<string, string> =>
  call(stream, verb, () => result) as KStream<string, string>

/** By verb: what its function returns, and the code that the record fails with. */
const wrong: readonly (readonly [string, string, unknown, string])[] = [
  ['map', 'nothing', undefined, 'bad_record'],
  ['map', 'text', 'text', 'bad_record'],
  ['map', 'a value alone', { value: 'b' }, 'bad_record'],
  ['map', 'a timestamp that is none', { key: 'a', value: 'b', timestamp: 1.5 }, 'bad_record'],
  ['map', 'headers that are none', { key: 'a', value: 'b', headers: [{ name: 'x' }] }, 'bad_record'],
  ['map', 'a key of another type', { key: 5, value: 'b' }, 'encode_failed'],
  ['map', 'a value of another type', { key: 'a', value: 5 }, 'encode_failed'],
  ['map', 'an undefined key', { key: undefined, value: 'b' }, 'encode_failed'],
  ['mapValues', 'nothing', undefined, 'encode_failed'],
  ['selectKey', 'nothing', undefined, 'encode_failed'],
  ['flatMap', 'nothing', undefined, 'bad_record'],
  ['flatMap', 'one record', { key: 'a', value: 'b' }, 'bad_record'],
  ['flatMap', 'a number', 5, 'bad_record'],
  ['flatMap', 'what looks like a list', { length: 1, 0: { key: 'a', value: 'b' } }, 'bad_record'],
  ['flatMap', 'text', 'text', 'bad_record'],
  ['flatMap', 'a list of other things', ['text'], 'bad_record'],
  ['flatMapValues', 'nothing', undefined, 'bad_record'],
  ['flatMapValues', 'one value', { page: '/' }, 'bad_record'],
  ['flatMapValues', 'text', 'text', 'bad_record'],
]

test.each(wrong)('%s that returns %s fails its record', (verb, _what, result, code) => {
  const driver = drive((builder) => returning(builder.stream(input), verb, result).to(output))
  const pipe = (): void => driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 })
  expect(errorOf(pipe)).toMatchObject({ code, topic: 'input', offset: 0 })
  expect(driver.outputTopic(output).readRecords()).toEqual([])
})

test('a predicate decides by what is true of its answer', () => {
  for (const [answer, count] of [
    [1, 1],
    [0, 0],
    ['x', 1],
    [undefined, 0],
    [null, 0],
  ] as const) {
    const driver = drive((builder) => returning(builder.stream(input), 'filter', answer).to(output))
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 })
    expect(driver.outputTopic(output).readRecords()).toHaveLength(count)
  }
})

test('an aggregation whose function returns nothing fails its record, and the row stays', () => {
  const sums = keyValueStore('sums', { key: string(), value: string() })
  const forgetful = (text: string): string => (text === 'bad' ? (undefined as unknown as string) : text)
  const folds: readonly Script[] = [
    (builder) =>
      builder
        .stream(input)
        .groupByKey()
        .reduce((_, value) => forgetful(value), { store: sums }),
    (builder) =>
      builder
        .stream(input)
        .groupByKey()
        .aggregate({ initializer: () => '', aggregator: (_, value) => forgetful(value), value: string(), store: sums }),
  ]
  for (const fold of folds) {
    const driver = drive(fold, { onError: 'skip' })
    for (const value of ['x', 'bad']) driver.inputTopic(input).pipeInput({ key: 'a', value, timestamp: 1 })
    expect(Object.values(driver.metrics().failed)).toEqual([{ bad_record: 1 }])
    expect(driver.store(sums).get('a')).toBe('x')
  }
})

describe('a key of a regrouping that its serde refuses', () => {
  const early: Topic<string, string> = topic('early', { key: string(), value: string() })

  test.each([1, 4])('fails the turn that made it, whatever the number of partitions: %i', (partitions) => {
    const driver = drive(
      (builder) => {
        const stream = builder.stream(input)
        stream.to(early)
        const keyed = stream.selectKey(({ value }) => (value === 'bad' ? (5 as unknown as string) : value))
        keyed.repartition({ key: string(), partitions }).groupByKey().count()
      },
      { onError: 'skip' },
    )
    for (const value of ['x', 'bad', 'y']) driver.inputTopic(input).pipeInput({ key: 'a', value, timestamp: 1 })
    expect(
      driver
        .outputTopic(early)
        .readRecords()
        .map(({ value }) => value),
    ).toEqual(['x', 'y'])
    expect(driver.metrics().failed).toEqual({ 'input.repartition': { encode_failed: 1 } })
  })
})
