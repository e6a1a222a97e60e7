// The join of two tables is what both tables make of each key, after every change of either; and who comes after it hears each
// change with the value that it replaced.
import fc from 'fast-check'
import { int64, json, keyValueStore, type KTable, nullable, string, topic } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, type Script, topologyOf } from '../support/topology.ts'

type Text = string | null
const lefts = topic('lefts', { key: string(), value: nullable(string()), partitions: 3 })
const rights = topic('rights', { key: string(), value: nullable(string()), partitions: 3 })
const out = topic('out', { key: string(), value: nullable(string()), partitions: 3 })
const counts = topic('counts', { key: string(), value: nullable(int64()), partitions: 1 })
const rows = keyValueStore('rows', { key: string(), value: string() })

const verbs = ['join', 'leftJoin', 'outerJoin'] as const
type Verb = (typeof verbs)[number]

const pair = (left: Text, right: Text): string => `${left ?? '-'}+${right ?? '-'}`

function joined(verb: Verb, left: KTable<string, string>, right: KTable<string, string>): KTable<string, string> {
  if (verb === 'join') return left.join(right, pair)
  return verb === 'leftJoin' ? left.leftJoin(right, pair) : left.outerJoin(right, pair)
}

/** What both sides make of a key. */
function expected(verb: Verb, left: Text, right: Text): Text {
  if (left === null && (right === null || verb !== 'outerJoin')) return null
  return right === null && verb === 'join' ? null : pair(left, right)
}

const changes = fc.array(
  fc.record({
    side: fc.constantFrom('left' as const, 'right' as const),
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    value: fc.option(fc.constantFrom('x', 'y', 'z'), { freq: 3 }),
    timestamp: fc.nat({ max: 50 }),
    then: fc.constantFrom('nothing' as const, 'nothing' as const, 'commit' as const, 'crash' as const),
  }),
  { maxLength: 30, size: 'max' },
)

describe('after every change', () => {
  test.each(verbs)('%s shows what both sides make of each key, over commits and crashes', (verb) => {
    fc.assert(
      fc.property(changes, (list) => {
        using driver = new TopologyTestDriver(
          topologyOf((builder) => {
            const both = joined(verb, builder.table(lefts), builder.table(rights))
            both.toStream().to(out)
            // Counts of equal rows: right only if each change says what it replaced.
            const options = { key: string(), value: string() }
            both
              .groupBy(({ key, value }) => ({ key: value, value: key }), options)
              .count()
              .toStream()
              .to(counts)
          }),
        )
        const [left, right] = [new Map<string, Text>(), new Map<string, Text>()]
        const view = new Map<string, Text>()
        const groups = new Map<string, number>()
        for (const { side, key, value, timestamp, then } of list) {
          ;(side === 'left' ? left : right).set(key, value)
          driver.inputTopic(side === 'left' ? lefts : rights).pipeInput({ key, value, timestamp })
          if (then === 'crash') driver.crash()
          for (const record of driver.outputTopic(out).readRecords()) view.set(record.key, record.value)
          const grouped = driver.outputTopic(counts).readRecords()
          for (const record of grouped) groups.set(record.key, record.value ?? 0)
          const wanted = [...new Set([...left.keys(), ...right.keys()])].map(
            (one) => [one, expected(verb, left.get(one) ?? null, right.get(one) ?? null)] as const,
          )
          for (const [one, row] of wanted) expect(view.get(one) ?? null).toBe(row)
          const sizes = new Map<string, number>()
          for (const [, row] of wanted) if (row !== null) sizes.set(row, (sizes.get(row) ?? 0) + 1)
          for (const [row, count] of groups) expect(count).toBe(sizes.get(row) ?? 0)
          for (const [row, size] of sizes) expect(groups.get(row)).toBe(size)
        }
      }),
      { numRuns: 15 },
    )
  })
})

