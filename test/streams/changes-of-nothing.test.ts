// What was nothing and is nothing is no change of a table, wherever that is known: the answers are those of Kafka Streams 4.4.0,
// in order, to the same records.
import { int64, keyValueStore, type KTable, nullable, type StreamsBuilder, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { briefly, drive } from '../support/topology.ts'

const numbers = topic('numbers', { key: string(), value: nullable(int64()) })
const others = topic('others', { key: string(), value: nullable(int64()) })
const texts = topic('texts', { key: string(), value: nullable(string()) })
const out = topic('out', { key: string(), value: nullable(string()) })

type Numbers = KTable<string, number>
const kept = (name: string) => keyValueStore(name, { key: string(), value: int64() })
const isEven = ({ value }: { readonly value: number }): boolean => value % 2 === 0
const even = (table: Numbers): Numbers => table.filter(isEven)
const keptEven = (table: Numbers): Numbers => table.filter(isEven, { store: kept('even') })
const plus = (left: unknown, right: unknown): string => `${String(left)}+${String(right)}`

interface Sent {
  readonly to: typeof numbers
  readonly value: number | null
}

/** What comes out, for each record that goes in; each comes a millisecond after the one before. */
function played(script: (builder: StreamsBuilder) => KTable<string, unknown>, sent: readonly Sent[]): string[] {
  const driver = drive((builder) => {
    script(builder)
      .mapValues(({ value }) => String(value))
      .toStream()
      .to(out)
  })
  const reader = driver.outputTopic(out)
  return sent.map(({ to, value }, timestamp) => {
    driver.inputTopic(to).pipeInput({ key: 'a', value, timestamp })
    return briefly(reader.readRecords())
      .map((line) => line.replace('a=', ''))
      .join(' ')
  })
}

const values = (...list: readonly (number | null)[]): Sent[] => list.map((value) => ({ to: numbers, value }))

describe('a filter of a table', () => {
  const sent = values(1, 3, 2, null, 1, null, null, 4, 5, 7, 8)
  const changes = ['', '', '2@2', 'null@3', '', '', '', '4@7', 'null@8', '', '8@10']
  const deletes = ['null@0', 'null@1', '2@2', 'null@3', 'null@4', 'null@5', 'null@6', '4@7', 'null@8', 'null@9', '8@10']
  const plain = (builder: StreamsBuilder): Numbers => builder.table(numbers)
  const stored = (builder: StreamsBuilder): Numbers => builder.table(numbers, { store: kept('all') })

  test.each([
    ['with a store', stored, even],
    ['with a store, whose rows are kept too', stored, keptEven],
    [
      'of a stream, with a store',
      (builder: StreamsBuilder) => builder.stream(numbers).toTable({ store: kept('all') }),
      even,
    ],
  ] as const)('%s deletes only what passed', (_, table, filtered) => {
    expect(played((builder) => filtered(table(builder)), sent)).toEqual(changes)
  })

  test.each([
    ['without a store', even],
    ['without a store, whose rows are kept', keptEven],
  ])('%s deletes whatever does not pass', (_, filtered) => {
    expect(played((builder) => filtered(plain(builder)), sent)).toEqual(deletes)
  })

  test('that is an aggregation deletes only what passed', () => {
    const sums = (builder: StreamsBuilder): Numbers =>
      builder
        .stream(numbers)
        .filter(({ value }) => value !== null)
        .mapValues(({ value }) => value ?? 0)
        .groupByKey({ value: int64() })
        .reduce((sum, value) => sum + value)
    expect(played((builder) => even(sums(builder)), values(1, 3, 2, 1, 4, 5, 7, 8))).toEqual([
      '', // 1
      '4@1',
      '6@2',
      'null@3', // 7
      '', // 11
      '16@5',
      'null@6', // 23
      '', // 31
    ])
  })

  test('is asked once for each change, and once more for its old value where rows are kept', () => {
    const calls = (table: (builder: StreamsBuilder) => Numbers): number => {
      let count = 0
      const counted = (rows: Numbers): Numbers => rows.filter((row) => (count++, isEven(row)))
      played((builder) => counted(table(builder)), values(1, 2, 3))
      return count
    }
    expect(calls(plain)).toBe(3)
    expect(calls(stored)).toBe(5)
  })
})

describe('a delete of a row that never was', () => {
  const sent: Sent[] = [
    { to: numbers, value: null },
    { to: others, value: null },
    { to: numbers, value: 1 },
    { to: numbers, value: null },
    { to: numbers, value: null },
    { to: others, value: 2 },
    { to: numbers, value: null },
  ]
  const joined =
    (verb: 'join' | 'leftJoin' | 'outerJoin') =>
    (builder: StreamsBuilder): KTable<string, string> => {
      const [left, right] = [builder.table(numbers), builder.table(others)]
      if (verb === 'join') return left.join(right, plus)
      return verb === 'leftJoin' ? left.leftJoin(right, plus) : left.outerJoin(right, plus)
    }

  test.each([
    ['join', ['', '', '', '', '', '', 'null@6']],
    ['leftJoin', ['', '', '1+null@2', 'null@3', '', '', 'null@6']],
    ['outerJoin', ['', '', '1+null@2', 'null@3', '', 'null+2@5', 'null+2@6']],
  ] as const)('ends at a %s that has nothing on the other side', (verb, changes) => {
    expect(played(joined(verb), sent)).toEqual(changes)
  })

  test('gives what is joined after it no later timestamp', () => {
    const script = (builder: StreamsBuilder): KTable<string, string> => {
      const all = builder.table(texts)
      return all.outerJoin(joined('leftJoin')(builder), plus)
    }
    const driver = drive((builder) => script(builder).toStream().to(out))
    driver.inputTopic(texts).pipeInput({ key: 'a', value: 'x', timestamp: 1 })
    driver.inputTopic(numbers).pipeInput({ key: 'a', value: null, timestamp: 5 })
    expect(briefly(driver.outputTopic(out).readRecords())).toEqual(['a=x+null@1'])
  })
})

test.each([
  ['leftJoin', ['', '1+null@1', 'null@2', '', '', 'null@5']],
  ['outerJoin', ['', '1+null@1', 'null@2', '', 'null+5@4', 'null+5@5']],
] as const)('a %s after suppress leaves a delete of nothing out', (verb, answers) => {
  const script = (builder: StreamsBuilder): KTable<string, unknown> => {
    const suppressed = builder.table(numbers).suppress({ untilTimeLimit: 0 })
    const right = builder.table(others)
    return verb === 'leftJoin' ? suppressed.leftJoin(right, plus) : suppressed.outerJoin(right, plus)
  }
  const sent = [...values(null, 1, null, null), { to: others, value: 5 }, ...values(null)]
  expect(played(script, sent)).toEqual(answers)
})
