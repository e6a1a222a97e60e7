// A join by foreign key stands for the rows that both tables have now: whatever comes, changes, moves and goes on either
// side, in however many partitions, over commits and crashes, and however many rows name one.
import fc from 'fast-check'
import { int64, keyValueStore, type KTable, nullable, type StreamsBuilder, string, topic } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, topologyOf } from '../support/topology.ts'

/** `customer:number`; without a customer the order is nobody's. */
const orders = topic('orders', { key: string(), value: string(), partitions: 3 })
/** The same topic, read as records, of which some are deletes. */
const nullableOrders = topic('orders', { key: string(), value: nullable(string()), partitions: 3 })
const customers = topic('customers', { key: string(), value: string(), partitions: 5 })
const out = topic('out', { key: string(), value: nullable(string()) })
const kept = keyValueStore('kept', { key: string(), value: string() })

const customerOf = (value: string): string | null => value.split(':')[0] || null
const joinerOf = (order: string, customer: string | null, key: string): string => `${key} ${order} ${customer}`

type Verb = 'join' | 'leftJoin'

const joined = (
  builder: StreamsBuilder,
  verb: Verb,
  options: { readonly name?: string; readonly store?: typeof kept } = {},
): KTable<string, string, 'key'> => {
  const [left, right] = [builder.table(orders), builder.table(customers)]
  const all = { foreignKey: customerOf, ...options }
  return verb === 'join' ? left.join(right, joinerOf, all) : left.leftJoin(right, joinerOf, all)
}

type Step = readonly ['order' | 'customer', string, string | null, number]

function outputsOf(verb: Verb, steps: readonly Step[]): string[] {
  const driver = drive((builder) => joined(builder, verb, { name: 'j' }).toStream().to(out))
  feed(driver, steps)
  return briefly(driver.outputTopic(out).readRecords())
}

function feed(driver: TopologyTestDriver, steps: readonly Step[]): void {
  for (const [side, key, value, timestamp] of steps) {
    driver.inputTopic(side === 'order' ? orders : customers).pipeInput({ key, value, timestamp })
  }
}

describe('a left row', () => {
  test('joins the row that it names, and has the larger time of both', () => {
    expect(
      outputsOf('join', [
        ['customer', 'x', 'X', 5],
        ['order', 'a', 'x:1', 3],
        ['order', 'b', 'x:2', 7],
        ['customer', 'x', 'X2', 6],
      ]),
    ).toEqual(['a=a x:1 X@5', 'b=b x:2 X@7', 'a=a x:1 X2@6', 'b=b x:2 X2@7'])
  })

  test('that names another row leaves the first', () => {
    expect(
      outputsOf('join', [
        ['customer', 'x', 'X', 1],
        ['customer', 'y', 'Y', 1],
        ['order', 'a', 'x:1', 2],
        ['order', 'a', 'y:1', 3],
        ['customer', 'x', 'X2', 4],
        ['order', 'a', 'z:1', 5],
        ['order', 'a', 'w:1', 6],
      ]),
    ).toEqual(['a=a x:1 X@2', 'a=a y:1 Y@3', 'a=null@5', 'a=null@6'])
  })

  test('that finds no row is there in a left join alone', () => {
    const steps: readonly Step[] = [
      ['order', 'a', 'x:1', 1],
      ['customer', 'x', 'X', 2],
      ['customer', 'x', null, 3],
      ['order', 'a', null, 4],
    ]
    expect(outputsOf('join', steps)).toEqual(['a=a x:1 X@2', 'a=null@3', 'a=null@4'])
    expect(outputsOf('leftJoin', steps)).toEqual(['a=a x:1 null@1', 'a=a x:1 X@2', 'a=a x:1 null@3', 'a=null@4'])
  })

  test('without a foreign key has no row in an inner join, which is counted, and joins nothing in a left join', () => {
    const steps: readonly Step[] = [
      ['customer', 'x', 'X', 1],
      ['order', 'a', 'x:1', 2],
      ['order', 'a', ':2', 3],
      ['order', 'b', ':3', 4],
      ['order', 'b', null, 5],
    ]
    expect(outputsOf('join', steps)).toEqual(['a=a x:1 X@2', 'a=null@3'])
    expect(outputsOf('leftJoin', steps)).toEqual(['a=a x:1 X@2', 'a=a :2 null@3', 'b=b :3 null@4', 'b=null@5'])
    for (const [verb, dropped] of [
      ['join', { 'j.requests': { null_foreign_key: 2 } }],
      ['leftJoin', {}],
    ] as const) {
      const driver = drive((builder) => joined(builder, verb, { name: 'j' }).toStream().to(out))
      feed(driver, steps)
      expect(driver.metrics().dropped).toEqual(dropped)
    }
  })
})

