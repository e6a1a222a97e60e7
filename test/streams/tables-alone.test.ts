// Joins with tables, and a table whose rows expire, without an engine: what they emit and drop, whose a throw is, and that a
// turn that fails leaves nothing: no row, no time, no half of a change.
import { keyValueStore, nullable, type StreamsBuilder, string, topic, type Topology } from 'millrace'
import { describe, expect, test } from 'vitest'
import { codecOf } from '../../src/core/serde.ts'
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

describe('two tables that are joined by foreign key', () => {
  const topology = topologyOf((builder) =>
    builder.table(table, { name: 'left' }).leftJoin(builder.table(other, { name: 'right' }), joiner, {
      foreignKey: (value) => value.split(':')[0] || null,
      store: kept,
    }),
  )
  interface Message {
    readonly leftKey: string
    readonly isLeaving: boolean
    readonly replaces: boolean
  }
  const messages = ({ caught }: OperatorAlone): string[] =>
    caught.splice(0).map(({ key, value }) => {
      const { leftKey, isLeaving } = value as Message
      return `${leftKey} ${isLeaving ? 'leaves' : 'asks'} ${String(key)}`
    })
  const request = (foreignKey: string, message: Message, timestamp = 1): Carrier =>
    change(foreignKey, '', timestamp).withValue<unknown>(message, undefined)
  const joins: Message = { leftKey: 'a', isLeaving: false, replaces: false }

  test('a left row leaves the row that it named and asks the one that it names, and owns what its function throws', () => {
    const { operator, fail } = operating(topology, 'kept.requests', 1, true)
    operator.feed(change('a', 'x:1', 1, null))
    operator.feed(change('a', 'y:1', 2, 'x:1'))
    expect(messages(operator)).toEqual(['a asks x', 'a leaves x', 'a asks y'])
    operator.feed(change('a', ':2', 3, 'y:1'))
    operator.feed(change('a', null, 4, ':2'))
    expect(messages(operator)).toEqual(['a leaves y'])
    expect(operator.ports['alone']?.map(({ value }) => value)).toEqual([':2', null])
    fail('object', change('b', 'x:1', 5, null))
    operator.feed(change('b', 'x:1', 5, null))
    expect(messages(operator)).toEqual(['b asks x'])
  })

  test('a subscription of a turn that fails is not there, and one that it ended is', () => {
    const { operator, fail } = operating(topology, 'kept.subscribers', 2)
    const told = (): string[] =>
      operator.caught.splice(0).map(({ key, value }) => `${String(key)} ${JSON.stringify(value)}`)
    fail('object', request('x', joins))
    operator.feed(change('x', 'X', 2), 1)
    expect(told()).toEqual([])
    operator.feed(request('x', joins))
    operator.feed(request('x', { ...joins, leftKey: 'b' }))
    told()
    // A change is told to both, and fails at the first.
    fail('object', change('x', 'Y', 3), 1)
    operator.feed(change('x', 'Y', 3), 1)
    expect(told()).toHaveLength(2)
    operator.feed(request('x', { ...joins, isLeaving: true }))
    operator.feed(change('x', 'Z', 4), 1)
    expect(told().map((line) => line[0])).toEqual(['b'])
  })

  test('an answer joins the row as it is now, and one to a question that it no longer asks is of no use', () => {
    const { operator, store, fail } = operating(topology, 'kept', 2, true)
    const answer = (foreignKey: string, right: string | null, timestamp: number): Carrier => {
      const value = { foreignKey: codecOf(string()).identity(foreignKey), right, timestamp, replaces: true }
      return change('a', '', timestamp).withValue<unknown>(value, undefined)
    }
    const olds = (): string[] => operator.caught.splice(0).map(({ value, old }) => `${String(old)} -> ${String(value)}`)
    operator.feed(answer('x', 'X', 2))
    operator.put(store('left'), 'a', 'x:1', 1)
    fail('x:1+X', answer('x', 'X', 2))
    operator.feed(answer('y', 'Y', 2))
    expect(olds()).toEqual([])
    operator.feed(answer('x', 'X', 2))
    operator.put(store('left'), 'a', 'y:1', 3)
    operator.feed(answer('x', 'X2', 4))
    operator.feed(answer('y', null, 5))
    expect(olds()).toEqual(['null -> x:1+X', 'x:1+X -> y:1+null'])
    // In one turn it named another row and this one again: both answers are right.
    operator.put(store('left'), 'a', 'x:2', 6)
    operator.feed(answer('y', 'Y', 6))
    operator.feed(answer('x', 'X', 6))
    operator.feed(answer('x', 'X', 6))
    expect(olds()).toEqual(['y:1+null -> x:2+X', 'x:2+X -> x:2+X'])
    operator.put(store('left'), 'a', null, 7)
    fail('null', change('a', null, 7, 'x:2'), 1)
    operator.feed(change('a', null, 7, 'x:2'), 1)
    operator.feed(change('a', null, 8, null), 1)
    expect(olds()).toEqual(['x:2+X -> null', 'null -> null'])
  })
})

describe('a table whose rows expire', () => {
  const topology = topologyOf((builder) => builder.table(table, { ttlMs: 10, name: 'fresh' }))

  test('keeps no row, moves no time and forgets no row that is due in a turn that fails', () => {
    const { operator, fail } = operating(topology, 'fresh', 1, true)
    operator.feed(change('a', 'x', 100))
    fail('lost', change('b', 'lost', 105))
    expect(shown(operator)).toEqual([])
    // The first fails at the delete of a, the second after it, when no row is due any longer. Time has not moved.
    fail('null', change('c', 'late', 120))
    fail('late', change('c', 'late', 120))
    operator.feed(change('d', 'y', 92))
    expect(shown(operator)).toEqual(['d=y@92'])
    operator.feed(change('d', null, 93))
    fail('late', change('c', 'late', 120))
    operator.feed(change('e', 'z', 111))
    expect(shown(operator)).toEqual(['a=null@110', 'e=z@111'])
    operator.feed(change('f', 'z', 130))
    expect(shown(operator)).toEqual(['e=null@121', 'f=z@130'])
    expect(operator.dropped).toEqual([])
  })

  test('drops what has no key or has expired, and says what a row was', () => {
    const { operator } = operating(topology, 'fresh', 1, true)
    for (const one of [change(null, 'x', 1), change('a', 'x', 100), change('b', 'x', 90), change('a', 'y', 95)])
      operator.feed(one)
    operator.feed(change('c', 'x', 200))
    expect(operator.caught.map(({ key, value, old }) => `${String(key)}: ${String(old)} -> ${String(value)}`)).toEqual([
      'a: null -> x',
      'a: x -> y',
      'a: y -> null',
      'c: null -> x',
    ])
    expect(operator.dropped.map(({ reason }) => reason)).toEqual(['null_key', 'expired'])
  })
})
