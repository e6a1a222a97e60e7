// Late records that are asked for come to a topic of their own as they were: late by the rule of the verb, each once.
import { int64, string, TimeWindows, topic, windowed } from 'millrace'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, input, output, topologyOf, type Script } from '../support/topology.ts'

const late = topic('late', { key: string(), value: string(), partitions: 3 })
const hopping = TimeWindows.of({ size: 20, advance: 10 })

/** Counts in windows of 20 ms every 10 ms; late records have a topic. */
const counted: Script = (builder) => builder.stream(input).groupByKey().windowedBy(hopping).count({ late })

describe('a record that no window takes', () => {
  test('is written as it came, in the partition of its key, and counted', () => {
    const driver = drive(counted)
    const headers = [{ key: 'h', value: Buffer.from('1') }]
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'on time', timestamp: 70 })
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'too late', timestamp: 15, headers })
    const [written, ...others] = driver.outputTopic(late).readRecords()
    expect(others).toEqual([])
    expect(written).toMatchObject({ key: 'a', value: 'too late', timestamp: 15, headers: [{ key: 'h' }] })
    driver.inputTopic(late).pipeInput({ key: 'a', value: '', timestamp: 0 })
    expect(
      driver
        .outputTopic(late)
        .readRecords()
        .map(({ partition }) => partition),
    ).toEqual([written?.partition, written?.partition])
    expect(driver.metrics().dropped).toEqual({ 'input.count': { late: 2 } })
  })

  test('is what came to the verb: with the key that it was grouped by', () => {
    const driver = drive((builder) =>
      builder
        .stream(input)
        .mapValues(({ value }) => value.toUpperCase())
        .groupBy(({ value }) => value.slice(0, 1), { key: string(), value: string() })
        .windowedBy(TimeWindows.of({ size: 10, grace: 5 }))
        .reduce((left, right) => left + right, { late })
        .toStream()
        .map(({ key, value }) => ({ key: key.key, value: value ?? '' }))
        .to(output),
    )
    for (const [value, timestamp] of [
      ['x1', 14],
      ['x2', 3],
      ['y1', 15],
      ['y2', 4],
    ] as const) {
      driver.inputTopic(input).pipeInput({ key: 'a', value, timestamp })
    }
    expect(briefly(driver.outputTopic(late).readRecords())).toEqual(['Y=Y2@4'])
    expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['X=X1@14', 'X=X2@3', 'Y=Y1@15'])
  })

  test('is undone with its turn, and is not lost in a crash', () => {
    const driver = drive(
      (builder) => {
        const stream = builder.stream(input)
        stream.groupByKey().windowedBy(hopping).count({ late })
        stream.foreach(({ value }) => {
          if (value === 'bad') throw new Error('not this one')
        })
      },
      { commit: 'manual', onError: 'skip' },
    )
    for (const [value, timestamp] of [
      ['x', 70],
      ['bad', 1],
      ['good', 2],
    ] as const) {
      driver.inputTopic(input).pipeInput({ key: 'a', value, timestamp })
    }
    driver.crash()
    driver.commit()
    expect(briefly(driver.outputTopic(late).readRecords())).toEqual(['a=good@2'])
  })
})

test('a record that some windows take is only counted', () => {
  const driver = drive(counted)
  for (const timestamp of [20, 15]) driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp })
  expect(driver.outputTopic(late).readRecords()).toEqual([])
  expect(driver.metrics().dropped).toEqual({ 'input.count': { late: 1 } })
})

test('records without a key or a value are not late', () => {
  const driver = drive(counted)
  driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 70 })
  driver.inputTopic(input).pipeInput({ key: 'a', value: null, timestamp: 1 })
  expect(driver.outputTopic(late).readRecords()).toEqual([])
})

describe('a topic for late records', () => {
  test('is shown by describe()', () => {
    expect(topologyOf(counted).describe()).toMatch(/input\.count-late[\s\S]*topic: late/)
  })

  test('is refused when it is none, or is of other keys', () => {
    const withLate = (given: unknown) => (): unknown =>
      topologyOf((builder) => {
        const counts = builder.stream(input).groupByKey().windowedBy(hopping).count().toStream()
        counts
          .groupByKey()
          .windowedBy(hopping)
          .count({ late: given as typeof late, name: 'again' } as never)
      })
    expect(errorOf(withLate('late'))).toMatchObject({ code: 'bad_option' })
    const other = topic('other', { key: windowed(string(), { size: 5 }), value: int64() })
    expect(errorOf(withLate(other))).toMatchObject({ code: 'topology_invalid', topic: 'other' })
  })
})
