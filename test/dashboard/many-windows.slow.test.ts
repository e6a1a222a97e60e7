// However many windows a key has, a request for some of them reads little more than those.
import { expect, test, vi } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import type { RowsView } from '../../src/dashboard/views.ts'
import { sum } from '../../src/inspect/counts.ts'
import { get, openDashboard } from '../support/dashboards.ts'
import { fillWindows } from '../support/filled-windows.ts'
import { openTestLog } from '../support/open.ts'

test('of a key with 100,000 windows a request reads little more than it shows, at whichever place', async () => {
  const { log, embedded } = openTestLog()
  await fillWindows(log, { much: 100_000 })
  const opened = await openDashboard(log, { clock: new ManualClock(0) }) // time does not end it
  const reads = vi.spyOn(embedded.state, 'range')
  const places = [
    ['', 0],
    ['newest=1', 99_999],
    ['fromTime=50000', 50_000],
    ['toTime=70000&newest=1', 70_000],
  ] as const
  for (const [query, first] of places) {
    reads.mockClear()
    const page = await get<RowsView>(opened, `/api/stores/filled/windows?key=much&limit=100&${query}`)
    expect([query, page.rows.length, page.rows[0]?.window?.startMs, page.isCutShort]).toEqual([query, 100, first, true])
    const read = sum(reads.mock.results, ({ value }) => (value as readonly unknown[]).length)
    expect(read).toBeGreaterThanOrEqual(100)
    expect(read).toBeLessThan(2_000)
  }
})
