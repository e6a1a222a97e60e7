// What rests for a good reason is not called a standstill: versions beside the live one, calls with slots left, and others.
import {
  ManualClock,
  minutes,
  replay,
  type Replay,
  type ReplayOptions,
  seconds,
  type Standstill,
  string,
  TimeWindows,
  topic,
  type Topology,
} from 'millrace'
import { describe, expect, onTestFinished, test } from 'vitest'
import { present } from '../../../src/core/assert.ts'
import type { EmbeddedLog } from '../../../src/log/embedded-log.ts'
import { planKey, taskKey } from '../../../src/log/kept/application-rows.ts'
import { start, turns, until } from '../../support/applications.ts'
import { openDurableLog, openTestLog } from '../../support/open.ts'
import { ProcessClock } from '../../support/process-clock.ts'
import { Service } from '../../support/service.ts'
import { copying, uncommitted, World } from '../../support/standstills.ts'
import { openStored } from '../../support/stored.ts'
import { topologyOf } from '../../support/topology.ts'
import { words } from '../../support/topics.ts'

describe('a version beside the live one', () => {
  const both = async ({ log }: World): Promise<readonly (Standstill | null)[]> => {
    const [seen] = await log.admin.applications()
    return seen?.versions.map(({ standstill }) => standstill) ?? []
  }

  test('reads no further than the live one has, and so stands nowhere while that has to read', async () => {
    const world = new World()
    const live = await world.start()
    await world.send(3)
    await live.caughtUp()
    const v2 = await beside(world, copying)
    await v2.caughtUp()
    await live.close()
    await world.send(3)
    world.clock.isStopped = true
    world.time.advance(minutes(60))
    expect(await both(world)).toEqual([null, null])
    world.clock.goOn()
  })

  test('whose calls take all slots there are waits for them only where the live one is further', async () => {
    const world = new World()
    const service = new Service()
    const calling = topologyOf((builder) =>
      builder
        .stream(words)
        .mapAsync(service.fn, { concurrency: 1, timeoutMs: minutes(1_000) })
        .to(topic('heard', { key: string(), value: string() })),
    )
    const live = await world.start(copying)
    await world.send(1)
    await live.caughtUp()
    await beside(world, calling, { effects: 'run' })
    await until(async () => (await lagOf(world, 'v2')) === 0)
    await live.close()
    await world.send(2)
    world.time.advance(minutes(5))
    expect(await both(world), 'the live one has not read them').toEqual([null, null])
    const again = await world.start(copying)
    await again.caughtUp()
    world.time.advance(minutes(5))
    expect(await both(world)).toEqual([null, expect.objectContaining({ kind: 'waitsForCalls', offset: 1 })])
  })

  test('that lets the live one go first moves all the same, however long its replay takes', async () => {
    const world = new World()
    const live = await world.start(copying)
    await world.send(2_000)
    await live.caughtUp()
    const v2 = await beside(world, copying)
    const seen: unknown[] = []
    for (let round = 0; (await lagOf(world, 'v2')) > 0; round++) {
      world.time.advance(seconds(20))
      if (round < 50) await world.send(1)
      await turns(20)
      seen.push(...(await both(world)))
    }
    expect(new Set(seen)).toEqual(new Set([null]))
    await v2.caughtUp()
  })

  test('that has come to its end stands nowhere, and one that hangs before its end stands there', async () => {
    const world = new World()
    const live = await world.start()
    await world.send(6)
    await live.caughtUp()
    const ended = await beside(world, copying, { version: 'ended', to: { offsets: { words: [3, 0, 0, 0] } } })
    await ended.caughtUp()
    const late = await beside(world, copying, {
      version: 'late',
      to: { offsets: { words: [5, 0, 0, 0] } },
      ...uncommitted,
    })
    expect([ended.state, late.state]).not.toContain('failed')
    world.clock.isStopped = true
    world.time.advance(minutes(10))
    const hangs = expect.objectContaining({ kind: 'hangs', partition: 0, offset: 0, forMs: minutes(10) }) as unknown
    const [seen] = await world.log.admin.applications()
    expect(Object.fromEntries(seen?.versions.map((one) => [one.version, one.standstill]) ?? [])).toEqual({
      v1: null,
      ended: null,
      late: hangs,
    })
    world.clock.goOn()
  })

  async function beside(world: World, topology: Topology, options: Partial<ReplayOptions> = {}): Promise<Replay> {
    const v2 = await replay(topology, { log: world.log, applicationId: 'app', version: 'v2', ...options })
    void v2.stopped.catch(() => undefined)
    onTestFinished(() => v2.close().catch(() => undefined))
    return v2
  }

  async function lagOf({ log }: World, version: string): Promise<number> {
    const [seen] = await log.admin.applications()
    return seen?.versions.find((one) => one.version === version)?.lag ?? Number.NaN
  }
})

