// Joins with tables without an engine: what they emit and drop, whose a throw is, and that a turn that fails leaves nothing: no
// row, no time, no half of a change.
import { keyValueStore, nullable, type StreamsBuilder, string, topic, type Topology } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { StoreSpec } from '../../src/plan/store.ts'
import type { Carrier } from '../../src/plan/carrier.ts'
import { carrierOf } from '../support/carriers.ts'
import { alone, type OperatorAlone, operatorOf } from '../support/operator-double.ts'
import { errorOf } from '../support/thrown.ts'
import { topologyOf } from '../support/topology.ts'

const lines = topic('lines', { key: nullable(string()), value: nullable(string()) })
const table = topic('rows', { key: string(), value: string() })
const other = topic('others', { key: string(), value: string() })
const kept = keyValueStore('kept', { key: string(), value: string() })
const joiner = (left: string | null, right: string | null): string => `${left}+${right}`

const change = (key: string | null, value: string | null, timestamp: number, old?: string | null): Carrier => {
  const carrier = carrierOf(nullable(string()), key, nullable(string()), value)
  carrier.timestamp = timestamp
  return (old === undefined ? carrier : carrier.withOld(old)) as Carrier
}

/** What came out since the last time. */
const shown = ({ caught }: OperatorAlone): string[] =>
  caught.splice(0).map(({ key, value, timestamp }) => `${String(key)}=${String(value)}@${timestamp}`)

/** The operator alone; what follows it fails where a test says so. */
function operating(topology: Topology, id: string, inputs = 1, wantsOld = false) {
  const failing = { on: '' }
  const after = ({ value }: Carrier): void => {
    if (failing.on !== '' && String(value).includes(failing.on)) throw new Error('further down')
  }
  const node = operatorOf(topology, id)
  const operator = alone(node.operator, { inputs, wantsOld, after })
  const store = (name: string): StoreSpec => {
    const found = node.stores.find((one) => one.name === name)
    if (found === undefined) throw new Error(`${name} is none of ${node.stores.map((one) => one.name).join(', ')}`)
    return found
  }
  /** A turn that fails because of what follows. */
  const fail = (on: string, carrier: Carrier, input = 0): void => {
    failing.on = on
    expect(() => operator.feed(carrier, input)).toThrow('further down')
    failing.on = ''
    operator.caught.length = 0
  }
  return { operator, store, fail }
}

const bad = (left: unknown): never => {
  throw new Error(`not ${String(left)}`)
}

describe.each([
  [
    'a table',
    (builder: StreamsBuilder, join: typeof joiner) =>
      builder.stream(lines).join(builder.table(table, { store: kept }), join, { name: 'j' }),
  ],
  [
    'a global table',
    (builder: StreamsBuilder, join: typeof joiner) =>
      builder.stream(lines).join(builder.globalTable(table, { store: kept }), join, {
        tableKey: ({ key }) => key,
        name: 'j',
      }),
  ],
] as const)('a stream that is joined with %s', (_title, script) => {
  const built = (join = joiner) =>
    operating(
      topologyOf((builder) => script(builder, join)),
      'j',
    )

  test('meets the row of its key, and drops a record without a key or a value', () => {
    const { operator, store } = built()
    operator.feed(change('a', 'x', 5))
    operator.put(store('kept'), 'a', 'A', 9)
    for (const one of [change('a', 'y', 6), change('b', 'z', 7), change(null, 'n', 8), change('a', null, 9)])
      operator.feed(one)
    expect(shown(operator)).toEqual(['a=y+A@6'])
    expect(operator.dropped.map(({ reason }) => reason)).toEqual(['null_key', 'null_value'])
  })

  test('owns what its joiner throws, lets what follows throw, and is as before after both', () => {
    const failing = built(bad)
    failing.operator.put(failing.store('kept'), 'a', 'A', 1)
    expect(errorOf(() => failing.operator.feed(change('a', 'x', 5)))).toMatchObject({
      code: 'user_function_threw',
      operator: 'alone',
    })
    const { operator, store, fail } = built()
    operator.put(store('kept'), 'a', 'A', 1)
    fail('x+A', change('a', 'x', 5))
    operator.feed(change('a', 'x', 5))
    expect(shown(operator)).toEqual(['a=x+A@5'])
  })
})

describe('a stream that waits for a table of versions', () => {
  const topology = topologyOf((builder) => {
    const versions = builder.table(table, { versioned: { historyMs: 50 } })
    return builder.stream(lines).leftJoin(versions, joiner, { graceMs: 10, name: 'j' })
  })

  test('holds nothing of a turn that fails, and lets go of what waited with the next that is due', () => {
    const { operator, fail } = operating(topology, 'j')
    operator.feed(change('a', 'first', 100))
    operator.feed(change('b', 'second', 105))
    expect(shown(operator)).toEqual([])
    // It lets go of the first, and would hold the third.
    fail('first', change('c', 'third', 111))
    expect(shown(operator)).toEqual([])
    // Its time has not passed: this is not late, and lets go of nothing.
    operator.feed(change('d', 'fourth', 99))
    expect(shown(operator)).toEqual([])
    operator.feed(change('e', 'fifth', 200))
    expect(shown(operator)).toEqual(['d=fourth+null@99', 'a=first+null@100', 'b=second+null@105'])
    operator.feed(change('f', 'sixth', 300))
    expect(shown(operator)).toEqual(['e=fifth+null@200'])
  })
})

describe('two tables that are joined', () => {
  const withStore = topologyOf((builder) =>
    builder
      .table(table, { name: 'left' })
      .outerJoin(builder.table(other, { name: 'right' }), joiner, { store: kept })
      .toStream(),
  )

  test('a turn that fails leaves the joined row as it was', () => {
    const { operator, store, fail } = operating(withStore, 'kept', 2, true)
    const olds = (): unknown[] =>
      operator.caught.splice(0).map(({ value, old }) => `${String(old)} -> ${String(value)}`)
    operator.put(store('left'), 'a', 'l', 1)
    operator.feed(change('a', 'l', 1, null), 0)
    expect(olds()).toEqual(['null -> l+null'])
    operator.put(store('left'), 'a', 'm', 2)
    fail('m+null', change('a', 'm', 2, 'l'), 0)
    operator.feed(change('a', 'm', 2, 'l'), 0)
    operator.put(store('right'), 'a', 'r', 3)
    operator.feed(change('a', 'r', 3, null), 1)
    expect(olds()).toEqual(['l+null -> m+null', 'm+null -> m+r'])
  })

  test('of a change that comes by both sides, the half of a turn that failed is of no use to the next', () => {
    const mirrored = topologyOf((builder) => {
      const one = builder.table(table, { name: 'left' })
      return one.join(
        one.mapValues(({ value }) => value),
        joiner,
        { name: 'j' },
      )
    })
    const { operator, fail } = operating(mirrored, 'j', 2)
    const [lost, next] = [change('a', 'lost', 1), change('a', 'next', 2)]
    operator.feed(lost, 0)
    operator.feed(next, 1)
    expect(shown(operator)).toEqual([])
    operator.feed(next, 0)
    expect(shown(operator)).toEqual(['a=next+next@2'])
    const twice = change('a', 'twice', 3)
    operator.feed(twice, 0)
    fail('twice', twice, 1)
    operator.feed(twice, 0)
    operator.feed(twice, 1)
    expect(shown(operator)).toEqual(['a=twice+twice@3'])
  })
})
