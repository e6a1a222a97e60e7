// The sides of a foreign-key join without an engine: a right row tells exactly those that name it, so that neither its changes
// nor its store grow with left rows that have long gone elsewhere. The joined rows would not show it.
import fc from 'fast-check'
import { nullable, string, topic } from 'millrace'
import { expect, test } from 'vitest'
import type { Carrier } from '../../src/plan/carrier.ts'
import { carrierOf } from '../support/carriers.ts'
import { alone, operatorOf } from '../support/operator-double.ts'
import { topologyOf } from '../support/topology.ts'

/** What a row names is its value; `-` names none. */
const rows = topic('rows', { key: string(), value: string() })
const others = topic('others', { key: string(), value: string() })

const topologies = (['join', 'leftJoin'] as const).map((verb) =>
  topologyOf((builder) => {
    const [left, right] = [builder.table(rows), builder.table(others)]
    const options = { foreignKey: (value: string) => (value === '-' ? null : value), name: 'j' }
    return verb === 'join' ? left.join(right, () => '', options) : left.leftJoin(right, () => '', options)
  }),
)

const change = (key: string, value: string | null, old: string | null): Carrier =>
  carrierOf(nullable(string()), key, nullable(string()), value).withOld(old) as Carrier

const value = fc.option(fc.constantFrom('x', 'y', 'z', '-'), { freq: 4 })
const changes = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), value), { maxLength: 30 })

test('a right row tells exactly the left rows that name it, whatever they have named before', () => {
  fc.assert(
    fc.property(changes, fc.constantFrom(...topologies), (list, topology) => {
      const asking = alone(operatorOf(topology, 'j.requests').operator)
      const answering = alone(operatorOf(topology, 'j.subscribers').operator, { inputs: 2 })
      const left = new Map<string, string>()
      for (const [key, named] of list) {
        asking.feed(change(key, named, left.get(key) ?? null))
        if (named === null) left.delete(key)
        else left.set(key, named)
        for (const request of asking.caught.splice(0)) answering.feed(request)
        answering.caught.length = 0
        for (const right of ['x', 'y', 'z']) {
          answering.feed(change(right, 'anything', null), 1)
          const told = answering.caught.splice(0).map((answer) => answer.key)
          expect(told).toEqual([...left].flatMap(([one, name]) => (name === right ? [one] : [])).toSorted())
        }
      }
    }),
    { numRuns: 100 },
  )
})
