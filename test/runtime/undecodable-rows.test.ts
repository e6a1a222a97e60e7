// A row that waits may no longer decode when its time comes, because the serde has changed: it fails alone, and its
// letter has its bytes.
import {
  bytes,
  JoinWindows,
  nullable,
  type Serde,
  SessionWindows,
  SlidingWindows,
  string,
  TimeWindows,
  topic,
} from 'millrace'
import { expect, test } from 'vitest'
import { drive, input, type Script } from '../support/topology.ts'

interface Page {
  readonly path: string
}

/** Refuses what it has written, once it is stricter. */
let isStrict = false
const pages: Serde<Page> = {
  name: 'page',
  encode: ({ path }) => Buffer.from(path),
  decode: (encoded) => {
    const path = Buffer.from(encoded).toString()
    if (isStrict && path.startsWith('old')) throw new Error('no longer a page')
    return { path }
  },
}
const other = topic('other', { key: string(), value: nullable(string()) })
const paths = topic('paths', { key: string(), value: string() })
const letters = topic('test-driver.dead-letters', { key: nullable(bytes()), value: nullable(bytes()) })

const windows = TimeWindows.of({ size: 10 })
const newest = {
  initializer: (): Page => ({ path: '' }),
  aggregator: (_: string, path: string): Page => ({ path }),
  value: pages,
}
const scripts: Readonly<Record<string, Script>> = {
  'until its window closes, in an aggregation': (builder) =>
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(windows)
      .emitStrategy('onWindowClose')
      .aggregate(newest)
      .toStream({ deletes: 'drop' })
      .map(({ key, value }) => ({ key: key.key, value: value.path }))
      .to(paths),
  'until its sliding window closes, in an aggregation': (builder) =>
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(SlidingWindows.of({ difference: 10 }))
      .emitStrategy('onWindowClose')
      .aggregate(newest)
      .toStream({ deletes: 'drop' })
      .map(({ key, value }) => ({ key: key.key, value: value.path }))
      .to(paths),
  'until its session closes, in an aggregation': (builder) =>
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(SessionWindows.of({ gap: 10 }))
      .emitStrategy('onWindowClose')
      .aggregate({ ...newest, merger: (_, __, page) => page })
      .toStream({ deletes: 'drop' })
      .map(({ key, value }) => ({ key: key.key, value: value.path }))
      .to(paths),
  'until its window closes, in suppress': (builder) =>
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(windows)
      .aggregate(newest)
      .suppress({ untilWindowCloses: true })
      .toStream({ deletes: 'drop' })
      .map(({ key, value }) => ({ key: key.key, value: value.path }))
      .to(paths),
  'for a time, in suppress': (builder) =>
    builder
      .stream(input)
      .mapValues(({ value: path }): Page => ({ path }))
      .toTable({ value: pages })
      .suppress({ untilTimeLimit: 10 })
      .toStream({ deletes: 'drop' })
      .mapValues(({ value }) => value.path)
      .to(paths),
  'for a partner, in a join of streams': (builder) =>
    builder
      .stream(input)
      .mapValues(({ value: path }): Page => ({ path }))
      .leftJoin(builder.stream(other), ({ path }) => path, {
        value: pages,
        window: JoinWindows.of({ difference: 10 }),
      })
      .to(paths),
  'for the grace of a join with a table': (builder) =>
    builder
      .stream(input)
      .mapValues(({ value: path }): Page => ({ path }))
      .leftJoin(builder.table(other, { versioned: { historyMs: 100 } }), ({ path }) => path, {
        value: pages,
        graceMs: 10,
      })
      .to(paths),
}

test.each(Object.entries(scripts))('a row that waits %s, and no longer decodes then, fails alone', (_, script) => {
  isStrict = false
  const driver = drive(script, { onError: 'deadLetter' })
  const pipe = (key: string, value: string, timestamp: number): void =>
    driver.inputTopic(input).pipeInput({ key, value, timestamp })
  pipe('a', 'new a', 0)
  pipe('b', 'old b', 1)
  pipe('c', 'new c', 2)
  driver.crash()
  isStrict = true
  pipe('z', 'new z', 100)
  const found = driver.outputTopic(paths).readRecords()
  expect(found.map(({ key, value }) => [key, value])).toEqual([
    ['a', 'new a'],
    ['c', 'new c'],
  ])
  const [letter, ...more] = driver.outputTopic(letters).readRecords()
  expect(more).toEqual([])
  expect(Buffer.from(letter?.key ?? []).toString()).toMatch(/^b/)
  expect(Buffer.from(letter?.value ?? []).toString()).toBe('old b')
})
