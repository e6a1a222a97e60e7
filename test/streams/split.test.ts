// split: a record goes to one branch, the first that wants it, wherever the branch leads.
import { StreamsBuilder, string, type StreamRecord, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { splitting } from '../../src/streams/split.ts'
import { carrierOf } from '../support/carriers.ts'
import { alone } from '../support/operator-double.ts'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, input, output, topologyOf } from '../support/topology.ts'
import { call } from '../support/untyped.ts'

const counted = topic('counted', { key: string(), value: string() })

type Text = StreamRecord<string, string>
const begins =
  (letter: string) =>
  ({ value }: Text): boolean =>
    value.startsWith(letter)

const pipe = (driver: ReturnType<typeof drive>, ...values: string[]): void => {
  for (const value of values) driver.inputTopic(input).pipeInput({ key: 'k', value, timestamp: 1 })
}

test('a record goes to the first branch that wants it, and to no other', () => {
  const asked: string[] = []
  const driver = drive((builder) => {
    const { first, second } = builder.stream(input).split({
      first: begins('a'),
      second: ({ value }) => {
        asked.push(value)
        return value !== 'c'
      },
    })
    first.to(output)
    second.mapValues(({ value }) => `${value}!`).to(output)
  })
  pipe(driver, 'a', 'b', 'c')
  expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['k=a@1', 'k=b!@1'])
  expect(asked, 'the first branch has taken the first record').toEqual(['b', 'c'])
})

test('the default gets what no other branch wants, wherever it is named', () => {
  const driver = drive((builder) => {
    const branches = builder.stream(input).split({ rest: 'default', a: begins('a') })
    expect(Object.keys(branches)).toEqual(['rest', 'a'])
    branches.rest.to(output)
  })
  pipe(driver, 'a', 'b', 'c')
  expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['k=b@1', 'k=c@1'])
})

test('branches meet again, keep what they know, and are found again by their names', () => {
  const driver = drive(
    (builder) => {
      const { a, b } = builder.stream(input).split({ a: begins('a'), b: begins('b') })
      a.merge(b).to(output)
      const counts = [a, b].map((branch) => branch.groupByKey().count().toStream())
      for (const count of counts) count.mapValues(({ value }) => String(value)).to(counted)
    },
    { commit: 'manual' },
  )
  pipe(driver, 'b', 'a', 'b')
  driver.commit()
  driver.crash()
  pipe(driver, 'b', 'c')
  driver.commit()
  expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['k=b@1', 'k=a@1', 'k=b@1', 'k=b@1'])
  expect(briefly(driver.outputTopic(counted).readRecords())).toEqual(['k=1@1', 'k=1@1', 'k=2@1', 'k=3@1'])
})

test('describe() shows each branch', () => {
  const topology = topologyOf((builder) => {
    const { a, rest } = builder.stream(input).split({ a: begins('a'), rest: 'default' }, { name: 'by-letter' })
    a.to(output)
    rest.groupByKey().count()
  })
  expect(topology.describe()).toBe(`Topologies:
  Sub-topology 0
    Source input (topics: input) --> by-letter
    Operator by-letter --> by-letter-a, by-letter-rest
    Port by-letter-a --> to-1
    Port by-letter-rest --> input.rest.count
    Sink to-1 (topic: output)
    Operator input.rest.count (store: input.rest.count)
`)
})

describe('a split', () => {
  const split = (branches: unknown): unknown => call(new StreamsBuilder().stream(input), 'split', branches)

  test('refuses what has no branches, or not these', () => {
    const throwing = {
      get a() {
        throw new Error('not readable')
      },
    }
    const wrong: readonly unknown[] = [
      undefined,
      null,
      'a',
      [() => true],
      {},
      { a: undefined },
      { a: 'otherwise' },
      { 'two words': () => true },
      { '': () => true },
      { a: 'default', b: 'default' },
      { a: () => true, 7: () => true },
      throwing,
    ]
    for (const branches of wrong) expect(errorOf(() => split(branches))).toMatchObject({ code: 'bad_option' })
  })

  test('says which branch it refuses', () => {
    expect(errorOf(() => split({ a: () => true, b: 5 })).message).toBe('branch "b" of split takes a function, not 5')
    expect(errorOf(() => split({ a: () => true, 7: () => true })).message).toContain('cannot be called "7"')
  })
})

describe('the operator of a split', () => {
  const carrier = carrierOf<unknown, unknown>(string() as never, 'k', string() as never, 'v')

  test('owns what a predicate throws, and says which one returned a promise', () => {
    const cause = new Error('not this one')
    const throwing = alone(
      splitting(
        [
          {
            name: 'a',
            predicate: () => {
              throw cause
            },
          },
        ],
        'rest',
      ),
    )
    expect(errorOf(() => throwing.feed(carrier))).toMatchObject({
      code: 'user_function_threw',
      operator: 'alone',
      cause,
    })
    const late = alone(splitting([{ name: 'a', predicate: (() => Promise.resolve(true)) as never }], 'rest'))
    expect(errorOf(() => late.feed(carrier))).toMatchObject({
      code: 'bad_record',
      message: expect.stringContaining('the predicate "a" of alone returned a promise'),
    })
    expect([throwing.ports, late.ports]).toEqual([
      { a: [], rest: [] },
      { a: [], rest: [] },
    ])
  })

  test('passes the carrier on as it is, and drops nothing', () => {
    const operator = alone(splitting([{ name: 'a', predicate: () => false }], 'rest'))
    operator.feed(carrier)
    expect(operator.ports['rest']).toEqual([carrier])
    expect([operator.caught, operator.dropped]).toEqual([[], []])
  })
})
