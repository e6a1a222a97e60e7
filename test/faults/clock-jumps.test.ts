// The wall clock may jump, forward, back and to 1970: it only ever becomes a timestamp. What waits, waits as long as it said.
import { type Clock, days, hours, int64, keyValueStore, ManualClock, string, systemClock, topic } from 'millrace'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Random } from '../crash/random.ts'
import { start, turns, until } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openDurableLog } from '../support/open.ts'
import { input, output, topologyOf } from '../support/topology.ts'

const noon = 1_700_000_000_000
const counts = keyValueStore('counts', { key: string(), value: int64() })
const counting = topologyOf((builder) => {
  const stream = builder.stream(input)
  stream.to(output)
  stream.groupByKey().count({ store: counts })
})
const record = { key: 'a', value: 'x', timestamp: 1 }

/** A clock that counts how often it is asked for a timer. */
function countingClock(): { readonly clock: ManualClock; readonly timers: () => number } {
  const clock = new ManualClock(noon)
  const schedule = vi.spyOn(clock, 'schedule')
  return { clock, timers: () => schedule.mock.calls.length }
}

const jumps = [
  ['a day forward', noon + days(1)],
  ['a day back', noon - days(1)],
  ['to 1970', 0],
] as const

describe.each(jumps)('when the clock jumps %s', (_, toMs) => {
  test('a commit falls due when it would have, and the records are counted once', async () => {
    const { log } = openDurableLog()
    const { clock, timers } = countingClock()
    const app = await start(log, counting, { clock, commit: { everyMs: 100 } })
    await log.producer().sendMany(input, [record, record])
    await until(() => app.metrics().eventTime === 1 && app.metrics().lag === 0)
    await turns(5)
    clock.advance(60)
    clock.jumpTo(toMs)
    clock.advance(39)
    await turns(20)
    expect(app.metrics().commits).toBe(0)
    clock.advance(1)
    await until(() => app.metrics().commits === 1)
    expect(await log.admin.endOffsets(output)).toEqual([2])
    expect(app.store(counts).get('a')).toBe(2)
    expect(timers()).toBeLessThan(10)
  })

  test('a producer lingers as long as it would have', async () => {
    const { log } = openDurableLog()
    const clock = new ManualClock(noon)
    const producer = log.producer({ lingerMs: 100, clock })
    let acknowledged = false
    const sent = producer.send(input, { key: 'a', value: 'x' }).finally(() => (acknowledged = true))
    clock.advance(60)
    clock.jumpTo(toMs)
    clock.advance(39)
    await turns(5)
    expect(acknowledged).toBe(false)
    clock.advance(1)
    expect(await sent).toMatchObject({ offset: 0 })
    const later = producer.send(input, { key: 'a', value: 'y' })
    clock.advance(100)
    expect(await later).toMatchObject({ offset: 1 })
    expect((await collect(log.read(input))).map(({ timestamp }) => timestamp)).toEqual([noon, toMs + 40])
  })

  test('an empty partition is waited for as long as it would have been', async () => {
    const { log } = openDurableLog()
    const { clock, timers } = countingClock()
    const [left, right] = ['left', 'right'].map((name) => topic(name, { key: string(), value: string() }))
    if (left === undefined || right === undefined) throw new Error('no topics')
    const both = topologyOf((builder) => builder.stream([left, right]).to(output))
    const app = await start(log, both, { clock, maxTaskIdleMs: 100, commit: { everyMs: 0 } })
    await log.producer().send(right, record)
    await until(() => app.metrics().lag === 1)
    clock.advance(60)
    clock.jumpTo(toMs)
    clock.advance(39)
    await turns(20)
    expect(app.metrics().lag).toBe(1)
    clock.advance(1)
    await app.caughtUp()
    expect(await log.admin.endOffsets(output)).toEqual([1])
    expect(timers()).toBeLessThan(10)
  })
})

test.each([1, 2, 3])(
  'a clock that jumps all the time loses nothing, doubles nothing, and sets no storm of timers (seed %i)',
  async (seed) => {
    const random = new Random(seed)
    const { log } = openDurableLog()
    const { clock, timers } = countingClock()
    const app = await start(log, counting, { clock, maxTaskIdleMs: 20, commit: { everyMs: 50 } })
    const producer = log.producer({ clock, lingerMs: 10 })
    const sends: Promise<unknown>[] = []
    let worked = 0
    for (let round = 0; round < 200; round++) {
      clock.jumpTo(random.pick([0, noon, noon + random.int(-days(1), days(1))]))
      if (random.chance(0.5)) sends.push(producer.send(input, { key: 'a', value: `${worked++}` }))
      clock.advance(random.int(0, 30))
      await turns(random.int(1, 4))
    }
    const flushed = producer.flush()
    await Promise.all([flushed, ...sends])
    await app.caughtUp()
    const values = (await collect(log.read(output))).map(({ value }) => value)
    expect(values).toEqual(Array.from({ length: worked }, (_, i) => `${i}`))
    expect(app.store(counts).get('a')).toBe(worked)
    // A round lets at most a send, a wait and a commit begin, and wakes the application a few times.
    expect(timers()).toBeLessThan(200 * 6)
  },
)

describe('the clock of the machine', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test('keeps a time that is longer than a timer of the system can be', () => {
    vi.useFakeTimers()
    let calls = 0
    systemClock.schedule(days(60), () => calls++)
    const cancel = systemClock.schedule(days(60), () => calls++)
    vi.advanceTimersByTime(days(40))
    cancel()
    vi.advanceTimersByTime(days(20) - 1)
    expect(calls).toBe(0)
    vi.advanceTimersByTime(1)
    expect(calls).toBe(1)
  })

  test('measures what has passed whatever its wall clock says', () => {
    vi.useFakeTimers({ now: noon })
    const before = systemClock.elapsed()
    vi.setSystemTime(noon - hours(5))
    vi.advanceTimersByTime(70)
    expect(systemClock.now()).toBe(noon - hours(5) + 70)
    expect(systemClock.elapsed() - before).toBeCloseTo(70)
  })

  test('an application that commits once in 60 days rests in between', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { log } = openDurableLog()
    const schedule = vi.fn<Clock['schedule']>((delayMs, callback) => systemClock.schedule(delayMs, callback))
    const app = await start(log, counting, { clock: { ...systemClock, schedule }, commit: { everyMs: days(60) } })
    await log.producer().send(input, record)
    await until(() => app.metrics().eventTime === 1 && app.metrics().lag === 0)
    for (let ms = 0; ms < 100; ms++) {
      vi.advanceTimersByTime(1)
      await turns(2)
    }
    expect(schedule.mock.calls.length).toBeLessThan(10)
    await app.close()
    expect(await log.admin.endOffsets(output)).toEqual([1])
  })
})
