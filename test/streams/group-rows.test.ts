// A row of a table leaves the group of its old value and joins the group of its new one: what a grouping downstream is told
// adds up to the rows that there are.
import fc from 'fast-check'
import { json, string, topic } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { codecOf } from '../../src/core/serde.ts'
import type { Carrier } from '../../src/plan/carrier.ts'
import type { PlanBuilder } from '../../src/plan/plan-builder.ts'
import { groupingRows, ofRowGroups } from '../../src/streams/group-rows.ts'
import { carrierOf } from '../support/carriers.ts'
import { changeText, listChanges, listTable, show, shownChanges } from '../support/changes.ts'
import { flatMappingValues } from '../../src/streams/flat-map.ts'
import { alone, type OperatorAlone } from '../support/operator-double.ts'
import { planned, planTopic } from '../support/plans.ts'
import { errorOf } from '../support/thrown.ts'

interface Place {
  readonly city: string | null
  readonly street: string | null
}

function change(old: Place | null, value: Place | null): Carrier {
  const record = carrierOf<unknown, unknown>(string() as never, 'row', string() as never, '')
  return record.withChange<unknown>(value, old, undefined)
}

/** Groups streets by city. */
const grouping = (): OperatorAlone =>
  alone(
    groupingRows<unknown, Place, unknown, unknown>(
      ({ value }) => ({ key: value.city, value: value.street }),
      codecOf(string()) as never,
    ),
  )

const shown = ({ caught }: OperatorAlone): string[] =>
  caught.map((carrier) => `${JSON.stringify(carrier.key)}: ${changeText(carrier)}`)

const rome = { city: 'Rome', street: 'Appia' }
const rome2 = { city: 'Rome', street: 'Nova' }
const oslo = { city: 'Oslo', street: 'Karl' }
const nowhere = { city: null, street: 'Lost' }
const unnamed = { city: 'Oslo', street: null }

describe('a row', () => {
  test.each<readonly [string, Place | null, Place | null, readonly string[], readonly string[]]>([
    ['that is new joins a group', null, rome, ['"Rome": - > "Appia"'], []],
    ['that is deleted leaves its group', rome, null, ['"Rome": "Appia" > -'], []],
    ['that stays in its group is one change there', rome, rome2, ['"Rome": "Appia" > "Nova"'], []],
    ['that moves leaves first, then joins', rome, oslo, ['"Rome": "Appia" > -', '"Oslo": - > "Karl"'], []],
    ['without a group only leaves', rome, nowhere, ['"Rome": "Appia" > -'], ['null_key']],
    ['without a value only leaves', oslo, unnamed, ['"Oslo": "Karl" > -'], ['null_value']],
    ['that was in no group only joins', nowhere, rome, ['"Rome": - > "Appia"'], []],
    ['that had no value only joins', unnamed, oslo, ['"Oslo": - > "Karl"'], []],
    ['that never had a group is told to nobody, and counted once', null, nowhere, [], ['null_key']],
    ['that was in no group and is deleted is told to nobody', nowhere, null, [], []],
    ['that never was is told to nobody', null, null, [], []],
  ])('%s', (_what, old, value, expected, drops) => {
    const operator = grouping()
    operator.feed(change(old, value))
    expect(shown(operator)).toEqual(expected)
    expect(operator.dropped.map(({ reason }) => reason)).toEqual(drops)
    expect(operator.caught.every(({ timestamp }) => timestamp === 1_000)).toBe(true)
  })

  test('stays in its group when the bytes of the key are the same', () => {
    const operator = alone(
      groupingRows<unknown, Place, unknown, unknown>(
        ({ value }) => ({ key: { city: value.city }, value: value.street }),
        codecOf(json<unknown>()),
      ),
    )
    operator.feed(change(rome, rome2))
    operator.feed(change(rome2, oslo))
    expect(shown(operator)).toEqual([
      '{"city":"Rome"}: "Appia" > "Nova"',
      '{"city":"Rome"}: "Nova" > -',
      '{"city":"Oslo"}: - > "Karl"',
    ])
  })
})

