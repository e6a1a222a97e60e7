// A topic has one reader in an application, whose records go to everyone who asks for the topic.
import { json, nullable, StreamsBuilder, string, type Topic, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, input, output } from '../support/topology.ts'

const other = topic('other', { key: string(), value: string() })

describe('a topic that is asked for twice', () => {
  test('is read once, for both', () => {
    const driver = drive((builder) => {
      builder.stream(input).to(output)
      builder
        .stream(input)
        .mapValues(({ value }) => value.toUpperCase())
        .to(output)
      builder
        .stream([input])
        .mapValues(({ value }) => `${value}!`)
        .to(output)
    })
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 })
    expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['a=b@1', 'a=B@1', 'a=b!@1'])
    expect(driver.metrics().consumed).toEqual({ input: 1 })
  })

  test('is one source, in whatever order its topics are named', () => {
    const builder = new StreamsBuilder()
    builder.stream([input, other])
    builder.stream([other, input])
    expect(builder.build().nodes).toHaveLength(1)
  })

  test('is one source under two constants whose serdes read alike', () => {
    const twin = (): Topic<string, number | null> => topic('input', { key: string(), value: nullable(json<number>()) })
    const builder = new StreamsBuilder()
    builder.stream(twin())
    builder.stream(twin())
    expect(builder.build().nodes).toHaveLength(1)
  })

  const differently: readonly (readonly [string, (builder: StreamsBuilder) => unknown])[] = [
    ['another reset', (builder) => builder.stream(input, { reset: 'latest' })],
    ['another value serde', (builder) => builder.stream(topic('input', { key: string(), value: json<string>() }))],
    ['a nullable value', (builder) => builder.stream(topic('input', { key: string(), value: nullable(string()) }))],
    ['another key serde', (builder) => builder.stream(topic('input', { key: json<string>(), value: string() }))],
    ['more topics', (builder) => builder.stream([input, other])],
  ]
  test.each(differently)('is refused with %s', (_what, again) => {
    const builder = new StreamsBuilder()
    builder.stream(input)
    expect(errorOf(() => again(builder))).toMatchObject({
      code: 'topology_invalid',
      message: expect.stringContaining('topic "input" is read twice in different ways'),
    })
  })

  test('is refused with fewer topics', () => {
    const builder = new StreamsBuilder()
    builder.stream([input, other])
    expect(errorOf(() => builder.stream(other))).toMatchObject({ code: 'topology_invalid' })
  })

  test('is refused within one call', () => {
    expect(errorOf(() => new StreamsBuilder().stream([input, input]))).toMatchObject({ code: 'bad_option' })
  })
})

test('several topics of one source come as one stream', () => {
  const driver = drive((builder) => builder.stream([input, other]).to(output))
  driver.inputTopic(other).pipeInput({ key: 'a', value: 'from other', timestamp: 5 })
  driver.inputTopic(input).pipeInput({ key: 'b', value: 'from input', timestamp: 1 })
  expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['a=from other@5', 'b=from input@1'])
})

describe('several topics of one source', () => {
  test('may hold their values in different formats', () => {
    const asJson = topic('as-json', { key: string(), value: json<string>() })
    const driver = drive((builder) =>
      builder
        .stream([input, asJson])
        .groupByKey()
        .reduce((left, right) => left + right)
        .toStream()
        .to(output),
    )
    driver.inputTopic(asJson).pipeInput({ key: 'a', value: 'b', timestamp: 1 })
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'c', timestamp: 2 })
    expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['a=b@1', 'a=bc@2'])
  })

  test('are refused with different formats of keys, which would be in different partitions', () => {
    const byJson = topic('by-json', { key: json<string>(), value: string() })
    expect(errorOf(() => new StreamsBuilder().stream([input, byJson]))).toMatchObject({ code: 'topology_invalid' })
  })
})

test('options are refused by name', () => {
  const stream = (options: object): unknown => new StreamsBuilder().stream(input, options)
  expect(errorOf(() => stream({ rest: 'latest' }))).toMatchObject({
    code: 'bad_option',
    message: 'stream has no option "rest"; it takes reset, timestamp, name. Did you mean "reset"?',
  })
  expect(errorOf(() => stream({ reset: 'newest' }))).toMatchObject({
    code: 'bad_option',
    message: 'reset is "newest"; expected "earliest", "latest", { ago: ms } or { time: ms }',
  })
  expect(errorOf(() => stream({ name: 'two words' }))).toMatchObject({ code: 'bad_option' })
  expect(errorOf(() => new StreamsBuilder().stream([]))).toMatchObject({ code: 'bad_option' })
})

test('streams of two builders cannot be merged', () => {
  const one = new StreamsBuilder().stream(input)
  expect(errorOf(() => one.merge(new StreamsBuilder().stream(other)))).toMatchObject({
    code: 'topology_invalid',
    message: expect.stringContaining('builder'),
  })
})
