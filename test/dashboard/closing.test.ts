// The end of a dashboard, and of those who ask it: what is under way is done before the log may be closed, nothing new
// begins, and nothing is read for one who has gone.
import { request } from 'node:http'
import { expect, test, vi } from 'vitest'
import { AnswersMadeOnce } from '../../src/dashboard/answers-made-once.ts'
import { ask, change, openDashboard, token } from '../support/dashboards.ts'
import { until } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { besideLive } from '../support/versions-apart.ts'

/** What is held until someone lets it go on. */
function held() {
  let release: () => void = () => undefined
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  return { released, release }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}

test('a dashboard that closes takes nothing new, while it waits for what is under way', async () => {
  const { log } = openTestLog()
  const opened = await openDashboard(log)
  const { released, release } = held()
  const list = log.admin.applications.bind(log.admin)
  const looking = vi.spyOn(log.admin, 'applications').mockImplementation(async () => {
    await released
    return list()
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
  const all = Array.from({ length: 16 }, (_, at) => answers.answer(String(at), () => released.then(() => at)))
  expect(() => answers.answer('16', () => Promise.resolve(16))).toThrow('too many')
  const shared = answers.answer('15', () => Promise.resolve(-1))
  release()
  expect(await Promise.all([...all, shared])).toEqual([...Array.from({ length: 16 }, (_, at) => at), 15])
  expect(await answers.answer('16', () => Promise.resolve(16))).toBe(16)
})
