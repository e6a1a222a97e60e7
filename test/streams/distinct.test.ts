// distinct: which record of an id goes on, by event time in both directions, and what it can no longer tell.
import fc from 'fast-check'
import { int64, type KStream, string, topic, windowStore } from 'millrace'
import type { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, input, output, topologyOf } from '../support/topology.ts'
import { call } from '../support/untyped.ts'

const texts = (stream: KStream<string, string>) => stream.distinct({ id: ({ value }) => value, within: 10 })

/** Pipes `value@timestamp`, and says what comes out in the same way. */
function passed(driver: TopologyTestDriver, ...records: readonly string[]): string[] {
  const reader = driver.outputTopic(output)
  const before = reader.readRecords().length
  for (const record of records) {
    const [value = '', timestamp] = record.split('@')
    driver.inputTopic(input).pipeInput({ key: 'k', value, timestamp: Number(timestamp) })
  }
  return briefly(driver.outputTopic(output).readRecords())
    .slice(before)
    .map((line) => line.slice(2))
}

describe('a record goes on', () => {
  test.each([
    ['unless its id has gone on less than `within` before it', ['a@0', 'a@9', 'b@9'], ['a@0', 'b@9']],
    ['when that was `within` before it', ['a@0', 'a@10'], ['a@0', 'a@10']],
    ['unless its id has gone on less than `within` after it', ['a@20', 'a@11'], ['a@20']],
    ['when that was `within` after it', ['a@20', 'a@10'], ['a@20', 'a@10']],
    ['whatever was dropped before it: a duplicate does not renew', ['a@0', 'a@6', 'a@12'], ['a@0', 'a@12']],
    ['when it is too old to be judged', ['a@0', 'b@11', 'a@0'], ['a@0', 'b@11', 'a@0']],
    ['and is judged at the very limit', ['a@0', 'b@10', 'a@0'], ['a@0', 'b@10']],
    ['and counts for those after it, when it was not judged too', ['b@18', 'a@7', 'a@16'], ['b@18', 'a@7']],
  ])('%s', (_, records, expected) => {
    expect(
      passed(
        drive((builder) => texts(builder.stream(input)).to(output)),
        ...records,
      ),
    ).toEqual(expected)
  })

  test('when its id is null', () => {
    const driver = drive((builder) =>
      builder
        .stream(input)
        .distinct({ id: () => null, within: 10 })
        .to(output),
    )
    expect(passed(driver, 'a@0', 'a@0')).toEqual(['a@0', 'a@0'])
  })

  test('when its id is no number that has gone on; 0 and -0 are one', () => {
    const id = ({ value }: { readonly value: string }) => Number(value)
    const driver = drive((builder) => builder.stream(input).distinct({ id, within: 10 }).to(output))
    expect(passed(driver, '0@0', '-0@1', '1@1')).toEqual(['0@0', '1@1'])
  })

  test('when its id is a number, and the other one a text', () => {
    const id = ({ value }: { readonly value: string }) => (value === 'number' ? 1 : '1')
    const driver = drive((builder) => builder.stream(input).distinct({ id, within: 10 }).to(output))
    expect(passed(driver, 'number@0', 'text@0', 'number@1', 'text@1')).toEqual(['number@0', 'text@0'])
  })
})

test('what does not go on, and what could not be judged, is counted', () => {
  const driver = drive((builder) => texts(builder.stream(input)).to(output))
  passed(driver, 'a@0', 'a@5', 'b@20', 'b@21', 'a@0')
  expect(driver.metrics().dropped).toEqual({ 'input.distinct': { duplicate: 2, undecided: 1 } })
})

test('what has gone on is known after a crash, and can be queried', () => {
  const seen = windowStore('seen', { key: string(), value: int64() })
  const driver = drive((builder) =>
    builder
      .stream(input)
      .distinct({ id: ({ value }) => value, within: 10, store: seen })
      .to(output),
  )
  passed(driver, 'a@3', 'b@4')
  driver.crash()
  expect(passed(driver, 'a@9', 'b@14')).toEqual(['b@14'])
  expect(driver.store(seen).fetch('b')).toEqual([
    { key: { key: 'b', window: { start: 4, end: 14 } }, value: 4, timestamp: 4 },
    { key: { key: 'b', window: { start: 14, end: 24 } }, value: 14, timestamp: 14 },
  ])
})

test('any order of times, with commits and crashes, leaves what a list of all that went on would', () => {
  const record = fc.record({ id: fc.constantFrom('a', 'b'), timestamp: fc.nat({ max: 60 }) })
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 24, size: 'max' }),
      fc.integer({ min: 1, max: 20 }),
      (records, within) => {
        const driver = drive((builder) =>
          builder
            .stream(input)
            .distinct({ id: ({ key }) => key, within })
            .to(output),
        )
        const expected: string[] = []
        const gone: { readonly id: string; readonly timestamp: number }[] = []
        for (const { id, timestamp } of records) {
          driver.inputTopic(input).pipeInput({ key: id, value: '', timestamp })
          const now = Math.max(...gone.map((one) => one.timestamp), -1)
          const near = gone.some((one) => one.id === id && Math.abs(one.timestamp - timestamp) < within)
          if (timestamp >= now - within && near) continue
          gone.push({ id, timestamp })
          expected.push(`${id}@${timestamp}`)
          if (timestamp % 7 === 0) driver.crash()
        }
        const out = driver.outputTopic(output).readRecords()
        expect(out.map(({ key, timestamp }) => `${key}@${timestamp}`)).toEqual(expected)
        driver.close()
      },
    ),
    { numRuns: 15 },
  )
})

test.each([[undefined], [{}], [true], [1n], [Symbol('id')], [Promise.resolve('a')], [Number.NaN]])(
  'the id %o fails its record',
  (id) => {
    const driver = drive((builder) =>
      call(call(builder.stream(input), 'distinct', { id: () => id, within: 1 }), 'to', output),
    )
    const { code, operator } = errorOf(() => passed(driver, 'a@0'))
    expect({ code, operator }).toEqual({
      code: Number.isNaN(id) ? 'encode_failed' : 'bad_record',
      operator: 'input.distinct',
    })
  },
)

const idOf = (): string => 'a'

test.each([
  [{ id: idOf }, 'within is undefined'],
  [{ id: idOf, within: 0 }, 'within is 0'],
  [{ id: 'a', within: 1 }, 'the id of distinct takes a function'],
])('distinct(%o) is refused', (options, message) => {
  const build = (): unknown => topologyOf((builder) => call(builder.stream(input), 'distinct', options))
  expect(errorOf(build)).toMatchObject({ code: 'bad_option', message: expect.stringContaining(message) })
})

test('topics with different numbers of partitions may be read together: each partition is judged by itself', () => {
  const narrow = topic('narrow', { key: string(), value: string(), partitions: 1 })
  const wide = topic('wide', { key: string(), value: string(), partitions: 2 })
  const driver = drive((builder) => texts(builder.stream([narrow, wide])).to(output))
  driver.inputTopic(narrow).pipeInput({ key: 'a', value: 'x', timestamp: 1 })
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
    driver.inputTopic(wide).pipeInput({ key, value: 'x', timestamp: 1 })
  }
  // The second is the first in the other partition of the wide topic.
  expect(driver.outputTopic(output).readRecords()).toHaveLength(2)
})
