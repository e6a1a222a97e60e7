// The end of a dashboard, and of those who ask it: what is under way is done before the log may be closed, nothing new
// begins, and nothing is read for one who has gone.
import { request } from 'node:http'
import { expect, onTestFinished, test, vi } from 'vitest'
import { WorkSlice } from '../../src/core/work-slice.ts'
import { AnswersMadeOnce } from '../../src/dashboard/answers-made-once.ts'
import type { ActPlanView } from '../../src/dashboard/replay-views.ts'
import { start, turns, until } from '../support/applications.ts'
import { ask, change, get, openDashboard, token } from '../support/dashboards.ts'
import { openTestLog } from '../support/open.ts'
import { besideIt, put, summing } from '../support/table-versions.ts'
import { besideLive } from '../support/versions-apart.ts'

/** For one who waits for the answer. */
const stays = new AbortController().signal

/** What is held until someone lets it go on. */
function held() {
  let release: () => void = () => undefined
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  return { released, release }
}

test('a dashboard that closes takes nothing new, while it waits for what is under way', async () => {
  const { log } = openTestLog()
  const opened = await openDashboard(log)
  const { released, release } = held()
  const describe = log.admin.describeApplications.bind(log.admin)
  const looking = vi.spyOn(log.admin, 'describeApplications').mockImplementation(async function* () {
    await released
    yield* describe()
  })
  await fetch(`http://127.0.0.1:${opened.port}/api/live`) // for one who watches it samples
  await until(() => looking.mock.calls.length > 0)
  const closing = opened.close()
  await expect(ask(opened, '/api/changes')).rejects.toThrow()
  release()
  await closing
})

test('a change that is under way is made before a dashboard has closed, and one that waits is not', async () => {
  const { log, clock } = await besideLive('a')
  const opened = await openDashboard(log, { allowChanges: true, token, clock })
  const { released, release } = held()
  const pause = log.admin.pauseVersion.bind(log.admin)
  const pausing = vi.spyOn(log.admin, 'pauseVersion').mockImplementation(async (...version) => {
    await released
    return pause(...version)
  })
  const first = change(opened, '/api/replays/app/v2/pause', {}).catch(() => 'cut off')
  await until(() => pausing.mock.calls.length > 0)
  const second = change(opened, '/api/replays/app/v2/pause', {}).catch(() => 'cut off')
  await turns(50)
  let isClosed = false
  const closing = opened.close().then(() => {
    isClosed = true
  })
  expect(await first).toBe('cut off')
  await turns(50)
  expect(isClosed).toBe(false)
  release()
  await closing
  expect(await second).toBe('cut off')
  expect(pausing).toHaveBeenCalledTimes(1)
  const { versions } = await log.admin.describeApplication('app')
  expect(versions.find(({ version }) => version === 'v2')?.isPaused).toBe(true)
})

test('nothing is read for one who has gone before its turn', async () => {
  const { log } = openTestLog()
  await log.admin.createTopic({ name: 'one' })
  const opened = await openDashboard(log)
  const { released, release } = held()
  const describe = log.admin.describeTopic.bind(log.admin)
  const described = vi.spyOn(log.admin, 'describeTopic').mockImplementation(async (topic) => {
    await released
    return describe(topic)
  })
  const first = Array.from({ length: 4 }, () => ask(opened, '/api/topics/one'))
  await until(() => described.mock.calls.length === 4)
  const gone = Array.from({ length: 8 }, () =>
    request({ host: '127.0.0.1', port: opened.port, path: '/api/topics/one' }).on('error', () => undefined),
  )
  for (const one of gone) one.end()
  expect((await ask(opened, '/healthz')).status).toBe(200) // a connection that came after theirs
  for (const one of gone) one.destroy()
  expect((await ask(opened, '/healthz')).status).toBe(200)
  await turns(50)
  release()
  for (const { status } of await Promise.all(first)) expect(status).toBe(200)
  expect((await ask(opened, '/api/topics/one')).status).toBe(200)
  expect(described).toHaveBeenCalledTimes(5)
})

test('answers that take long are refused when too many others have to be made first', async () => {
  const answers = new AnswersMadeOnce<number>()
  const { released, release } = held()
  const all = Array.from({ length: 16 }, (_, at) => answers.answer(String(at), stays, () => released.then(() => at)))
  await expect(answers.answer('16', stays, () => Promise.resolve(16))).rejects.toThrow('too many')
  const shared = answers.answer('15', stays, () => Promise.resolve(-1))
  release()
  expect(await Promise.all([...all, shared])).toEqual([...Array.from({ length: 16 }, (_, at) => at), 15])
  expect(await answers.answer('16', stays, () => Promise.resolve(16))).toBe(16)
})

test('one is made for as long as someone waits for it; who asks after that gets a new one', async () => {
  const answers = new AnswersMadeOnce<number>()
  const made: AbortSignal[] = []
  const make = (signal: AbortSignal): Promise<number> => {
    made.push(signal)
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('no one waits')))
    })
  }
  const [one, other, third] = [new AbortController(), new AbortController(), new AbortController()]
  const first = answers.answer('a', one.signal, make)
  const second = answers.answer('a', other.signal, make)
  const unmade = vi.fn<() => Promise<number>>()
  const inTurn = answers.answer('b', third.signal, unmade)
  await turns(3)
  one.abort(new Error('the first has gone'))
  await expect(first).rejects.toThrow('the first has gone')
  expect(made.map(({ aborted }) => aborted)).toEqual([false])
  third.abort()
  await expect(inTurn).rejects.toThrow('abort')
  other.abort(new Error('the second has gone'))
  await expect(second).rejects.toThrow('the second has gone')
  expect(made.map(({ aborted }) => aborted)).toEqual([true])
  expect(await answers.answer('a', stays, () => Promise.resolve(7))).toBe(7)
  expect(unmade).not.toHaveBeenCalled()
  await expect(answers.answer('a', one.signal, make)).rejects.toThrow('the first has gone')
})

test('a plan whose reader has gone reads no further', async () => {
  const { log } = openTestLog()
  await put(log, ...Array.from({ length: 400 }, (_, at) => [`k${at}`, 1] as const))
  await (
    await start(
      log,
      summing((value) => value),
    )
  ).caughtUp()
  await besideIt(log, (value) => value * 2)
  const opened = await openDashboard(log)
  const path = '/api/replays/app/v2/plans/switch?outputs=correct'
  const { released, release } = held()
  const isOver = vi.spyOn(WorkSlice.prototype, 'isOver', 'get').mockReturnValue(true)
  const slices = vi.spyOn(WorkSlice.prototype, 'next').mockReturnValue(released)
  onTestFinished(() => void vi.restoreAllMocks())
  const planning = vi.spyOn(log.admin, 'switchVersion')
  const asking = request({ host: '127.0.0.1', port: opened.port, path }).on('error', () => undefined)
  asking.end()
  await until(() => slices.mock.calls.length > 0)
  asking.destroy()
  await until(() => planning.mock.calls[0]?.[2].signal?.aborted === true)
  release()
  await expect(planning.mock.results[0]?.value).rejects.toThrow('abort')
  expect(slices).toHaveBeenCalledTimes(1)
  isOver.mockRestore()
  slices.mockRestore()
  expect(await get<ActPlanView>(opened, path)).toMatchObject({ outputs: 'correct', hindrances: [] })
})
