// The stored plan knows which outputs hold the newest value of each key: those into which only the changes of tables go.
import {
  int64,
  type KTable,
  nullable,
  sessionWindowed,
  SessionWindows,
  string,
  StreamsBuilder,
  TimeWindows,
  topic,
  windowed,
} from 'millrace'
import { expect, test } from 'vitest'
import { storedPlan } from '../../src/plan/plan-to-store.ts'

const input = topic('input', { key: string(), value: string() })
const other = topic('other', { key: string(), value: string() })
const output = topic('output', { key: string(), value: nullable(string()) })
const counts = topic('counts', { key: string(), value: int64() })
const perWindow = topic('per-window', { key: windowed(string(), { size: 10 }), value: int64() })
const visits = topic('visits', { key: sessionWindowed(string()), value: nullable(int64()) })

type Write = (table: KTable<string, string, 'both'>, builder: StreamsBuilder) => void

function newestOf(write: Write): Readonly<Record<string, boolean>> {
  const builder = new StreamsBuilder()
  write(builder.table(input), builder)
  const { outputs = {} } = storedPlan(builder.build(), () => 1)
  return Object.fromEntries(Object.entries(outputs).map(([name, { newest }]) => [name, newest]))
}

const value = { value: nullable(string()) }
const key = { key: string(), ...value }

test.each<[string, boolean, Write]>([
  ['a table', true, (table) => table.toStream().to(output)],
  ['a table without its deletes', true, (table) => table.toStream({ deletes: 'drop' }).to(other)],
  ['a table under a name', true, (table) => table.toStream({ name: 'changes' }).to(output)],
  ['an aggregation', true, (table) => table.toStream().groupByKey(value).count().toStream().to(counts)],
  [
    'fewer changes, with other values, that are looked at',
    true,
    (table) =>
      table
        .toStream()
        .filter(({ key: k }) => k !== 'a')
        .filterNot(() => false)
        .peek(() => undefined)
        .mapValues(({ value: v }) => v)
        .to(topic('output', key)),
  ],
  [
    'one part of the changes',
    true,
    (table) =>
      table
        .toStream()
        .split({ a: () => true, rest: 'default' })
        .rest.to(output),
  ],
  ['changes in other partitions', true, (table) => table.toStream().repartition({ partitions: 2 }).to(output)],
  ['a topic that a function chooses', true, (table) => table.toStream().to(() => output, { topics: [output] })],
  ['events', false, (_, builder) => builder.stream(other).to(output)],
  [
    'changes that became several',
    false,
    (table) =>
      table
        .toStream()
        .flatMapValues(() => [''])
        .to(topic('output', key)),
  ],
  [
    'changes of other keys',
    false,
    (table) =>
      table
        .toStream()
        .selectKey(() => 'b')
        .to(topic('output', key)),
  ],
  [
    'changes of what comes once',
    false,
    (table) =>
      table
        .toStream()
        .distinct({ id: () => 'a', within: 10 })
        .to(output),
  ],
  ['two tables at once', false, (table, builder) => table.toStream().merge(builder.table(other).toStream()).to(output)],
  [
    'a join of a stream',
    false,
    (table, builder) =>
      builder
        .stream(other)
        .join(table, (left) => left)
        .to(topic('output', key)),
  ],
  [
    'a table of versions',
    false,
    (_, builder) =>
      builder
        .table(other, { versioned: { historyMs: 10 } })
        .toStream()
        .to(output),
  ],
])('an output of %s holds newest values: %s', (_, newest, write) => {
  const [known] = Object.entries(newestOf(write))
  expect(known?.[1]).toBe(newest)
})

test('each output of windows holds newest values', () => {
  const outputs = newestOf((_, builder) => {
    const grouped = builder.stream(other).groupByKey()
    grouped
      .windowedBy(TimeWindows.of({ size: 10 }))
      .count({ name: 'a' })
      .toStream()
      .to(perWindow)
    grouped
      .windowedBy(SessionWindows.of({ gap: 5 }))
      .count({ name: 'b' })
      .toStream()
      .to(visits)
  })
  expect(outputs).toEqual({ 'per-window': true, visits: true })
})

test('one sink of events is enough to make a topic one of events, in whatever order they come', () => {
  for (const order of [1, -1]) {
    const outputs = newestOf((table, builder) => {
      const sinks = [() => table.toStream().to(output), () => builder.stream(other).to(output)]
      for (const add of order > 0 ? sinks : sinks.toReversed()) add()
    })
    expect(outputs).toEqual({ output: false })
  }
})
