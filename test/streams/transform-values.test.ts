// transformValues: an operator of the user's makes the values of a table, from each change once.
import { int64, keyValueStore, type KTable, nullable, string, topic, type ValueTransformer } from 'millrace'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, input, type Script } from '../support/topology.ts'
import { call } from '../support/untyped.ts'

const out = topic('out', { key: string(), value: nullable(string()) })
const grouped = topic('grouped', { key: string(), value: nullable(string()) })
const changes = keyValueStore('changes', { key: string(), value: int64() })
const kept = keyValueStore('kept', { key: string(), value: string() })

/** The value, and which change of its key it was. */
const numbered: ValueTransformer<string, string, string> = (context) => {
  const counts = context.store(changes)
  return {
    transform({ key, value }) {
      const count = (counts.get(key) ?? 0) + 1
      counts.put(key, count)
      return `${value}#${count}`
    },
  }
}

const listed = (table: KTable<string, string>): void =>
  table
    .groupBy(({ value }) => ({ key: 'all', value }), { key: string(), value: string() })
    .aggregate({
      initializer: () => '',
      aggregator: (_key, value, text) => `${text}+${value}`,
      subtractor: (_key, value, text) => `${text}-${value}`,
      value: string(),
    })
    .toStream()
    .to(grouped)

const rows = [
  { key: 'a', value: '1', timestamp: 0 },
  { key: 'a', value: '2', timestamp: 5 },
  { key: 'a', value: null, timestamp: 6 },
  { key: 'b', value: null, timestamp: 7 },
] as const

const play = (script: Script, crashes: boolean) => {
  const driver = drive(script)
  for (const row of rows) {
    driver.inputTopic(input).pipeInput(row)
    if (crashes) driver.crash()
  }
  return driver
}

describe.each([false, true])('with a crash after each record: %s', (crashes) => {
  test('it is called for each change once, for deletes too, and its stores are its own', () => {
    const driver = play(
      (builder) =>
        builder
          .table(input)
          .transformValues(numbered, { stores: [changes] })
          .toStream()
          .to(out),
      crashes,
    )
    expect(briefly(driver.outputTopic(out).readRecords())).toEqual(['a=1#1@0', 'a=2#2@5', 'a=null#3@6', 'b=null#1@7'])
    expect(briefly(driver.store(changes).range())).toEqual(['a=3@6', 'b=1@7'])
  })

  test('with a store its rows are kept, and its old values are those that it made', () => {
    const driver = play((builder) => {
      const table = builder.table(input).transformValues(numbered, { stores: [changes], store: kept })
      table.toStream().to(out)
      listed(table)
    }, crashes)
    expect(briefly(driver.outputTopic(out).readRecords())).toEqual(['a=1#1@0', 'a=2#2@5', 'a=null#3@6', 'b=null#1@7'])
    expect(briefly(driver.outputTopic(grouped).readRecords())).toEqual([
      'all=+1#1@0',
      'all=+1#1-1#1+2#2@5',
      'all=+1#1-1#1+2#2-2#2+null#3@6',
      'all=+1#1-1#1+2#2-2#2+null#3+null#1@7',
    ])
    expect(briefly(driver.store(kept).range())).toEqual(['a=null#3@6', 'b=null#1@7'])
  })
})

test('null deletes the row', () => {
  const driver = drive((builder) =>
    builder
      .table(input)
      .transformValues(() => ({ transform: ({ value }) => (value === '2' ? null : value) }), { store: kept })
      .toStream()
      .to(out),
  )
  for (const row of rows) driver.inputTopic(input).pipeInput(row)
  expect(briefly(driver.outputTopic(out).readRecords())).toEqual(['a=1@0', 'a=null@5', 'a=null@6', 'b=null@7'])
  expect([...driver.store(kept).range()]).toEqual([])
})

test('it looks into the store of another table', () => {
  const names = topic('names', { key: string(), value: string() })
  const named = keyValueStore('named', { key: string(), value: string() })
  const driver = drive((builder) => {
    builder.table(names, { store: named })
    builder
      .table(input)
      .transformValues(
        (context) => {
          const found = context.store(named)
          return { transform: ({ key, value }) => (value === null ? null : `${found.get(key) ?? 'nobody'}: ${value}`) }
        },
        { stores: [named] },
      )
      .toStream()
      .to(out)
  })
  driver.inputTopic(names).pipeInput({ key: 'a', value: 'Ada', timestamp: 0 })
  for (const key of ['a', 'b']) driver.inputTopic(input).pipeInput({ key, value: '1', timestamp: 1 })
  expect(briefly(driver.outputTopic(out).readRecords())).toEqual(['a=Ada: 1@1', 'b=nobody: 1@1'])
})

test('a version that is not the newest stays one, and changes no newer row', () => {
  const prices = topic('prices', { key: string(), value: string() })
  const driver = drive((builder) => {
    const table = builder
      .table(prices, { versioned: { historyMs: 100 } })
      .transformValues(() => ({ transform: ({ value }) => (value === null ? null : `${value}!`) }))
    table.toStream().to(out)
    table
      .filter(({ value }) => value !== '2!')
      .toStream()
      .to(grouped)
  })
  for (const [value, timestamp] of [
    ['1', 5],
    ['2', 9],
    ['0', 7],
  ] as const) {
    driver.inputTopic(prices).pipeInput({ key: 'a', value, timestamp })
  }
  expect(briefly(driver.outputTopic(out).readRecords())).toEqual(['a=1!@5', 'a=2!@9', 'a=0!@7'])
})

describe('without a store', () => {
  const plain = (builder: Parameters<Script>[0]): KTable<string, string> =>
    builder.table(input).transformValues(() => ({ transform: ({ value }) => value }), { name: 'plain' })

  test.each<readonly [string, (builder: Parameters<Script>[0]) => void]>([
    ['old values', (builder) => listed(plain(builder))],
    ['rows', (builder) => void plain(builder).join(builder.table(out), (left) => left)],
  ])('it has no %s to give, because what remembers cannot be asked again', (_what, script) => {
    expect(errorOf(() => drive(script))).toMatchObject({
      code: 'topology_invalid',
      message: expect.stringMatching(/"plain".*\{ store: … \}/),
    })
  })
})

test('what it makes and what it is must be what the verb takes', () => {
  const table = (script: (table: object) => unknown) =>
    errorOf(() => drive((builder) => void script(builder.table(input))))
  expect(table((on) => call(on, 'transformValues', 5))).toMatchObject({ code: 'bad_option' })
  const made = (transformer: () => unknown) => {
    const driver = drive((builder) => {
      const stream = call(call(builder.table(input), 'transformValues', transformer), 'toStream')
      call(stream, 'to', out)
    })
    driver.inputTopic(input).pipeInput({ key: 'a', value: '1', timestamp: 0 })
  }
  expect(errorOf(() => made(() => ({ process: () => 1 })))).toMatchObject({
    code: 'topology_invalid',
    message: expect.stringContaining('{ transform(record) { … } }'),
  })
  expect(errorOf(() => made(() => ({ transform: async () => 'later' })))).toMatchObject({ code: 'bad_record' })
})

test('it closes with the application', () => {
  const closed: number[] = []
  const driver = drive((builder) =>
    builder
      .table(input)
      .transformValues((context) => ({ transform: ({ value }) => value, close: () => closed.push(context.partition) }))
      .toStream()
      .to(out),
  )
  driver.close()
  expect(closed).toEqual([0])
})
