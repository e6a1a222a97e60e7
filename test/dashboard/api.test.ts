// What the API answers with: real applications, topics, groups and stores, each question within its bounds.
import {
  bytes,
  int64,
  json,
  keyValueStore,
  type Log,
  nullable,
  string,
  TimeWindows,
  topic,
  tuple,
  windowStore,
} from 'millrace'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import type {
  ApplicationView,
  FullRecordView,
  GroupDetailView,
  LiveEvent,
  RecordsView,
  RowsView,
  StoreView,
  TopicDetailView,
  TopologyDescription,
} from '../../src/dashboard/views.ts'
import { start } from '../support/applications.ts'
import { ask, describing, get, openDashboard } from '../support/dashboards.ts'
import { openTestLog } from '../support/open.ts'
import { topologyOf } from '../support/topology.ts'

const clicks = topic('clicks', { key: string(), value: json<{ page: string }>(), partitions: 2 })
const totals = keyValueStore('totals', { key: string(), value: int64() })
const minutes = windowStore('minutes', { key: string(), value: int64() })

const counting = topologyOf((builder) => {
  const pages = builder.stream(clicks).groupBy(({ value }) => value.page, { key: string() })
  pages
    .count({ store: totals })
    .toStream()
    .to(topic('page-totals', { key: string(), value: int64() }))
  pages.windowedBy(TimeWindows.of({ size: 60_000 })).count({ name: 'per-minute', store: minutes })
})

/** Clicks one a second, on pages `/0` to `/4` in turn. */
async function sendClicks(log: Log, count: number, from: number = 0): Promise<void> {
  await log.producer().sendMany(
    clicks,
    Array.from({ length: count }, (_, at) => ({
      key: `10.0.0.${at % 7}`,
      value: { page: `/${(from + at) % 5}` },
      timestamp: (from + at) * 1_000,
      partition: (from + at) % 2,
    })),
  )
}