test('a joiner that gives null deletes the row', () => {
  const driver = drive((builder) => {
    const joiner = (_order: string, customer: string): string | null => (customer === 'gone' ? null : customer)
    builder
      .table(orders)
      .join(builder.table(customers), joiner, { foreignKey: customerOf, store: kept })
      .toStream()
      .to(out)
  })
  feed(driver, [
    ['customer', 'x', 'X', 1],
    ['order', 'a', 'x:1', 1],
    ['customer', 'x', 'gone', 2],
    ['customer', 'x', 'gone', 3],
  ])
  expect(briefly(driver.outputTopic(out).readRecords())).toEqual(['a=X@1', 'a=null@2', 'a=null@3'])
  expect(briefly(driver.store(kept).range())).toEqual([])
})

test('the kept rows are what a grouping after it takes in and out', () => {
  const totals = keyValueStore('totals', { key: string(), value: int64() })
  const driver = drive((builder) =>
    joined(builder, 'join', { store: kept })
      .groupBy(({ value }) => ({ key: value.split(' ')[2] ?? '', value }), { key: string(), value: string() })
      .count({ store: totals }),
  )
  feed(driver, [
    ['customer', 'x', 'X', 1],
    ['customer', 'y', 'Y', 1],
    ['order', 'a', 'x:1', 1],
    ['order', 'b', 'x:1', 1],
    ['order', 'c', 'y:1', 1],
    ['order', 'b', 'y:1', 1],
    ['customer', 'x', 'Z', 1],
  ])
  expect(briefly(driver.store(totals).range())).toEqual(['X=0@1', 'Y=2@1', 'Z=1@1'])
})

describe('what is refused', () => {
  test.each([
    [
      'a grouping',
      (table: KTable<string, string>) =>
        table
          .filter(() => true)
          .groupBy(({ key, value }) => ({ key, value }), { key: string(), value: string() })
          .count(),
    ],
    ['a join', (table: KTable<string, string>, other: KTable<string, string>) => other.join(table, () => '')],
    [
      'a join of what is made of it',
      (table: KTable<string, string>, other: KTable<string, string>) =>
        other.leftJoin(
          table.mapValues(({ value }) => value),
          () => '',
        ),
    ],
  ] as const)('%s after one that keeps no rows, with the advice to keep them', (_title, after) => {
    const build = (store: { readonly store?: typeof kept }) => (): unknown =>
      topologyOf((builder) => {
        const other = builder.table(topic('others', { key: string(), value: string() }))
        return after(joined(builder, 'join', { ...store, name: 'j' }), other)
      })
    const error = errorOf(build({}))
    expect(error).toMatchObject({ code: 'topology_invalid' })
    expect(error.message).toMatch(/"j".*\{ store: … \}/)
    expect(build({ store: kept })).not.toThrow()
  })

  test('an outer join, and a foreignKey that is no function', () => {
    const call = (verb: 'join' | 'outerJoin', foreignKey: unknown) => () =>
      topologyOf((builder) => {
        const [left, right] = [builder.table(orders), builder.table(customers)]
        return (left[verb] as (...given: unknown[]) => unknown)(right, joinerOf, { foreignKey })
      })
    expect(errorOf(call('outerJoin', customerOf))).toMatchObject({ code: 'bad_option' })
    expect(errorOf(call('join', 'value'))).toMatchObject({ code: 'bad_option' })
  })
})