test.each([
  [
    'a throw',
    () => {
      throw new Error('no city')
    },
    'user_function_threw',
  ],
  ['no record', () => 'Rome', 'bad_record'],
  ['a promise', () => Promise.resolve(), 'bad_record'],
  [
    'a key that its serde does not take',
    ({ value }: { value: Place }) => ({ key: value.street?.length, value }),
    'encode_failed',
  ],
] as const)('the mapper answers for %s', (_what, mapper, code) => {
  const operator = alone(groupingRows(mapper as never, codecOf(string()) as never))
  expect(errorOf(() => operator.feed(change(rome, rome2)))).toMatchObject({ code, operator: 'alone' })
})

const wide = topic('wide', { key: string(), value: string(), partitions: 2 })

/** Lists by key; `x` at the end of a list is no group. */
function group({ key, value }: { readonly key: string; readonly value: readonly string[] }) {
  const last = value.at(-1) ?? ''
  return { key: last === 'x' ? null : last, value: key + value.join('') }
}

/** Lists that are grouped by their last letters, in 3 partitions, and what the groups are told. */
function groups(plan: PlanBuilder): void {
  const text = codecOf(string()) as never
  const source = plan.source([planTopic(wide)], 'earliest', undefined)
  const letters = flatMappingValues(({ value }) => (value as string).split(''))
  const table = listTable(plan, plan.stateless('flatMapValues', source, undefined, letters), 'lists')
  const mapped = plan.stateless('groupBy', table, undefined, groupingRows(group as never, text), ofRowGroups)
  show(plan, plan.regroup('groupBy', mapped, 'grouped', text, text, 3, 'changes'))
}

const records = fc.tuple(
  fc.constantFrom('1', '2', '3'),
  fc.string({ unit: fc.constantFrom('a', 'b', 'x', '-'), maxLength: 3 }),
)
const steps = fc.array(fc.oneof({ weight: 6, arbitrary: records }, fc.constantFrom('commit', 'crash')), {
  maxLength: 30,
})

test('what each group is told after a regrouping is that of a model, and adds up to the rows', () => {
  fc.assert(
    fc.property(steps, (list) => {
      using driver = new TopologyTestDriver(planned(groups), { commit: 'manual' })
      let timestamp = 0
      for (const step of list) {
        if (step === 'commit') driver.commit()
        else if (step === 'crash') driver.crash()
        else driver.inputTopic(wide).pipeInput({ key: step[0], value: step[1], timestamp: timestamp++ })
      }
      driver.commit()
      const told = new Map<string, string[]>()
      const members = new Map<string, string[]>()
      for (const { key, value } of driver.outputTopic(shownChanges).readRecords()) {
        told.set(key, [...(told.get(key) ?? []), value])
        const [old, added] = value.split(' > ').map((side) => (side === '-' ? null : (JSON.parse(side) as string)))
        const left = (members.get(key) ?? []).filter((member) => member !== old)
        members.set(key, typeof added === 'string' ? [...left, added] : left)
      }
      const { toldByModel, membersByModel } = model(list.filter((step) => typeof step !== 'string'))
      expect(told).toEqual(toldByModel)
      const sorted = [...members].map(([key, list]) => [key, list.toSorted()] as const)
      expect(new Map(sorted.filter(([, list]) => list.length > 0))).toEqual(membersByModel)
    }),
    { numRuns: 25 },
  )
})

function model(list: readonly (readonly [string, string])[]) {
  const toldByModel = new Map<string, string[]>()
  const rows = new Map<string, { readonly key: string; readonly value: string }>()
  const tell = (key: string, old: string | null, value: string | null): void => {
    const text = (side: string | null): string => (side === null ? '-' : JSON.stringify(side))
    toldByModel.set(key, [...(toldByModel.get(key) ?? []), `${text(old)} > ${text(value)}`])
  }
  for (const { key, value } of listChanges(list)) {
    const before = rows.get(key)
    const to = value === null ? undefined : group({ key, value })
    const now = to === undefined || to.key === null ? undefined : { key: to.key, value: to.value }
    if (now === undefined) rows.delete(key)
    else rows.set(key, now)
    if (before !== undefined && before.key === now?.key) tell(now.key, before.value, now.value)
    else {
      if (before !== undefined) tell(before.key, before.value, null)
      if (now !== undefined) tell(now.key, null, now.value)
    }
  }
  const membersByModel = new Map<string, string[]>()
  for (const { key, value } of rows.values())
    membersByModel.set(key, [...(membersByModel.get(key) ?? []), value].toSorted())
  return { toldByModel, membersByModel }
}