describe('what does not tell', () => {
  test('is a call that is open for long where there are slots left, and the version waits for something else', async () => {
    const world = new World()
    const service = new Service()
    const waiting = topologyOf((builder) =>
      builder
        .stream(words)
        .mapAsync(service.fn, { concurrency: 2, timeoutMs: minutes(1_000) })
        .to(topic('heard', { key: string(), value: string() })),
    )
    for (const partition of [0, 1, 2, 3]) await world.send(1, { partition, timestamp: 1 + partition })
    // Of the last partition there is nothing after its record, so the others wait for it.
    for (const partition of [0, 1, 2]) await world.send(1, { partition, timestamp: 10 })
    await world.start(waiting, { maxTaskIdleMs: minutes(600) })
    for (const value of ['0', '0', '0']) {
      await until(() => service.open.length > 0)
      await service.answer(value)
    }
    await until(async () => world.committedCalls === 1 && (await world.lag()) === 3)
    world.time.advance(minutes(30))
    expect(await world.look()).toBeNull()
  })

  test('are results that suppress holds: what was read is read', async () => {
    const world = new World()
    const held = topologyOf((builder) =>
      builder
        .stream(words)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: minutes(60) }))
        .count()
        .suppress({ untilWindowCloses: true })
        .toStream()
        .map(({ key, value }) => ({ key: key.key, value: `${value}` }))
        .to(topic('heard', { key: string(), value: string() })),
    )
    const app = await world.start(held)
    await world.send(3)
    await app.caughtUp()
    world.time.advance(minutes(600))
    expect([await world.lag(), await world.look()]).toEqual([0, null])
    world.clock.isStopped = true
    world.time.advance(minutes(600))
    expect(await world.look()).toBeNull()
  })

  test('is a transaction of a producer that is open: what is not there is not to be read', async () => {
    const world = new World()
    const app = await world.start()
    await world.send(1)
    await app.caughtUp()
    const producer = world.log.producer({ transactionalId: 'importer', transactionTimeoutMs: minutes(600) })
    let end = (): void => undefined
    const open = producer.transaction(async (transaction) => {
      transaction.send(words, { key: 'a', value: 'late', timestamp: world.time.now(), partition: 0 })
      await new Promise<void>((resolve) => {
        end = resolve
      })
    })
    await turns(3)
    world.time.advance(minutes(60))
    expect(await world.look()).toBeNull()
    end()
    await open
    expect(await world.look()).toBeNull()
    await app.caughtUp()
  })

  test('is a commit from before the wall clock was set back: a process that hangs since is seen by its signs', async () => {
    const time = new ManualClock(1_000_000_000)
    let setBackMs = 0
    const own = new ProcessClock({
      now: () => time.now() - setBackMs,
      elapsed: () => time.elapsed(),
      schedule: (delayMs, callback) => time.schedule(delayMs, callback),
    })
    const { log } = openTestLog(undefined, { clock: own })
    const look = async (): Promise<Standstill | null> => (await log.admin.applications())[0]?.standstill ?? null
    const send = (): Promise<unknown> =>
      log.producer().send(words, { key: 'a', value: 'x', timestamp: 5, partition: 0 })
    const before = await start(log, copying)
    await send()
    await before.caughtUp()
    await before.close()
    await start(log, copying, uncommitted)
    await send()
    setBackMs = minutes(60)
    expect(await look()).toBeNull()
    time.advance(seconds(5))
    own.isStopped = true
    time.advance(seconds(29))
    expect(await look()).toBeNull()
    time.advance(seconds(1))
    expect(await look()).toMatchObject({ kind: 'hangs', offset: 1, forMs: seconds(30) })
  })
})

describe('rows that are damaged', () => {
  test.each([
    ['plan', () => planKey('app')],
    ['progress', ({ applications }: EmbeddedLog) => taskKey('app', present(applications.progress('app')[0], '').task)],
  ])('of its %s keep no one from looking at it', async (_, keyIn) => {
    const { log, embedded, dir } = openDurableLog()
    const service = new Service()
    const calling = topologyOf((builder) => builder.stream(words).mapAsync(service.fn, { concurrency: 1 }))
    await log.producer().sendMany(
      words,
      ['1', '2'].map((value) => ({ key: 'a', value, timestamp: 1, partition: 0 })),
    )
    await start(log, calling)
    await until(() => service.open.length === 1)
    await until(async () => (await log.admin.applications())[0]?.lag === 1)
    const key = keyIn(embedded)
    const stored = openStored(dir)
    expect(stored.rows('applications').some((row) => row.key.equals(key))).toBe(true)
    stored.put('applications', key, Buffer.from('{"version":1} and more'))
    expect(await log.admin.applications()).toMatchObject([{ state: 'running', lag: 1, standstill: null }])
  })
})
