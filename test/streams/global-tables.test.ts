// A global table is read whole by every task, whatever the partitions; what a record finds there depends on no restart.
import { int64, keyValueStore, nullable, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { collect } from '../support/collect.ts'
import { engineOn } from '../support/engine.ts'
import { type OpenedLog, openTestLog } from '../support/open.ts'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, type Script, topologyOf } from '../support/topology.ts'

type Text = string | null
const orders = topic('orders', { key: nullable(string()), value: nullable(string()), partitions: 3 })
const names = topic('names', { key: string(), value: string(), partitions: 2 })
const out = topic('out', { key: nullable(string()), value: string() })
const store = keyValueStore('known', { key: string(), value: string() })

/** The key of a row is what an order begins with. */
const tableKey = ({ value }: { readonly value: string }): Text => (value.startsWith('-') ? null : value.slice(0, 1))
const pair = (left: string, right: Text, key: Text, rowKey: Text): string => `${left}+${right} of ${rowKey} by ${key}`

const joined =
  (verb: 'join' | 'leftJoin'): Script =>
  (builder) => {
    const table = builder.globalTable(names, { store })
    const stream = builder.stream(orders)
    ;(verb === 'join' ? stream.join(table, pair, { tableKey }) : stream.leftJoin(table, pair, { tableKey })).to(out)
  }

function played(script: Script): string[] {
  const driver = drive(script)
  for (const key of ['a', 'b', 'c']) driver.inputTopic(names).pipeInput({ key, value: key.toUpperCase(), timestamp: 9 })
  driver.inputTopic(names).pipeInput({ key: 'c', value: null, timestamp: 9 })
  const order = driver.inputTopic(orders)
  for (const value of ['a1', 'b1', 'c1', '-1', null]) order.pipeInput({ key: 'k', value, timestamp: 1 })
  order.pipeInput({ key: null, value: 'a2', timestamp: 2 })
  return briefly(driver.outputTopic(out).readRecords()).toSorted()
}

describe('each record of the stream', () => {
  test('comes out with the row that it refers to, and keeps its key, or that it has none', () => {
    expect(played(joined('join'))).toEqual(['k=a1+A of a by k@1', 'k=b1+B of b by k@1', 'null=a2+A of a by null@2'])
  })

  test('comes out in a left join though it refers to no row, or to nothing', () => {
    expect(played(joined('leftJoin'))).toEqual([
      'k=-1+null of null by k@1',
      'k=a1+A of a by k@1',
      'k=b1+B of b by k@1',
      'k=c1+null of c by k@1',
      'null=a2+A of a by null@2',
    ])
  })

  test('in any partition finds the rows of all partitions, also after a crash', () => {
    const driver = drive(joined('join'))
    const letters = ['a', 'b', 'c', 'd', 'e', 'f']
    for (const key of letters) driver.inputTopic(names).pipeInput({ key, value: key.toUpperCase(), timestamp: 0 })
    driver.crash()
    const expected: string[] = []
    for (const key of letters)
      for (const value of letters) {
        driver.inputTopic(orders).pipeInput({ key, value, timestamp: 0 })
        expected.push(`${key}=${value}+${value.toUpperCase()} of ${value} by ${key}@0`)
      }
    expect(briefly(driver.outputTopic(out).readRecords()).toSorted()).toEqual(expected)
  })
})

describe.each([
  ['without a restart', false],
  ['with a restart after every record', true],
])('%s', (_what, restarts) => {
  async function run({ log, embedded }: OpenedLog): Promise<string[]> {
    const topology = topologyOf(joined('leftJoin'))
    let driven = engineOn(embedded, topology, { commitRecords: 1 })
    while (driven.engine.run(() => false) !== 'drained') {
      driven.commit()
      if (restarts) driven = engineOn(embedded, topology, { commitRecords: 1 })
    }
    driven.commit()
    return (await collect(log.read(out))).map(({ value }) => value.slice(0, value.indexOf(' ')))
  }

  test('what was there at the first start comes first, and what comes later takes its place by time', async () => {
    const opened = openTestLog()
    const { log, embedded } = opened
    const producer = log.producer()
    for (const [key, value, timestamp] of [
      ['a', 'A', 500],
      ['b', 'B', 300],
      ['a', 'AA', 400],
    ] as const)
      await producer.send(names, { key, value, timestamp })
    for (const [value, timestamp] of [
      ['a1', 10],
      ['b1', 450],
    ] as const)
      await producer.send(orders, { key: 'k', value, timestamp })
    // The first start has seen what is there, and has not yet worked on anything.
    engineOn(embedded, topologyOf(joined('leftJoin')), { commitRecords: 1 })
    await producer.send(names, { key: 'b', value: 'BB', timestamp: 460 })
    await producer.send(orders, { key: 'k', value: 'b2', timestamp: 459 })
    await producer.send(orders, { key: 'k', value: 'b3', timestamp: 461 })
    expect(await run(opened)).toEqual(['a1+AA', 'b1+B', 'b2+B', 'b3+BB'])
  })
})

