// A replay whose version becomes the live one goes on in its process, as that.
import { replay } from 'millrace'
import { describe, expect, onTestFinished, test } from 'vitest'
import { start, turns, until } from '../support/applications.ts'
import { applicationId, counting, countOf, say, totals, twoVersions, written } from '../support/counting-versions.ts'
import { openTestLog } from '../support/open.ts'
import { rejectionOf } from '../support/thrown.ts'
import { topologyOf } from '../support/topology.ts'
import { words } from '../support/topics.ts'

/** 1, 2, 3 and so on. */
const countTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1)

describe('a replay whose version becomes the live one', () => {
  test('by its own switch goes on as the live one: in the real topics, without bounds, and not stopped', async () => {
    const { log, old, v2 } = await twoVersions('a', 'a')
    const planned = await v2.switch({ outputs: 'replace', dryRun: true })
    expect([old.state, countOf(log, 'a')]).toEqual(['running', 2])
    expect(await v2.switch({ outputs: 'replace' })).toEqual(planned)
    expect(await rejectionOf(old.stopped)).toMatchObject({ code: 'superseded' })
    await say(log, 'a')
    await v2.caughtUp()
    expect([v2.state, v2.store(totals).get('a'), countOf(log, 'a')]).toEqual(['running', 30, 30])
    expect(await written(log, 'a')).toEqual(countTo(30))
    expect(v2.progress()).toMatchObject({ state: 'following', done: 3, total: 3, lag: 0 })
    expect(v2.metrics()).toMatchObject({ state: 'running', consumed: { words: 3 } })
    await v2.close()
    expect(v2.state).toBe('closed')
    await v2.stopped
    expect((await log.admin.applications())[0]).toMatchObject({ version: 'v2', state: 'stopped' })
    expect((await log.admin.verify({ deep: true })).problems).toEqual([])
  })

  test('by a switch of anyone else goes on too, and whoever waits for it to catch up is answered', async () => {
    const { log, v2 } = await twoVersions('a')
    const states: string[] = []
    v2.progress$.subscribe({ next: ({ state }) => states.push(state), complete: () => states.push('complete') })
    const caughtUp = v2.caughtUp()
    await log.admin.switchVersion(applicationId, 'v2', { outputs: 'continue' })
    await caughtUp
    await say(log, 'a')
    await until(() => countOf(log, 'a') === 20)
    await v2.close()
    expect(states.at(-2)).toBe('closed')
    expect(states.at(-1)).toBe('complete')
  })

  test('does what its script does outside from then on, whatever the replay did with that', async () => {
    const { log } = openTestLog()
    await say(log, 'old')
    const mailed: string[] = []
    const mailing = topologyOf((builder) => builder.stream(words).foreach(({ key }) => void mailed.push(`${key}`)))
    const old = await start(
      log,
      topologyOf((builder) => builder.stream(words).foreach(() => undefined)),
    )
    await old.caughtUp()
    const v2 = await replay(mailing, { log, applicationId, version: 'v2', effects: 'skip' })
    onTestFinished(() => v2.close())
    await v2.caughtUp()
    await v2.switch({ outputs: 'replace' })
    await say(log, 'new')
    await v2.caughtUp()
    expect(mailed).toEqual(['new'])
  })

  test.each([0, 1, 2, 3, 5, 8])(
    'that is closed %i turns after that ends well, and tells its states once',
    async (after) => {
      for (const signal of [undefined, new AbortController()]) {
        const { log } = openTestLog()
        await say(log, 'a')
        await (await start(log, counting(1))).caughtUp()
        const states: string[] = []
        const onStateChange = (state: string): void => void states.push(state)
        const own = { log, applicationId, version: 'v2', signal: signal?.signal, onStateChange }
        const v2 = await replay(counting(10), own)
        await v2.caughtUp()
        await log.admin.switchVersion(applicationId, 'v2', { outputs: 'replace' })
        await turns(after)
        if (signal === undefined) await v2.close()
        else signal.abort()
        await v2.stopped
        expect([v2.state, states]).toEqual(['closed', ['closing', 'closed']])
        expect((await log.admin.applications())[0]).toMatchObject({ version: 'v2', state: 'stopped' })
      }
    },
  )

  test('yields to an instance of it that was started before it could', async () => {
    const { log, v2 } = await twoVersions('a')
    await log.admin.switchVersion(applicationId, 'v2', { outputs: 'replace' })
    const deployed = start(log, counting(10), { version: 'v2' })
    expect(await rejectionOf(v2.stopped)).toMatchObject({ code: 'fenced' })
    expect([v2.state, (await deployed).state]).toEqual(['failed', 'running'])
  })

  test('stops with superseded like any other when the old version is the live one again', async () => {
    const { log, v2 } = await twoVersions('a')
    await v2.switch({ outputs: 'replace' })
    await log.admin.switchBack(applicationId)
    expect(await rejectionOf(v2.stopped)).toMatchObject({ code: 'superseded' })
    expect([v2.state, countOf(log, 'a')]).toEqual(['failed', 1])
  })

  test('is no longer beside one: it is not compared, and not taken away', async () => {
    const { log, v2 } = await twoVersions('a')
    await v2.switch({ outputs: 'replace' })
    expect(await rejectionOf(v2.compare())).toMatchObject({ code: 'version_live' })
    expect(await rejectionOf(v2.cancel())).toMatchObject({ code: 'version_live' })
    expect(await rejectionOf(v2.pause())).toMatchObject({ code: 'version_live' })
    expect([v2.state, countOf(log, 'a')]).toEqual(['running', 10])
  })
})
