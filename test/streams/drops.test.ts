// What an operator drops is told with its reason and its record: late streams and dead letters go by both.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  JoinWindows,
  nullable,
  SessionWindows,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
  UnlimitedWindows,
} from 'millrace'
import { expect, test } from 'vitest'
import type { Carrier } from '../../src/plan/carrier.ts'
import type { DropReason, Effect } from '../../src/plan/operator.ts'
import { carrierOf } from '../support/carriers.ts'
import { alone, operatorOf } from '../support/operator-double.ts'
import { countIn, countStore } from '../support/plans.ts'

const carrier = (key: string | null, value: string | null, timestamp = 0): ReturnType<typeof carrierOf> => {
  const made = carrierOf<unknown, unknown>(nullable(string()) as never, key, nullable(string()) as never, value)
  made.timestamp = timestamp
  return made
}

test.each([
  ['without windows', undefined],
  ['with windows', TimeWindows.of({ size: 10 })],
])('a count %s drops what has no key or no value', (_, windows) => {
  const count = alone(countIn(countStore('counts', windows), windows))
  const keyless = carrier(null, 'x')
  const empty = carrier('a', null)
  for (const one of [keyless, empty, carrier('a', 'x')]) count.feed(one)
  expect(count.dropped).toEqual([
    { reason: 'null_key', carrier: keyless },
    { reason: 'null_value', carrier: empty },
  ])
  expect(count.caught.map(({ value }) => value)).toEqual([1])
})

test('a windowed count counts a late record once for each window that is closed, and drops it if none takes it', () => {
  const hopping = TimeWindows.of({ size: 20, advance: 10 })
  const count = alone(countIn(countStore('counts', hopping), hopping))
  const late = carrier('a', 'x', 15)
  count.feed(carrier('a', 'x', 20))
  count.feed(late)
  expect(count.dropped).toEqual([{ reason: 'late', carrier: undefined }])
  count.feed(carrier('a', 'x', 60))
  count.feed(late)
  expect(count.dropped.slice(1)).toEqual([
    { reason: 'late', carrier: undefined },
    { reason: 'late', carrier: late },
  ])
  expect(count.ports).toEqual({ late: [late] })
})

const anything = topic('anything', { key: nullable(string()), value: nullable(string()) })
const rows = topic('rows', { key: string(), value: string() })
const others = topic('others', { key: string(), value: string() })
const pair = (left: unknown, right: unknown): string => `${String(left)}+${String(right)}`
const versioned = { historyMs: 100 }
const keyless = carrier(null, 'x')
const empty = carrier('a', null)
const older = carrier('a', 'x').withOlderVersion<unknown>('x', undefined)
const grouped = (builder: StreamsBuilder) => builder.stream(anything).groupByKey()

interface Drop {
  readonly build: (builder: StreamsBuilder) => unknown
  /** By reason: what comes before, and the carrier that is dropped. */
  readonly drops: { readonly [Reason in DropReason]?: readonly Carrier[] }
  /** The operator, where it has another id than `own`, and which input of how many. */
  readonly id?: string
  readonly input?: number
  readonly inputs?: number
  /** Of a replay. */
  readonly isSkipped?: boolean
}

