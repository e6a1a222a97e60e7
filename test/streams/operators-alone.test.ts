// Each operator by itself: what comes out of it for what goes in, and whose error a throw is.
import { MillraceError, string } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { Carrier } from '../../src/plan/carrier.ts'
import type { OperatorFactory } from '../../src/plan/operator.ts'
import { aggregation } from '../../src/streams/aggregate.ts'
import { counting } from '../../src/streams/fold.ts'
import { filtering, filteringRows } from '../../src/streams/filter.ts'
import { flatMapping, flatMappingValues } from '../../src/streams/flat-map.ts'
import { mapping, mappingRows, mappingValues, selectingKey } from '../../src/streams/map.ts'
import { merging } from '../../src/streams/merge.ts'
import { peeking } from '../../src/streams/peek.ts'
import { carrierOf } from '../support/carriers.ts'
import { alone } from '../support/operator-double.ts'
import { countStore } from '../support/plans.ts'
import { errorOf } from '../support/thrown.ts'

const carrier = (key: string, value: string): Carrier =>
  carrierOf<unknown, unknown>(string() as never, key, string() as never, value)

const shown = (carriers: readonly Carrier[]): string[] =>
  carriers.map(({ key, value }) => `${String(key)}=${String(value)}`)

type Fn = (record: { readonly key: unknown; readonly value: unknown }) => unknown

/** By verb: the operator around a function, a function that it takes, and what comes of a=x and b=y. */
const verbs: Readonly<Record<string, readonly [(fn: Fn) => OperatorFactory, Fn, readonly string[]]>> = {
  filter: [(fn) => filtering(fn as never, true), ({ key }) => key === 'b', ['b=y']],
  filterNot: [(fn) => filtering(fn as never, false), ({ key }) => key === 'b', ['a=x']],
  'filter of a table': [(fn) => filteringRows(fn as never, true), ({ key }) => key === 'b', ['a=null', 'b=y']],
  map: [(fn) => mapping(fn as never), ({ key, value }) => ({ key: value, value: key }), ['x=a', 'y=b']],
  mapValues: [(fn) => mappingValues(fn), ({ key }) => key, ['a=a', 'b=b']],
  'mapValues of a table': [(fn) => mappingRows(fn), ({ key }) => key, ['a=a', 'b=b']],
  selectKey: [(fn) => selectingKey(fn), ({ value }) => value, ['x=x', 'y=y']],
  flatMap: [
    (fn) => flatMapping(fn as never),
    ({ key }) => [
      { key, value: 1 },
      { key, value: 2 },
    ],
    ['a=1', 'a=2', 'b=1', 'b=2'],
  ],
  flatMapValues: [(fn) => flatMappingValues(fn as never), ({ key }) => (key === 'a' ? [] : [1, 2]), ['b=1', 'b=2']],
  peek: [(fn) => peeking(fn), () => undefined, ['a=x', 'b=y']],
}

describe.each(Object.entries(verbs))('%s', (_verb, [operatorOf, fn, expected]) => {
  test('passes on what its function makes of a record, and drops nothing', () => {
    const operator = alone(operatorOf(fn))
    for (const one of [carrier('a', 'x'), carrier('b', 'y')]) operator.feed(one)
    expect(shown(operator.caught)).toEqual(expected)
    expect(operator.dropped).toEqual([])
  })

  test('owns what its function throws', () => {
    const cause = new Error('not this one')
    const operator = alone(
      operatorOf(() => {
        throw cause
      }),
    )
    expect(errorOf(() => operator.feed(carrier('a', 'x')))).toMatchObject({
      code: 'user_function_threw',
      operator: 'alone',
      cause,
    })
    expect(operator.caught).toEqual([])
  })

  test('lets a throw from what follows pass as it is', () => {
    const thrown = new MillraceError('bad_record', 'further down')
    const operator = alone(operatorOf(fn), {
      after: () => {
        throw thrown
      },
    })
    const feed = (): void => {
      for (const one of [carrier('a', 'x'), carrier('b', 'y')]) operator.feed(one)
    }
    expect(errorOf(feed)).toBe(thrown)
  })
})

test('a count forgets what a turn did that failed after it', () => {
  const fails = { now: false }
  const store = countStore('counts')
  const count = alone(aggregation(store, counting), {
    after: () => {
      if (fails.now) throw new MillraceError('bad_record', 'further down')
    },
  })
  count.feed(carrier('a', 'x'))
  fails.now = true
  expect(errorOf(() => count.feed(carrier('a', 'x'))).message).toBe('further down')
  fails.now = false
  count.feed(carrier('a', 'x'))
  expect(count.caught.map(({ value }) => value)).toEqual([1, 2, 2])
})

test('merge passes on the records of all its inputs as they are', () => {
  const merge = alone(merging, { inputs: 3 })
  const records = [carrier('a', 'x'), carrier('b', 'y'), carrier('c', 'z')]
  for (const [at, input] of [2, 0, 1].entries()) merge.feed(records[at] as Carrier, input)
  expect(merge.caught.map((one) => records.indexOf(one))).toEqual([0, 1, 2])
})
