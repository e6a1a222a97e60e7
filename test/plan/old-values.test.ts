// Old values are asked for by those who read them, and by nobody else.
import { string } from 'millrace'
import { describe, expect, test } from 'vitest'
import { codecOf } from '../../src/core/serde.ts'
import type { OldValues, PlanNode, Spared } from '../../src/plan/node.ts'
import {
  ofFilters,
  ofForgetful,
  ofKeptFilters,
  ofPlainTables,
  ofSuppress,
  ofTables,
  ofTableVerbs,
} from '../../src/plan/old-values.ts'
import type { PlanBuilder } from '../../src/plan/plan-builder.ts'
import type { Topology } from '../../src/plan/topology.ts'
import { aggregation } from '../../src/streams/aggregate.ts'
import { counting } from '../../src/streams/fold.ts'
import { merging } from '../../src/streams/merge.ts'
import { reading } from '../support/changes.ts'
import { countStore, planned, planTopic } from '../support/plans.ts'
import { errorOf } from '../support/thrown.ts'
import { input, topologyOf } from '../support/topology.ts'

const ofInner = { ...ofTableVerbs, spared: ['ifKept', 'ifKept'] } as const
const text = codecOf(string()) as never

const sourceOf = (plan: PlanBuilder): PlanNode => plan.source([planTopic(input)], 'earliest', undefined)
const verb = (
  plan: PlanBuilder,
  parents: PlanNode | readonly PlanNode[],
  name: string,
  oldValues: OldValues = ofTableVerbs,
) => plan.stateless('verb', parents, name, merging, oldValues)
const reader = (plan: PlanBuilder, parent: PlanNode, name = 'reader') =>
  plan.stateless('read', parent, name, merging, reading)
const table = (plan: PlanBuilder, parent: PlanNode, name: string, oldValues: OldValues = ofTables) =>
  plan.stateful('count', parent, name, () => {
    const store = countStore(name)
    return { stores: [store], operator: aggregation(store, counting), oldValues }
  })

/** The ids of the nodes that must give old values. */
const askedIn = (topology: Topology): string[] =>
  topology.nodes.filter((node) => topology.wantsOld(node)).map(({ id }) => id)

const asked = (script: (plan: PlanBuilder) => unknown): string[] => askedIn(planned(script))

