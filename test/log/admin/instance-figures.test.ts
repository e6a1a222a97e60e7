// A running instance leaves its figures in the log, where every other process sees them; none depends on them.
import { type Clock, int64, keyValueStore, type Log, ManualClock, replay, startStreams } from 'millrace'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import type { InstanceFigures } from '../../../src/core/figures.ts'
import { namedKey } from '../../../src/storage/keys.ts'
import { seal } from '../../../src/storage/sealed-rows.ts'
import { string } from '../../../src/core/serdes.ts'
import { start, turns, until } from '../../support/applications.ts'
import { openDurableLog, openTestLog } from '../../support/open.ts'
import { startProgram } from '../../support/program.ts'
import { openStored } from '../../support/stored.ts'
import { input, topologyOf } from '../../support/topology.ts'
import { words } from '../../support/topics.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })
const counting = topologyOf((builder) => builder.stream(input).groupByKey().count({ store: counts }))
const startMs = 1_000_000

async function send(log: Log, count: number = 1): Promise<void> {
  await log.producer().sendMany(
    input,
    Array.from({ length: count }, () => ({ key: 'a', value: 'x', timestamp: 1 })),
  )
}

async function figuresIn(log: Log): Promise<InstanceFigures | null> {
  return (await log.admin.describeApplication('app', { stores: false })).figures
}

describe('a running instance', () => {
  test('leaves them with its first commit, for the list and the description, of its version', async () => {
    const { log } = openTestLog()
    const clock = new ManualClock(startMs)
    const app = await start(log, counting, { clock })
    expect(await figuresIn(log)).toBeNull()
    await send(log, 3)
    await app.caughtUp()
    const figures = await figuresIn(log)
    expect(figures).toMatchObject({ atMs: startMs, rates: { oneMinute: 3 }, stores: { counts: { cacheMisses: 1 } } })
    const [listed] = await log.admin.applications()
    expect(listed?.versions.map(({ version, figures: of }) => [version, of])).toEqual([['v1', figures]])
  })

  test('leaves them at most every two seconds, and never with a commit of their own while others come', async () => {
    const { log, environment } = openTestLog()
    const clock = new ManualClock(startMs)
    const app = await start(log, counting, { clock })
    const seen: unknown[] = []
    const before = environment.newestCommit()
    for (let i = 0; i < 10; i++) {
      await send(log)
      await app.caughtUp()
      seen.push((await figuresIn(log))?.atMs)
      clock.advance(500)
      await turns(3)
    }
    const at = (step: number): number => startMs + step * 2_000
    expect(seen).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2].map(at))
    expect(environment.newestCommit() - before, 'one of the producer, one of the application').toBe(20)
  })

  test('leaves a last few when it has gone idle, until they say so', async () => {
    const { log, environment } = openTestLog()
    const clock = new ManualClock(startMs)
    const app = await start(log, counting, { clock })
    await send(log, 60)
    await app.caughtUp()
    const before = environment.newestCommit()
    expect((await figuresIn(log))?.commit.count, 'that of this commit comes later').toBe(0)
    clock.advance(2_000)
    await until(async () => (await figuresIn(log))?.atMs === startMs + 2_000)
    expect(await figuresIn(log)).toMatchObject({ commit: { count: 1 }, rates: { oneMinute: 30 } })
    clock.advance(60_000)
    await until(async () => (await figuresIn(log))?.rates.oneMinute === 0)
    clock.advance(240_000)
    await until(async () => (await figuresIn(log))?.rates.fiveMinutes === 0)
    for (let i = 0; i < 5; i++) {
      clock.advance(3_600_000)
      await turns(5)
    }
    expect(environment.newestCommit() - before).toBe(3)
  })

  test('says that it is there where it has nothing to do', async () => {
    const { log } = openTestLog()
    const clock = new ManualClock(startMs)
    await start(log, counting, { clock })
    await turns(5)
    clock.advance(2_000)
    await until(async () => (await figuresIn(log))?.atMs === startMs + 2_000)
    expect(await figuresIn(log)).toMatchObject({ busy: 0, rates: { oneMinute: 0 } })
  })
})

