// Two versions of a random application that differ by what was planted in one of them: a comparison finds just that, and nothing where
// nothing was planted, however either of them regroups. What it has to find is counted by hand.
import fc from 'fast-check'
import {
  json,
  keyValueStore,
  nullable,
  string,
  StreamsBuilder,
  TimeWindows,
  topic,
  type Topology,
  windowed,
  windowStore,
} from 'millrace'
import { expect, test } from 'vitest'
import type { ComparedPart } from '../../src/replay/comparison-face.ts'
import { start } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { startReplay } from '../support/replays.ts'

interface Item {
  readonly key: string
  readonly value: number
  readonly timestamp: number
}

/** What one version does to the records of some keys. */
type Plant = 'nothing' | 'a value' | 'a missing key' | 'an extra key' | 'another window' | 'another time'

const size = 10
const total = keyValueStore('total', { key: string(), value: json<number>() })
const inWindows = windowStore('in-windows', { key: string(), value: json<number>() })
const totals = topic('totals', { key: string(), value: json<number>(), partitions: 2 })
const windows = topic('windows', { key: windowed(string(), { size }), value: json<number>(), partitions: 3 })
const lines = topic('lines', { key: nullable(string()), value: json<number>(), partitions: 1 })

const kinds = {
  sum: (sum: number, value: number) => sum + value,
  count: (count: number) => count + 1,
  most: (most: number, value: number) => Math.max(most, value),
} as const

interface Drawn {
  readonly kind: keyof typeof kinds
  readonly inputPartitions: number
  /** Of the regrouping in each of the versions; undefined: like the input. */
  readonly regrouped: readonly [live: number | undefined, here: number | undefined]
  readonly plant: Plant
  readonly keys: readonly string[]
  readonly items: readonly Item[]
}

const keyNames = ['a', 'b', 'c', 'd', 'e', 'f', 'longer key', 'ü']
const key = fc.constantFrom(...keyNames)
const drawn: fc.Arbitrary<Drawn> = fc.record({
  kind: fc.constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[])),
  inputPartitions: fc.integer({ min: 1, max: 3 }),
  regrouped: fc.tuple(
    fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  ),
  plant: fc.constantFrom('nothing', 'a value', 'a missing key', 'an extra key', 'another window', 'another time'),
  keys: fc.uniqueArray(key, { minLength: 1, maxLength: 3 }),
  items: fc.array(fc.record({ key, value: fc.integer({ min: 1, max: 9 }), timestamp: fc.nat({ max: 60 }) }), {
    maxLength: 40,
  }),
})

/** What becomes of a record. */
function planted(item: Item, plant: Plant, keys: readonly string[]): readonly Item[] {
  if (!keys.includes(item.key)) return [item]
  switch (plant) {
    case 'nothing':
      return [item]
    case 'a value':
      return [{ ...item, value: item.value + 100 }]
    case 'a missing key':
      return []
    case 'an extra key':
      return [item, { ...item, key: `more ${item.key}` }]
    case 'another window':
      return [{ ...item, timestamp: item.timestamp + 7 * size }]
    case 'another time':
      return [{ ...item, timestamp: item.timestamp - (item.timestamp % size) + size - 1 }]
  }
}

function topologyOf({ kind, inputPartitions, keys }: Drawn, plant: Plant, partitions: number | undefined): Topology {
  const builder = new StreamsBuilder()
  const input = topic('input', { key: string(), value: json<number>(), partitions: inputPartitions })
  const made = builder
    .stream(input)
    .flatMap(({ key: of, value, timestamp }) => planted({ key: of, value, timestamp }, plant, keys))
  const grouped = made.repartition({ key: string(), value: json<number>(), partitions, name: 'regrouped' }).groupByKey()
  const how = { initializer: () => 0, aggregator: (_: string, value: number, sum: number) => kinds[kind](sum, value) }
  grouped
    .aggregate({ ...how, value: json<number>(), store: total, name: 'total' })
    .toStream()
    .to(totals)
  const windowing = TimeWindows.of({ size, grace: 1_000_000 })
  const counted = grouped
    .windowedBy(windowing)
    .aggregate({ ...how, value: json<number>(), store: inWindows, name: 'in-windows' })
  counted.toStream().to(windows)
  // In one partition, in the order of the input.
  if (inputPartitions === 1) made.map(({ value }) => ({ key: null, value })).to(lines)
  return builder.build()
}

/** Rows as text, by key and window as text. */
function rowsOf(items: readonly Item[], kind: keyof typeof kinds, nameOf: (item: Item) => string): Map<string, string> {
  const rows = new Map<string, { readonly value: number; readonly timestamp: number }>()
  for (const item of items) {
    const { value = 0, timestamp = 0 } = rows.get(nameOf(item)) ?? {}
    rows.set(nameOf(item), { value: kinds[kind](value, item.value), timestamp: Math.max(timestamp, item.timestamp) })
  }
  return new Map([...rows].map(([name, row]) => [name, JSON.stringify(row)]))
}

