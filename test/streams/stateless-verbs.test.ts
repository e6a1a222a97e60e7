// What each verb without memory makes of a record: key, value, timestamp and headers.
import { string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { briefly, drive, input, output, type Script } from '../support/topology.ts'

const header = { key: 'trace', value: Buffer.from('1') }

/** What comes out of a script for one record. */
function run(script: Script): string[] {
  const driver = drive(script)
  driver.inputTopic(input).pipeInput({ key: 'k', value: 'a b', timestamp: 7, headers: [header] })
  return driver
    .outputTopic(output)
    .readRecords()
    .map(
      (record) =>
        `${briefly([record])[0]} ${record.headers.map(({ key, value }) => `${key}:${Buffer.from(value ?? '').toString()}`).join()}`,
    )
}

const same = 'k=a b@7 trace:1'

test('filter and filterNot pass a record on as it is, or not', () => {
  expect(
    run((builder) =>
      builder
        .stream(input)
        .filter(() => true)
        .to(output),
    ),
  ).toEqual([same])
  expect(
    run((builder) =>
      builder
        .stream(input)
        .filter(() => false)
        .to(output),
    ),
  ).toEqual([])
  expect(
    run((builder) =>
      builder
        .stream(input)
        .filterNot(() => false)
        .to(output),
    ),
  ).toEqual([same])
  expect(
    run((builder) =>
      builder
        .stream(input)
        .filterNot(() => true)
        .to(output),
    ),
  ).toEqual([])
})

test('mapValues, selectKey and map keep what they do not make', () => {
  expect(
    run((builder) =>
      builder
        .stream(input)
        .mapValues(({ value }) => `${value}!`)
        .to(output),
    ),
  ).toEqual(['k=a b!@7 trace:1'])
  expect(
    run((builder) =>
      builder
        .stream(input)
        .selectKey(({ value }) => value)
        .to(output),
    ),
  ).toEqual(['a b=a b@7 trace:1'])
  expect(
    run((builder) =>
      builder
        .stream(input)
        .map(({ key, value }) => ({ key: value, value: key }))
        .to(output),
    ),
  ).toEqual(['a b=k@7 trace:1'])
})

test('map and flatMap may give a timestamp and headers', () => {
  const given = { key: 'x', value: 'y', timestamp: 1, headers: [{ key: 'own', value: 'text' }] }
  expect(
    run((builder) =>
      builder
        .stream(input)
        .map(() => given)
        .to(output),
    ),
  ).toEqual(['x=y@1 own:text'])
  expect(
    run((builder) =>
      builder
        .stream(input)
        .map(() => ({ key: 'x', value: 'y', headers: [] }))
        .to(output),
    ),
  ).toEqual(['x=y@7 '])
  expect(
    run((builder) =>
      builder
        .stream(input)
        .flatMap(() => [given, { key: 'p', value: 'q' }])
        .to(output),
    ),
  ).toEqual(['x=y@1 own:text', 'p=q@7 trace:1'])
})

test('flatMap and flatMapValues take any iterable, in its order', () => {
  const words = function* (text: string): Iterable<string> {
    yield* text.split(' ')
  }
  const expected = ['k=a@7 trace:1', 'k=b@7 trace:1']
  expect(
    run((builder) =>
      builder
        .stream(input)
        .flatMapValues(({ value }) => words(value))
        .to(output),
    ),
  ).toEqual(expected)
  expect(
    run((builder) =>
      builder
        .stream(input)
        .flatMapValues(({ value }) => new Set(words(value)))
        .to(output),
    ),
  ).toEqual(expected)
  expect(
    run((builder) =>
      builder
        .stream(input)
        .flatMap(({ key, value }) => value.split(' ').map((value) => ({ key, value })))
        .to(output),
    ),
  ).toEqual(expected)
  expect(
    run((builder) =>
      builder
        .stream(input)
        .flatMapValues(() => [])
        .to(output),
    ),
  ).toEqual([])
})

test('peek passes on, foreach ends there, and both see the record', () => {
  const seen: string[] = []
  expect(
    run((builder) => {
      builder.stream(input).foreach((record) => seen.push(`foreach ${briefly([record])[0]}`))
      builder
        .stream(input)
        .peek((record) => seen.push(`peek ${briefly([record])[0]}`))
        .to(output)
    }),
  ).toEqual([same])
  expect(seen).toEqual(['foreach k=a b@7', 'peek k=a b@7'])
})

test('merge passes on the records of both, and of one stream with itself once', () => {
  const other = topic('other', { key: string(), value: string() })
  const driver = drive((builder) => {
    const stream = builder.stream(input)
    stream
      .merge(builder.stream(other))
      .merge(stream.mapValues(() => 'again'))
      .to(output)
  })
  driver.inputTopic(input).pipeInput({ key: 'a', value: 'one', timestamp: 1 })
  driver.inputTopic(other).pipeInput({ key: 'b', value: 'two', timestamp: 2 })
  expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['a=one@1', 'a=again@1', 'b=two@2'])
  expect(
    run((builder) => {
      const stream = builder.stream(input)
      stream.merge(stream).to(output)
    }),
  ).toEqual([same])
})

test('to writes, and the stream goes on to others', () => {
  const copy = topic('copy', { key: string(), value: string() })
  const driver = drive((builder) => {
    const stream = builder.stream(input)
    stream.to(output)
    stream.to(copy)
  })
  driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 })
  expect(driver.outputTopic(output).readRecords()).toMatchObject([{ key: 'a', value: 'b', partition: 0, offset: 0 }])
  expect(driver.outputTopic(copy).readRecords()).toMatchObject([{ key: 'a', value: 'b', partition: 0, offset: 0 }])
})

describe('children of a node', () => {
  test('get each record in the order of the calls that made them', () => {
    const seen: string[] = []
    const see = (name: string) => (): void => void seen.push(name)
    const driver = drive((builder) => {
      const stream = builder.stream(input)
      const early = stream.filter(() => true)
      stream.peek(see('1')).peek(see('2'))
      early.foreach(see('3: of the filter, made first'))
      stream.foreach(see('4'))
      const merged = early.merge(stream)
      merged.foreach(see('5: merged'))
      stream.foreach(see('6'))
      merged.foreach(see('7: merged, last'))
    })
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 })
    expect(seen).toEqual([
      '3: of the filter, made first',
      '5: merged',
      '7: merged, last',
      '1',
      '2',
      '4',
      '5: merged',
      '7: merged, last',
      '6',
    ])
  })

  test('write to a topic in that order', () => {
    const outputs = run((builder) => {
      const stream = builder.stream(input)
      stream.mapValues(() => 'first').to(output)
      const branch = stream.flatMapValues(() => ['second', 'third'])
      stream.mapValues(() => 'fifth').to(output)
      branch.to(output)
      branch.mapValues(({ value }) => `${value}+`).to(output)
    })
    expect(outputs.map((line) => line.slice(2, line.indexOf('@')))).toEqual([
      'first',
      'second',
      'second+',
      'third',
      'third+',
      'fifth',
    ])
  })
})
