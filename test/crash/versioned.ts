// The application whose versions are replayed, switched and killed: running sums, a regrouping and calls that answer later, in versions
// that differ by what each record counts. A record leaves one result in each output, so that every one of them can be told.
import { setTimeout as sleep } from 'node:timers/promises'
import { json, keyValueStore, StreamsBuilder, string, topic, type Topology } from '../../src/index.ts'

export const applicationId = 'app'
export const groupName = 'billing'
export const laneCount = 3
export const restCount = 7

export interface Click {
  /** Its place in the input. */
  readonly n: number
}

/** What a version makes of a record: which record it was, and which version. */
export interface Result {
  readonly of: number
  readonly sum: number
  readonly by: string
}

export type Sum = Pick<Result, 'of' | 'sum'>

export interface RestResult {
  readonly sum: number
  readonly by: string
}

const partitions = laneCount
export const clicks = topic('clicks', { key: string(), value: json<Click>(), partitions })
export const results = topic('results', { key: string(), value: json<Result>(), partitions })
export const answers = topic('answers', { key: string(), value: json<Omit<Result, 'sum'>>(), partitions })
export const restResults = topic('rest-results', { key: string(), value: json<RestResult>(), partitions: 2 })

export const sums = keyValueStore('sums', { key: string(), value: json<Sum>() })
export const rests = keyValueStore('rests', { key: string(), value: json<number>() })

export const keyOf = (n: number): string => `key-${(n * 7_919) % 23}`
/** Pairs of records have the same time. */
export const timeOf = (n: number): number => 1_700_000_000_000 + Math.floor(n / 2)
export const restOf = (n: number): string => `rest-${n % restCount}`
export const isAsked = (n: number): boolean => n % 3 === 0
/** What a record counts in a version: `v4` counts each as 4. */
export const eachOf = (version: string): number => Number(version.slice(1))

/** @param asks whether it has calls too, whose answers are events: without them all of its outputs are tables */
export function versioned(version: string, asks: boolean = true): Topology {
  const each = eachOf(version)
  const builder = new StreamsBuilder()
  const all = builder.stream(clicks)
  all
    .groupByKey()
    .aggregate({
      initializer: (): Sum => ({ of: -1, sum: 0 }),
      aggregator: (_, { n }, { sum }: Sum) => ({ of: n, sum: sum + each }),
      value: sums.value,
      store: sums,
      name: 'sums',
    })
    .toStream()
    .mapValues(({ value }) => ({ of: value?.of ?? -1, sum: value?.sum ?? -1, by: version }))
    .to(results)
  all
    .groupBy(({ value }) => restOf(value.n), { key: string(), name: 'by-rest' })
    .aggregate({
      initializer: () => 0,
      aggregator: (_, __, sum: number) => sum + each,
      value: rests.value,
      store: rests,
      name: 'rests',
    })
    .toStream()
    .mapValues(({ value }) => ({ sum: value ?? -1, by: version }))
    .to(restResults)
  if (!asks) return builder.build()
  all
    .filter(({ value }) => isAsked(value.n))
    .mapAsync(
      async ({ value: { n } }) => {
        if (n % 12 === 0) await sleep(2)
        return { of: n, by: version }
      },
      { name: 'asked' },
    )
    .to(answers)
  return builder.build()
}