interface Found {
  readonly equal: number
  readonly onlyHere: readonly string[]
  readonly onlyLive: readonly string[]
  readonly different: readonly string[]
}

function difference(here: ReadonlyMap<string, string>, live: ReadonlyMap<string, string>): Found {
  const both = [...here.keys()].filter((name) => live.has(name))
  const isEqual = (name: string): boolean => here.get(name) === live.get(name)
  return {
    equal: both.filter(isEqual).length,
    onlyHere: [...here.keys()].filter((name) => !live.has(name)).toSorted(),
    onlyLive: [...live.keys()].filter((name) => !here.has(name)).toSorted(),
    different: both.filter((name) => !isEqual(name)).toSorted(),
  }
}

function found({ equal, onlyHere, onlyLive, different, samples }: ComparedPart): Found {
  const named = (has: (here: unknown, live: unknown) => boolean): string[] =>
    samples
      .filter(({ here, live }) => has(here, live))
      .map((one) => (one.window === undefined ? String(one.key) : `${String(one.key)}@${one.window.start}`))
      .toSorted()
  const all = {
    equal,
    onlyHere: named((_, live) => live === null),
    onlyLive: named((here) => here === null),
    different: named((here, live) => here !== null && live !== null),
  }
  expect([all.onlyHere, all.onlyLive, all.different].map(({ length }) => length)).toEqual([
    onlyHere,
    onlyLive,
    different,
  ])
  return all
}

/** One after the other up to the first that differs; from there on all are different. */
function sequence(here: readonly Item[], live: readonly Item[]): readonly number[] {
  const same = (at: number): boolean =>
    here[at]?.value === live[at]?.value && here[at]?.timestamp === live[at]?.timestamp
  const [least, most] = [Math.min(here.length, live.length), Math.max(here.length, live.length)]
  const first = Array.from({ length: least }, (_, at) => at).findIndex((at) => !same(at))
  const equal = first < 0 ? least : first
  return [equal, least - equal, here.length === most ? most - least : 0, live.length === most ? most - least : 0]
}

test('a comparison finds the differences that were planted, all of them and no others', async () => {
  await fc.assert(
    fc.asyncProperty(drawn, fc.constantFrom(1, 2_000, 1e7), async (one, memoryBytes) => {
      const { log } = openTestLog()
      const { kind, inputPartitions, regrouped, plant, keys, items } = one
      const input = topic('input', { key: string(), value: json<number>(), partitions: inputPartitions })
      await log.admin.createTopic(input)
      await log.producer().sendMany(input, items)
      const app = await start(log, topologyOf(one, 'nothing', regrouped[0]))
      const v2 = await startReplay(log, topologyOf(one, plant, regrouped[1]))
      await app.caughtUp()
      await v2.caughtUp()
      const { isEqual, stores, topics } = await v2.compare({ samples: 1_000, memoryBytes })
      await v2.close()
      await app.close()
      const [here, live] = [items.flatMap((item) => planted(item, plant, keys)), items]
      const byKey = ({ key: of }: Item): string => of
      const byWindow = ({ key: of, timestamp }: Item): string => `${of}@${timestamp - (timestamp % size)}`
      const inTotal = difference(rowsOf(here, kind, byKey), rowsOf(live, kind, byKey))
      const perWindow = difference(rowsOf(here, kind, byWindow), rowsOf(live, kind, byWindow))
      expect(stores.map((part) => [part.name, found(part)])).toEqual([
        ['in-windows', perWindow],
        ['total', inTotal],
      ])
      const inTopics = topics.filter(({ name }) => name !== 'lines').map((part) => [part.name, found(part)])
      // A version that has written nothing has no such output.
      const written = here.length > 0 || live.length > 0
      expect(inTopics).toEqual(
        written
          ? [
              ['totals', inTotal],
              ['windows', perWindow],
            ]
          : [],
      )
      const [events] = topics.filter(({ name }) => name === 'lines')
      if (inputPartitions === 1 && written) {
        const counts = [events?.equal, events?.different, events?.onlyHere, events?.onlyLive]
        expect(counts).toEqual(sequence(here, live))
      }
      const isSame = JSON.stringify(here) === JSON.stringify(live)
      if (isSame) expect(isEqual).toBe(true)
      else if (inTotal.equal < rowsOf(live, kind, byKey).size || inTotal.onlyHere.length > 0)
        expect(isEqual).toBe(false)
    }),
    { numRuns: 20 },
  )
})
