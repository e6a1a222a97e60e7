// Live connections are bounded, and what is refused costs nothing, however many come at once.
import { expect, test, vi } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import { ask, events, openDashboard } from '../support/dashboards.ts'
import { turns, until } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { words } from '../support/topics.ts'

/** What one dashboard has at a time. */
const streamsMax = 200

test('of very many that come at once as many as there is room for are let in; the others read nothing', async () => {
  const { log } = openTestLog()
  await log.producer().send(words, { key: 'a', value: 'b' })
  const opened = await openDashboard(log, { clock: new ManualClock(0) }) // none of them goes on
  const startOffsets = log.admin.startOffsets.bind(log.admin)
  let begin: () => void = () => undefined
  const allHaveCome = new Promise<void>((resolve) => {
    begin = resolve
  })
  const reads = vi.spyOn(log.admin, 'startOffsets').mockImplementation(async (...topic) => {
    await allHaveCome
    return startOffsets(...topic)
  })
  const stop = new AbortController()
  const address = `http://127.0.0.1:${opened.port}/api/topics/words/tail`
  let refused = 0
  const asked = Array.from({ length: streamsMax + 30 }, async () => {
    const { status } = await fetch(address, { signal: stop.signal })
    if (status === 503) refused++
    return status
  })
  await until(() => reads.mock.calls.length + refused === asked.length)
  begin()
  const statuses = await Promise.all(asked)
  expect(statuses.filter((status) => status === 200)).toHaveLength(streamsMax)
  expect(statuses.filter((status) => status === 503)).toHaveLength(30)
  expect(reads.mock.calls.length).toBe(streamsMax)
  // What makes no sense is refused for want of room as well: nothing was looked at.
  expect((await ask(opened, '/api/topics/none/tail')).status).toBe(503)
  expect((await ask(opened, '/api/live')).status).toBe(503)
  stop.abort()
  await until(async () => {
    await turns(10)
    return (await ask(opened, '/api/topics/words/tail', {}, 'HEAD')).status === 200
  })
})

test('one that is refused, or only asked about, gives its place back', async () => {
  const { log } = openTestLog()
  const opened = await openDashboard(log)
  for (const [path, method, status] of [
    ['/api/topics/none/tail', 'GET', 404],
    ['/api/live', 'HEAD', 200],
  ] as const) {
    const asked = Array.from({ length: streamsMax - 1 }, () => ask(opened, path, {}, method))
    expect(new Set((await Promise.all(asked)).map((answer) => answer.status))).toEqual(new Set([status]))
  }
  const live = events(opened, '/api/live')
  expect((await live.next()).done).toBe(false)
  await live.return()
})
