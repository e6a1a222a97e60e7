// A store may be on several nodes: they are one sub-topology, work on one object, and see each other's writes.
import { int64, keyValueStore, string, topic, windowStore } from 'millrace'
import { describe, expect, test } from 'vitest'
import { storedPlan } from '../../src/plan/plan-to-store.ts'
import type { PlanNode } from '../../src/plan/node.ts'
import type { PlanBuilder } from '../../src/plan/plan-builder.ts'
import type { StoreSpec } from '../../src/plan/store.ts'
import { TimeWindows } from '../../src/core/windows/time-windows.ts'
import type { AlignedWindows } from '../../src/core/windows/windows.ts'
import { countIn, countStore, drivePlan, planned, planTopic } from '../support/plans.ts'
import { errorOf } from '../support/thrown.ts'
import { briefly, input } from '../support/topology.ts'

const other = topic('other', { key: string(), value: string() })
const counts = topic('counts', { key: string(), value: int64() })
const totals = keyValueStore('totals', { key: string(), value: int64() })

const count = (
  plan: PlanBuilder,
  parent: PlanNode,
  name: string,
  store: StoreSpec,
  windows?: AlignedWindows,
): PlanNode => plan.stateful('count', parent, name, () => ({ stores: [store], operator: countIn(store, windows) }))

