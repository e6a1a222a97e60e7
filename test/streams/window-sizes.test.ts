// The key of a window holds its start alone, and the size stands in the serde: what is written as another size than it has
// would be read as another window. It is refused when the topology is built, or where only the record tells, when it is written.
import {
  int64,
  json,
  keyValueStore,
  type KStream,
  nullable,
  type Serde,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
  type Topic,
  type Topology,
  type Windowed,
  windowed,
} from 'millrace'
import { map } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { drive, input } from '../support/topology.ts'
import { call } from '../support/untyped.ts'
import { callVerb, titleOf, verbs } from '../support/verbs.ts'

type Key = Windowed<string>
type Counts = KStream<Key, number | null>

const sized = (size: number): Serde<Key> => windowed(string(), { size })
const counts = (key: Serde<Key>): Topic<Key, number> => topic('counts', { key, value: int64() })
const counted = (builder: StreamsBuilder, size: number, name = `count-${size}`): Counts =>
  builder.stream(input).groupByKey().windowedBy(TimeWindows.of({ size })).count({ name }).toStream()

/** Builds what comes of counts in windows of 10 ms. */
const build = (put: (stream: Counts, builder: StreamsBuilder) => unknown): Topology => {
  const builder = new StreamsBuilder()
  put(counted(builder, 10), builder)
  return builder.build()
}

/** Verbs that leave the key alone. */
const passing: Readonly<Record<string, (stream: Counts, builder: StreamsBuilder) => KStream<Key, number | null>>> = {
  'at once': (stream) => stream,
  filter: (stream) => stream.filter(() => true),
  filterNot: (stream) => stream.filterNot(() => false),
  mapValues: (stream) => stream.mapValues(({ value }) => value),
  flatMapValues: (stream) => stream.flatMapValues(({ value }) => [value]),
  peek: (stream) => stream.peek(() => undefined),
  merge: (stream) => stream.merge(stream.filter(() => true)),
  'merge with a size that fits': (stream, builder) => counted(builder, 20).merge(stream),
  'merge with a key that a function made': (stream) => stream.selectKey(({ key }) => key).merge(stream),
  repartition: (stream) => stream.repartition(),
  'verbs of the table': (_, builder) =>
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(TimeWindows.of({ size: 10 }))
      .count()
      .filter(() => true)
      .mapValues(({ value }) => value)
      .toStream(),
  'another aggregation by the same key': (stream) => stream.groupByKey().count().toStream(),
  'a topic that is read': (_, builder) => builder.stream(topic('others', { key: sized(10), value: int64() })),
}

describe.each(Object.entries(passing))('the keys of windows after %s', (_, put) => {
  test('may be written as windows of their size alone', () => {
    const error = errorOf(() => build((stream, builder) => put(stream, builder).to(counts(sized(20)))))
    expect(error).toMatchObject({ code: 'topology_invalid', topic: 'counts' })
    expect(error.message).toMatch(
      /^the keys of topic "counts" are windowed\(string,20\), but those that arrive there are windowed\(string,10\)/,
    )
  })

  test('may not be written as nullable ones of another size, nor as what is no window', () => {
    for (const key of [nullable(sized(20)), string(), int64(), nullable(string())]) {
      const other = topic('others', { key: key as Serde<unknown>, value: int64() })
      const { code } = errorOf(() => build((stream, builder) => call(put(stream, builder), 'to', other)))
      expect(code).toBe('topology_invalid')
    }
  })
})

test('windows of their own size, or a serde that takes any value, are fine', () => {
  for (const key of [sized(10), json<Key>(), windowed(json<string>(), { size: 10 })]) {
    build((stream) => stream.to(counts(key)))
  }
  build((stream) => stream.to(topic('counts', { key: nullable(sized(10)), value: int64() })))
  build((stream) =>
    stream.map(({ key, value }) => ({ key: key.key, value })).to(topic('a', { key: string(), value: int64() })),
  )
})

test('windows of windows are compared from the outside in', () => {
  const hours = (inner: number, outer: number): unknown =>
    build((stream) =>
      stream
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 60 }))
        .count()
        .toStream()
        .to(topic('hours', { key: windowed(sized(inner), { size: outer }), value: int64() })),
    )
  hours(10, 60)
  expect(errorOf(() => hours(20, 60))).toMatchObject({ code: 'topology_invalid' })
  expect(errorOf(() => hours(10, 61))).toMatchObject({ code: 'topology_invalid' })
})

/** Verbs that take the serde of a key that they leave alone. */
const keyed = verbs.filter(({ on, takes }) => on === 'stream' && takes.includes('key'))

describe('a serde of another size', () => {
  test('may be given to these verbs', () => expect(keyed.map(titleOf)).toContain('stream.repartition'))

  test.each<readonly [string, (stream: Counts) => unknown]>([
    ...keyed.map((verb): [string, (stream: Counts) => unknown] => [
      titleOf(verb),
      (stream) => callVerb(verb, stream, { ...verb.needs, key: sized(20) }),
    ]),
    [
      'a store',
      (stream) => stream.groupByKey().count({ store: keyValueStore('s', { key: sized(20), value: int64() }) }),
    ],
  ])('is refused by %s', (_, put) => {
    expect(errorOf(() => build(put))).toMatchObject({
      code: 'topology_invalid',
      message: expect.stringMatching(/windowed\(string,20\).*windowed\(string,10\)/),
    })
  })

  test('is refused where one topic is read and written', () => {
    const read = counts(sized(20))
    const error = errorOf(() => build((stream, builder) => (builder.stream(read), stream.to(counts(sized(10))))))
    expect(error).toMatchObject({ code: 'topology_invalid', topic: 'counts' })
    expect(error.message).toContain('windowed(string,20) and windowed(string,10)')
  })

  test('is refused where topics are read together', () => {
    const topics = [10, 20].map((size) => topic(`t${size}`, { key: sized(size), value: int64() }))
    expect(errorOf(() => new StreamsBuilder().stream(topics))).toMatchObject({
      code: 'topology_invalid',
      message: expect.stringContaining('windowed(string,10) and windowed(string,20)'),
    })
  })
})

test.each<readonly [string, (stream: Counts) => KStream<Key, number | null>]>([
  ['map', (stream) => stream.map((record) => record)],
  ['flatMap', (stream) => stream.flatMap((record) => [record])],
  ['selectKey', (stream) => stream.selectKey(({ key }) => key)],
  ['pipe', (stream) => stream.pipe(map((record) => record))],
])('a window that %s passes on unchanged is refused when it is written', (_, put) => {
  const driver = drive((builder) => put(counted(builder, 10)).to(counts(sized(20))))
  const error = errorOf(() => driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 }))
  expect(error).toMatchObject({ code: 'encode_failed', operator: 'to-1' })
  expect(error.message).toContain('the window [0, 10) is not 20 ms long')
  expect(driver.outputTopic(counts(sized(20))).readRecords()).toEqual([])
})

test('streams of different sizes can be merged, and each window keeps its end', () => {
  const both = topic('both', { key: json<Key>(), value: int64() })
  const driver = drive((builder) => counted(builder, 10).merge(counted(builder, 20)).to(both))
  driver.inputTopic(input).pipeInput({ key: 'a', value: 'b', timestamp: 1 })
  const windows = driver.outputTopic(both).readRecords()
  expect(windows.map(({ key }) => [key.window.start, key.window.end])).toEqual([
    [0, 10],
    [0, 20],
  ])
})
