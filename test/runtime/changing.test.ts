// The page about streams says what each change of a topology does to an application: here each row of its table is tried.
import { readFileSync } from 'node:fs'
import {
  int64,
  json,
  keyValueStore,
  type KStream,
  type Serde,
  SlidingWindows,
  string,
  TimeWindows,
  topic,
  windowStore,
} from 'millrace'
import { expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { input, output, type Script, topologyOf } from '../support/topology.ts'

const store = keyValueStore('kept', { key: string(), value: int64() })
const other = topic('other', { key: string(), value: string() })

const counted = (stream: KStream<string, string>): unknown => stream.groupByKey().count({ store, name: 'count' })
const plain: Script = (builder) => counted(builder.stream(input))
/** The count, and something else. */
const and =
  (more: Script): Script =>
  (builder) => {
    plain(builder)
    more(builder)
  }
const windows =
  (options: Parameters<typeof TimeWindows.of>[0], retentionMs?: number): Script =>
  (builder) =>
    builder.stream(other).groupByKey().windowedBy(TimeWindows.of(options)).count({ name: 'w', retentionMs })
const table =
  (ttlMs: number): Script =>
  (builder) =>
    builder.table(other, { ttlMs, store: keyValueStore('t', { key: string(), value: string() }) })
const waiting =
  (untilTimeLimit: number, maxRecords = 100): Script =>
  (builder) =>
    builder.table(other).suppress({ untilTimeLimit, maxRecords, name: 's' }).toStream().to(output)
const asking =
  (concurrency: number): Script =>
  (builder) =>
    builder
      .stream(other)
      .mapAsync(({ value }) => value, { name: 'ask', value: string(), concurrency })
      .to(output)

/** A topology, and the one that follows it; what is refused has the answer that takes it. */
interface Change {
  readonly before: Script
  readonly after: Script
  readonly answer?: { readonly drop?: readonly string[]; readonly rename?: Readonly<Record<string, string>> }
  readonly refused?: string
  /** What the count has after a record before the change and one after it. Default 2: it went on. */
  readonly count?: number
}

const changes: Readonly<Record<string, readonly Change[]>> = {
  'the body of a function': [
    {
      before: (builder) => counted(builder.stream(input).filter(() => true)),
      after: (builder) => counted(builder.stream(input).filter(({ key }) => key !== '')),
    },
  ],
  'a stateless operator more or less': [
    { before: plain, after: (builder) => counted(builder.stream(input).filter(() => true)) },
    { before: (builder) => counted(builder.stream(input).filter(() => true)), after: plain },
  ],
  'another retention': [
    { before: and(windows({ size: 5 }, 100)), after: and(windows({ size: 5 }, 900)) },
    {
      before: and((builder) => sliding(builder, 5_000)),
      after: and((builder) => sliding(builder, 50_000)),
    },
  ],
  'another grace': [
    { before: and(windows({ size: 5, grace: 7 })), after: and(windows({ size: 5 })) },
    { before: and(windows({ size: 5 })), after: and(windows({ size: 5, grace: 7 })) },
  ],
  'another `ttlMs` or `untilTimeLimit`': [
    { before: and(table(5)), after: and(table(10)) },
    { before: and(waiting(5)), after: and(waiting(10)) },
  ],
  'other limits of a suppress or a `mapAsync`': [
    { before: and(waiting(5, 3)), after: and(waiting(5, 9)) },
    { before: and(asking(3)), after: and(asking(9)) },
  ],
  'a stateful operator more': [{ before: plain, after: and(windows({ size: 5 })) }],
  'a source or a topic more': [
    { before: plain, after: and((builder) => builder.stream(other)) },
    {
      before: (builder) => counted(builder.stream([input], { name: 'in' })),
      after: (builder) => counted(builder.stream([input, other], { name: 'in' })),
      count: 3,
    },
  ],
  'a topic more that a pattern matches': [
    {
      before: (builder) => counted(builder.stream(/^inp/, serdes)),
      after: (builder) => counted(builder.stream(/^inp/, serdes)),
    },
  ],
  'an operator, a source or a topic less': [
    {
      before: and(windows({ size: 5 })),
      after: plain,
      refused: '"w" (count) is gone',
      answer: { drop: ['w', 'other'] },
    },
    {
      before: (builder) => counted(builder.stream([input, other], { name: 'in' })),
      after: (builder) => counted(builder.stream([input], { name: 'in' })),
      refused: '"in": keys of other was string, is not there',
      answer: { drop: ['in'] },
      count: 3,
    },
  ],
  'a `mapAsync` less': [{ before: and(asking(3)), after: and((builder) => builder.stream(other).to(output)) }],
  'another name or place of an operator or a store': [
    {
      before: and((builder) => builder.stream(other).groupByKey().count({ name: 'one' })),
      after: and((builder) => builder.stream(other).groupByKey().count({ name: 'two' })),
      refused: '"one" (count) is gone; is it "two" now?',
      answer: { rename: { one: 'two' } },
    },
    {
      before: (builder) => counted(builder.stream(input, { name: 'a' })),
      after: (builder) => counted(builder.stream(input, { name: 'b' })),
      refused: '"a" (stream) is gone',
      answer: { rename: { a: 'b' } },
    },
  ],
  'another window, serde, verb, `within` or number of partitions': [
    {
      before: and(windows({ size: 5 })),
      after: and(windows({ size: 6 })),
      refused: 'store "w": window size was 5, is 6',
      answer: { drop: ['w'] },
    },
    {
      before: and((builder) => distinct(builder, 5)),
      after: and((builder) => distinct(builder, 6)),
      refused: 'store "d": within was 5, is 6',
      answer: { drop: ['d'] },
    },
    {
      before: plain,
      after: (builder) =>
        builder
          .stream(input)
          .groupByKey()
          .reduce((left) => left, { name: 'count' }),
      refused: '"count": verb was count, is reduce',
      answer: { drop: ['count'] },
      count: 0,
    },
    {
      before: and((builder) => summed(builder, int64())),
      after: and((builder) => summed(builder, json<number>())),
      refused: 'store "sum": value was int64, is json',
      answer: { drop: ['sum'] },
    },
    {
      before: (builder) => counted(builder.stream(input).repartition({ name: 'moved', partitions: 2 })),
      after: (builder) => counted(builder.stream(input).repartition({ name: 'moved', partitions: 3 })),
      refused: 'store "kept": partitions was 2, is 3',
      answer: { drop: ['count'] },
      count: 1,
    },
  ],
  'a higher version of values': [
    {
      before: and((builder) => summed(builder, json<number>())),
      after: and((builder) => summed(builder, json<number>({ version: 1, migrate: (sum: number) => sum }))),
    },
  ],
  'another way of keys to a store': [
    {
      before: plain,
      after: (builder) => counted(builder.stream(input).repartition({ name: 'moved' })),
      refused: 'came to their partitions by "input", and come by "moved"',
      answer: { drop: ['count'] },
      count: 1,
    },
  ],
}

const serdes = { key: string(), value: string() }

function sliding(builder: Parameters<Script>[0], retentionMs: number): unknown {
  return builder
    .stream(other)
    .groupByKey()
    .windowedBy(SlidingWindows.of({ difference: 5 }))
    .count({ name: 'sl', retentionMs })
}

function summed(builder: Parameters<Script>[0], value: Serde<number>): unknown {
  const aggregator = (_key: string, _value: string, sum: number): number => sum + 1
  return builder
    .stream(other)
    .groupByKey()
    .aggregate({ name: 'sum', initializer: () => 0, aggregator, value })
}

function distinct(builder: Parameters<Script>[0], within: number): unknown {
  const seen = windowStore('d', { key: json<string | number>(), value: int64() })
  return builder.stream(other).distinct({ id: ({ key }) => key, within, store: seen, name: 'd' })
}

test('every row of the table has its changes, and no other is tried', () => {
  const page = readFileSync(new URL('../../docs/streams.md', import.meta.url), 'utf8')
  const section = page.slice(page.indexOf('## Changing a topology'), page.indexOf('## Queries'))
  const rows = [...section.matchAll(/^\| (.+?) \| .+ \|$/gm)].map(([, first]) => first)
  expect(rows.slice(1)).toEqual(Object.keys(changes))
})

const all = Object.entries(changes).flatMap(([row, list]) => list.map((change, at) => ({ row, at, ...change })))

test.each(all)('$row ($at)', async ({ before, after, refused, answer, count = 2 }) => {
  const { log } = openTestLog()
  const producer = log.producer()
  const send = async (): Promise<void> => {
    await producer.send(input, { key: 'a', value: 'x', timestamp: 1 })
  }
  await producer.send(other, { key: 'a', value: 'x', timestamp: 1 })
  await send()
  const first = await start(log, topologyOf(before))
  await first.caughtUp()
  await first.close()
  await send()
  if (refused !== undefined) {
    const refusal = start(log, topologyOf(after))
    await expect(refusal).rejects.toMatchObject({ code: 'plan_changed', message: expect.stringContaining(refused) })
    // The application is as it was.
    await (await start(log, topologyOf(before))).close()
  }
  const second = await start(log, topologyOf(after), answer ?? {})
  await second.caughtUp()
  if (count > 0) expect(second.store(store).get('a')).toBe(count)
  await second.close()
  // With the same answer it starts again.
  await (await start(log, topologyOf(after), answer ?? {})).close()
  expect((await log.admin.verify()).problems).toEqual([])
})
