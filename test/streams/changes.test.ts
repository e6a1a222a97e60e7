// Verbs of tables where old values are wanted: each maps both sides of a change. And where they are not: nothing is paid.
import { bytes, int64, json, string } from 'millrace'
import { describe, expect, test } from 'vitest'
import { codecOf, type Serde } from '../../src/core/serde.ts'
import type { Carrier } from '../../src/plan/carrier.ts'
import type { OperatorFactory } from '../../src/plan/operator.ts'
import { filteringRows } from '../../src/streams/filter.ts'
import { mappingRows } from '../../src/streams/map.ts'
import type { StoreSpec } from '../../src/plan/store.ts'
import { aggregation } from '../../src/streams/aggregate.ts'
import { aggregating } from '../../src/streams/fold.ts'
import { countStore } from '../support/plans.ts'
import { carrierOf } from '../support/carriers.ts'
import { changeText } from '../support/changes.ts'
import { alone } from '../support/operator-double.ts'
import { errorOf } from '../support/thrown.ts'

const numbers = codecOf(int64()) as never

function change(old: number | null, value: number | null): Carrier {
  const record = carrierOf<unknown, unknown>(string() as never, 'key', string() as never, '')
  return record.withChange<unknown>(value, old, numbers)
}

/** What a verb makes of a change, and of the same change without its old value where nobody wants old ones. */
function madeOf(factory: OperatorFactory, old: number | null, value: number | null): [string[], unknown[]] {
  const wanted = alone(factory, { wantsOld: true })
  wanted.feed(change(old, value))
  const notWanted = alone(factory)
  notWanted.feed(change(old, value).withValue<unknown>(value, numbers))
  return [wanted.caught.map(changeText), notWanted.caught.map((carrier) => carrier.value)]
}

const small = ({ value }: { readonly value: number | null }): boolean => (value ?? fault()) < 5

const numberLists = json<number[]>()

function fault(): never {
  throw new Error('a verb of a table asked about a row that is not there')
}

describe('filter of a table', () => {
  /** By what passes: the old value, the new one, what comes out where old values are wanted, and where they are not. */
  test.each([
    ['both', 1, 2, ['1 > 2'], [2]],
    ['the old value', 1, 9, ['1 > -'], [null]],
    ['the old value, of a deleted row', 1, null, ['1 > -'], [null]],
    ['the new value', 9, 2, ['- > 2'], [2]],
    ['the new value, of a new row', null, 2, ['- > 2'], [2]],
    ['neither', 8, 9, [], [null]],
    ['neither, of a new row', null, 9, [], [null]],
    ['neither, of a deleted row', 9, null, [], [null]],
    ['no row at all', null, null, [], [null]],
  ] as const)('where %s passes', (_what, old, value, wanted, notWanted) => {
    expect(madeOf(filteringRows(small as never, true), old, value)).toEqual([wanted, notWanted])
    expect(
      madeOf(
        filteringRows((record) => !small(record as never), false),
        old,
        value,
      ),
    ).toEqual([wanted, notWanted])
  })

  test('keeps the bytes of a value that passes, whatever its old one', () => {
    const operator = alone(
      filteringRows(({ value }) => value !== 'no', true),
      { wantsOld: true },
    )
    const record = carrierOf<unknown, unknown>(string() as never, 'key', string() as never, 'yes')
    operator.feed(record.withOld('no'))
    const [out] = operator.caught
    expect([out?.old, String(out?.originalValue())]).toEqual([null, 'yes'])
  })
})

describe('mapValues of a table', () => {
  const doubling = ({ value }: { readonly value: number | null }): number => (value ?? fault()) * 2

  test.each([
    [1, 2, '2 > 4', 4],
    [null, 2, '- > 4', 4],
    [1, null, '2 > -', null],
    [null, null, '- > -', null],
  ] as const)('maps what is there of %j and %j', (old, value, wanted, notWanted) => {
    expect(madeOf(mappingRows(doubling as never), old, value)).toEqual([[wanted], [notWanted]])
  })
})

test.each([false, true])('a function is asked about old values only where they are wanted: %s', (wantsOld) => {
  const seen: unknown[] = []
  const see = ({ value }: { readonly value: unknown }): boolean => seen.push(value) > 0
  for (const verb of [mappingRows(see), filteringRows(see, true)]) alone(verb, { wantsOld }).feed(change(1, 2))
  expect(seen).toEqual(wantsOld ? [2, 1, 2, 1] : [2, 2])
})

test.each([
  ['bytes', bytes(), (value: unknown) => [...(value as Uint8Array)]],
  ['lists', numberLists, (value: unknown) => value],
])('an old value of %s stays what it was, whatever becomes of the row and of the aggregate', (_what, serde, plain) => {
  const fold = aggregating(
    () => (serde === numberLists ? [0] : Uint8Array.of(0)),
    (_key, _value, aggregate) => {
      const numbers = aggregate as Uint8Array
      numbers[0] = (numbers[0] ?? 0) + 1
      return numbers
    },
  )
  const store: StoreSpec = { ...countStore('bytes'), valueCodec: codecOf(serde as Serde<unknown>) }
  const operator = alone(aggregation(store, fold), { wantsOld: true })
  for (let i = 0; i < 4; i++)
    operator.feed(carrierOf<unknown, unknown>(string() as never, 'key', string() as never, ''))
  const olds = operator.caught.map(({ old }) => (old === null ? null : plain(old)))
  expect(olds).toEqual([null, [1], [2], [3]])
})

test.each([
  ['filter', filteringRows(throwing as never, true)],
  ['mapValues', mappingRows(throwing)],
])('%s of a table owns what its function throws about an old value', (_verb, factory) => {
  const operator = alone(factory, { wantsOld: true })
  const error = errorOf(() => operator.feed(change(13, 2)))
  expect(error).toMatchObject({ code: 'user_function_threw', operator: 'alone', cause: new Error('thirteen') })
})

function throwing({ value }: { readonly value: unknown }): boolean {
  if (value === 13) throw new Error('thirteen')
  return true
}
