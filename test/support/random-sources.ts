// What random topologies begin with, global tables and tables whose rows expire among it; and the verbs that came with them.
import {
  CalendarWindows,
  type GlobalKTable,
  hours,
  int64,
  type KStream,
  nullable,
  type StreamsBuilder,
  string,
  topic,
  type Topic,
  UnlimitedWindows,
} from 'millrace'
import { turns } from './applications.ts'
import { asBranch, type Branch, type Key, keyOf, type Value } from './random-branch.ts'
import { call } from './untyped.ts'

type NumberTopic = Topic<Key, Value>
export type Global = GlobalKTable<string, number>

const widthsOf = (topics: readonly NumberTopic[]): number[] => [
  ...new Set(topics.map(({ partitions = 1 }) => partitions)),
]

export function sourcesOf(
  builder: StreamsBuilder,
  { together, last }: { readonly together: boolean; readonly last: 'stream' | 'globalTable' | 'expiringTable' },
  inputs: readonly NumberTopic[],
): { readonly branches: Branch[]; readonly global: Global | undefined } {
  const apart = inputs.length > 1 && last !== 'stream' ? inputs.at(-1) : undefined
  const rest = apart === undefined ? inputs : inputs.slice(0, -1)
  const branches: Branch[] = together
    ? [{ stream: builder.stream(rest), widths: widthsOf(rest) }]
    : rest.map((input) => ({ stream: builder.stream(input), widths: widthsOf([input]) }))
  if (apart === undefined) return { branches, global: undefined }
  if (last === 'globalTable') return { branches, global: builder.globalTable(apart) }
  const table = builder.table(apart, { ttlMs: 1 + (inputs.length % 3) * 7 })
  branches.push({ stream: asBranch(table.toStream()), widths: widthsOf([apart]) })
  return { branches, global: undefined }
}

/** A stream that looks up what a global table has; without one, as it is. */
export function joinedGlobally(
  detail: number,
  name: string,
  stream: KStream<Key, Value>,
  global: Global | undefined,
): KStream<Key, Value> {
  if (global === undefined) return stream
  const names = ['a', 'b', 'c', 'd', 'e', 'ff', null]
  const options = { tableKey: ({ value }: { value: Value }) => names[Math.abs(value ?? detail) % names.length], name }
  const pair = (one: Value, two: Value): Value => ((one ?? 5) * 3 + (two ?? 7)) % 1_009
  return asBranch(call(stream, detail % 2 === 0 ? 'join' : 'leftJoin', global, pair, options) as KStream<Key, Value>)
}

/** Counts by day or week of a time zone; a record is some hours later for each ms, from before clocks change until after it. */
export function inCalendar(detail: number, name: string, stream: KStream<Key, Value>): KStream<Key, Value> {
  const windows = CalendarWindows.of({
    unit: detail % 3 === 0 ? 'week' : 'day',
    timeZone: detail % 2 === 0 ? 'Europe/Berlin' : 'America/New_York',
    grace: hours(detail % 40),
  })
  const table = stream
    .map(({ key, value, timestamp }) => ({
      key,
      value,
      timestamp: Date.UTC(2026, 2, 2) + (timestamp % 1_000) * hours(7),
    }))
    .groupByKey({ key: string(), value: nullable(int64()), name: `${name}-group` })
    .windowedBy(windows)
    .emitStrategy(detail % 5 === 0 ? 'onWindowClose' : 'onWindowUpdate')
    .count({ name })
  return asBranch(table.toStream().map(({ key, value }) => ({ key: `${key.key}@${key.window.start}`, value })))
}

export function inOneWindow(detail: number, name: string, stream: KStream<Key, Value>): KStream<Key, Value> {
  const table = stream
    .groupBy(({ value }) => keyOf(detail, value), { key: string(), value: nullable(int64()), name: `${name}-group` })
    .windowedBy(UnlimitedWindows.of({ start: detail % 30 }))
    .count({ name })
  return asBranch(table.toStream().map(({ key, value }) => ({ key: key.key, value })))
}

/** How many calls there were in all runs, so that the same call takes another time in each of them. */
let calls = 0

/** Calls that answer in an order of their own, then a count of what they answered, in a topic of its own. */
export function answeredLater(detail: number, name: string, { stream }: Branch, output: string): void {
  const answers = topic(output, { key: string(), value: nullable(int64()), partitions: 1 })
  stream
    .mapAsync(
      async ({ value }) => {
        await turns((calls++ * 7) % 5)
        return value === null ? detail : value * 2
      },
      { key: nullable(string()), value: nullable(int64()), concurrency: 1 + (detail % 4), name },
    )
    .groupByKey({ key: string(), value: int64(), name: `${name}-group` })
    .reduce((sum, value) => (sum * 3 + value) % 1_009, { value: int64(), name: `${name}-sum` })
    .toStream()
    .to(answers)
}