test.each([
  [
    'throws',
    'user_function_threw',
    () => {
      throw new Error('no')
    },
  ],
  ['gives nothing', 'bad_record', () => undefined as never],
  ['gives a promise', 'bad_record', () => Promise.resolve('x') as never],
  ['gives no key of the right table', 'encode_failed', () => 5 as never],
] as const)('a left row whose foreignKey %s fails alone', (_title, code, bad) => {
  const driver = drive(
    (builder) =>
      builder
        .table(orders)
        .leftJoin(builder.table(customers), joinerOf, {
          foreignKey: (value) => (value === 'bad' ? bad() : customerOf(value)),
          name: 'j',
        })
        .toStream()
        .to(out),
    { onError: 'skip' },
  )
  feed(driver, [
    ['order', 'a', 'bad', 1],
    ['order', 'a', 'x:1', 2],
  ])
  expect(Object.values(driver.metrics().failed)).toEqual([{ [code]: 1 }])
  expect(briefly(driver.outputTopic(out).readRecords())).toEqual(['a=a x:1 null@2'])
})

test.each(['xy', 'yx', 'xz', 'zx', 'yz', 'zy', 'xyx', 'yzy', 'zxz'])(
  'an answer that comes after the row has named another one is of no use: %s',
  (names) => {
    // The partitions of the right rows are asked in their order, whatever the order of the changes was.
    const driver = drive((builder) => {
      const left = builder
        .stream(orders)
        .flatMapValues(({ value }) => value.split('').map((name) => `${name}:1`))
        .toTable({ key: string(), value: string(), name: 'left' })
      left.join(builder.table(customers), joinerOf, { foreignKey: customerOf, name: 'j' }).toStream().to(out)
    })
    feed(driver, [
      ['customer', 'x', 'X', 1],
      ['customer', 'y', 'Y', 1],
      ['customer', 'z', 'Z', 1],
      ['order', 'a', names, 2],
    ])
    const last = names.at(-1) ?? ''
    expect(new Set(briefly(driver.outputTopic(out).readRecords()))).toEqual(
      new Set([`a=a ${last}:1 ${last.toUpperCase()}@2`]),
    )
  },
)

describe('a right row that thousands name', () => {
  const many = 2_500
  const batches = topic('batches', { key: string(), value: int64() })
  const changes = topic('changes', { key: string(), value: string() })

  /** Many orders at once, and customers that change several times at once; `-` is a delete. */
  function withMany(end: (table: KTable<string, string>) => unknown): TopologyTestDriver {
    const driver = drive((builder) => {
      const left = builder
        .stream(batches)
        .flatMap(({ value }) =>
          Array.from({ length: value }, (_, i) => ({ key: `o${i}`, value: `${'yx'[i % 2]}:${i}` })),
        )
        .toTable({ key: string(), value: string(), name: 'left' })
      const right = builder
        .stream(changes)
        .flatMap(({ key, value, headers }) =>
          value.split(',').map((one) => ({ key, value: one === '-' ? null : one, headers })),
        )
        .toTable({ key: string(), value: string(), name: 'right' })
      end(left.leftJoin(right, joinerOf, { foreignKey: customerOf, store: kept }))
    })
    driver.inputTopic(batches).pipeInput({ key: '', value: many, timestamp: 1 })
    return driver
  }

  test('tells all of them of a change, with its time and headers', () => {
    const driver = withMany((table) => table.toStream().to(out))
    const change = (value: string, timestamp: number): string[] => {
      const before = driver.outputTopic(out).readRecords().length
      const headers = [{ key: 'h', value }]
      driver.inputTopic(changes).pipeInput({ key: 'x', value, timestamp, headers })
      const records = driver.outputTopic(out).readRecords().slice(before)
      expect(new Set(records.map(({ key }) => key)).size).toBe(many / 2)
      return [
        ...new Set(
          records.map((record) => {
            const [header] = record.headers
            return `${record.value?.split(' ')[2]}@${record.timestamp} ${header && Buffer.from(header.value ?? []).toString()}`
          }),
        ),
      ]
    }
    expect(change('X', 9)).toEqual(['X@9 X'])
    expect(change('-', 10)).toEqual(['null@10 -'])
  })

  test('tells each of what it is at last, when it changes again on the way', () => {
    const driver = withMany(() => undefined)
    for (const [value, last] of [
      ['A,B,C', 'C'],
      ['D,-', 'null'],
      ['E,-,F', 'F'],
    ] as const) {
      driver.inputTopic(changes).pipeInput({ key: 'x', value, timestamp: 2 })
      const named = [...driver.store(kept).range()].filter((row) => row.value.includes(' x:'))
      expect(named).toHaveLength(many / 2)
      expect(new Set(named.map((row) => row.value.split(' ')[2]))).toEqual(new Set([last]))
    }
  })
})

