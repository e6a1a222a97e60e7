// A comparison as a page follows it: kept up, and tried again after longer and longer pauses where the dashboard has no room.
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import type { Answer } from '../../src/dashboard/page/asking.ts'
import { FollowedComparison } from '../../src/dashboard/page/followed-comparison.ts'
import type { ComparisonView, EndedComparison } from '../../src/dashboard/replay-views.ts'

const path = '/api/replays/app/v2/comparison'
const last: EndedComparison = { state: 'failed', atMs: 0, code: 'behind', message: 'they lie apart' }
const going: ComparisonView = {
  running: { isWaiting: false, part: 'store', name: 'totals', done: 0, total: 2, rows: 0 },
  last: null,
}
const ended: ComparisonView = { running: null, last }
const busy: Answer<ComparisonView> = { state: 'failed', code: 'busy', message: 'too many', isPassing: true }
const gone: Answer<ComparisonView> = { state: 'failed', code: 'version_unknown', message: 'no v2', isPassing: false }
const ready = (value: ComparisonView): Answer<ComparisonView> => ({ state: 'ready', value })

/** A page under a clock that stands still, and a dashboard that answers as it is told. */
function world(answer: Answer<ComparisonView>, isRefused = false) {
  const clock = new ManualClock()
  const dashboard = { answer, isRefused }
  const asked: number[] = []
  const connections: { readonly atS: number; readonly path: string; isOpen: boolean }[] = []
  let heard: (view: ComparisonView) => void = () => undefined
  let lost = (): void => undefined
  const told: Answer<ComparisonView>[] = []
  const one = new FollowedComparison(path, {
    ask: async () => {
      asked.push(clock.elapsed() / 1_000)
      return dashboard.answer
    },
    listen: (at, hear, lose) => {
      const connection = { atS: clock.elapsed() / 1_000, path: at, isOpen: true }
      connections.push(connection)
      ;[heard, lost] = [hear, lose]
      if (dashboard.isRefused) queueMicrotask(lose)
      return () => {
        connection.isOpen = false
      }
    },
    after: (delayMs, callback) => clock.schedule(delayMs, callback),
  })
  /** What has been asked is answered at once. */
  const pass = async (seconds: number): Promise<void> => {
    for (let at = 0; at <= seconds; at++) {
      if (at > 0) clock.advance(1_000)
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
    }
  }
  const open = () => connections.filter(({ isOpen }) => isOpen).map((connection) => connection.path)
  const watch = () => one.watch((news) => void told.push(news))
  const [hear, lose] = [(view: ComparisonView): void => heard(view), (): void => lost()]
  return { one, watch, dashboard, asked, connections, told, open, pass, hear, lose }
}

test('what another page has begun is followed to its end, which is told', async () => {
  const { watch, told, open, pass, hear, connections } = world(ready(going))
  watch()
  await pass(0)
  expect([told, open()]).toEqual([[ready(going)], [`${path}/live`]])
  hear(ended)
  await pass(120)
  expect([told.at(-1), open(), connections.length]).toEqual([ready(ended), [], 1])
})

describe('a dashboard without room for one more', () => {
  test('is asked after longer and longer pauses, up to half a minute', async () => {
    const { watch, pass, asked, connections } = world(ready(going), true)
    watch()
    await pass(130)
    expect(connections.map(({ atS }) => atS)).toEqual([0, 2, 6, 14, 30, 60, 90, 120])
    expect(asked).toEqual(connections.map(({ atS }) => atS))
  })

  test('is asked as soon as at first once it had room', async () => {
    const { watch, pass, dashboard, connections, open, hear, lose } = world(ready(going), true)
    watch()
    await pass(15)
    dashboard.isRefused = false
    await pass(15)
    expect(open()).toEqual([`${path}/live`])
    hear(going)
    dashboard.isRefused = true
    lose()
    await pass(10)
    expect(connections.map(({ atS }) => atS)).toEqual([0, 2, 6, 14, 30, 32, 36])
  })

  test('is asked again for what it did not answer, but not for what is gone', async () => {
    const { watch, pass, dashboard, asked, told, open } = world(busy)
    watch()
    await pass(7)
    expect([asked, told.at(-1)]).toEqual([[0, 2, 6], busy])
    dashboard.answer = ready(going)
    await pass(7)
    expect([told.at(-1), open()]).toEqual([ready(going), [`${path}/live`]])
    const other = world(gone)
    other.watch()
    await other.pass(60)
    expect([other.asked, other.told]).toEqual([[0], [gone]])
  })

  test('is asked at once by a click, which begins one', async () => {
    const { one, watch, pass, dashboard, connections, open } = world(ready(going), true)
    watch()
    await pass(20)
    dashboard.isRefused = false
    one.begin()
    await pass(60)
    expect(open()).toEqual([`${path}/live?begin=true`])
    expect(connections.map(({ atS }) => atS)).toEqual([0, 2, 6, 14, 20])
  })
})

test('one that was cancelled is left, and not joined while it goes on for others', async () => {
  const { one, watch, told, open, pass } = world(ready(going))
  const leave = watch()
  await pass(0)
  one.cancel()
  await pass(60)
  expect([told.at(-1), open()]).toEqual([ready({ ...going, running: null }), []])
  leave()
  watch()
  await pass(60)
  expect([told.at(-1), open()]).toEqual([ready({ ...going, running: null }), []])
  one.begin()
  expect(open()).toEqual([`${path}/live?begin=true`])
})

test('no view need show it: it is followed, also after a lost connection; what was never followed is not asked for', async () => {
  const { watch, pass, open, lose, asked } = world(ready(going))
  watch()()
  await pass(60)
  expect([open(), asked]).toEqual([[], [0]])
  const leave = watch()
  await pass(0)
  leave()
  lose()
  await pass(2)
  expect([open(), asked]).toEqual([[`${path}/live`], [0, 60, 62]])
  const other = world(busy)
  const leaveOther = other.watch()
  await other.pass(0)
  leaveOther()
  await other.pass(600)
  expect(other.asked.length).toBeLessThanOrEqual(2)
})