describe('one table on both sides', () => {
  const self: Script = (builder) => {
    const table = builder.table(lefts)
    const lengths = table.mapValues(({ value }) => `${value.length}`)
    const both = table.join(lengths, pair)
    both.toStream().to(out)
    both
      .groupBy(({ value }) => ({ key: value, value: 1 }), { key: string(), value: int64() })
      .count()
      .toStream()
      .to(counts)
  }

  test('gives one change for each of its changes, from the old row to the new one, deletes included', () => {
    const driver = drive(self)
    for (const [value, timestamp] of [
      ['x', 1],
      ['yy', 2],
      [null, 3],
    ] as const) {
      driver.inputTopic(lefts).pipeInput({ key: 'a', value, timestamp })
    }
    expect(briefly(driver.outputTopic(out).readRecords())).toEqual(['a=x+1@1', 'a=yy+2@2', 'a=null@3'])
    const grouped = briefly(driver.outputTopic(counts).readRecords()).toSorted()
    expect(grouped).toEqual(['x+1=0@2', 'x+1=1@1', 'yy+2=0@3', 'yy+2=1@2'])
  })

  test('several changes of one record stay apart, and one that fails leaves nothing for the next', () => {
    const driver = drive(
      (builder) => {
        const table = builder
          .stream(lefts)
          .flatMap(({ value }) => (value ?? '').split('').map((letter) => ({ key: letter, value: letter })))
          .toTable({ key: string(), value: string() })
        const risky = table.mapValues(({ value }) => {
          if (value === '!') throw new Error('no')
          return value
        })
        table.join(risky, pair).toStream().to(out)
      },
      { onError: 'skip' },
    )
    for (const value of ['ab', 'c!', 'd']) driver.inputTopic(lefts).pipeInput({ key: 'k', value, timestamp: 1 })
    const got = briefly(driver.outputTopic(out).readRecords()).toSorted()
    expect(got).toEqual(['a=a+a@1', 'b=b+b@1', 'c=c+c@1', 'd=d+d@1'])
  })

  test.each(verbs)('%s goes on where a function makes nothing of a row on one side only, kept there or not', (verb) => {
    for (const side of ['left', 'right'] as const) {
      for (const isKept of [false, true]) {
        const driver = drive((builder) => {
          const table = builder.table(lefts)
          const make = ({ value }: { readonly value: string }): string => (value === 'no' ? null : value) as string
          const some = isKept ? table.mapValues(make, { store: rows }) : table.mapValues(make)
          const both = side === 'left' ? joined(verb, some, table) : joined(verb, table, some)
          both.toStream().to(out)
          both
            .groupBy(({ value }) => ({ key: value, value: 1 }), { key: string(), value: int64() })
            .count()
            .toStream()
            .to(counts)
        })
        const view = new Map<string, Text>()
        const groups = new Map<string, number>()
        for (const [timestamp, value] of ['no', 'no', 'x', 'no', 'no', null, 'no'].entries()) {
          driver.inputTopic(lefts).pipeInput({ key: 'a', value, timestamp })
          for (const record of driver.outputTopic(out).readRecords()) view.set(record.key, record.value)
          for (const record of driver.outputTopic(counts).readRecords()) groups.set(record.key, record.value ?? 0)
          const made = value === 'no' ? null : value
          const row = side === 'left' ? expected(verb, made, value) : expected(verb, value, made)
          expect(view.get('a') ?? null).toBe(row)
          expect([...groups].filter(([, count]) => count > 0)).toEqual(row === null ? [] : [[row, 1]])
        }
      }
    }
  })

  test('that was filtered on one side loses its rows with the filter, and is grouped right if it is kept', () => {
    const script =
      (store?: typeof rows): Script =>
      (builder) => {
        const table = builder.table(lefts)
        const both = table.join(
          table.filter(({ value }) => value !== 'no'),
          pair,
          { store },
        )
        both.toStream().to(out)
        both.groupBy(({ value }) => ({ key: value, value: 1 }), { key: string(), value: int64() }).count()
      }
    expect(errorOf(() => topologyOf(script()))).toMatchObject({ code: 'topology_invalid' })
    const driver = drive(script(rows))
    const view = new Map<string, Text>()
    for (const value of ['x', 'no', 'y', null]) {
      driver.inputTopic(lefts).pipeInput({ key: 'a', value, timestamp: 1 })
      for (const record of driver.outputTopic(out).readRecords()) view.set(record.key, record.value)
      expect(view.get('a')).toBe(value === 'no' || value === null ? null : pair(value, value))
    }
  })
})

