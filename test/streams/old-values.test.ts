// The old value of a change is what stood in the row before this change: not before the turn, not before the crash, and not
// what an aggregator has made of its copy since.
import fc from 'fast-check'
import { string, TimeWindows, type Topic, topic } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import type { PlanNode } from '../../src/plan/node.ts'
import { ofTables, ofTableVerbs } from '../../src/plan/old-values.ts'
import type { PlanBuilder } from '../../src/plan/plan-builder.ts'

import { aggregation } from '../../src/streams/aggregate.ts'
import { counting, reducing } from '../../src/streams/fold.ts'
import { filteringRows } from '../../src/streams/filter.ts'
import { flatMappingValues } from '../../src/streams/flat-map.ts'
import { peeking } from '../../src/streams/peek.ts'
import { listChanges, listTable, show, showIn, shownChanges } from '../support/changes.ts'
import { countIn, countStore, drivePlan, planned, planTopic } from '../support/plans.ts'
import { briefly, input, output, type Script, topologyOf } from '../support/topology.ts'

const odd: Topic<string, string> = topic('odd', { key: string(), value: string() })

/** Each letter of a value, in one turn. */
function letters(plan: PlanBuilder): PlanNode {
  const source = plan.source([planTopic(input)], 'earliest', undefined)
  return plan.stateless(
    'flatMapValues',
    source,
    undefined,
    flatMappingValues(({ value }) => (value as string).split('')),
  )
}

/** Fails a turn in which a list gets a `!`, after everything else. */
function failing(plan: PlanBuilder, table: PlanNode): void {
  const operator = peeking<unknown, string[] | null>(({ value }) => {
    if (value?.includes('!') === true) throw new Error('not this one')
  })
  plan.stateless('peek', table, undefined, operator)
}

const isOdd = ({ value }: { readonly value: unknown }): boolean => (value as string[]).length % 2 === 1

/** Lists of letters, whose changes are shown, all of them and those of lists of odd length. */
function lists(plan: PlanBuilder): void {
  const table = listTable(plan, letters(plan), 'lists')
  show(plan, table)
  show(plan, plan.stateless('filter', table, undefined, filteringRows(isOdd, true), ofTableVerbs), odd)
  failing(plan, table)
}

const pipe = (driver: TopologyTestDriver, key: string, value: string, timestamp = 1): void =>
  driver.inputTopic(input).pipeInput({ key, value, timestamp })

const shown = (driver: TopologyTestDriver, of = shownChanges): string[] =>
  driver
    .outputTopic(of)
    .readRecords()
    .map(({ key, value }) => `${key}: ${value}`)

describe('a change whose old value is the one before the change', () => {
  test('comes of the second change of a key in one turn', () => {
    const driver = drivePlan(lists)
    pipe(driver, 'a', 'xyz')
    expect(shown(driver)).toEqual(['a: - > x', 'a: x > xy', 'a: xy > xyz'])
  })

  test('comes after a row was deleted in the turn, and made again', () => {
    const driver = drivePlan(lists)
    pipe(driver, 'a', 'xy-z')
    expect(shown(driver)).toEqual(['a: - > x', 'a: x > xy', 'a: xy > -', 'a: - > z'])
  })

  test('comes after an undone turn', () => {
    const driver = drivePlan(lists, { onError: 'skip' })
    for (const value of ['x', 'y!', '-!', 'z']) pipe(driver, 'a', value)
    expect(shown(driver)).toEqual(['a: - > x', 'a: x > xz'])
  })

  test.each([0, 1_000_000])('comes after a commit and a crash, with a cache of %i bytes', (stateCacheBytes) => {
    const driver = drivePlan(lists, { commit: 'manual', stateCacheBytes })
    pipe(driver, 'a', 'x')
    driver.commit()
    pipe(driver, 'a', 'y')
    driver.commit()
    pipe(driver, 'a', 'lost')
    driver.crash()
    driver.commit()
    expect(shown(driver)).toEqual([
      'a: - > x',
      'a: x > xy',
      'a: xy > xyl',
      'a: xyl > xylo',
      'a: xylo > xylos',
      'a: xylos > xylost',
    ])
  })

  test('comes of windows: each has its own', () => {
    const driver = drivePlan((plan) => {
      const hopping = TimeWindows.of({ size: 10, advance: 5 })
      const store = countStore('counts', hopping)
      const counted = plan.stateful('count', letters(plan), 'count', () => ({
        stores: [store],
        operator: countIn(store, hopping),
        oldValues: ofTables,
      }))
      show(plan, counted)
    })
    pipe(driver, 'a', 'xx', 2)
    pipe(driver, 'a', 'x', 7)
    expect(shown(driver).map((line) => line.replace('"key":"a",', ''))).toEqual([
      '{"window":{"start":0,"end":10}}: - > 1',
      '{"window":{"start":0,"end":10}}: 1 > 2',
      '{"window":{"start":0,"end":10}}: 2 > 3',
      '{"window":{"start":5,"end":15}}: - > 1',
    ])
  })
})

