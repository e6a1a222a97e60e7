// The aggregates of a grouped table stand for the rows that the table has now, and for nothing else: whatever rows come,
// change, move and go, in whatever order of time, over commits and crashes.
import fc from 'fast-check'
import { int64, json, keyValueStore, nullable, type StreamsBuilder, string, type Topic, topic } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { briefly, drive, topologyOf } from '../support/topology.ts'
import { errorOf } from '../support/thrown.ts'

/** `group:number`; without a group the row is in none. */
const members: Topic<string, string> = topic('members', { key: string(), value: string() })
const out = topic('out', { key: string(), value: nullable(string()) })

const groupOf = (value: string): string | null => value.split(':')[0] || null
const numberOf = (value: string): number => Number(value.split(':')[1])

const grouped = (builder: StreamsBuilder) =>
  builder
    .table(members)
    .groupBy(({ value }) => ({ key: groupOf(value), value: numberOf(value) }), { key: string(), value: int64() })

/** Says what it is called with. */
const spelled = (builder: StreamsBuilder) =>
  grouped(builder).aggregate({
    initializer: () => '',
    aggregator: (key, value, text) => `${text}+${key}${value}`,
    subtractor: (key, value, text) => `${text}-${key}${value}`,
    value: string(),
  })

function outputsOf(
  table: (builder: StreamsBuilder) => { toStream(): { to(to: typeof out): void } },
  records: readonly (readonly [string, string | null, number])[],
): string[] {
  const driver = drive((builder) => table(builder).toStream().to(out))
  for (const [key, value, timestamp] of records) driver.inputTopic(members).pipeInput({ key, value, timestamp })
  return briefly(driver.outputTopic(out).readRecords())
}

describe('a row', () => {
  test('that is new is put in, one that goes is taken out', () => {
    expect(
      outputsOf(spelled, [
        ['a', 'x:1', 1],
        ['a', null, 2],
      ]),
    ).toEqual(['x=+x1@1', 'x=+x1-x1@2'])
  })

  test('that changes inside its group is one change: out with the old value, then in with the new', () => {
    expect(
      outputsOf(spelled, [
        ['a', 'x:1', 1],
        ['a', 'x:2', 2],
      ]),
    ).toEqual(['x=+x1@1', 'x=+x1-x1+x2@2'])
  })

  test('that moves leaves the old group first', () => {
    expect(
      outputsOf(spelled, [
        ['a', 'x:1', 1],
        ['a', 'y:1', 2],
      ]),
    ).toEqual(['x=+x1@1', 'x=+x1-x1@2', 'y=+y1@2'])
  })

  test('without a group is in none', () => {
    expect(
      outputsOf(spelled, [
        ['a', ':1', 1],
        ['a', 'x:1', 2],
        ['a', ':2', 3],
      ]),
    ).toEqual(['x=+x1@2', 'x=+x1-x1@3'])
  })

  test('that comes with an older time is what counts all the same, with the time of its group', () => {
    expect(
      outputsOf(spelled, [
        ['a', 'x:1', 5],
        ['b', 'x:2', 3],
      ]),
    ).toEqual(['x=+x1@5', 'x=+x1+x2@5'])
  })
})

test('a subtractor that gives null deletes the group, and a row that comes in the same change begins a new one', () => {
  const summed = (builder: StreamsBuilder) =>
    grouped(builder)
      .reduce({ adder: (sum, value) => sum + value, subtractor: (sum, value) => (sum === value ? null : sum - value) })
      .mapValues(({ value }) => `sum ${value}`)
  expect(
    outputsOf(summed, [
      ['a', 'x:1', 1],
      ['a', 'x:3', 2],
      ['a', null, 3],
    ]),
  ).toEqual(['x=sum 1@1', 'x=sum 3@2', 'x=null@3'])
})

test('a count of 0 stays', () => {
  const store = keyValueStore('sizes', { key: string(), value: int64() })
  const driver = drive((builder) => grouped(builder).count({ store }))
  for (const value of ['x:1', null]) driver.inputTopic(members).pipeInput({ key: 'a', value, timestamp: 1 })
  expect(briefly(driver.store(store).range())).toEqual(['x=0@1'])
})