describe('rows of a join', () => {
  test('are found in its store', () => {
    const driver = drive((builder) => builder.table(lefts).join(builder.table(rights), pair, { store: rows }))
    driver.inputTopic(lefts).pipeInput({ key: 'a', value: 'x', timestamp: 5 })
    driver.inputTopic(rights).pipeInput({ key: 'a', value: 'y', timestamp: 3 })
    expect([...driver.store(rows).range()]).toMatchObject([{ key: 'a', value: 'x+y', timestamp: 5 }])
    driver.inputTopic(rights).pipeInput({ key: 'a', value: null, timestamp: 6 })
    expect([...driver.store(rows).range()]).toEqual([])
  })

  test('are there for a further join, though the join keeps none', () => {
    const third = topic('third', { key: string(), value: nullable(string()), partitions: 3 })
    const driver = drive((builder) => {
      const both = builder.table(lefts).join(builder.table(rights), pair)
      builder.table(third).leftJoin(both, pair).toStream().to(out)
    })
    driver.inputTopic(lefts).pipeInput({ key: 'a', value: 'x', timestamp: 1 })
    driver.inputTopic(rights).pipeInput({ key: 'a', value: 'y', timestamp: 2 })
    driver.inputTopic(third).pipeInput({ key: 'a', value: 'z', timestamp: 0 })
    driver.inputTopic(lefts).pipeInput({ key: 'a', value: null, timestamp: 4 })
    const got = briefly(driver.outputTopic(out).readRecords())
    expect(got.slice(-2)).toEqual(['a=z+x+y@2', 'a=z+-@4'])
  })
})

describe('is refused', () => {
  const refusal = (script: Script): unknown => errorOf(() => topologyOf(script))

  test('a stream on the right of a table, with what to do', () => {
    const script: Script = (builder) => {
      const table = builder.table(lefts) as unknown as { join(...args: readonly unknown[]): unknown }
      return table.join(builder.stream(rights), pair)
    }
    expect(refusal(script)).toMatchObject({ code: 'bad_option', message: expect.stringContaining('toTable()') })
  })

  test.each([null, 0, '', false, Number.NaN])('%s for a store', (store) => {
    const script: Script = (builder) => {
      const table = builder.table(lefts) as unknown as { join(...args: readonly unknown[]): unknown }
      table.join(builder.table(rights), pair, { store })
    }
    expect(refusal(script)).toMatchObject({ code: 'bad_option' })
    const byForeignKey: Script = (builder) => {
      const table = builder.table(lefts) as unknown as { join(...args: readonly unknown[]): unknown }
      table.join(builder.table(rights), pair, { store, foreignKey: () => 'a' })
    }
    expect(refusal(byForeignKey)).toMatchObject({ code: 'bad_option' })
  })

  test('a table whose keys are written in another format', () => {
    const other = topic('other', { key: json<string>(), value: string() })
    expect(refusal((builder) => builder.table(lefts).join(builder.table(other), pair))).toMatchObject({
      code: 'topology_invalid',
    })
  })

  test('a table with another number of partitions, at the start', () => {
    const narrow = topic('narrow', { key: string(), value: string(), partitions: 2 })
    expect(errorOf(() => drive((builder) => builder.table(lefts).join(builder.table(narrow), pair)))).toMatchObject({
      code: 'partitions_differ',
    })
  })
})
