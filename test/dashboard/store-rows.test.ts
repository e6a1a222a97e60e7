// Rows of stores with windows: found in bounded pages, however many windows a key has, each once.
import { int64, SessionWindows, SlidingWindows, string, windowStore } from 'millrace'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import type { RowsView, RowView } from '../../src/dashboard/views.ts'
import type { Dashboard } from 'millrace/dashboard'
import { start } from '../support/applications.ts'
import { ask, get, openDashboard } from '../support/dashboards.ts'
import { fillWindows } from '../support/filled-windows.ts'
import { openTestLog } from '../support/open.ts'
import { input, topologyOf } from '../support/topology.ts'

const sliding = windowStore('sliding', { key: string(), value: int64() })

/** All rows that a question finds, page by page. */
async function allRows(opened: Dashboard, store: string, query: string): Promise<RowView[]> {
  const rows: RowView[] = []
  let next: RowsView['next'] = {}
  while (next !== null) {
    const asked = new URLSearchParams({ ...Object.fromEntries(new URLSearchParams(query)), ...next })
    const page: RowsView = await get<RowsView>(opened, `/api/stores/filled/${store}?${asked.toString()}`)
    rows.push(...page.rows)
    next = page.next
    if (next === null) expect(page.isCutShort).toBe(false)
  }
  return rows
}

const startsOf = (rows: readonly RowView[]): readonly (number | undefined)[] =>
  rows.map(({ window }) => window?.startMs)

describe('each row is reached once by going on', () => {
  test('of one key and of all, from the first and from the last', async () => {
    const { log } = openTestLog()
    await fillWindows(log, { a: 600, b: 250 })
    const opened = await openDashboard(log, { clock: new ManualClock(0) }) // time ends no request
    const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at)
    expect(startsOf(await allRows(opened, 'windows', 'key=a&limit=70'))).toEqual(upTo(600))
    expect(startsOf(await allRows(opened, 'windows', 'key=a&limit=70&newest=1'))).toEqual(upTo(600).toReversed())
    for (const order of ['', '&newest=1']) {
      for (const store of ['windows', 'sessions']) {
        const rows = await allRows(opened, store, `limit=70${order}`)
        const names = rows.map(({ key, window }) => `${key} ${window?.startMs}`)
        expect([store, order, new Set(names).size, names.length]).toEqual([store, order, 850, 850])
      }
      const ofOne = startsOf(await allRows(opened, 'sessions', `key=b&limit=70${order}`))
      const inOrder = upTo(250).map((at) => at * 10)
      expect(ofOne).toEqual(order === '' ? inOrder : inOrder.toReversed())
    }
  })

  test('of sessions in bounds of time, which may overlap them at both ends', async () => {
    const { log } = openTestLog()
    await fillWindows(log, { a: 300 })
    const opened = await openDashboard(log, { clock: new ManualClock(0) }) // time ends no request
    for (const order of ['', '&newest=1']) {
      const starts = startsOf(await allRows(opened, 'sessions', `limit=7&fromTime=1005&toTime=1200${order}`))
      expect(new Set(starts)).toEqual(new Set(Array.from({ length: 21 }, (_, at) => 1_000 + at * 10)))
      expect(starts).toHaveLength(21)
    }
  })
})

test('sliding windows, which are in no order of time, are all reached as well', async () => {
  const { log } = openTestLog()
  const sliders = topologyOf((builder) => {
    const grouped = builder.stream(input).groupByKey()
    grouped.windowedBy(SlidingWindows.of({ difference: 5, grace: 1_000 })).count({ store: sliding })
    grouped.windowedBy(SessionWindows.of({ gap: 1, grace: 1_000 })).count({ name: 'other' })
  })
  await log.producer().sendMany(
    input,
    Array.from({ length: 60 }, (_, at) => ({ key: 'abc'.charAt(at % 3), value: '', timestamp: at * 4 })),
  )
  const app = await start(log, sliders, { applicationId: 'filled' })
  await app.caughtUp()
  const opened = await openDashboard(log, { clock: new ManualClock(0) }) // time ends no request
  const wanted = [...app.store(sliding).range()].map(({ key: { key, window } }) => `${key} ${window.start}`)
  const found = (await allRows(opened, 'sliding', 'limit=9')).map(({ key, window }) => `${key} ${window?.startMs}`)
  expect(found).toEqual(wanted)
})

test('what is no flag is refused', async () => {
  const { log } = openTestLog()
  await fillWindows(log, { a: 1 })
  const opened = await openDashboard(log, { clock: new ManualClock(0) }) // time ends no request
  expect((await ask(opened, '/api/stores/filled/windows?newest=yes')).status).toBe(400)
})
