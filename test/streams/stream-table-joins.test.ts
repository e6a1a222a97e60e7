// A stream that is joined with a table sees the row of each key as it is when the record comes, and nothing else of it.
import { int64, json, keyValueStore, nullable, string, TimeWindows, topic, windowed } from 'millrace'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, type Script, topologyOf } from '../support/topology.ts'

type Text = string | null
const orders = topic('orders', { key: nullable(string()), value: nullable(string()), partitions: 1 })
const names = topic('names', { key: string(), value: string(), partitions: 1 })
const out = topic('out', { key: nullable(string()), value: string() })

const pair = (left: Text, right: Text): string => `${left}+${right}`

const joined =
  (verb: 'join' | 'leftJoin'): Script =>
  (builder) => {
    const table = builder.table(names)
    const stream = builder.stream(orders)
    ;(verb === 'join' ? stream.join(table, pair) : stream.leftJoin(table, pair)).to(out)
  }

function played(script: Script): string[] {
  const driver = drive(script)
  const [left, right] = [driver.inputTopic(orders), driver.inputTopic(names)]
  left.pipeInput({ key: 'a', value: 'early', timestamp: 9 })
  right.pipeInput({ key: 'a', value: 'Ann', timestamp: 5 })
  left.pipeInput({ key: 'a', value: 'one', timestamp: 3 })
  right.pipeInput({ key: 'a', value: null, timestamp: 6 })
  left.pipeInput({ key: 'a', value: 'two', timestamp: 7 })
  left.pipeInput({ key: null, value: 'nobody', timestamp: 8 })
  left.pipeInput({ key: 'a', value: null, timestamp: 8 })
  return briefly(driver.outputTopic(out).readRecords())
}

describe('each record of the stream', () => {
  test('comes out with the row of its key, by its own timestamp', () => {
    expect(played(joined('join'))).toEqual(['a=one+Ann@3'])
  })

  test('comes out in a left join though it finds no row, or has no key', () => {
    expect(played(joined('leftJoin'))).toEqual(['a=early+null@9', 'a=one+Ann@3', 'a=two+null@7', 'null=nobody+null@8'])
  })

  test('finds the row again after a crash', () => {
    const driver = drive(joined('join'))
    driver.inputTopic(names).pipeInput({ key: 'a', value: 'Ann' })
    driver.crash()
    driver.inputTopic(orders).pipeInput({ key: 'a', value: 'one', timestamp: 1 })
    expect(briefly(driver.outputTopic(out).readRecords())).toEqual(['a=one+Ann@1'])
  })

  test('of a stream whose key was changed finds the row in another partition', () => {
    const wide = topic('wide', { key: string(), value: string(), partitions: 5 })
    const driver = drive((builder) => {
      const table = builder.table(wide)
      builder
        .stream(orders)
        .selectKey(({ value }) => value)
        .join(table, pair)
        .to(out)
    })
    const keys = ['a', 'b', 'c', 'd', 'e', 'f']
    for (const key of keys) driver.inputTopic(wide).pipeInput({ key, value: `row of ${key}` })
    for (const value of keys) driver.inputTopic(orders).pipeInput({ key: 'x', value, timestamp: 1 })
    const found = briefly(driver.outputTopic(out).readRecords()).toSorted()
    expect(found).toEqual(keys.map((key) => `${key}=${key}+row of ${key}@1`))
  })
})

describe('the table', () => {
  test('may be filtered and mapped without a store of its own', () => {
    const driver = drive((builder) => {
      const table = builder
        .table(names)
        .filter(({ value }) => value !== 'Bob')
        .mapValues(({ value }) => value.length)
      builder
        .stream(orders)
        .leftJoin(table, (left, right) => `${left}+${right}`)
        .to(out)
    })
    for (const [key, value] of Object.entries({ a: 'Ann', b: 'Bob' }))
      driver.inputTopic(names).pipeInput({ key, value })
    for (const key of ['a', 'b']) driver.inputTopic(orders).pipeInput({ key, value: key, timestamp: 0 })
    expect(briefly(driver.outputTopic(out).readRecords())).toEqual(['a=a+3@0', 'b=b+null@0'])
  })

  test('may be made of the stream itself: a record finds the row that it has made', () => {
    const driver = drive((builder) => {
      const stream = builder.stream(orders)
      const counts = stream.groupByKey().count({ store: keyValueStore('counts', { key: string(), value: int64() }) })
      stream.join(counts, (left, count) => `${left}+${count}`).to(out)
    })
    for (const value of ['x', 'y']) driver.inputTopic(orders).pipeInput({ key: 'a', value, timestamp: 0 })
    expect(briefly(driver.outputTopic(out).readRecords())).toEqual(['a=x+1@0', 'a=y+2@0'])
  })

  test('may have windows: a stream of the same windows finds their rows', () => {
    const size = 10
    const keys = windowed(string(), { size })
    const marks = topic('marks', { key: keys, value: string(), partitions: 1 })
    const pairs = topic('pairs', { key: keys, value: string() })
    const driver = drive((builder) => {
      const counts = builder.stream(names).groupByKey().windowedBy(TimeWindows.of({ size })).count()
      builder
        .stream(marks)
        .join(counts, (left, count) => `${left}+${count}`)
        .to(pairs)
    })
    driver.inputTopic(names).pipeInput({ key: 'a', value: 'x', timestamp: 12 })
    for (const start of [0, 10]) {
      const key = { key: 'a', window: { start, end: start + size } }
      driver.inputTopic(marks).pipeInput({ key, value: 'm', timestamp: 13 })
    }
    expect(
      driver
        .outputTopic(pairs)
        .readRecords()
        .map(({ value }) => value),
    ).toEqual(['m+1'])
  })
})

describe('is refused when it is built', () => {
  const refusal = (script: Script): unknown => errorOf(() => topologyOf(script))

  test('an outer join: a table has no records of its own', () => {
    const outer: Script = (builder) => {
      const stream = builder.stream(orders)
      const untyped = stream as unknown as { outerJoin(...args: readonly unknown[]): unknown }
      return untyped.outerJoin(builder.table(names), pair)
    }
    expect(refusal(outer)).toMatchObject({ code: 'bad_option', message: expect.stringContaining('outerJoin') })
  })

  test('a table whose keys are written in another format', () => {
    const other = topic('other', { key: json<string>(), value: string() })
    expect(refusal((builder) => builder.stream(orders).join(builder.table(other), pair))).toMatchObject({
      code: 'topology_invalid',
      message: expect.stringContaining('different formats'),
    })
  })

  test('a stream with other partitions than the table, at the start', () => {
    const narrow = topic('narrow', { key: string(), value: string(), partitions: 2 })
    expect(errorOf(() => drive((builder) => builder.stream(orders).join(builder.table(narrow), pair)))).toMatchObject({
      code: 'partitions_differ',
    })
  })
})