describe('records', () => {
  test('are the newest first, and every one is reached by going to older ones, each once', async () => {
    const { log } = openTestLog()
    await sendClicks(log, 130)
    const opened = await openDashboard(log, { clock: new ManualClock(0) })
    const seen: number[] = []
    let page = await get<RecordsView>(opened, '/api/topics/clicks/records')
    expect(page.newer).toBeNull()
    for (;;) {
      seen.push(...page.records.map(({ timestampMs }) => timestampMs / 1_000))
      if (page.older === null) break
      page = await get<RecordsView>(opened, `/api/topics/clicks/records?older=${page.older}`)
    }
    expect(seen).toEqual(Array.from({ length: 130 }, (_, at) => 129 - at))
  })

  test('are reached from an offset or a time on too, back to the newest', async () => {
    const { log } = openTestLog()
    await sendClicks(log, 130)
    const opened = await openDashboard(log, { clock: new ManualClock(0) })
    let page = await get<RecordsView>(opened, '/api/topics/clicks/records?time=10000&limit=40')
    expect(page.records.map(({ timestampMs }) => timestampMs / 1_000)).toEqual(
      Array.from({ length: 40 }, (_, at) => 49 - at),
    )
    const seen: number[] = []
    for (;;) {
      seen.unshift(...page.records.map(({ timestampMs }) => timestampMs / 1_000))
      if (page.newer === null) break
      page = await get<RecordsView>(opened, `/api/topics/clicks/records?newer=${page.newer}&limit=40`)
    }
    expect(seen).toEqual(Array.from({ length: 120 }, (_, at) => 129 - at))
    const one = await get<RecordsView>(opened, '/api/topics/clicks/records?partition=1&offset=3&limit=2')
    expect(one.records.map(({ partition, offset }) => [partition, offset])).toEqual([
      [1, 4],
      [1, 3],
    ])
    const past = await get<RecordsView>(opened, '/api/topics/clicks/records?partition=1&offset=9999')
    expect([past.records, past.newer]).toEqual([[], null])
  })

  test('are found by key and by text, as they are shown, and say how many were looked at', async () => {
    const { log } = openTestLog()
    await sendClicks(log, 100)
    const opened = await openDashboard(log, { clock: new ManualClock(0) })
    const byKey = await get<RecordsView>(opened, '/api/topics/clicks/records?key=10.0.0.3')
    expect(byKey.records).toHaveLength(14)
    expect(byKey).toMatchObject({ searched: 100, older: null, isCutShort: false })
    const byText = await get<RecordsView>(opened, '/api/topics/clicks/records?text=PAGE%22:%22/3')
    expect(byText.records).toHaveLength(20)
    expect(byText.records[0]?.value).toEqual({ text: '{"page":"/3"}', bytes: 13, isCut: false })
  })

  test('of a large topic are searched up to a bound, which says where to go on', async () => {
    const { log } = openTestLog()
    const large = topic('large', { key: string(), value: string() })
    const value = (at: number): string => (at === 0 ? 'the needle' : `straw ${at}`)
    const all = Array.from({ length: 45_000 }, (_, at) => ({ key: 'k', value: value(at), timestamp: at }))
    await log.producer().sendMany(large, all)
    const opened = await openDashboard(log, { clock: new ManualClock(0) }) // time does not end it
    let found = await get<RecordsView>(opened, '/api/topics/large/records?text=needle')
    expect(found).toMatchObject({ records: [], isCutShort: true })
    expect(found.searched).toBeLessThan(21_000)
    let requests = 1
    for (; found.records.length === 0; requests++) {
      found = await get<RecordsView>(opened, `/api/topics/large/records?text=needle&older=${found.older}`)
    }
    expect(found.records).toMatchObject([{ offset: 0, value: { text: 'the needle' } }])
    expect(requests).toBe(3)
  })

  test('of many bytes are read up to a bound as well, in both directions, and none is missed', async () => {
    const { log } = openTestLog()
    const heavy = topic('heavy', { key: string(), value: string() })
    const value = 'x'.repeat(1_000_000)
    for (let at = 0; at < 24; at++) await log.producer().send(heavy, { key: 'k', value, timestamp: at })
    const opened = await openDashboard(log, { clock: new ManualClock(0) })
    for (const [first, next] of [
      ['', 'older'],
      ['offset=0', 'newer'],
    ] as const) {
      const seen: number[] = []
      let query: string | null = first
      while (query !== null) {
        const page: RecordsView = await get(opened, `/api/topics/heavy/records?limit=24&${query}`)
        expect(page.searched).toBeLessThan(20)
        seen.push(...page.records.map(({ offset }) => offset).toSorted((a, b) => a - b))
        query = page[next] === null ? null : `${next}=${page[next]}`
      }
      expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, at) => at))
    }
  })

  test('count with their headers: many bytes there are as many bytes', async () => {
    const { log } = openTestLog()
    const heavy = topic('heavy', { key: string(), value: string() })
    const headers = [{ key: 'trace', value: Buffer.alloc(900_000) }]
    for (let at = 0; at < 24; at++) await log.producer().send(heavy, { key: 'k', value: 'v', timestamp: at, headers })
    const opened = await openDashboard(log, { clock: new ManualClock(0) })
    const page = await get<RecordsView>(opened, '/api/topics/heavy/records?limit=24')
    expect(page.isCutShort).toBe(true)
    expect(page.searched).toBeLessThan(24)
  })

  test('are shown whatever is in them: null, no text, a serde that does not fit, and more than a line', async () => {
    const { log } = openTestLog()
    const raw = topic('raw', { key: nullable(bytes()), value: nullable(bytes()) })
    await log.producer().sendMany(raw, [
      { key: null, value: null },
      {
        key: Buffer.from([0xff, 0x00]),
        value: Buffer.from('x'.repeat(5_000)),
        headers: [{ key: 'h', value: '\u202e' }],
      },
    ])
    const opened = await openDashboard(log, { clock: new ManualClock(0) })
    const { records } = await get<RecordsView>(opened, '/api/topics/raw/records')
    expect(records.map(({ key, value, headers }) => [key.text, value.text?.length, value.isCut, headers])).toEqual([
      ['ff00', 401, true, 1],
      [null, undefined, false, 0],
    ])
    const full = await get<FullRecordView>(opened, '/api/topics/raw/records/0/1')
    expect(full).toMatchObject({ key: { hex: 'ff00' }, value: { bytes: 5_000, isCut: false }, headers: [{ key: 'h' }] })
    expect(full.value.text).toHaveLength(5_000)
    expect(full.value.hex).toHaveLength(8_192)
  })

  test('that are not there, and parameters that are none, are refused with what was expected', async () => {
    const { log } = openTestLog()
    await sendClicks(log, 2)
    const opened = await openDashboard(log)
    const wrong = [
      'records?partition=2',
      'records?partition=-1',
      'records?offset=x',
      'records?limit=0',
      'records?limit=201',
      'records?time=1e9',
      'records?older=0',
      'records?older=0-X',
      'records?newer=0-zzzzzzzzzzz',
      'records/0/7',
      'records/x/0',
    ]
    for (const path of wrong) {
      const { status, text } = await ask(opened, `/api/topics/clicks/${path}`)
      expect([path, status, JSON.parse(text)]).toMatchObject([path, 400, { error: { code: 'bad_option' } }])
    }
    for (const path of [
      'topics/none',
      'topics/none/records',
      'topics/none/records/0/0',
      'topics/none/tail',
      'groups/none',
    ]) {
      expect([path, (await ask(opened, `/api/${path}`)).status]).toEqual([path, 404])
    }
    for (const path of ['/api', '/api/', '/api/x', '/api/topics//records', '/api/topics/%zz', '/api/topics/clicks/x']) {
      expect([path, (await ask(opened, path)).status]).toEqual([path, 404])
    }
  })
})