describe('two nodes on one store', () => {
  test('see each other within a turn', () => {
    const store = countStore('totals')
    const driver = drivePlan((plan) => {
      const source = plan.source([planTopic(input)], 'earliest', undefined)
      for (const name of ['first', 'second'])
        plan.sink(count(plan, source, name, store), planTopic(counts), name + '-out')
    })
    driver.inputTopic(input).pipeInput({ key: 'a', value: '', timestamp: 1 })
    expect(briefly(driver.outputTopic(counts).readRecords())).toEqual(['a=1@1', 'a=2@1'])
    expect(driver.store(totals).get('a')).toBe(2)
  })

  test('count 2 for 2 records of two inputs, across a crash', () => {
    const store = countStore('totals')
    const driver = drivePlan((plan) => {
      for (const one of [input, other]) {
        count(plan, plan.source([planTopic(one)], 'earliest', undefined), `of-${one.name}`, store)
      }
    })
    driver.inputTopic(input).pipeInput({ key: 'a', value: '', timestamp: 1 })
    driver.inputTopic(other).pipeInput({ key: 'a', value: '', timestamp: 2 })
    expect(driver.store(totals).get('a')).toBe(2)
    driver.crash()
    driver.inputTopic(input).pipeInput({ key: 'a', value: '', timestamp: 3 })
    expect(driver.store(totals).get('a')).toBe(3)
  })

  test('are one sub-topology, without an edge between them', () => {
    const store = countStore('totals')
    const { subTopologies, stores } = planned((plan) => {
      for (const one of [input, other]) {
        count(plan, plan.source([planTopic(one)], 'earliest', undefined), `of-${one.name}`, store)
      }
    })
    expect(subTopologies.map(({ nodes }) => nodes.map(({ id }) => id))).toEqual([
      ['input', 'of-input', 'other', 'of-other'],
    ])
    expect(stores.map(({ owner, readers }) => [owner.id, readers.map(({ id }) => id)])).toEqual([
      ['of-input', ['of-other']],
    ])
  })

  test('want inputs of equally many partitions, across both', () => {
    const store = countStore('totals')
    const wide = topic('wide', { key: string(), value: string(), partitions: 3 })
    const build = (): unknown =>
      drivePlan((plan) => {
        for (const one of [input, wide]) {
          count(plan, plan.source([planTopic(one)], 'earliest', undefined), `of-${one.name}`, store)
        }
      })
    expect(errorOf(build)).toMatchObject({
      code: 'partitions_differ',
      message: expect.stringMatching(/"of-input" and "of-wide" bring .* input has 1, wide has 3/),
    })
  })

  test('let rows expire by the stream time of the first', () => {
    const tumbling = TimeWindows.of({ size: 10 })
    const store = countStore('windows', tumbling)
    const driver = drivePlan((plan) => {
      for (const one of [input, other]) {
        count(plan, plan.source([planTopic(one)], 'earliest', undefined), `of-${one.name}`, store, tumbling)
      }
    })
    driver.inputTopic(input).pipeInput({ key: 'a', value: '', timestamp: 1 })
    driver.inputTopic(other).pipeInput({ key: 'b', value: '', timestamp: 100 })
    expect(driver.metrics().streamTimes).toEqual({ 'of-input/0': 1, 'of-other/0': 100 })
    driver.inputTopic(input).pipeInput({ key: 'a', value: '', timestamp: 2 })
    const windows = windowStore('windows', { key: string(), value: int64() })
    const rows = (): string[] =>
      [...driver.store(windows).range()].map(({ key, value }) => `${key.key}@${key.window.start}=${value}`)
    expect(rows()).toEqual(['a@0=2', 'b@100=1'])
    driver.inputTopic(input).pipeInput({ key: 'c', value: '', timestamp: 500 })
    expect(rows()).toEqual(['c@500=1'])
  })

  test('stand in the stored plan and in the description with their store', () => {
    const store = countStore('totals')
    const topology = planned((plan) => {
      for (const one of [input, other]) {
        count(plan, plan.source([planTopic(one)], 'earliest', undefined), `of-${one.name}`, store)
      }
    })
    expect(storedPlan(topology, () => 1)).toEqual({
      version: 1,
      loaded: {},
      topics: ['input', 'other'],
      outputs: {},
      topology: topology.describe({ format: 'json' }),
      nodes: {
        input: { verb: 'stream', 'keys of input': 'string', 'values of input': 'string' },
        'of-input': { verb: 'count' },
        other: { verb: 'stream', 'keys of other': 'string', 'values of other': 'string' },
        'of-other': { verb: 'count' },
      },
      stores: {
        totals: {
          owner: 'of-input',
          readers: ['of-other'],
          facts: { kind: 'keyValue', order: 'key', key: 'string', value: 'int64', partitions: 1 },
          reading: expect.objectContaining({ kind: 'keyValue', subTopology: 'input', partitions: 1 }),
          keys: ['input'],
          topics: ['input', 'other'],
        },
      },
    })
    expect(topology.describe()).toContain('Operator of-other (store: totals)')
    const drawn = topology.describe({ format: 'mermaid' })
    expect(drawn.match(/\[\("totals"\)\]/g)).toHaveLength(1)
    expect(drawn.match(/ --- store0/g)).toHaveLength(2)
  })
})

test('a node may use several stores', () => {
  const first = countStore('first')
  const second = countStore('second')
  const topology = planned((plan) => {
    const source = plan.source([planTopic(input)], 'earliest', undefined)
    plan.stateful('both', source, 'both', () => ({
      stores: [first, second],
      operator: countIn(second),
    }))
  })
  expect(topology.describe()).toContain('Operator both (stores: first, second)')
  expect(topology.stores.map(({ spec }) => spec.name)).toEqual(['first', 'second'])
})

test('two stores of one name are refused', () => {
  const twice = (): unknown =>
    planned((plan) => {
      const source = plan.source([planTopic(input)], 'earliest', undefined)
      for (const name of ['first', 'second']) count(plan, source, name, countStore('totals'))
    })
  expect(errorOf(twice)).toMatchObject({ code: 'topology_invalid', store: 'totals', operator: 'second' })
})

test('an operator that asks for a store of another node is a defect', () => {
  const store = countStore('totals')
  const build = (): unknown =>
    drivePlan((plan) => {
      const source = plan.source([planTopic(input)], 'earliest', undefined)
      plan.stateful('count', source, 'c', () => ({ stores: [], operator: countIn(store) }))
    })
  expect(errorOf(build)).toMatchObject({ code: 'defect' })
})
