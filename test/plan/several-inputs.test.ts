// An operator is made once for a task, whatever the number of its parents and children; it may have several inputs and outputs.
import { int64, keyValueStore, string, topic } from 'millrace'
import { Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { Carrier } from '../../src/plan/carrier.ts'
import type { OperatorFactory } from '../../src/plan/operator.ts'
import type { PlanBuilder } from '../../src/plan/plan-builder.ts'
import { operate, PassingSubscriber } from '../../src/plan/subscriber.ts'
import { aggregation } from '../../src/streams/aggregate.ts'
import { counting } from '../../src/streams/fold.ts'
import { merging } from '../../src/streams/merge.ts'
import { countStore, drivePlan, planned, planTopic } from '../support/plans.ts'
import { briefly, input, output } from '../support/topology.ts'

const other = topic('other', { key: string(), value: string() })
const totals = keyValueStore('totals', { key: string(), value: int64() })
const counts = topic('counts', { key: string(), value: int64() })

/** Says by which input a record came: `left` or `right` before its value. */
const sided: OperatorFactory = () => (left, right) =>
  new Observable<Carrier>((out) => {
    for (const [side, records] of [
      ['left', left],
      ['right', right],
    ] as const) {
      records?.subscribe(
        new PassingSubscriber({
          next: (carrier) => out.next(carrier.withValue<unknown>(`${side} ${String(carrier.value)}`, undefined)),
        }),
      )
    }
  })

/** Sends what is long to a port, after everything has gone on. */
const longAside: OperatorFactory = (context) => {
  const long = context.port('long')
  return operate(
    (out) =>
      new PassingSubscriber({
        next(carrier) {
          out.next(carrier)
          if (String(carrier.value).length > 3) long.next(carrier)
        },
      }),
  )
}

const sourceOf = (plan: PlanBuilder, one = input) => plan.source([planTopic(one)], 'earliest', undefined)

describe('an operator with two parents', () => {
  test('over one store counts 2 for 2 records', () => {
    const store = countStore('totals')
    const driver = drivePlan((plan) => {
      const parents = [sourceOf(plan), sourceOf(plan, other)]
      const counted = plan.stateful('count', parents, 'c', () => ({
        stores: [store],
        operator: aggregation(store, counting),
      }))
      plan.sink(counted, planTopic(counts), undefined)
    })
    driver.inputTopic(input).pipeInput({ key: 'a', value: '', timestamp: 1 })
    driver.inputTopic(other).pipeInput({ key: 'a', value: '', timestamp: 2 })
    expect(briefly(driver.outputTopic(counts).readRecords())).toEqual(['a=1@1', 'a=2@2'])
    expect(driver.store(totals).get('a')).toBe(2)
  })

  test('is made once for each partition', () => {
    const made: number[] = []
    const wide = topic('wide', { key: string(), value: string(), partitions: 3 })
    drivePlan((plan) => {
      const source = sourceOf(plan, wide)
      const parents = [1, 2].map(() => plan.stateless('peek', source, undefined, merging))
      plan.stateless('both', parents, undefined, (context) => {
        made.push(context.partition)
        return merging(context)
      })
    })
    expect(made).toEqual([0, 1, 2])
  })

  test('knows them apart, in the order of its parents', () => {
    const driver = drivePlan((plan) => {
      const parents = [sourceOf(plan, other), sourceOf(plan)]
      plan.sink(plan.stateless('sided', parents, undefined, sided), planTopic(output), undefined)
    })
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 1 })
    driver.inputTopic(other).pipeInput({ key: 'a', value: 'y', timestamp: 2 })
    expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['a=right x@1', 'a=left y@2'])
  })

  test('may have one node twice, as the join of a stream with itself', () => {
    const driver = drivePlan((plan) => {
      const source = sourceOf(plan)
      plan.sink(plan.stateless('sided', [source, source], undefined, sided), planTopic(output), undefined)
    })
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 1 })
    expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['a=left x@1', 'a=right x@1'])
  })

  test('gets what a chain gives it, between the siblings of the chain', () => {
    const driver = drivePlan((plan) => {
      const source = sourceOf(plan)
      const first = plan.stateless('first', source, undefined, merging)
      plan.sink(first, planTopic(output), 'before')
      const joined = plan.stateless('sided', [first, source], undefined, sided)
      plan.sink(joined, planTopic(output), 'joined')
      plan.sink(first, planTopic(output), 'after')
      plan.sink(source, planTopic(output), 'last')
    })
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 1 })
    expect(
      driver
        .outputTopic(output)
        .readRecords()
        .map(({ value }) => value),
    ).toEqual(['x', 'left x', 'x', 'right x', 'x'])
  })
})

describe('a port', () => {
  const script = (plan: PlanBuilder): void => {
    const aside = plan.stateless('aside', sourceOf(plan), undefined, longAside)
    const long = plan.port('long', aside, 'long')
    const upper = plan.stateless('upper', long, undefined, () =>
      operate(
        (out) =>
          new PassingSubscriber({
            next: (carrier) => out.next(carrier.withValue<unknown>(String(carrier.value).toUpperCase(), undefined)),
          }),
      ),
    )
    plan.sink(upper, planTopic(output), 'of-port')
    plan.sink(aside, planTopic(output), 'of-output')
  }

  test('is an output of its own, worked off when the operator sends to it', () => {
    const driver = drivePlan(script)
    for (const value of ['one', 'three']) driver.inputTopic(input).pipeInput({ key: 'a', value, timestamp: 1 })
    expect(
      driver
        .outputTopic(output)
        .readRecords()
        .map(({ value }) => value),
    ).toEqual(['one', 'three', 'THREE'])
  })

  test('that nothing follows ends its records', () => {
    const driver = drivePlan((plan) =>
      plan.sink(plan.stateless('aside', sourceOf(plan), undefined, longAside), planTopic(output), undefined),
    )
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'three', timestamp: 1 })
    expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['a=three@1'])
  })

  test('is described with what it feeds, and belongs to the sub-topology of its operator', () => {
    const topology = planned(script)
    expect(topology.describe()).toBe(
      `Topologies:
  Sub-topology 0
    Source input (topics: input) --> aside-1
    Operator aside-1 --> aside-1-long, of-output
    Port aside-1-long --> upper-1
    Operator upper-1 --> of-port
    Sink of-port (topic: output)
    Sink of-output (topic: output)
`,
    )
    expect(topology.subTopologies).toHaveLength(1)
  })

  test('begins ids of its own for what keeps data after it', () => {
    const { stores } = planned((plan) => {
      const aside = plan.stateless('aside', sourceOf(plan), undefined, longAside)
      for (const parent of [aside, plan.port('long', aside, 'long')]) {
        plan.stateful('count', parent, undefined, (id) => {
          const store = countStore(id)
          return { stores: [store], operator: aggregation(store, counting) }
        })
      }
    })
    expect(stores.map(({ spec }) => spec.name)).toEqual(['input.count', 'input.long.count'])
  })
})