test('an application is shown with its shape, positions, counts and stores', async () => {
  const clock = new ManualClock(200_000)
  const { log } = openTestLog(undefined, { clock })
  await sendClicks(log, 20)
  const app = await start(log, counting, { applicationId: 'pages' })
  await app.caughtUp()
  const opened = await openDashboard(log)
  const found = await get<ApplicationView & { topology: TopologyDescription }>(opened, '/api/applications/pages/v1')
  expect(found).toMatchObject({
    applicationId: 'pages',
    isLive: true,
    state: 'running',
    instance: { pid: process.pid },
    lag: 0,
    consumed: 20,
    eventTimeMs: 19_000,
    reads: ['clicks'],
    writes: ['page-totals'],
    consumedByTopic: { clicks: { count: 20 } },
    positions: [
      { topic: 'clicks', partition: 0, position: 10, end: 10, lag: 0, standsForMs: 0 },
      { topic: 'clicks', partition: 1, position: 10, end: 10, lag: 0, standsForMs: 0 },
    ],
  })
  expect(found.topology).toEqual(counting.describe({ format: 'json' }))
  const stores = await get<readonly StoreView[]>(opened, '/api/applications/pages/v1/stores')
  expect(stores).toMatchObject([
    { name: 'minutes', kind: 'window', rows: 5, isReadable: true },
    { name: 'totals', kind: 'keyValue', rows: 5, isReadable: true },
  ])
  for (const path of ['applications/none/v1', 'applications/pages/v2', 'stores/pages/none', 'stores/none/totals']) {
    expect([path, (await ask(opened, `/api/${path}`)).status]).toEqual([path, 404])
  }
})

test('an application that was passed by in the sample under way is shown whole', async () => {
  const { log } = openTestLog()
  const opened = await openDashboard(log)
  await sendClicks(log, 2)
  await (await start(log, counting, { applicationId: 'pages' })).close()
  const listed = vi.spyOn(log.admin, 'describeApplications').mockImplementationOnce(describing()) // as it was when the sample began
  onTestFinished(() => listed.mockRestore())
  expect(await get(opened, '/api/applications/pages/v1')).toMatchObject({
    applicationId: 'pages',
    topology: counting.describe({ format: 'json' }),
  })
})

test('rows of a store are found by key, by range, by prefix and by time, and go on where a page ends', async () => {
  const { log } = openTestLog()
  await sendClicks(log, 150)
  const app = await start(log, counting, { applicationId: 'pages' })
  await app.caughtUp()
  const opened = await openDashboard(log, { clock: new ManualClock(0) })
  const keysOf = async (query: string): Promise<readonly string[]> =>
    (await get<RowsView>(opened, `/api/stores/pages/totals?${query}`)).rows.map(({ key, value }) => `${key}=${value}`)
  expect(await keysOf('key=/3')).toEqual(['/3=30'])
  expect(await keysOf('key=/9')).toEqual([])
  expect(await keysOf('from=/1&to=/2')).toEqual(['/1=30', '/2=30'])
  expect(await keysOf('prefix=/')).toHaveLength(5)
  const first = await get<RowsView>(opened, '/api/stores/pages/totals?limit=2')
  expect([first.isCutShort, first.next]).toEqual([true, { from: '/2' }])
  const windows = await get<RowsView>(opened, '/api/stores/pages/minutes?limit=7')
  expect(windows.rows[0]).toMatchObject({ key: '/0', window: { startMs: 0, endMs: 60_000 }, value: '12' })
  expect(windows.next).toEqual({ skip: '7' })
  const prefixed = await get<RowsView>(opened, '/api/stores/pages/totals?prefix=/&limit=3')
  expect(prefixed.next).toEqual({ skip: '3' })
  const rest = await get<RowsView>(opened, '/api/stores/pages/totals?prefix=/&limit=3&skip=3')
  expect([rest.rows.map(({ key }) => key), rest.next]).toEqual([['/3', '/4'], null])
  const later = await get<RowsView>(opened, '/api/stores/pages/minutes?key=/1&fromTime=60000')
  expect(later.rows.map(({ window }) => window?.startMs)).toEqual([60_000, 120_000])
})

