// What the log says of versions beside live ones is what their replays say of themselves, and how fast they go is measured.
import { type Clock, days, int64, keyValueStore, string } from 'millrace'
import { expect, test } from 'vitest'
import { applicationLogOf } from '../../src/log/contract.ts'
import { replayStatus } from '../../src/replay/status.ts'
import { storedExtent } from '../../src/replay/stored-extent.ts'
import { start, until } from '../support/applications.ts'
import { say, twoVersions } from '../support/counting-versions.ts'
import { openTestLog } from '../support/open.ts'
import { startReplay } from '../support/replays.ts'
import { input, output, topologyOf } from '../support/topology.ts'
import { words } from '../support/topics.ts'

const id = { applicationId: 'app', version: 'v2' }
const records = (count: number, from = 0): { key: string; value: string; timestamp: number }[] =>
  Array.from({ length: count }, (_, at) => ({ key: 'a', value: 'x', timestamp: from + at }))

const counts = keyValueStore('counts', { key: string(), value: int64() })
const counted = topologyOf((builder) => builder.stream(input).groupByKey().count({ store: counts }))

test.each([
  ['from the beginning', {}],
  ['from a time', { from: { time: 4 } }],
  ['from offsets', { from: { offsets: { input: [7] } } }],
  ['from an age', { from: { ago: days(36_500) } }],
  ['to a time', { to: { time: 8 } }],
  ['to offsets', { from: { time: 2 }, to: { offsets: { input: [6] } } }],
] as const)('a version that replays %s is as far in the log as it says', async (_, range) => {
  const { log } = openTestLog()
  await log.producer().sendMany(input, records(10))
  const live = await start(log, counted)
  await live.caughtUp()
  const v2 = await startReplay(log, counted, range)
  await v2.caughtUp()
  await live.close()
  await log.producer().sendMany(input, records(5, 10)) // no one reads them now
  const { state, done, total, percent, eventTime, lag } = v2.progress()
  expect(storedExtent(applicationLogOf(log), id)).toMatchObject({ phase: state, done, total, percent, eventTime, lag })
  await v2.close()
  expect(storedExtent(applicationLogOf(log), id)).toMatchObject({ phase: state, done, total, percent, eventTime, lag })
})

test('a version that reads what the live one does not is as far in the log as it says, and so is one beside none', async () => {
  const { log } = openTestLog()
  await log.producer().sendMany(input, records(10))
  await log.producer().sendMany(output, records(20))
  const both = topologyOf((builder) => {
    builder.stream(input).groupByKey().count({ store: counts })
    builder.stream(output).foreach(() => undefined)
  })
  for (const isLive of [false, true]) {
    const version = isLive ? 'beside' : 'alone'
    if (isLive) await (await start(log, counted)).caughtUp()
    const v2 = await startReplay(log, both, { version, effects: 'skip' })
    await v2.caughtUp()
    const { state, done, total, lag } = v2.progress()
    expect(done).toBe(isLive ? 20 : 30) // up to the event time of the live one
    expect(storedExtent(applicationLogOf(log), { ...id, version })).toMatchObject({ phase: state, done, total, lag })
  }
})

test('a version that was live has no range, and lags by what the live one has read since', async () => {
  const { log, v2 } = await twoVersions('a')
  await v2.switch({ outputs: 'replace' })
  await say(log, 'a', 'b')
  await v2.caughtUp()
  const none = { range: null, done: null, total: null, percent: null }
  expect(storedExtent(applicationLogOf(log), { ...id, version: 'v1' })).toMatchObject({
    ...none,
    phase: 'replaying',
    lag: 2,
  })
  expect(storedExtent(applicationLogOf(log), id)).toBeUndefined()
})

test('the rate of one that has something to read is measured over a second, and the rest is estimated', async () => {
  const { log } = openTestLog()
  await log.producer().sendMany(input, records(10))
  let open: () => void = () => undefined
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const asking = topologyOf((builder) => {
    const answered = builder
      .stream(input)
      .mapAsync(({ value }) => gate.then(() => value), { value: string(), concurrency: 1 })
    answered.to(output)
  })
  const v2 = await startReplay(log, asking, { effects: 'run', commit: { everyMs: 0 } })
  await until(() => v2.progress().done > 0)
  const before = storedExtent(applicationLogOf(log), id)
  expect(before).toMatchObject({ phase: 'replaying', total: 10 })
  let elapsedMs = 0
  const clock: Clock = {
    now: () => 0,
    elapsed: () => elapsedMs,
    schedule(ms, run) {
      elapsedMs += ms
      open()
      void v2.caughtUp().then(run)
      return () => undefined
    },
  }
  const { signal } = new AbortController()
  const [status] = await replayStatus(log, ['app'], { clock, signal })
  expect(elapsedMs).toBe(1_000)
  expect(status).toMatchObject({
    ...id,
    phase: 'following',
    done: 10,
    recordsPerSecond: 10 - (before?.done ?? 0),
    etaMs: 0,
  })
})

test('a version is measured only while it has something to do', async () => {
  const { log, v2 } = await twoVersions('a')
  const clock: Clock = {
    now: () => 0,
    elapsed: () => 0,
    schedule: () => {
      throw new Error('there is nothing to measure')
    },
  }
  const { signal } = new AbortController()
  expect(await replayStatus(log, [], { clock, signal })).toMatchObject([{ phase: 'following', recordsPerSecond: null }])
  await v2.pause()
  await log.producer().send(words, { key: 'a', value: 'a', timestamp: 100 })
  expect(await replayStatus(log, [], { clock, signal })).toMatchObject([{ isPaused: true, etaMs: null }])
})
