// Versions beside the live one, in each state that they can be in: how far they are, and what a switch would do.
import { int64, type Log, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import type { ActPlanView, ReplayView, VersionsView } from '../../src/dashboard/replay-views.ts'
import { AnswersMadeOnce } from '../../src/dashboard/answers-made-once.ts'
import type { ErrorView, LiveEvent } from '../../src/dashboard/views.ts'
import { start, until } from '../support/applications.ts'
import { counting, say } from '../support/counting-versions.ts'
import { ask, events, get, openDashboard } from '../support/dashboards.ts'
import { openTestLog } from '../support/open.ts'
import { startReplay } from '../support/replays.ts'
import { rejectionOf } from '../support/thrown.ts'
import { input, output, topologyOf } from '../support/topology.ts'
import { apart, besideLive } from '../support/versions-apart.ts'

/** How a version beside the live one looks to one who opens the dashboard now. */
async function seen(log: Log, version = 'v2'): Promise<ReplayView | undefined> {
  const { parts } = await get<LiveEvent>(await openDashboard(log), '/api/overview')
  return parts[`replay/app/${version}`] as ReplayView | undefined
}

/** A promise that resolves when it is opened. */
function gate() {
  let open: () => void = () => undefined
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { passed, open }
}

describe('how far a version is', () => {
  test('there is none: the live one alone is no replay, and cannot be compared with itself', async () => {
    const { log } = openTestLog()
    await (await start(log, counting(1))).caughtUp()
    const opened = await openDashboard(log)
    expect(await get<VersionsView>(opened, '/api/replays/app')).toEqual({
      applicationId: 'app',
      versions: ['v1'],
      switches: [],
    })
    expect(await seen(log, 'v1')).toBeUndefined()
    for (const [path, status] of [
      ['replays/none', 404],
      ['replays/none/v2/comparison', 404],
      ['replays/app/v2/comparison', 404],
      ['replays/app/v2/comparison/live?begin=true', 404],
      ['replays/app/v2/plans/switch?outputs=replace', 404],
      ['replays/app/v2/plans/drop', 404],
      ['replays/app/v1/comparison', 400],
      ['replays/app/v1/plans/switch?outputs=replace', 400],
      ['replays/app/v1/plans/drop', 400],
    ] as const) {
      expect([path, (await ask(opened, `/api/${path}`)).status]).toEqual([path, status])
    }
  })

  test('it replays, with a rate and the time that is left, and then follows', async () => {
    const { log } = openTestLog()
    const records = Array.from({ length: 10 }, (_, at) => ({ key: 'a', value: 'x', timestamp: at }))
    await log.producer().sendMany(input, records)
    const gates = records.map(gate)
    let asked = 0
    const asking = topologyOf((builder) => {
      const answer = ({ value }: { value: string }): Promise<string> => {
        const next = gates[asked++]
        return next === undefined ? Promise.resolve(value) : next.passed.then(() => value)
      }
      builder.stream(input).mapAsync(answer, { value: string(), concurrency: 1 }).to(output)
    })
    const v2 = await startReplay(log, asking, { effects: 'run', commit: { everyMs: 0 } })
    const pass = async (count: number): Promise<void> => {
      for (const one of gates.slice(0, count)) one.open()
      await until(() => v2.progress().done >= count)
    }
    const clock = new ManualClock(0)
    const opened = await openDashboard(log, { clock })
    const views: ReplayView[] = []
    for await (const { data } of events<LiveEvent>(opened, '/api/live')) {
      const view = data.parts['replay/app/v2'] as ReplayView | undefined
      if (view !== undefined) views.push(view)
      if (view?.phase === 'following') break
      if (views.length === 1) await pass(4)
      if ((views.at(-1)?.rate ?? 0) > 0) await pass(10)
      // A sample that is under way seems to take this long; the pause after one is never longer.
      clock.advance(5_000)
    }
    expect(views[0]).toMatchObject({ phase: 'replaying', total: 10, rate: null, etaMs: null, isPaused: false })
    expect(views.find(({ rate }) => (rate ?? 0) > 0)).toMatchObject({ total: 10, phase: 'replaying' })
    expect(views.at(-1)).toMatchObject({
      phase: 'following',
      range: 'from the beginning on, and follows the live version',
      done: 10,
      percent: 100,
      etaMs: 0,
      eventTimeMs: 9,
      lag: 0,
    })
  })

  test('it is paused, or done, or stopped, or was live', async () => {
    const { log, v2, live } = await besideLive('a', 'b')
    expect(await seen(log)).toMatchObject({ phase: 'following', isPaused: false, wasLive: false, done: 2 })
    await apart({ log, live, v2 })
    expect(await seen(log)).toMatchObject({ phase: 'replaying', isPaused: true, done: 2, total: 3, lag: 1 })
    await v2.resume()
    await v2.caughtUp()
    const none = await startReplay(log, counting(1), { version: 'none', to: { time: 0 } })
    await none.caughtUp()
    expect(await seen(log, 'none')).toMatchObject({
      phase: 'done',
      range: 'from the beginning until 1970-01-01 00:00:00.000Z',
      lag: 0,
    })
    await v2.switch({ outputs: 'replace' })
    expect(await rejectionOf(live.stopped)).toMatchObject({ code: 'superseded' })
    expect(await seen(log)).toBeUndefined()
    expect(await seen(log, 'v1')).toMatchObject({ wasLive: true, range: null, done: null, percent: null, rate: null })
    const past = await get<VersionsView>(await openDashboard(log), '/api/replays/app')
    expect(past).toMatchObject({
      versions: ['v2', 'none', 'v1'],
      switches: [{ number: 1, from: 'v1', to: 'v2', outputs: 'replace' }],
    })
  })
})

describe('what an act would do', () => {
  test('a switch, by what becomes of the topics; and nothing is done', async () => {
    const { log, live } = await besideLive('a', 'b')
    const group = log.consumer({ group: 'billing', topics: [topic('counted', { key: string(), value: int64() })] })
    await group.close()
    await log.admin.resetOffsets('billing', { topics: ['counted'], to: 'latest' })
    const opened = await openDashboard(log)
    const replace = await get<ActPlanView>(opened, '/api/replays/app/v2/plans/switch?outputs=replace')
    expect(replace).toMatchObject({ hindrances: [], readers: [], outputs: 'replace', number: 1, linesLeftOut: 0 })
    expect(replace.lines).toEqual(
      expect.arrayContaining([
        'switch 1 of app: v1 -> v2, outputs replace',
        'topic counted: 2 -> 20 records',
        expect.stringMatching(/^group billing, counted\[\d\]: \d -> \d+$/) as string,
      ]),
    )
    expect((await get<ActPlanView>(opened, '/api/replays/app/v2/plans/switch?outputs=correct')).lines).toContainEqual(
      expect.stringContaining('topic counted: 2 -> 4 records, for 2 keys'),
    )
    expect(await get<ActPlanView>(opened, '/api/replays/app/v2/plans/switch?outputs=continue')).toMatchObject({
      lines: ['switch 1 of app: v1 -> v2, outputs continue'],
      outputs: 'continue',
    })
    expect((await ask(opened, '/api/replays/app/v2/plans/switch?outputs=all')).status).toBe(400)
    expect([live.state, (await log.admin.applications())[0]?.version]).toEqual(['running', 'v1'])
  })

  test('a switch that cannot be done says what is in its way, and which application may start over', async () => {
    const versions = await besideLive('a')
    const { log, v2 } = versions
    const reading = topologyOf((builder) => {
      builder
        .stream(topic('counted', { key: string(), value: int64() }))
        .to(topic('further', { key: string(), value: int64() }))
    })
    const reader = await start(log, reading, { applicationId: 'reader' })
    await reader.caughtUp()
    await reader.close()
    const opened = await openDashboard(log)
    const path = '/api/replays/app/v2/plans/switch?outputs=replace'
    expect(await get<ActPlanView>(opened, path)).toMatchObject({
      readers: ['reader'],
      hindrances: [expect.stringContaining('application "reader" has read topic "counted"') as string],
    })
    const withReset = await get<ActPlanView>(opened, `${path}&reset=reader`)
    expect(withReset).toMatchObject({ hindrances: [] })
    expect(withReset.lines).toContain('application reader: starts over, with empty stores')
    await v2.pause()
    expect((await get<ActPlanView>(opened, `${path}&reset=reader`)).hindrances[0]).toContain('is paused')
    await v2.resume()
    await v2.close()
    await say(log, 'b')
    await versions.live.caughtUp()
    expect((await get<ActPlanView>(opened, `${path}&reset=reader`)).hindrances).toEqual([
      'version "v2" is 1 record away from the live one, and does not run: start it with its code, ' +
        '"millrace replay start SCRIPT v2 --app app", and leave it running',
    ])
  })

  test('the way back, and what is dropped with a version that ends it', async () => {
    const { log, v2 } = await besideLive('a')
    const opened = await openDashboard(log)
    expect(await get<ActPlanView>(opened, '/api/replays/app/v2/plans/drop')).toMatchObject({
      lines: [],
      hindrances: ['version "v2" runs: stop its process first'],
    })
    const { status, text } = await ask(opened, '/api/replays/app/v2/plans/switch')
    expect([status, (JSON.parse(text) as ErrorView).error.message]).toEqual([400, expect.stringContaining('outputs')])
    await v2.switch({ outputs: 'replace' })
    expect(await get<ActPlanView>(opened, '/api/replays/app/v1/plans/switch')).toMatchObject({
      outputs: 'replace',
      number: 2,
      hindrances: [],
      lines: expect.arrayContaining(['switch 2 of app: v2 -> v1, outputs replace']) as string[],
    })
    const drop = await get<ActPlanView>(opened, '/api/replays/app/v1/plans/drop')
    expect(drop.hindrances).toEqual([])
    expect(drop.lines).toContain('it was live before: there is no way back to it after this')
    expect(drop.lines).toContainEqual(expect.stringMatching(/^store totals: 1 row, about .*: deleted$/))
  })

  test('an answer that takes long is made once for all who ask meanwhile, and again afterwards; a failure too', async () => {
    const shared = new AnswersMadeOnce<number>()
    const stays = new AbortController().signal
    const { passed, open } = gate()
    let made = 0
    const make = async (): Promise<number> => {
      await passed
      return ++made
    }
    const answers = [shared.answer('a', stays, make), shared.answer('a', stays, make), shared.answer('b', stays, make)]
    open()
    expect(await Promise.all(answers)).toEqual([1, 1, 2])
    await expect(shared.answer('a', stays, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await shared.answer('a', stays, make)).toBe(3)
  })
})