/** Kafka Streams has the initial value here, which a grouping downstream subtracts although it was never added (D8). */
test.each([
  ['count', counting, ['a: - > 1', 'a: 1 > 2']],
  ['reduce', reducing((sum, value) => Number(sum) + Number(value)), ['a: - > 3', 'a: 3 > 7']],
])('the first change of %s has no old value', (_verb, fold, expected) => {
  const driver = drivePlan((plan) => {
    const store = countStore('numbers')
    const numbers = plan.stateless(
      'flatMapValues',
      letters(plan),
      undefined,
      flatMappingValues(({ value }) => [Number(value)]),
    )
    const made = plan.stateful('reduce', numbers, 'reduce', () => ({
      stores: [store],
      operator: aggregation(store, fold),
      oldValues: ofTables,
    }))
    show(plan, made)
  })
  pipe(driver, 'a', '34')
  expect(shown(driver)).toEqual(expected)
})

test('a stream that is made of a table with old values has records like any other', () => {
  const driver = drivePlan((plan) => {
    const table = listTable(plan, letters(plan), 'lists')
    show(plan, table)
    const seen = peeking<unknown, unknown>((record) => {
      expect(Object.keys(record)).toEqual(['key', 'value', 'timestamp', 'headers'])
    })
    const texts = flatMappingValues(({ value }) => [JSON.stringify(value)])
    const stream = plan.stateless('flatMapValues', plan.stateless('peek', table, undefined, seen), undefined, texts)
    plan.sink(stream, planTopic(output), undefined)
  })
  pipe(driver, 'a', 'xy')
  expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['a=["x"]@1', 'a=["x","y"]@1'])
})

test.each<readonly [string, Script, string, readonly string[]]>([
  ['count', (builder) => builder.stream(input).groupByKey().count({ name: 'table' }), 'table', ['- > 1', '1 > 2']],
  [
    'count in windows',
    (builder) =>
      builder
        .stream(input)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 10 }))
        .count({ name: 'table' }),
    'table',
    ['- > 1', '1 > 2'],
  ],
  [
    'filter',
    (builder) =>
      builder
        .stream(input)
        .groupByKey()
        .count()
        .filter(({ value }) => value > 1, { name: 'few' }),
    'few',
    ['- > 2'],
  ],
  [
    'filterNot',
    (builder) =>
      builder
        .stream(input)
        .groupByKey()
        .count()
        .filterNot(({ value }) => value > 1, { name: 'many' }),
    'many',
    ['- > 1', '1 > -'],
  ],
  [
    'mapValues, after another verb',
    (builder) => {
      const counts = builder.stream(input).groupByKey().count()
      return counts.filter(() => true).mapValues(({ value }) => value * 10, { name: 'tens' })
    },
    'tens',
    ['- > 10', '10 > 20'],
  ],
])('%s of the DSL gives old values to whoever asks', (_verb, script, id, expected) => {
  using driver = new TopologyTestDriver(showIn(topologyOf(script), id))
  for (const value of ['x', 'y']) pipe(driver, 'a', value)
  expect(
    driver
      .outputTopic(shownChanges)
      .readRecords()
      .map(({ value }) => value),
  ).toEqual(expected)
})

const records = fc.tuple(
  fc.constantFrom('a', 'b', 'c'),
  fc.string({ unit: fc.constantFrom('x', 'y', '-', '!'), maxLength: 4 }),
)
const steps = fc.array(fc.oneof({ weight: 6, arbitrary: records }, fc.constantFrom('commit', 'crash')), {
  maxLength: 40,
})

test('the changes of a table, and of a filter on it, are those of a model', () => {
  const text = (list: readonly string[] | null): string => list?.join('') ?? '-'
  const oddOnly = (list: readonly string[] | null): readonly string[] | null =>
    list !== null && isOdd({ value: list }) ? list : null
  fc.assert(
    fc.property(steps, fc.constantFrom(0, 1_500, 1_000_000), (list, stateCacheBytes) => {
      using driver = new TopologyTestDriver(planned(lists), { commit: 'manual', onError: 'skip', stateCacheBytes })
      for (const step of list) {
        if (step === 'commit') driver.commit()
        else if (step === 'crash') driver.crash()
        else pipe(driver, ...step)
      }
      driver.commit()
      const changes = listChanges(list.filter((step) => typeof step !== 'string'))
      expect(shown(driver)).toEqual(changes.map(({ key, old, value }) => `${key}: ${text(old)} > ${text(value)}`))
      const filtered = changes
        .map(({ key, old, value }) => ({ key, old: oddOnly(old), value: oddOnly(value) }))
        .filter(({ old, value }) => old !== null || value !== null)
      expect(shown(driver, odd)).toEqual(filtered.map(({ key, old, value }) => `${key}: ${text(old)} > ${text(value)}`))
    }),
    { numRuns: 40 },
  )
})
