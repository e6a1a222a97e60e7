// The double that watches operators sees what they may not do, and no verb goes without it (strict-operators.slow.test.ts).
import { StreamsBuilder, Topology } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Carrier } from '../../src/plan/carrier.ts'
import type { OperatorFactory } from '../../src/plan/operator.ts'
import { CarrierSubscriber, operate } from '../../src/plan/subscriber.ts'
import { Stream } from '../../src/streams/stream.ts'
import { asBranch } from '../support/random-branch.ts'
import { strict, withoutClocks } from '../support/strict-operators.ts'
import { bareVerbs, titleOf, verbs } from '../support/verbs.ts'
import { left, third, verbOf, verbsAtWork } from '../support/verbs-at-work.ts'

let clocks: () => void
beforeAll(() => {
  clocks = withoutClocks()
})
afterAll(() => clocks())

test('every verb is there', () => {
  const methodsOf = ({ prototype }: { readonly prototype: object }): string[] =>
    Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor')
  const known = new Set(Object.keys(verbsAtWork).map(verbOf))
  const titles = [
    ...verbs.map(titleOf),
    ...bareVerbs,
    ...methodsOf(StreamsBuilder).map((verb) => `builder.${verb}`),
    ...methodsOf(Topology).map((verb) => `topology.${verb}`),
  ]
  // What begins and ends a topology makes no operator.
  const without = ['builder.build', 'topology.addSource', 'topology.addSink']
  expect(titles.filter((title) => !known.has(title) && !without.includes(title))).toEqual([])
})

describe('the double sees an operator that', () => {
  /** Plays a topology with an operator that is made of what it does with a carrier. */
  function played(take: (carrier: Carrier, emit: (carrier: Carrier) => void) => void): {
    readonly faults: readonly string[]
    readonly feed: () => void
  } {
    const factory: OperatorFactory = () =>
      operate((out) => {
        return new (class extends CarrierSubscriber {
          protected override _next(carrier: Carrier): void {
            take(carrier, (one) => this.out.next(one))
          }
        })(out)
      })
    const builder = new StreamsBuilder()
    const stream = builder.stream(left)
    if (!(stream instanceof Stream)) throw new Error('a stream of the DSL is known by its class')
    const { parts } = stream
    asBranch(parts.faces.stream({ ...parts, node: parts.plan.stateless('bad', parts.node, 'bad', factory) })).to(third)
    const { topology, faults } = strict(builder.build())
    const driver = new TopologyTestDriver(topology)
    onTestFinished(() => driver.close())
    return { faults, feed: () => driver.inputTopic(left).pipeInput({ key: 'a', value: 1, timestamp: 5 }) }
  }

  test('keeps to it', () => {
    const { faults, feed } = played((carrier, emit) => {
      emit(carrier)
      emit(carrier.withValue<unknown>(new Date(5).getTime(), undefined))
    })
    feed()
    feed()
    expect(faults).toEqual([])
  })

  test('emits when it is not called', () => {
    let later: () => void = () => undefined
    const { faults, feed } = played((carrier, emit) => {
      const made = carrier.withTimestamp(7)
      later = () => emit(made)
    })
    feed()
    expect(later).toThrow('bad emits when it is not called')
    expect(faults).toEqual(['bad emits when it is not called'])
  })

  test('keeps a carrier', () => {
    const kept: Carrier[] = []
    const { faults, feed } = played((carrier, emit) => {
      kept.push(carrier)
      emit(kept[0]?.withTimestamp(1) ?? carrier)
    })
    feed()
    expect(feed).toThrow('bad has kept a carrier')
    expect(faults).toEqual(['bad has kept a carrier'])
  })

  test.each<[string, (carrier: Carrier) => void]>([
    ['its time', (carrier) => (carrier.timestamp = 8)],
    ['its headers', (carrier) => (carrier.headers = [{ key: 'a', value: null }])],
    ['its old value', (carrier) => (carrier.old = 1)],
  ])('changes what it was given: %s', (_, change) => {
    const { faults, feed } = played(change)
    expect(feed).toThrow('bad changes what it was given')
    expect(faults).toEqual([expect.stringMatching(/^bad changes what it was given: 'a'=1@5/)])
  })

  test('changes what it has emitted', () => {
    let emitted: Carrier | undefined
    const { faults, feed } = played((carrier, emit) => {
      if (emitted !== undefined) emitted.timestamp++
      emitted = carrier.withTimestamp(1)
      emit(emitted)
    })
    feed()
    expect(feed).toThrow('bad changes what it has emitted')
    expect(faults).toHaveLength(1)
  })

  test.each<[string, () => unknown]>([
    ['the date', () => new Date()],
    ['the time', () => Date.now()],
    ['the time that has passed', () => performance.now()],
    ['the time of the system', () => process.hrtime.bigint()],
    ['a random number', () => Math.random()],
  ])('asks for %s', (what, ask) => {
    const { faults, feed } = played(ask)
    expect(feed).toThrow(`bad asks for ${what}`)
    expect(faults).toEqual([`bad asks for ${what}`])
  })
})