describe('an instance that is gone', () => {
  test('leaves none: after a close, a takeover, a reset and a deletion', async () => {
    const { log, environment } = openTestLog()
    const rowCount = (): number => {
      environment.refresh()
      return environment.get('applications', rowKey) === undefined ? 0 : 1
    }
    const first = await start(log, counting)
    await send(log)
    await first.caughtUp()
    expect(rowCount()).toBe(1)
    await first.close()
    expect([await figuresIn(log), rowCount()]).toEqual([null, 0])
    const second = await start(log, counting)
    await send(log)
    await second.caughtUp()
    const third = await startStreams(counting, { log, applicationId: 'app' })
    expect([await figuresIn(log), rowCount()]).toEqual([null, 0])
    await send(log)
    await third.caughtUp()
    await third.close()
    await log.admin.resetApplication('app', { to: 'beginning' })
    await log.admin.deleteApplication('app')
    expect(rowCount()).toBe(0)
    expect((await log.admin.verify({ deep: true })).problems).toEqual([])
  })
})

describe('versions', () => {
  /** Its wall clock stands still, and tells whose figures they are. */
  const clockAt = (nowMs: number): Clock => ({ ...systemClock, now: () => nowMs })

  test('have figures of their own, and after a switch only the instance that goes on has some', async () => {
    const { log } = openTestLog()
    const seen = async (): Promise<unknown> => {
      const [found] = await log.admin.applications()
      return Object.fromEntries((found?.versions ?? []).map(({ version, figures }) => [version, figures?.atMs]))
    }
    const live = await start(log, counting, { clock: clockAt(1_000) })
    await send(log, 3)
    await live.caughtUp()
    const v2 = await replay(counting, { log, applicationId: 'app', version: 'v2', clock: clockAt(2_000) })
    onTestFinished(() => v2.close())
    await v2.caughtUp()
    expect(await seen()).toEqual({ v1: 1_000, v2: 2_000 })
    await v2.switch({ outputs: 'continue' })
    await expect(live.stopped).rejects.toMatchObject({ code: 'superseded' })
    await send(log)
    await v2.caughtUp()
    expect(await seen()).toEqual({ v1: undefined, v2: 2_000 })
    await v2.close()
    expect(await seen()).toEqual({ v1: undefined, v2: undefined })
    expect((await log.admin.verify({ deep: true })).problems).toEqual([])
  })
})

test('another process sees them, and none once it was killed', async () => {
  const { log, dir } = openDurableLog()
  const program = startProgram('count-words', [dir])
  expect(await program.line()).toBe('started')
  await log.producer().send(words, { key: 'a', value: 'x', timestamp: 1 })
  program.say('a')
  expect(await program.line()).toBe('1')
  // Where it is slow to get there it has said before that it had nothing to do: then they come two seconds later.
  await until(async () => (await figuresIn(log))?.stores['counts']?.cacheMisses === 1)
  program.kill()
  await program.exited
  expect(await figuresIn(log)).toBeNull()
  expect((await log.admin.verify({ deep: true })).problems).toEqual([])
})

const rowKey = namedKey('app', 'figures')

describe('a row that cannot be read', () => {
  const damages = {
    'with a wrong checksum': Buffer.from('{"epoch":1} and more'),
    'with half of its JSON': seal(rowKey, Buffer.from('{"epoch":1,"figures":{"atMs":')),
    'with figures of no kind': seal(rowKey, Buffer.from('{"epoch":1,"figures":{"atMs":1}}')),
  }
  test.each(Object.entries(damages))('%s is none, is found by verify, and stops no application', async (_, bytes) => {
    const { log, dir } = openDurableLog()
    const app = await start(log, counting)
    await send(log)
    await app.caughtUp()
    openStored(dir).put('applications', rowKey, bytes)
    expect(await figuresIn(log)).toBeNull()
    expect((await log.admin.applications())[0]?.versions[0]?.figures).toBeNull()
    expect((await log.admin.verify()).problemCount).toBe(1)
    await send(log)
    await app.caughtUp()
    await app.close()
    expect((await log.admin.verify()).problems, 'it went with the instance').toEqual([])
  })
})
