// A version that is paused rests, whatever process has said so and whatever process runs it, until one says that it goes on.
import { openLog } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start, turns, until } from '../support/applications.ts'
import { counting, wordCounts } from '../support/counted-words.ts'
import { applicationId, beside, countOf, say, twoVersions } from '../support/counting-versions.ts'
import { openDurableLog, openTestLog } from '../support/open.ts'
import { startProgram } from '../support/program.ts'
import { startReplay } from '../support/replays.ts'
import { rejectionOf } from '../support/thrown.ts'
import { words } from '../support/topics.ts'

const word = { key: 'a', value: 'a', timestamp: 0 }

describe('a version that is paused', () => {
  test('through another log of the directory rests in its process, and goes on when it is resumed there', async () => {
    const { log, dir } = openTestLog()
    const v2 = await startReplay(log, counting)
    await v2.caughtUp()
    await using other = await openLog(dir, { maintenance: false })
    await other.admin.pauseVersion('app', 'v2')
    await until(() => v2.progress().state === 'paused')
    await log.producer().send(words, word)
    await turns(20)
    expect(v2.progress()).toMatchObject({ state: 'paused', done: 0, lag: 1 })
    expect((await other.admin.applications())[0]?.versions).toMatchObject([{ version: 'v2', isPaused: true }])
    await other.admin.resumeVersion('app', 'v2')
    await v2.caughtUp()
    expect(v2.progress()).toMatchObject({ state: 'following', done: 1, lag: 0 })
    expect((await other.admin.applications())[0]?.versions).toMatchObject([{ version: 'v2', isPaused: false }])
  })

  test('and closed is paused when it is started again, and goes on when its handle says so', async () => {
    const { log } = openTestLog()
    const first = await startReplay(log, counting)
    await first.pause()
    await first.close()
    await log.producer().send(words, word)
    const second = await startReplay(log, counting)
    await turns(20)
    expect(second.progress()).toMatchObject({ state: 'paused', done: 0, lag: 1 })
    await second.resume()
    await second.caughtUp()
    expect(second.store(wordCounts).get('a')).toBe(1)
  })

  test('while it does not run rests from its start on', async () => {
    const { log } = openTestLog()
    await (await startReplay(log, counting)).close()
    await log.admin.pauseVersion('app', 'v2')
    const v2 = await startReplay(log, counting)
    await v2.pause()
    expect(v2.progress().state).toBe('paused')
  })

  test('is no version to switch to before it goes on: it would not come to where the live one is stopped', async () => {
    const { log, old, v2 } = await twoVersions('a')
    await v2.pause()
    const { refusals } = await v2.switch({ outputs: 'continue', dryRun: true })
    expect(refusals).toEqual(['version "v2" is paused, and does not come to where the live one stands: resume it'])
    expect(await rejectionOf(v2.switch({ outputs: 'continue' }))).toMatchObject({ code: 'switch_refused' })
    expect([old.state, countOf(log, 'a')]).toEqual(['running', 1])
    await v2.resume()
    await v2.switch({ outputs: 'continue' })
    expect(countOf(log, 'a')).toBe(10)
  })

  test('and takes its topics back from where it stood is switched to, and is not paused as the live one', async () => {
    const { log, v2 } = await twoVersions('a')
    await v2.switch({ outputs: 'replace' })
    await log.admin.pauseVersion(applicationId, 'v1')
    await log.admin.switchBack(applicationId)
    expect((await log.admin.applications())[0]?.versions).toMatchObject([
      { version: 'v1', isLive: true, isPaused: false },
      { version: 'v2', isPaused: false },
    ])
    await rejectionOf(v2.stopped)
  })
})

test('the live version is never paused, nor is one that is not there', async () => {
  const { log, old } = await twoVersions('a')
  for (const act of ['pauseVersion', 'resumeVersion'] as const) {
    expect(await rejectionOf(log.admin[act](applicationId, 'v1'))).toMatchObject({ code: 'version_live' })
    expect(await rejectionOf(log.admin[act](applicationId, 'v3'))).toMatchObject({ code: 'version_unknown' })
    expect(await rejectionOf(log.admin[act]('apps', 'v2'))).toMatchObject({ code: 'application_unknown' })
  }
  await say(log, 'a')
  await old.caughtUp()
  expect(countOf(log, 'a')).toBe(2)
})

test('a resume of one that does not rest commits nothing', async () => {
  const { log, environment } = openTestLog()
  await say(log, 'a')
  await (await beside(log)).close()
  const before = environment.newestCommit()
  await log.admin.resumeVersion(applicationId, 'v2')
  expect(environment.newestCommit()).toBe(before)
})

test('a replay that is paused and killed is paused in its next process, until it is resumed from outside', async () => {
  const { log, dir, embedded } = openDurableLog()
  const app = await start(log, counting)
  await app.caughtUp()
  const first = startProgram('replay-words', [dir])
  expect([await first.line(), await first.line()]).toEqual(['begun', '0'])
  await log.admin.pauseVersion('app', 'v2')
  first.kill()
  await first.exited
  await log.producer().send(words, word)
  const second = startProgram('replay-words', [dir])
  expect([await second.line(), await second.line()]).toEqual(['begun', '0'])
  await app.caughtUp()
  await turns(50)
  const [listing] = await log.admin.applications()
  expect(listing?.versions[1]).toMatchObject({ version: 'v2', state: 'running', isPaused: true })
  expect(embedded.positions.list('app@v2').reduce((sum, { offset }) => sum + offset, 0)).toBe(0)
  await log.admin.resumeVersion('app', 'v2')
  second.say('end')
  expect(await second.restOfLines()).toEqual(['1', 'closed'])
})
