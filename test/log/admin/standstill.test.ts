// Whether a running application stands still is told from one look, and none that rests for a good reason is called so.
import { describe, expect, test } from 'vitest'
import { ManualClock, minutes, replay, seconds, string, topic } from 'millrace'
import { until } from '../../support/applications.ts'
import { Service } from '../../support/service.ts'
import { copying, uncommitted, World } from '../../support/standstills.ts'
import { topologyOf } from '../../support/topology.ts'
import { words } from '../../support/topics.ts'

describe('a process that hangs', () => {
  test('stands at its next record, for as long as it has given no sign of life, until it gives one', async () => {
    const world = new World()
    await world.start(copying, uncommitted)
    await world.send(3)
    world.clock.isStopped = true
    world.time.advance(seconds(29))
    expect(await world.look()).toBeNull()
    world.time.advance(seconds(1))
    const at = { kind: 'hangs', topic: 'words', partition: 0, offset: 0, calls: {} }
    expect(await world.look()).toEqual({ ...at, forMs: seconds(30) })
    world.time.advance(minutes(90))
    expect(await world.look()).toEqual({ ...at, forMs: seconds(30) + minutes(90) })
    world.clock.goOn()
    expect(await world.look()).toBeNull()
  })

  test('stands where its sequence goes on: at the smallest timestamp, whatever the partition', async () => {
    const world = new World()
    await world.start(copying, uncommitted)
    await world.send(2, { partition: 1, timestamp: 700 })
    await world.send(2, { partition: 3, timestamp: 500 })
    world.clock.isStopped = true
    world.time.advance(minutes(2))
    expect(await world.look()).toMatchObject({ partition: 3, offset: 0, forMs: minutes(2) })
  })

  test('is no standstill without records to read, and is one from the first on; trimmed ones are none', async () => {
    const world = new World()
    const app = await world.start()
    await world.send(3)
    await app.caughtUp()
    await app.close()
    const next = await world.start(copying, uncommitted)
    await until(() => next.state === 'running')
    world.clock.isStopped = true
    world.time.advance(minutes(10))
    expect(await world.look()).toBeNull()
    await world.send(2)
    expect(await world.look()).toMatchObject({ kind: 'hangs', offset: 3, forMs: minutes(10) })
    await world.log.admin.deleteRecords(words, [{ partition: 0, beforeOffset: 4 }])
    expect(await world.look()).toMatchObject({ offset: 4 })
    await world.log.admin.deleteRecords(words, [{ partition: 0, beforeOffset: 5 }])
    expect(await world.look()).toBeNull()
  })

  test('that was closed, or whose version is paused, stands nowhere', async () => {
    const world = new World()
    const app = await world.start()
    await world.send(3)
    await app.caughtUp()
    const beside = await replay(copying, { log: world.log, applicationId: 'app', version: 'v2', ...uncommitted })
    await world.log.admin.pauseVersion('app', 'v2')
    await app.close()
    await world.send(3)
    world.clock.isStopped = true
    world.time.advance(minutes(10))
    const [seen] = await world.log.admin.applications()
    expect(seen?.versions.map(({ state, standstill }) => ({ state, standstill }))).toEqual([
      { state: 'stopped', standstill: null },
      { state: 'running', standstill: null },
    ])
    await world.log.admin.resumeVersion('app', 'v2')
    const [again] = await world.log.admin.applications()
    expect(again?.versions[1]?.standstill).toMatchObject({ kind: 'hangs', topic: 'words' })
    world.clock.goOn()
    await beside.close()
  })
})

describe('calls that do not come back', () => {
  test('stop an application that has no slot left; it is told apart from one that hangs', async () => {
    const world = new World()
    await world.startCalling()
    world.time.advance(seconds(29))
    expect(await world.look()).toBeNull()
    world.time.advance(seconds(1))
    const at = { topic: 'words', partition: 0, offset: 2, calls: { ask: 2 } }
    expect(await world.look()).toEqual({ ...at, kind: 'waitsForCalls', forMs: seconds(30) })
    world.time.advance(minutes(5))
    expect(await world.look()).toEqual({ ...at, kind: 'waitsForCalls', forMs: minutes(5) + seconds(30) })
    world.clock.isStopped = true
    world.time.advance(minutes(1))
    expect(await world.look()).toMatchObject({ ...at, kind: 'hangs', calls: { ask: 2 } })
  })

  test('are waited for longer where commits are rare', async () => {
    const world = new World()
    const service = new Service()
    const calling = topologyOf((builder) =>
      builder
        .stream(words)
        .mapAsync(service.fn, { concurrency: 1, timeoutMs: minutes(1_000) })
        .to(topic('heard', { key: string(), value: string() })),
    )
    await world.send(1)
    const clock = new ManualClock()
    await world.start(calling, { clock, commit: { everyMs: minutes(1) } })
    await until(() => service.open.length === 1)
    clock.advance(minutes(1))
    await until(async () => (await world.lag()) === 0)
    await world.send(2)
    world.time.advance(minutes(1) + seconds(29))
    expect(await world.look()).toBeNull()
    world.time.advance(seconds(1))
    expect(await world.look()).toMatchObject({ kind: 'waitsForCalls' })
  })

  test('do not make a record that has just come look old, whatever its timestamp', async () => {
    const world = new World()
    const service = new Service()
    const calling = topologyOf((builder) =>
      builder
        .stream(words)
        .mapAsync(service.fn, { concurrency: 1, timeoutMs: minutes(1_000) })
        .to(topic('heard', { key: string(), value: string() })),
    )
    await world.send(1)
    await world.start(calling)
    await until(() => service.open.length === 1)
    await until(async () => (await world.lag()) === 0)
    world.time.advance(minutes(10))
    await world.send(1, { timestamp: 5 })
    expect(await world.look()).toBeNull()
    world.time.advance(seconds(30))
    expect(await world.look()).toMatchObject({ kind: 'waitsForCalls', forMs: seconds(30), offset: 1 })
  })
})

describe('a process that is well', () => {
  test.each([
    ['commits once an hour', copying, { commit: { everyMs: minutes(60), everyRecords: 1_000_000 } }],
    ['waits for records of empty partitions', copying, { maxTaskIdleMs: minutes(60) }],
    ['keeps open what no later record closes', copying, { idleTimeoutMs: minutes(60), ...uncommitted }],
  ])('and %s stands nowhere, however long that takes', async (_, topology, options) => {
    const world = new World()
    await world.start(topology, options)
    await world.send(3)
    world.time.advance(minutes(30))
    expect(await world.look()).toBeNull()
  })

  test('after hours without input takes a record that was appended with an old timestamp for a new one', async () => {
    const world = new World()
    await world.start(copying, uncommitted)
    world.time.advance(minutes(600))
    await world.send(1, { timestamp: 5 })
    expect(await world.look()).toBeNull()
  })

  test('after hours of being stopped, with as many records to read, has only just begun', async () => {
    const world = new World()
    const before = await world.start()
    await world.send(3)
    await before.caughtUp()
    await before.close()
    world.time.advance(minutes(600))
    await world.send(3)
    world.time.advance(minutes(600))
    await world.start(copying, uncommitted)
    expect(await world.lag()).toBe(3)
    expect(await world.look()).toBeNull()
  })
})
