// How a version beside the live one compares: found once for all who ask, while someone waits for it, and kept with its age.
import { int64, string, topic, TimeWindows, windowStore } from 'millrace'
import type { Dashboard } from 'millrace/dashboard'
import { expect, test, vi } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import { Comparisons } from '../../src/dashboard/comparisons.ts'
import type { ComparisonView, EndedComparison } from '../../src/dashboard/replay-views.ts'
import { start, until } from '../support/applications.ts'
import { beside } from '../support/counting-versions.ts'
import { ask, events, get, openDashboard, type SentEvent } from '../support/dashboards.ts'
import { openTestLog } from '../support/open.ts'
import { startReplay } from '../support/replays.ts'
import { input, topologyOf } from '../support/topology.ts'
import { apart, besideLive } from '../support/versions-apart.ts'

const comparisonPath = '/api/replays/app/v2/comparison'

type Following = AsyncGenerator<SentEvent<ComparisonView>, void, undefined>

/** Begins a comparison, or joins the one that goes on; it does once this resolves. */
async function begin(opened: Dashboard, path: string = comparisonPath): Promise<Following> {
  const following = events<ComparisonView>(opened, `${path}/live?begin=true`)
  expect((await following.next()).value?.data.running).not.toBeNull()
  return following
}

async function endOf(following: Following): Promise<EndedComparison> {
  for await (const { data } of following) if (data.running === null && data.last !== null) return data.last
  throw new Error('it has not ended')
}

/** A comparison from its beginning to its end. */
async function compared(opened: Dashboard, path: string = comparisonPath): Promise<EndedComparison> {
  return endOf(events(opened, `${path}/live?begin=true`))
}

test('is found once for all who ask, told while it goes on, and kept with its age', async () => {
  const versions = await besideLive('a', 'b', '<i>\u202e')
  const { log, v2, embedded, clock } = versions
  await apart(versions)
  const opened = await openDashboard(log, { clock })
  expect(await get<ComparisonView>(opened, comparisonPath)).toEqual({ running: null, last: null })
  const begun = vi.spyOn(embedded, 'onCommit')
  const both = [await begin(opened), await begin(opened)]
  await until(async () => (await get<ComparisonView>(opened, comparisonPath)).running?.isWaiting === false)
  expect((await get<ComparisonView>(opened, comparisonPath)).running).toMatchObject({
    part: 'store',
    name: 'totals',
    done: 0,
    total: 2,
  })
  await v2.resume()
  const [one, other] = await Promise.all(both.map(endOf))
  expect(one).toEqual(other)
  expect(begun).toHaveBeenCalledTimes(1)
  expect(one).toMatchObject({ state: 'compared', live: 'v1', isEqual: false, atMs: clock.now() })
  const parts = one?.state === 'compared' ? one.parts : []
  expect(parts.map(({ kind, name, equal, different }) => [kind, name, equal, different])).toEqual([
    ['store', 'totals', 0, 3],
    ['topic', 'counted', 0, 3],
  ])
  expect(parts[0]?.samples).toContainEqual(
    expect.objectContaining({
      key: '<i>\u202e',
      here: expect.objectContaining({ value: '10', isCut: false }) as unknown,
      live: expect.objectContaining({ value: '1' }) as unknown,
    }),
  )
  clock.advance(60_000)
  expect(await get<ComparisonView>(opened, comparisonPath)).toEqual({ running: null, last: one })
})

test('names the windows of what differs, and says that nothing does where that is so', async () => {
  const { log } = openTestLog()
  const minutes = windowStore('minutes', { key: string(), value: int64() })
  const counts = topic('counts', { key: string(), value: int64() })
  const windowed = (dropped: string) =>
    topologyOf((builder) => {
      const kept = builder.stream(input).filter(({ value }) => value !== dropped)
      kept
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 10 }))
        .count({ store: minutes, name: 'minutes' })
      kept.groupByKey().count({ name: 'all' }).toStream().to(counts)
    })
  await log.producer().sendMany(
    input,
    Array.from({ length: 30 }, (_, at) => ({ key: 'k', value: String(at), timestamp: at })),
  )
  const live = await start(log, windowed(''))
  await live.caughtUp()
  for (const [version, dropped] of [
    ['same', ''],
    ['other', '25'],
  ] as const) {
    await (await startReplay(log, windowed(dropped), { version })).caughtUp()
  }
  const opened = await openDashboard(log)
  expect(await compared(opened, '/api/replays/app/same/comparison')).toMatchObject({ isEqual: true })
  const ended = await compared(opened, '/api/replays/app/other/comparison')
  const parts = ended.state === 'compared' ? ended.parts : []
  expect(parts.find(({ name }) => name === 'minutes')).toMatchObject({
    equal: 2,
    different: 1,
    samples: [{ key: 'k', window: { startMs: 20, endMs: 30 }, here: { value: '9' }, live: { value: '10' } }],
  })
})