describe('old values are asked of', () => {
  test('nobody, where nobody reads them', () => {
    const topology = topologyOf((builder) => {
      const rows = builder.stream(input).groupByKey().count()
      rows
        .mapValues(String)
        .toStream({ deletes: 'drop' })
        .groupBy(({ key }) => key, { key: string(), value: string() })
        .count({ name: 'again' })
    })
    expect(askedIn(topology)).toEqual([])
  })

  test('the nearest table, through the verbs between, and nothing before or beside it', () => {
    const ids = asked((plan) => {
      const first = table(plan, sourceOf(plan), 'first')
      const near = table(plan, verb(plan, first, 'before'), 'near')
      reader(plan, verb(plan, verb(plan, near, 'filter'), 'map'))
      verb(plan, near, 'beside')
    })
    expect(ids).toEqual(['near', 'filter', 'map'])
  })

  test('a filter, and what it needs, where a join is to be spared what it leaves out and has no need of them', () => {
    const ids = asked((plan) => {
      const source = sourceOf(plan)
      const filtered = (name: string, oldValues: OldValues) =>
        verb(plan, verb(plan, table(plan, source, name, oldValues), `${name}-few`, ofFilters), `${name}-shown`)
      const [named, plain, forgetful] = [ofTables, ofPlainTables, ofForgetful]
      const joined = (name: string, left: OldValues, right: OldValues, spared: OldValues['spared']) =>
        verb(plan, [filtered(`${name}-left`, left), filtered(`${name}-right`, right)], name, {
          ...ofTableVerbs,
          spared,
        })
      joined('outer', plain, named, ['always', 'always'])
      joined('left', forgetful, plain, ['always', 'ifKept'])
      joined('kept', named, named, ['ifOwn', 'ifKept'])
      const all = table(plan, source, 'whole', plain)
      verb(plan, [all, all], 'unfiltered', { ...ofTableVerbs, spared: ['always', 'always'] })
    })
    const chain = (name: string): string[] => [name, `${name}-few`, `${name}-shown`]
    const few = ['kept-right', 'kept-right-few']
    expect(ids.toSorted()).toEqual([...few, ...['outer-left', 'outer-right'].flatMap(chain)])
  })

  test('a filter of a table that keeps its rows, whoever follows but suppress; of another one nobody', () => {
    const ids = asked((plan) => {
      const source = sourceOf(plan)
      const few = (name: string, oldValues: OldValues) =>
        verb(plan, table(plan, source, name, oldValues), `${name}-few`, ofFilters)
      plan.stateless('peek', verb(plan, few('named', ofTables), 'shown'), 'streamed', merging)
      plan.stateless('peek', few('plain', ofPlainTables), 'streamed-too', merging)
      table(plan, few('waiting', ofTables), 'suppress', ofSuppress)
    })
    expect(ids).toEqual(['named', 'named-few'])
  })

  test('a filter before a join that keeps its rows and is asked itself', () => {
    const ids = asked((plan) => {
      const source = sourceOf(plan)
      const few = verb(plan, table(plan, source, 'rows', ofPlainTables), 'few', ofFilters)
      const store = countStore('joined')
      const joined = plan.stateful('join', [few, table(plan, source, 'others', ofPlainTables)], 'joined', () => ({
        stores: [store],
        operator: merging,
        oldValues: { ...ofTables, spared: ofInner.spared },
      }))
      reader(plan, joined)
    })
    expect(ids).toEqual(['rows', 'few', 'joined'])
  })

  test('a filter with a store, where its table keeps rows too, or something after it needs to know', () => {
    const ids = asked((plan) => {
      const source = sourceOf(plan)
      const few = (name: string, oldValues: OldValues) =>
        table(plan, table(plan, source, name, oldValues), `${name}-few`, ofKeptFilters)
      plan.stateless('peek', few('named', ofTables), 'streamed', merging)
      plan.stateless('peek', few('plain', ofPlainTables), 'streamed-too', merging)
      table(plan, few('waiting', ofPlainTables), 'suppress', ofSuppress)
      const alone = { ...ofTableVerbs, spared: ['always', 'always'] } as const
      verb(plan, [few('left', ofPlainTables), few('right', ofPlainTables)], 'outer', alone)
    })
    expect(ids).toEqual(['named-few', 'waiting-few', 'left-few', 'right-few'])
  })

  test('a filter before a join that is to be spared whatever is kept, and a filter after that join', () => {
    const ids = asked((plan) => {
      const source = sourceOf(plan)
      const joined = (name: string, spared: Spared): PlanNode => {
        const few = verb(plan, table(plan, source, `${name}-rows`, ofPlainTables), `${name}-few`, ofFilters)
        const inner = verb(plan, [few, table(plan, source, `${name}-others`, ofPlainTables)], name, ofInner)
        verb(plan, [table(plan, source, `${name}-wide`), inner], `${name}-next`, {
          ...ofTableVerbs,
          spared: ['always', spared],
        })
        return inner
      }
      joined('left', 'ifKept')
      joined('outer', 'always')
      plan.stateless('peek', verb(plan, joined('filtered', 'ifKept'), 'last', ofFilters), 'streamed', merging)
    })
    const chain = (name: string): string[] => [`${name}-rows`, `${name}-few`, `${name}-others`, name]
    expect(ids.toSorted()).toEqual([...['filtered', 'outer'].flatMap(chain), 'last'].toSorted())
  })

  test('a table that reads them itself and gives its own: both', () => {
    const ids = asked((plan) => {
      const first = table(plan, sourceOf(plan), 'first')
      const store = countStore('second')
      const second = plan.stateful('count', first, 'second', () => ({
        stores: [store],
        operator: aggregation(store, counting),
        oldValues: { needed: true, from: 'state' },
      }))
      verb(plan, second, 'after')
    })
    expect(ids).toEqual(['first'])
  })

  test('every table that is merged', () => {
    const ids = asked((plan) => {
      const source = sourceOf(plan)
      const merged = verb(plan, [table(plan, source, 'one'), table(plan, source, 'two')], 'merged')
      reader(plan, merged)
    })
    expect(ids).toEqual(['one', 'two', 'merged'])
  })

  test('the operator of a port', () => {
    const ids = asked((plan) => {
      const both = table(plan, sourceOf(plan), 'both')
      reader(plan, verb(plan, plan.port('count', both, 'closed'), 'filter'))
    })
    expect(ids).toEqual(['both', 'both-closed', 'filter'])
  })

  test('what a regrouping of changes gets, whoever follows it', () => {
    const regrouped = (plan: PlanBuilder) =>
      plan.regroup('groupBy', table(plan, sourceOf(plan), 'rows'), 'moved', text, text, undefined, 'changes')
    expect(asked(regrouped)).toEqual(['rows'])
    expect(asked((plan) => reader(plan, regrouped(plan)))).toEqual(['rows', 'moved'])
  })
})

test.each<readonly [string, (plan: PlanBuilder) => PlanNode, string]>([
  ['a topic', sourceOf, 'input'],
  ['a verb of streams', (plan) => plan.stateless('peek', table(plan, sourceOf(plan), 'rows'), 'look', merging), 'look'],
  [
    'a regrouping of records',
    (plan) => plan.regroup('groupBy', table(plan, sourceOf(plan), 'rows'), 'moved', text, text),
    'moved',
  ],
])('a plan is refused that wants old values of %s', (_what, parentOf, id) => {
  const error = errorOf(() => planned((plan) => reader(plan, verb(plan, parentOf(plan), 'filter'))))
  expect(error).toMatchObject({ code: 'topology_invalid', operator: 'filter' })
  expect(error.message).toContain(`"filter" needs the old values of changes, but "${id}" before it has none to give`)
})

test('a plan that regroups changes is another one than a plan that regroups records', () => {
  const facts = (['records', 'changes'] as const).map((of) => {
    const { nodes } = planned((plan) =>
      plan.regroup('groupBy', table(plan, sourceOf(plan), 'rows'), 'moved', text, text, undefined, of),
    )
    return nodes.find(({ id }) => id === 'moved')?.facts
  })
  expect(facts).toEqual([
    { key: 'string', value: 'string' },
    { of: 'changes', key: 'string', value: 'string' },
  ])
})
