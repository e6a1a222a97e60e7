// An application that sums numbers by key, in versions that differ by what they make of a number; its output is a table.
import {
  json,
  type Log,
  nullable,
  type Replay,
  type ReplayOptions,
  string,
  StreamsBuilder,
  topic,
  type Topology,
} from 'millrace'
import { collect } from './collect.ts'
import { startReplay } from './replays.ts'

export const numbers = topic('numbers', { key: string(), value: json<number>(), partitions: 2 })
export const sums = topic('sums', { key: string(), value: nullable(json<number>()), partitions: 2 })

/** What a version makes of a number; undefined: it leaves it out. */
export type Make = (value: number, key: string) => number | undefined

/** Sums numbers by key; a sum of 0 is deleted. */
export function summing(make: Make, output: typeof sums = sums): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(numbers)
    .flatMapValues(({ key, value }) => {
      const made = make(value, key)
      return made === undefined ? [] : [made]
    })
    .groupByKey({ value: json<number>() })
    .aggregate({
      initializer: () => 0,
      aggregator: (_, value, sum: number) => sum + value || null,
      value: json<number>(),
    })
    .toStream()
    .to(output)
  return builder.build()
}

let time = 0
/** Keys with numbers, each a moment later than the one before. */
export async function put(log: Log, ...entries: (readonly [key: string, value: number])[]): Promise<void> {
  await log.producer().sendMany(
    numbers,
    entries.map(([key, value]) => ({ key, value, timestamp: ++time })),
  )
}

/** A version beside the live one of `app`, caught up. */
export async function besideIt(log: Log, make: Make, options: Partial<ReplayOptions> = {}): Promise<Replay> {
  const version = await startReplay(log, summing(make), options)
  await version.caughtUp()
  return version
}

/** A record of the output as a test looks at it. */
export interface Written {
  readonly key: string
  readonly value: number | null
  readonly timestamp: number
  /** The number of the switch that wrote it; undefined: the application did. */
  readonly switched: string | undefined
}

export async function recordsOf(log: Log, name = 'sums'): Promise<Written[]> {
  const records = await collect(log.read(topic(name, { key: string(), value: nullable(json<number>()) })))
  return records.map(({ key, value, timestamp, headers }) => {
    const header = headers.find((one) => one.key === 'millrace-switch')
    return { key, value, timestamp, switched: header?.value ? Buffer.from(header.value).toString() : undefined }
  })
}

/** The newest value of each key, as a reader folds it. */
export function folded(records: readonly Pick<Written, 'key' | 'value'>[]): Readonly<Record<string, number>> {
  const newest = new Map<string, number>()
  for (const { key, value } of records) {
    if (value === null) newest.delete(key)
    else newest.set(key, value)
  }
  return Object.fromEntries([...newest].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
