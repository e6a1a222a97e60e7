// A standstill is found whatever happens to the wall clock, and a clock that is set makes none.
import { minutes, seconds, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { until } from '../../support/applications.ts'
import { Service } from '../../support/service.ts'
import { copying, uncommitted, World } from '../../support/standstills.ts'
import { topologyOf } from '../../support/topology.ts'
import { words } from '../../support/topics.ts'

const hour = minutes(60)

async function withRecords(): Promise<World> {
  const world = new World()
  await world.start(copying, uncommitted)
  await world.send(3)
  return world
}

/** As an administrator sets it; no time passes. */
function setBy(world: World, ms: number): void {
  world.time.jumpTo(world.time.now() + ms)
}

describe('a process that hangs', () => {
  test('when the clock is set back is seen to hang, for as long as it has', async () => {
    const world = await withRecords()
    world.clock.isStopped = true
    world.time.advance(seconds(40))
    setBy(world, -hour)
    expect(await world.look()).toMatchObject({ kind: 'hangs', offset: 0, forMs: seconds(40) })
    world.time.advance(seconds(10))
    expect(await world.look()).toMatchObject({ kind: 'hangs', forMs: seconds(50) })
  })

  test('since the clock was set back is seen half a minute after its last sign, as always', async () => {
    const world = await withRecords()
    world.time.advance(seconds(3))
    world.clock.isStopped = true
    setBy(world, -hour)
    world.time.advance(seconds(26))
    expect(await world.look()).toBeNull()
    world.time.advance(seconds(1))
    expect(await world.look()).toMatchObject({ kind: 'hangs', forMs: seconds(30) })
  })

  test('is seen when the clock was set forward, and when that was taken back', async () => {
    const world = await withRecords()
    world.clock.isStopped = true
    world.time.advance(seconds(40))
    setBy(world, hour)
    expect(await world.look()).toMatchObject({ kind: 'hangs' })
    setBy(world, -hour)
    expect(await world.look()).toMatchObject({ kind: 'hangs', forMs: seconds(40) })
  })
})

describe('a process that is well', () => {
  test.each([
    ['back', -hour, 0],
    ['forward, once it has given its next sign', hour, seconds(5)],
  ])('stands nowhere when the clock is set %s, and is seen when it hangs later', async (_, byMs, afterMs) => {
    const world = await withRecords()
    world.time.advance(seconds(2))
    setBy(world, byMs)
    world.time.advance(afterMs)
    expect(await world.look()).toBeNull()
    world.time.advance(minutes(20))
    expect(await world.look()).toBeNull()
    world.clock.isStopped = true
    world.time.advance(seconds(35))
    expect(await world.look()).toMatchObject({ kind: 'hangs' })
  })
})

describe('calls that take all slots', () => {
  test('are seen though the clock was set back since a commit of another partition', async () => {
    const world = new World()
    const service = new Service()
    const calling = topologyOf((builder) =>
      builder
        .stream(words)
        .mapAsync(service.fn, { concurrency: 2, timeoutMs: minutes(1_000), name: 'ask' })
        .to(topic('heard', { key: string(), value: string() })),
    )
    const app = await world.start(calling)
    await world.send(1, { partition: 1 })
    await until(() => service.open.length === 1)
    await service.answer('0')
    await app.caughtUp()
    setBy(world, -hour)
    await world.send(5)
    await until(async () => (await world.lag()) === 3)
    world.time.advance(seconds(29))
    expect(await world.look()).toBeNull()
    world.time.advance(seconds(1))
    expect(await world.look()).toMatchObject({ kind: 'waitsForCalls', partition: 0, offset: 2, forMs: seconds(30) })
  })

  test('are no standstill because the clock was set back: it cannot be told since when, until it can', async () => {
    const world = new World()
    await world.startCalling()
    setBy(world, -hour)
    expect(await world.look()).toBeNull()
    world.time.advance(hour + seconds(30))
    expect(await world.look()).toMatchObject({ kind: 'waitsForCalls', forMs: seconds(30) })
  })
})