/** By file of src/streams: a verb of it, and each reason for which it drops. */
const dropsOf: Readonly<Record<string, Drop>> = {
  aggregate: {
    build: (builder) => grouped(builder).count({ name: 'own' }),
    drops: { null_key: [keyless], null_value: [empty] },
  },
  'windowed-fold': {
    build: (builder) =>
      grouped(builder)
        .windowedBy(SessionWindows.of({ gap: 5 }))
        .count({ name: 'own' }),
    drops: { null_key: [keyless], null_value: [empty] },
  },
  'aligned-aggregate': {
    build: (builder) =>
      grouped(builder)
        .windowedBy(UnlimitedWindows.of({ start: 5 }))
        .count({ name: 'own' }),
    drops: { no_window: [carrier('a', 'x', 4)] },
  },
  late: {
    build: (builder) =>
      grouped(builder)
        .windowedBy(TimeWindows.of({ size: 10 }))
        .count({ name: 'own' }),
    drops: { late: [carrier('a', 'x', 50), carrier('a', 'x', 4)] },
  },
  distinct: {
    build: (builder) => builder.stream(anything).distinct({ id: ({ value }) => value, within: 10, name: 'own' }),
    drops: { duplicate: [carrier('a', 'x', 50), carrier('b', 'x', 45)] },
  },
  'global-join': {
    build: (builder) =>
      builder.stream(anything).join(builder.globalTable(rows), pair, { tableKey: ({ key }) => key, name: 'own' }),
    drops: { null_key: [keyless], null_value: [empty] },
  },
  'stream-table-join': {
    build: (builder) => builder.stream(anything).join(builder.table(rows), pair, { name: 'own' }),
    drops: { null_key: [keyless], null_value: [empty] },
  },
  'join-after-grace': {
    build: (builder) =>
      builder.stream(anything).join(builder.table(rows, { versioned }), pair, { graceMs: 10, name: 'own' }),
    drops: { null_key: [keyless], null_value: [empty] },
  },
  'stream-join-operator': {
    build: (builder) =>
      builder
        .stream(anything)
        .join(builder.stream(others), pair, { window: JoinWindows.of({ difference: 5 }), name: 'own' }),
    drops: { null_key: [keyless], null_value: [empty], late: [carrier('a', 'x', 50), carrier('a', 'x', 4)] },
    inputs: 2,
  },
  'table-source': {
    build: (builder) => builder.table(rows, { name: 'own' }),
    drops: { null_key: [keyless] },
  },
  'versioned-table': {
    build: (builder) => builder.table(rows, { versioned, name: 'own' }),
    drops: { null_key: [keyless], expired: [carrier('a', 'x', 500), carrier('b', 'x', 4)] },
  },
  'expiring-table': {
    build: (builder) => builder.table(rows, { ttlMs: 10, name: 'own' }),
    drops: { null_key: [keyless], expired: [carrier('a', 'x', 50), carrier('b', 'x', 4)] },
  },
  'table-join-operator': {
    build: (builder) => builder.table(rows).join(builder.table(others), pair, { name: 'own' }),
    drops: { null_key: [keyless], older_version: [older] },
    inputs: 2,
  },
  'foreign-key-requests': {
    build: (builder) => builder.table(rows).join(builder.table(others), pair, { foreignKey: () => null, name: 'own' }),
    drops: {
      null_key: [keyless],
      older_version: [older],
      null_foreign_key: [carrier('a', 'x').withOld(null)],
    },
    id: 'own.requests',
  },
  'foreign-key-subscriptions': {
    build: (builder) => builder.table(rows).join(builder.table(others), pair, { foreignKey: () => null, name: 'own' }),
    drops: { null_key: [keyless], older_version: [older] },
    id: 'own.subscribers',
    input: 1,
    inputs: 2,
  },
  suppress: {
    build: (builder) => builder.table(rows).suppress({ untilTimeLimit: 5, name: 'own' }),
    drops: { null_key: [keyless] },
  },
  'group-rows': {
    build: (builder) =>
      builder
        .table(rows)
        .groupBy(({ key }) => ({ key: key === 'a' ? null : key, value: null }), { key: string(), value: string() })
        .count(),
    drops: {
      older_version: [older],
      null_key: [carrier('a', 'x').withOld(null)],
      null_value: [carrier('b', 'x').withOld(null)],
    },
    id: 'groupBy-1',
  },
  'map-async': {
    build: (builder) => builder.stream(anything).mapAsync(({ value }) => value, { name: 'own' }),
    drops: { skipped: [carrier('a', 'x')] },
    isSkipped: true,
  },
}

const cases = Object.entries(dropsOf).flatMap(([file, { drops }]) =>
  Object.keys(drops).map((reason) => [file, reason as DropReason] as const),
)

test.each(cases)('%s drops with the reason %s, and tells the record', (file, reason) => {
  const { build, drops, id = 'own', input = 0, inputs = 1, isSkipped = false } = dropsOf[file] as Drop
  const builder = new StreamsBuilder()
  build(builder)
  const node = operatorOf(builder.build(), id)
  const operator = alone(isSkipped ? (node.effect as Effect).skipped : node.operator, { inputs })
  const records = drops[reason] ?? []
  for (const one of records) operator.feed(one, input)
  expect(operator.dropped).toEqual([{ reason, carrier: records.at(-1) }])
  expect(operator.caught.some((one) => one === records.at(-1))).toBe(false)
})

test('no verb drops for a reason that is not tried here', () => {
  const root = fileURLToPath(new URL('../../src/streams/', import.meta.url))
  const found = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap(({ name }) =>
      [...readFileSync(join(root, name), 'utf8').matchAll(/context\.drop\((.*?), \w+(?:, .*)?\)/g)].flatMap(
        ([, reason = '']) => [...reason.matchAll(/'(\w+)'/g)].map(([, one]) => `${name.replace('.ts', '')} ${one}`),
      ),
    )
  expect(found.length).toBeGreaterThan(25)
  expect(
    found.filter((one) => !cases.some((tried) => tried.join(' ') === one)),
    'files and reasons without a row in dropsOf',
  ).toEqual([])
})