const orderSteps = fc.tuple(
  fc.constant('order' as const),
  fc.constantFrom('a', 'b', 'c', 'd'),
  fc.option(fc.tuple(fc.constantFrom('x', 'y', 'z', ''), fc.nat({ max: 3 })).map((parts) => parts.join(':'))),
  fc.nat({ max: 5 }),
)
const customerSteps = fc.tuple(
  fc.constant('customer' as const),
  fc.constantFrom('x', 'y', 'z'),
  fc.option(fc.constantFrom('1', '2', '3')),
  fc.nat({ max: 5 }),
)
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: orderSteps },
    { weight: 3, arbitrary: customerSteps },
    { weight: 1, arbitrary: fc.constantFrom('commit' as const, 'crash' as const) },
  ),
  { maxLength: 40 },
)

test('after any changes the joined rows are those of the rows that are left', () => {
  fc.assert(
    fc.property(
      steps,
      fc.constantFrom<Verb>('join', 'leftJoin'),
      fc.constantFrom(0, 1_000_000),
      (list, verb, cache) => {
        const topology = topologyOf((builder) => {
          const left = builder
            .stream(nullableOrders)
            // A row changes twice at once, and what the first change asked for may be answered last.
            // Both are of one turn: a verb that may change keys would regroup, and the first be answered before the second.
            .flatMapValues(({ value }) => [value === null ? null : `${'xyz'[Number(value.slice(-1)) % 3]}:9`, value])
            .toTable({ key: string(), value: string(), name: 'left' })
          const right = builder.table(customers)
          const options = { foreignKey: customerOf, store: kept }
          const table = verb === 'join' ? left.join(right, joinerOf, options) : left.leftJoin(right, joinerOf, options)
          table.toStream().to(out)
        })
        using driver = new TopologyTestDriver(topology, { commit: 'manual', stateCacheBytes: cache })
        const [lefts, rights] = [new Map<string, Row>(), new Map<string, Row>()]
        for (const step of list) {
          if (step === 'commit') driver.commit()
          else if (step === 'crash') driver.crash()
          else {
            feed(driver, [step])
            const [side, key, value, timestamp] = step
            const rows = side === 'order' ? lefts : rights
            if (value === null) rows.delete(key)
            else rows.set(key, { value, timestamp })
          }
        }
        driver.commit()
        const expected = [...lefts]
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .flatMap(([key, { value, timestamp }]) => {
            const customer = rights.get(customerOf(value) ?? '')
            if (customer === undefined && verb === 'join') return []
            const row = `${key}=${joinerOf(value, customer?.value ?? null, key)}`
            return [customer === undefined ? row : `${row}@${Math.max(timestamp, customer.timestamp)}`]
          })
        const store = briefly(driver.store(kept).range())
        // Without a right row, the time is that of its delete, if it is later.
        expect(store.map((row) => row.replace(/ null@\d+$/, ' null'))).toEqual(expected)
        const view = new Map<string, string>()
        for (const record of driver.outputTopic(out).readRecords()) {
          if (record.value === null) view.delete(record.key)
          else view.set(record.key, briefly([record])[0] ?? '')
        }
        expect([...view.values()].toSorted()).toEqual(store)
      },
    ),
    { numRuns: 40 },
  )
})

interface Row {
  readonly value: string
  readonly timestamp: number
}