test('cannot be found where they never are at the same place: it says why', async () => {
  const versions = await besideLive('a')
  const { log, clock } = versions
  await apart(versions)
  const opened = await openDashboard(log, { clock })
  const comparing = compared(opened)
  await until(async () => (await get<ComparisonView>(opened, comparisonPath)).running?.isWaiting === false)
  clock.advance(30_000)
  const ended = await comparing
  expect(ended).toMatchObject({ state: 'failed', code: 'behind' })
  expect(ended.state === 'failed' ? ended.message : '').toContain('lie 1 records apart')
})

test('is looked for only while someone waits for it: an early end leaves what was known, and the next one begins', async () => {
  const versions = await besideLive('a')
  const { log, v2 } = versions
  const clock = new ManualClock(0) // while that of the log stands still, and with it the patience of a comparison
  const opened = await openDashboard(log, { clock })
  const before = await compared(opened)
  await apart(versions)
  const [one, other] = [await begin(opened), await begin(opened)]
  await one.return()
  clock.advance(10_000)
  expect((await get<ComparisonView>(opened, comparisonPath)).running).not.toBeNull() // one still waits
  await other.return()
  await until(async () => {
    clock.advance(1_000)
    return (await get<ComparisonView>(opened, comparisonPath)).running === null
  })
  expect(await get<ComparisonView>(opened, comparisonPath)).toEqual({ running: null, last: before })
  await v2.resume()
  expect(await compared(opened)).toMatchObject({ state: 'compared', isEqual: false })
})

test('one that goes on ends with the dashboard', async () => {
  const versions = await besideLive('a')
  await apart(versions)
  const opened = await openDashboard(versions.log, { clock: versions.clock })
  // Nothing is read of it: the end of the dashboard may come as that of the answer, or of the connection.
  const { status } = await fetch(`http://127.0.0.1:${opened.port}${comparisonPath}/live?begin=true`)
  expect(status).toBe(200)
  await until(async () => (await get<ComparisonView>(opened, comparisonPath)).running?.isWaiting === false)
  await opened.close() // waits for it, and it would go on for as long as the clock stands still
})

test('one after another is made, of several versions', async () => {
  const versions = await besideLive('a')
  const { log, clock, v2 } = versions
  await beside(log, 'v3', 1)
  await apart(versions)
  const opened = await openDashboard(log, { clock })
  const first = compared(opened)
  await until(async () => (await get<ComparisonView>(opened, comparisonPath)).running?.isWaiting === false)
  const second = events<ComparisonView>(opened, '/api/replays/app/v3/comparison/live?begin=true')
  expect((await second.next()).value?.data.running).toMatchObject({ isWaiting: true })
  await v2.resume()
  expect(await first).toMatchObject({ isEqual: false })
  expect(await endOf(second)).toMatchObject({ isEqual: true }) // it counts as the live one does
})

test('of a version that is deleted meanwhile ends, and is forgotten with it', async () => {
  const versions = await besideLive('a')
  const { log, v2, clock } = versions
  await apart(versions)
  await v2.close()
  const opened = await openDashboard(log, { clock })
  const comparing = compared(opened)
  await until(async () => (await get<ComparisonView>(opened, comparisonPath)).running?.isWaiting === false)
  await log.admin.deleteVersion('app', 'v2')
  expect(await comparing).toMatchObject({ state: 'failed', code: 'application_unknown' })
  expect((await ask(opened, comparisonPath)).status).toBe(404)
})

test('one is known for as long as someone follows it, however many others are', async () => {
  const { log } = openTestLog()
  const comparisons = new Comparisons(log, new ManualClock(0))
  const idOf = (at: number) => ({ applicationId: 'app', version: `v${at}` })
  const leaves = Array.from({ length: 60 }, (_, at) => comparisons.follow(idOf(at), true, 'live', () => undefined))
  expect(Array.from({ length: 60 }, (_, at) => comparisons.view(idOf(at)).running)).not.toContain(null)
  await until(() => comparisons.view(idOf(59)).running === null) // there is no such application
  for (const leave of leaves) leave()
  // What no one follows is kept up to a bound, the newest.
  comparisons.follow(idOf(60), false, 'live', () => undefined)()
  const kept = Array.from({ length: 60 }, (_, at) => at).filter((at) => comparisons.view(idOf(at)).last !== null)
  expect(kept).toEqual(Array.from({ length: 49 }, (_, at) => 11 + at))
  await comparisons.close()
})
