// What one request may read: however large records and rows are, and however many partitions there are.
import {
  bytes,
  int64,
  json,
  keyValueStore,
  type Log,
  nullable,
  type Serde,
  string,
  TimeWindows,
  topic,
  windowStore,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import type { FullRecordView, LiveEvent, RecordsView, RowsView, TopicDetailView } from '../../src/dashboard/views.ts'
import { start } from '../support/applications.ts'
import { ask, get, openDashboard } from '../support/dashboards.ts'
import { openTestLog } from '../support/open.ts'
import { topologyOf } from '../support/topology.ts'

const mebibyte = 1_024 * 1_024
const raw = topic('raw', { key: nullable(bytes()), value: nullable(bytes()) })

describe('records of 16 MiB', () => {
  test('are read one at a time, and cut where they are shown', async () => {
    const { log } = openTestLog()
    await log.admin.createTopic({ name: 'raw', config: { maxMessageBytes: 20 * mebibyte } })
    const value = Buffer.alloc(16 * mebibyte, 'x')
    value.write('the needle', 8 * mebibyte)
    for (let at = 0; at < 4; at++) await log.producer().send(raw, { key: null, value, timestamp: at })
    const opened = await openDashboard(log, { clock: new ManualClock(0) })
    for (const query of ['', '?offset=0', '?text=needle', '?text=nowhere']) {
      const { status, text } = await ask(opened, `/api/topics/raw/records${query}`)
      const { searched, isCutShort, older, newer } = JSON.parse(text) as RecordsView
      expect([query, status, text.length < 10_000, searched <= 2, isCutShort]).toEqual([query, 200, true, true, true])
      expect(older ?? newer).not.toBeNull()
    }
    const { text } = await ask(opened, '/api/topics/raw/records/0/0')
    expect(text.length).toBeLessThan(mebibyte)
    expect((JSON.parse(text) as FullRecordView).value).toMatchObject({ bytes: 16 * mebibyte, isCut: true })
  })
})

test('a record that is nested more deeply than anyone reads is shown as text', async () => {
  const { log } = openTestLog()
  /** Called as the serde that everyone reads it with. */
  const written: Serde<string> = { name: 'json', encode: (text) => Buffer.from(text), decode: String }
  const nested = topic('nested', { key: string(), value: written })
  const depths = [1, 50, 5_000, 100_000]
  const values = depths.flatMap((depth) => [
    '['.repeat(depth) + ']'.repeat(depth),
    `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`.slice(0, 250_000),
    `${'[\n'.repeat(depth)}${']'.repeat(depth)}`,
  ])
  await log.producer().sendMany(
    nested,
    values.map((value) => ({ key: 'k', value })),
  )
  const opened = await openDashboard(log)
  for (const [offset, sent] of values.entries()) {
    const { value } = await get<FullRecordView>(opened, `/api/topics/nested/records/0/${offset}`)
    expect([offset, value.bytes, value.text?.slice(0, 10)]).toEqual([offset, sent.length, sent.slice(0, 10)])
    expect([offset, typeof value.json === 'object']).toEqual([offset, sent.length <= 50 * 6 + 1])
  }
  expect((await ask(opened, '/api/topics/nested/records')).status).toBe(200)
})

/** Keeps the last value of each key. */
const keeping = topologyOf((builder) => {
  const lines = builder.stream(topic('lines', { key: string(), value: json<unknown>() }))
  lines.groupByKey().reduce((_, value) => value, {
    store: keyValueStore('last', { key: string(), value: json<unknown>() }),
  })
})

async function keep(log: Log, values: readonly unknown[]): Promise<void> {
  const lines = topic('lines', { key: string(), value: json<unknown>() })
  for (const [at, value] of values.entries()) {
    await log.producer().send(lines, { key: String(at).padStart(3, '0'), value, timestamp: at })
  }
  const app = await start(log, keeping, { applicationId: 'keeping' })
  await app.caughtUp()
}

test('rows of a megabyte are read up to a bound, and go on from there until each was seen once', async () => {
  const { log } = openTestLog()
  await keep(
    log,
    Array.from({ length: 40 }, (_, at) => `${at} ${'x'.repeat(1_000_000)}`),
  )
  const opened = await openDashboard(log, { clock: new ManualClock(0) })
  const seen: string[] = []
  for (let query = ''; ;) {
    const { rows, next, isCutShort } = await get<RowsView>(opened, `/api/stores/keeping/last?${query}`)
    expect(rows.length).toBeLessThan(20)
    expect(rows.every(({ value, isCut }) => isCut && value.length < 5_000)).toBe(true)
    expect(isCutShort).toBe(next !== null)
    seen.push(...rows.map(({ key }) => key))
    if (next === null) break
    query = new URLSearchParams(next).toString()
  }
  expect(seen).toEqual(Array.from({ length: 40 }, (_, at) => String(at).padStart(3, '0')))
})

test('rows that are as deep as rows can be are shown', async () => {
  const { log } = openTestLog()
  let deep: unknown = 1
  for (let depth = 1; depth < 499; depth++) deep = [deep]
  await keep(log, [deep])
  const opened = await openDashboard(log)
  const { rows } = await get<RowsView>(opened, '/api/stores/keeping/last')
  expect(rows).toMatchObject([{ key: '000', value: expect.stringMatching(/^\[\[\[/) }])
})

test('a key with very many windows is read up to a bound', async () => {
  const { log } = openTestLog()
  const clicks = topic('clicks', { key: string(), value: int64() })
  await log.producer().sendMany(
    clicks,
    Array.from({ length: 5_000 }, (_, at) => ({ key: 'k', value: at, timestamp: at * 10 })),
  )
  const counting = topologyOf((builder) => {
    builder
      .stream(clicks)
      .groupByKey()
      .windowedBy(TimeWindows.of({ size: 10 }))
      .count({ store: windowStore('tens', { key: string(), value: int64() }) })
  })
  const app = await start(log, counting, { applicationId: 'tens' })
  await app.caughtUp()
  const opened = await openDashboard(log, { clock: new ManualClock(0) })
  const found = await get<RowsView>(opened, '/api/stores/tens/tens?key=k&limit=500')
  expect(found.rows).toHaveLength(500)
  expect(found).toMatchObject({ isCutShort: true, next: { fromTime: '5000' } })
})

describe('a topic of a thousand partitions', () => {
  test('is shown, searched and followed like any other', async () => {
    const { log } = openTestLog()
    const wide = topic('wide', { key: string(), value: string(), partitions: 1_000 })
    await log.producer().sendMany(
      wide,
      Array.from({ length: 3_000 }, (_, at) => ({ key: `k${at}`, value: 'v', timestamp: at, partition: at % 1_000 })),
    )
    const opened = await openDashboard(log, { clock: new ManualClock(0) })
    const newest = await get<RecordsView>(opened, '/api/topics/wide/records?limit=200')
    expect(newest.records.map(({ timestampMs }) => timestampMs)).toEqual(
      Array.from({ length: 200 }, (_, at) => 2_999 - at),
    )
    const from = await get<RecordsView>(opened, '/api/topics/wide/records?time=1000&limit=10')
    expect(from.records.map(({ timestampMs }) => timestampMs)).toEqual(
      Array.from({ length: 10 }, (_, at) => 1_009 - at),
    )
    expect((await get<TopicDetailView>(opened, '/api/topics/wide')).partitions).toHaveLength(1_000)
    // A place in so many partitions is longer than an address may be: it is none that an answer hands out.
    for (const place of [newest.older, from.newer]) {
      const query = `older=${encodeURIComponent(place ?? '')}`
      expect((await ask(opened, `/api/topics/wide/records?${query}`)).status).toBe(200)
    }
  })
})

test('what deletion left is passed over, and every record is reached both ways', async () => {
  const { log } = openTestLog()
  const gaps = topic('gaps', { key: string(), value: string() })
  const producer = log.producer()
  for (let batch = 0; batch < 30; batch++) {
    await producer.sendMany(
      gaps,
      Array.from({ length: 100 }, (_, at) => ({ key: `k${at}`, value: `${batch}`, timestamp: batch * 100 + at })),
    )
  }
  await log.admin.deleteRecords(gaps, [{ partition: 0, beforeOffset: 1_234 }])
  const opened = await openDashboard(log, { clock: new ManualClock(0) })
  for (const [first, direction] of [
    ['', 'older'],
    ['offset=0', 'newer'],
  ] as const) {
    const seen: number[] = []
    for (let query: string | null = first; query !== null;) {
      const page: RecordsView = await get(opened, `/api/topics/gaps/records?limit=200&${query}`)
      const offsets = page.records.map(({ offset }) => offset)
      seen.push(...(direction === 'older' ? offsets : offsets.toReversed()))
      query = page[direction] === null ? null : `${direction}=${page[direction]}`
    }
    const all = Array.from({ length: 3_000 - 1_234 }, (_, at) => 1_234 + at)
    expect(seen).toEqual(direction === 'older' ? all.toReversed() : all)
  }
})

test('what is live is not sent to those who ask for a version that there is not', async () => {
  const { log } = openTestLog()
  const opened = await openDashboard(log)
  const { parts } = await get<LiveEvent>(opened, '/api/overview?detail=none/v1')
  expect(Object.keys(parts).toSorted()).toEqual(['history/log', 'log', 'troubles'])
})