test('the functions may change the aggregate that they are given', () => {
  const lists = keyValueStore('lists', { key: string(), value: json<number[]>() })
  const driver = drive((builder) => {
    const table = grouped(builder).aggregate({
      initializer: () => [],
      aggregator: (_key, value, list) => {
        list.push(value)
        return list
      },
      subtractor: (_key, value, list) => {
        list.splice(list.indexOf(value), 1)
        return list
      },
      value: json<number[]>(),
      store: lists,
    })
    // Asks for old values, which the functions must not have changed.
    table
      .groupBy(({ key, value }) => ({ key, value: value.join() }), { key: string(), value: string() })
      .aggregate({
        initializer: () => '',
        aggregator: (_key, value, text) => `${text}+${value}`,
        subtractor: (_key, value, text) => `${text}-${value}`,
        value: string(),
      })
      .toStream()
      .to(out)
  })
  for (const value of ['x:1', 'x:2', 'x:3']) driver.inputTopic(members).pipeInput({ key: value, value, timestamp: 1 })
  driver.inputTopic(members).pipeInput({ key: 'x:2', value: null, timestamp: 1 })
  expect(briefly(driver.store(lists).range())).toEqual(['x=[1,3]@1'])
  expect(briefly(driver.outputTopic(out).readRecords()).at(-1)).toBe('x=+1-1+1,2-1,2+1,2,3-1,2,3+1,3@1')
})

test.each(['adder', 'subtractor'] as const)('what the %s throws or forgets is an error of the aggregation', (bad) => {
  for (const [answer, code] of [
    [() => undefined as never, 'bad_record'],
    [
      () => {
        throw new Error('not this one')
      },
      'user_function_threw',
    ],
  ] as const) {
    const driver = drive(
      (builder) =>
        grouped(builder).reduce({ adder: (sum) => sum, subtractor: (sum) => sum, [bad]: answer, name: 'sums' }),
      { onError: 'skip' },
    )
    for (const value of ['x:1', 'x:2']) driver.inputTopic(members).pipeInput({ key: 'a', value, timestamp: 1 })
    expect(driver.metrics().failed).toEqual({ sums: { [code]: 1 } })
  }
})

test('without its functions an aggregation of rows is refused', () => {
  const reduce = (): unknown =>
    topologyOf((builder) => grouped(builder).reduce({ adder: (sum: number) => sum } as never))
  expect(errorOf(reduce)).toMatchObject({ code: 'bad_option' })
  expect(errorOf(reduce).message).toContain('the subtractor of reduce')
})

const rows = fc.tuple(
  fc.constantFrom('a', 'b', 'c', 'd'),
  fc.option(fc.tuple(fc.constantFrom('x', 'y', 'z', ''), fc.integer({ min: 0, max: 3 }))),
  fc.nat({ max: 5 }),
)
const steps = fc.array(fc.oneof({ weight: 6, arbitrary: rows }, fc.constantFrom('commit', 'crash')), { maxLength: 40 })

test('after any changes the aggregates are those of the rows that are left', () => {
  const counts = keyValueStore('counts', { key: string(), value: int64() })
  const sums = keyValueStore('sums', { key: string(), value: int64() })
  fc.assert(
    fc.property(steps, fc.constantFrom(0, 1_000_000), (list, stateCacheBytes) => {
      const topology = topologyOf((builder) => {
        const groups = grouped(builder)
        groups.count({ store: counts })
        groups.reduce({ adder: (sum, value) => sum + value, subtractor: (sum, value) => sum - value, store: sums })
      })
      using driver = new TopologyTestDriver(topology, { commit: 'manual', stateCacheBytes })
      const table = new Map<string, readonly [string, number]>()
      const groups = new Map<string, { count: number; sum: number }>()
      for (const step of list) {
        if (step === 'commit') driver.commit()
        else if (step === 'crash') driver.crash()
        else {
          const [key, row, timestamp] = step
          driver.inputTopic(members).pipeInput({ key, value: row === null ? null : row.join(':'), timestamp })
          if (row === null) table.delete(key)
          else table.set(key, row)
          if (row !== null && row[0] !== '' && !groups.has(row[0])) groups.set(row[0], { count: 0, sum: 0 })
        }
      }
      driver.commit()
      for (const [group, number] of table.values()) {
        const one = groups.get(group)
        if (one === undefined) continue
        one.count++
        one.sum += number
      }
      const expected = [...groups].toSorted(([left], [right]) => (left < right ? -1 : 1))
      const keptOf = (store: typeof counts) => [...driver.store(store).range()].map(({ key, value }) => [key, value])
      expect(keptOf(counts)).toEqual(expected.map(([key, { count }]) => [key, count]))
      expect(keptOf(sums)).toEqual(expected.map(([key, { sum }]) => [key, sum]))
    }),
    { numRuns: 40 },
  )
})