test('what cannot be a key of the store, or begin one, is a bad question and no failure of the dashboard', async () => {
  const { log } = openTestLog()
  const key = tuple(string(), int64())
  const pairs = keyValueStore('pairs', { key, value: int64() })
  const paired = topologyOf((builder) => {
    builder
      .stream(clicks)
      .groupBy(({ value }) => [value.page, 1], { key })
      .count({ store: pairs })
  })
  await start(log, paired, { applicationId: 'pairs' })
  const opened = await openDashboard(log)
  for (const query of ['key=null', 'key=5', 'key=[]', 'from=null', 'prefix=5', 'prefix=[1]', 'prefix=["a",1,2]']) {
    expect([query, (await ask(opened, `/api/stores/pairs/pairs?${query}`)).status]).toEqual([query, 400])
  }
})

test('each key of a store that is shown can be asked for, and goes on from, whatever is in it', async () => {
  const { log } = openTestLog()
  const pages = ['<script>\u202e', '\u001b[31m', '"quoted"', '{"hex":"00"}', 'ümlaut', ' ']
  await log.producer().sendMany(
    clicks,
    pages.map((page, at) => ({ key: 'k', value: { page }, timestamp: at })),
  )
  const app = await start(log, counting, { applicationId: 'pages' })
  await app.caughtUp()
  const opened = await openDashboard(log, { clock: new ManualClock(0) })
  const { rows } = await get<RowsView>(opened, '/api/stores/pages/totals')
  expect(rows).toHaveLength(pages.length)
  for (const { key } of rows) {
    const found = await get<RowsView>(opened, `/api/stores/pages/totals?key=${encodeURIComponent(key)}`)
    expect([key, found.rows.map((row) => row.key)]).toEqual([key, [key]])
  }
  const seen: string[] = []
  for (let query = 'limit=1'; query !== '';) {
    const page = await get<RowsView>(opened, `/api/stores/pages/totals?${query}`)
    seen.push(...page.rows.map(({ key }) => key))
    query = page.next === null ? '' : new URLSearchParams({ limit: '1', ...page.next }).toString()
  }
  expect(seen).toEqual(rows.map(({ key }) => key))
})

test('a topic is shown with its settings, partitions and readers; a group with its positions and members', async () => {
  const clock = new ManualClock(100_000)
  const { log } = openTestLog(undefined, { clock })
  await sendClicks(log, 20)
  const consumer = log.consumer({ group: 'billing', topics: [clicks], reset: 'earliest' })
  for await (const record of consumer) {
    await consumer.commit(record)
    break
  }
  const opened = await openDashboard(log)
  const found = await get<TopicDetailView>(opened, '/api/topics/clicks')
  expect(found).toMatchObject({
    keySerde: 'string',
    valueSerde: 'json',
    partitions: [
      { partition: 0, start: 0, end: 10, newestMs: 18_000 },
      { partition: 1, start: 0, end: 10, newestMs: 19_000 },
    ],
    readers: [{ name: 'billing', kind: 'group' }],
  })
  expect(found.settings).toContainEqual(expect.objectContaining({ name: 'retentionMs', isDefault: true }))
  const group = await get<GroupDetailView>(opened, '/api/groups/billing')
  expect(group).toMatchObject({ kind: 'group', state: 'stable', members: [{ pid: process.pid }] })
  expect(group.positions.map(({ lags }) => lags.at(-1))).toEqual(group.positions.map(({ lag }) => lag))
  expect(group.members[0]?.partitions).toEqual(['clicks/0', 'clicks/1'])
  const { parts } = await get<LiveEvent>(opened, '/api/overview')
  expect(parts).toMatchObject({
    'topic/clicks': { records: 20, partitions: 2 },
    'group/billing': { members: 1, kind: 'group' },
    'history/log': { everyMs: 10_000, series: { usedBytes: expect.any(Array), lagMs: expect.any(Array) } },
    log: { users: 1 },
    troubles: [],
  })
})
