// What an aggregation hands to its functions, what it keeps, and what it emits.
import { int64, json, keyValueStore, nullable, string, TimeWindows, topic, windowed } from 'millrace'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, input, output } from '../support/topology.ts'

interface Basket {
  items: string[]
}

const baskets = topic('baskets', { key: string(), value: json<Basket>() })
const basketRows = keyValueStore('basket-rows', { key: string(), value: json<Basket>() })

describe('an aggregator that changes its aggregate in place', () => {
  const seen: Basket[] = []
  const script = (fail: (item: string) => boolean) => (builder: Parameters<Parameters<typeof drive>[0]>[0]) => {
    seen.length = 0
    builder
      .stream(input)
      .groupByKey()
      .aggregate({
        initializer: (): Basket => ({ items: [] }),
        aggregator: (_key, value, basket) => {
          basket.items.push(value)
          if (fail(value)) throw new Error('not this one')
          return basket
        },
        value: json<Basket>(),
        store: basketRows,
      })
      .toStream()
      .peek(({ value }) => value !== null && seen.push(value))
      .to(baskets)
  }
  const basketOf = (...items: string[]): Basket => ({ items })

  test('gives the same as one that makes a new one', () => {
    const driver = drive(script(() => false))
    for (const value of ['x', 'y', 'z']) driver.inputTopic(input).pipeInput({ key: 'a', value, timestamp: 1 })
    const expected = [basketOf('x'), basketOf('x', 'y'), basketOf('x', 'y', 'z')]
    expect(
      driver
        .outputTopic(baskets)
        .readRecords()
        .map(({ value }) => value),
    ).toEqual(expected)
    expect(seen).toEqual(expected) // also what was handed on earlier is still as it was
    expect(driver.store(basketRows).get('a')).toEqual(basketOf('x', 'y', 'z'))
  })

  test.each(['always', 'manual'] as const)('is undone when its turn fails, with commits %s', (commit) => {
    const driver = drive(
      script((item) => item === 'bad'),
      { onError: 'skip', commit },
    )
    for (const value of ['bad', 'x', 'bad', 'y']) driver.inputTopic(input).pipeInput({ key: 'a', value, timestamp: 1 })
    driver.commit()
    expect(seen).toEqual([basketOf('x'), basketOf('x', 'y')])
    expect(driver.store(basketRows).get('a')).toEqual(basketOf('x', 'y'))
  })

  test('is undone when something behind it fails', () => {
    const driver = drive(
      (builder) => {
        const grouped = builder.stream(input).groupByKey()
        const rows = grouped.aggregate({
          initializer: (): Basket => ({ items: [] }),
          aggregator: (_key, value, basket) => {
            basket.items.push(value)
            return basket
          },
          value: json<Basket>(),
          store: basketRows,
        })
        rows.toStream().filter(({ value }) => {
          if (value?.items.includes('bad') === true) throw new Error('not this one')
          return true
        })
      },
      { onError: 'skip', commit: 'manual' },
    )
    for (const value of ['x', 'bad', 'y']) driver.inputTopic(input).pipeInput({ key: 'a', value, timestamp: 1 })
    driver.commit()
    expect(driver.store(basketRows).get('a')).toEqual(basketOf('x', 'y'))
  })
})

test('a reducer gets an aggregate of its own, which is not the record that began the row', () => {
  const records: Basket[] = []
  const driver = drive((builder) =>
    builder
      .stream(baskets)
      .peek(({ value }) => records.push(value))
      .groupByKey()
      .reduce(
        (left, right) => {
          left.items.push(...right.items)
          return left
        },
        { store: basketRows },
      ),
  )
  for (const item of ['x', 'y']) {
    driver.inputTopic(baskets).pipeInput({ key: 'a', value: { items: [item] }, timestamp: 1 })
  }
  expect(records).toEqual([{ items: ['x'] }, { items: ['y'] }])
  expect(driver.store(basketRows).get('a')).toEqual({ items: ['x', 'y'] })
})

describe('a null result', () => {
  const nullableOutput = topic('output', { key: string(), value: nullable(string()) })

  test('of an aggregator deletes the row and is emitted; the next record begins anew', () => {
    const rows = keyValueStore('rows', { key: string(), value: string() })
    const driver = drive((builder) =>
      builder
        .stream(input)
        .groupByKey()
        .aggregate({
          initializer: () => '',
          aggregator: (_key, value, sum) => (value === '-' ? null : sum + value),
          value: string(),
          store: rows,
        })
        .toStream()
        .to(output),
    )
    for (const value of ['x', 'y', '-', '-', 'z']) {
      driver.inputTopic(input).pipeInput({ key: 'a', value, timestamp: 1 })
      if (value === '-') expect(driver.store(rows).get('a')).toBeUndefined()
    }
    expect(briefly(driver.outputTopic(nullableOutput).readRecords())).toEqual([
      'a=x@1',
      'a=xy@1',
      'a=null@1',
      'a=null@1',
      'a=z@1',
    ])
    expect([...driver.store(rows).range()].map(({ value }) => value)).toEqual(['z'])
  })

  test('of a reducer, in a window, deletes the row of that window', () => {
    const windows = topic('windows', { key: windowed(string(), { size: 10 }), value: nullable(string()) })
    const driver = drive((builder) =>
      builder
        .stream(input)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 10, grace: 100 }))
        .reduce((left, right) => (right === '-' ? null : left + right))
        .toStream()
        .to(windows),
    )
    for (const [value, timestamp] of [
      ['x', 1],
      ['y', 12],
      ['-', 13],
      ['z', 2],
      ['w', 14],
    ] as const) {
      driver.inputTopic(input).pipeInput({ key: 'a', value, timestamp })
    }
    const emitted = driver.outputTopic(windows).readRecords()
    expect(emitted.map(({ key, value }) => `${key.window.start}=${value}`)).toEqual([
      '0=x',
      '10=y',
      '10=null',
      '0=xz',
      '10=w',
    ])
  })
})

test('a row has the largest timestamp of its records', () => {
  const rows = keyValueStore('rows', { key: string(), value: int64() })
  const driver = drive((builder) =>
    builder
      .stream(input)
      .groupByKey()
      .count({ store: rows })
      .toStream()
      .mapValues(({ value }) => `${value}`)
      .to(output),
  )
  for (const timestamp of [5, 3, 9]) driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp })
  expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['a=1@5', 'a=2@5', 'a=3@9'])
  expect([...driver.store(rows).range()]).toEqual([{ key: 'a', value: 3, timestamp: 9 }])
})

test('a value that its serde refuses fails the record, and the row stays', () => {
  const rows = keyValueStore('rows', { key: string(), value: int64() })
  const driver = drive(
    (builder) =>
      builder
        .stream(input)
        .groupByKey()
        .aggregate({
          initializer: () => 0,
          aggregator: (_key, value, sum) => sum + Number(value),
          value: int64(),
          store: rows,
        }),
    { onError: 'fail' },
  )
  driver.inputTopic(input).pipeInput({ key: 'a', value: '2', timestamp: 1 })
  expect(errorOf(() => driver.inputTopic(input).pipeInput({ key: 'a', value: '0.5', timestamp: 1 }))).toMatchObject({
    code: 'encode_failed',
    operator: 'input.aggregate',
    message: expect.stringContaining('expected a safe integer, got 2.5'),
  })
  expect(driver.store(rows).get('a')).toBe(2)
})