test('its partitions may become more', async () => {
  const { log, embedded } = openTestLog()
  const grown = topic('grown', { key: string(), value: string() })
  const topology = topologyOf((builder) =>
    builder.stream(orders).leftJoin(builder.globalTable(grown), pair, { tableKey }).to(out),
  )
  engineOn(embedded, topology)
  await log.admin.addPartitions(grown, 5)
  const producer = log.producer()
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
    await producer.send(grown, { key, value: key.toUpperCase(), timestamp: 0 })
    await producer.send(orders, { key: 'k', value: key, timestamp: 1 })
  }
  const { engine, commit } = engineOn(embedded, topology)
  expect(engine.run(() => false)).toBe('drained')
  commit()
  const found = (await collect(log.read(out))).map(({ value }) => value.slice(0, 3))
  expect(found).toEqual(['a+A', 'b+B', 'c+C', 'd+D', 'e+E', 'f+F'])
})

test('its store is asked like any other', () => {
  const driver = drive(joined('join'))
  for (const key of ['a', 'b', 'c']) driver.inputTopic(names).pipeInput({ key, value: key.toUpperCase(), timestamp: 0 })
  expect(driver.store(store).get('b')).toBe('B')
  expect([...driver.store(store).range()].map(({ value }) => value)).toEqual(['A', 'B', 'C'])
})

test('a processor in any partition may read its store', () => {
  const driver = drive((builder) => {
    builder.globalTable(names, { store })
    builder
      .stream(orders)
      .process<Text, string>(
        (context) => {
          const rows = context.store(store)
          return { process: ({ key, value }) => context.forward({ key, value: `${rows.get(value ?? '')}` }) }
        },
        { stores: [store] },
      )
      .to(out)
  })
  for (const key of ['a', 'b', 'c']) driver.inputTopic(names).pipeInput({ key, value: key.toUpperCase(), timestamp: 0 })
  for (const key of ['c', 'b', 'a']) driver.inputTopic(orders).pipeInput({ key: `k${key}`, value: key, timestamp: 1 })
  expect(briefly(driver.outputTopic(out).readRecords()).toSorted()).toEqual(['ka=A@1', 'kb=B@1', 'kc=C@1'])
})

test('two streams of other partitions may read it, before and after a regrouping', () => {
  const driver = drive((builder) => {
    const table = builder.globalTable(names)
    const stream = builder.stream(orders)
    stream
      .leftJoin(table, pair, { tableKey })
      .selectKey(({ value }) => value.slice(0, 1))
      .groupByKey({ key: string(), value: string() })
      .count()
      .toStream()
      .join(table, (count, name) => `${name} ${count}`, { tableKey: ({ key }) => key })
      .to(out)
  })
  driver.inputTopic(names).pipeInput({ key: 'a', value: 'A', timestamp: 0 })
  for (const key of ['x', 'y', 'z']) driver.inputTopic(orders).pipeInput({ key, value: 'a', timestamp: 1 })
  expect(briefly(driver.outputTopic(out).readRecords())).toEqual(['a=A 1@1', 'a=A 2@1', 'a=A 3@1'])
})

test('a topology shows it with its store, in a sub-topology of its own', () => {
  const { subTopologies } = topologyOf(joined('join')).describe({ format: 'json' })
  expect(subTopologies.map(({ nodes }) => nodes.map(({ verb }) => verb))).toEqual([
    ['globalTable', 'globalTable'],
    ['stream', 'join', 'to'],
  ])
  const storesOf = subTopologies.flatMap(({ nodes }) => nodes.flatMap((node) => ('stores' in node ? node.stores : [])))
  expect(storesOf).toEqual(['known', 'known'])
})

describe('is refused when it is built', () => {
  const untyped = (value: object, verb: string, ...args: readonly unknown[]): unknown =>
    (value as Record<string, (...given: readonly unknown[]) => unknown>)[verb]?.(...args)

  test.each<[string, Script, string]>([
    ['an outer join', (b) => untyped(b.stream(orders), 'outerJoin', b.globalTable(names), pair, {}), 'bad_option'],
    ['a join without tableKey', (b) => untyped(b.stream(orders), 'join', b.globalTable(names), pair, {}), 'bad_option'],
    ['a history', (b) => untyped(b, 'globalTable', names, { versioned: { historyMs: 1 } }), 'bad_option'],
    ['a topic that is read already', (b) => [b.table(names), b.globalTable(names)], 'topology_invalid'],
    [
      'a store of other serdes',
      (b) => untyped(b, 'globalTable', names, { store: keyValueStore('other', { key: string(), value: int64() }) }),
      'topology_invalid',
    ],
  ])('%s', (_what, script, code) => {
    expect(errorOf(() => topologyOf(script)).code).toBe(code)
  })
})
