// Punctuation: an operator is called when so much time has passed, in a turn of its own, and neither a crash nor a restart moves it.
import { type Log, ManualClock, string, type Topology } from 'millrace'
import type { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { codecOf } from '../../src/core/serde.ts'
import type { PunctuationType, Scheduled } from '../../src/plan/operator.ts'
import { start, until } from '../support/applications.ts'
import { asking, plan, topologyOfAsking } from '../support/asking.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { drivePlan, planned, planTopic } from '../support/plans.ts'
import { briefly, input, output } from '../support/topology.ts'

type Ask = Parameters<typeof asking>[0]

const ticking =
  (intervalMs: number, type: PunctuationType, startMs?: number): Ask =>
  (context, emit) => {
    context.schedule(intervalMs, type, (now, job) => emit(job, 'tick', String(now)), { startMs })
  }

function feed(driver: TopologyTestDriver, ...timestamps: readonly number[]): void {
  for (const timestamp of timestamps) driver.inputTopic(input).pipeInput({ key: 'a', value: 'r', timestamp })
}

const written = (driver: TopologyTestDriver): string[] => briefly(driver.outputTopic(output).readRecords())
const ticksOf = (lines: readonly string[]): string[] => lines.filter((line) => line.startsWith('tick'))

describe('punctuation by stream time', () => {
  test('comes with the first record, then at each multiple of its interval that stream time reaches', () => {
    const driver = drivePlan(plan(ticking(10, 'streamTime')))
    feed(driver, 3, 9, 10, 15, 20)
    expect(written(driver)).toEqual([
      'a=r@3',
      'tick=3@3',
      'a=r@9',
      'a=r@10',
      'tick=10@10',
      'a=r@15',
      'a=r@20',
      'tick=20@20',
    ])
  })

  test('comes once however many intervals were passed over, with stream time and not the time that was due', () => {
    const driver = drivePlan(plan(ticking(10, 'streamTime')))
    feed(driver, 3, 75, 79, 12, 80)
    expect(ticksOf(written(driver))).toEqual(['tick=3@3', 'tick=75@75', 'tick=80@80'])
  })

  test('begins where the operator says', () => {
    const driver = drivePlan(plan(ticking(10, 'streamTime', 25)))
    feed(driver, 3, 24, 25, 34, 35)
    expect(ticksOf(written(driver))).toEqual(['tick=25@25', 'tick=35@35'])
  })

  test('does not come by the wall clock, nor by a record whose turn was undone', () => {
    const driver = drivePlan(
      plan((context, emit) => {
        ticking(10, 'streamTime')(context, emit)
        return ({ timestamp }) => {
          if (timestamp === 500) throw new Error('this one is not wanted')
        }
      }),
      { onError: 'skip' },
    )
    feed(driver, 3)
    driver.advanceWallClockTime(1_000)
    feed(driver, 500, 11)
    expect(ticksOf(written(driver))).toEqual(['tick=3@3', 'tick=11@11'])
  })

  test('comes in the order of due times, then of nodes, after all regrouped records', () => {
    const order: string[] = []
    const driver = drivePlan((builder) => {
      const source = builder.source([planTopic(input)], 'earliest', undefined)
      const named = (name: string, ...intervals: readonly number[]) =>
        asking((context) => {
          for (const interval of intervals)
            context.schedule(interval, 'streamTime', (now) => order.push(`${name}/${interval} at ${now}`))
          return () => order.push(name)
        })
      const first = builder.stateless('ask', source, 'first', named('first', 20, 10))
      const second = builder.stateless('ask', first, 'second', named('second', 20, 5))
      const text = codecOf(string())
      const regroup = builder.regroup('repartition', second, 'regroup', text as never, text as never)
      builder.stateless('ask', regroup, 'third', named('third', 20))
    })
    feed(driver, 1)
    order.length = 0
    feed(driver, 40)
    expect(order).toEqual([
      'first',
      'second',
      'third',
      'second/5 at 40',
      'first/10 at 40',
      'first/20 at 40',
      'second/20 at 40',
      'third/20 at 40',
    ])
  })
})

describe('punctuation by the wall clock', () => {
  test('comes first after one interval, and once however many have passed', () => {
    const driver = drivePlan(plan(ticking(10, 'wallClock')), { initialWallClockMs: 1_003 })
    driver.advanceWallClockTime(9)
    feed(driver, 5)
    expect(ticksOf(written(driver))).toEqual([])
    for (const step of [1, 26, 3, 1]) driver.advanceWallClockTime(step)
    expect(ticksOf(written(driver))).toEqual(['tick=1013@1013', 'tick=1039@1039', 'tick=1043@1043'])
  })

  test.each([
    ['ahead', 1_030, ['tick=1030@1030', 'tick=1040@1040']],
    ['long past', 7, ['tick=1007@1007', 'tick=1017@1017', 'tick=1027@1027', 'tick=1037@1037']],
  ])('keeps to the grid of a beginning that is %s', (_, startMs, expected) => {
    const driver = drivePlan(plan(ticking(10, 'wallClock', startMs)), { initialWallClockMs: 1_003 })
    for (let step = 0; step < 37; step++) driver.advanceWallClockTime(1)
    expect(ticksOf(written(driver))).toEqual(expected)
  })

  test('wakes an application that has nothing else to do, and is committed without a record', async () => {
    const { log } = openTestLog()
    const clock = new ManualClock(1_000)
    await start(log, topologyOfAsking(ticking(10, 'wallClock')), { clock, commit: { everyMs: 0 } })
    for (const count of [1, 2, 3]) {
      clock.advance(10)
      await until(async () => (await ticksIn(log)).length === count)
    }
    expect(await ticksIn(log)).toEqual(['tick=1010@1010', 'tick=1020@1020', 'tick=1030@1030'])
  })

  test('goes on when the clock is set back', async () => {
    const { log } = openTestLog()
    const clock = new ManualClock(1_000_000)
    const app = await start(log, topologyOfAsking(ticking(10, 'wallClock')), { clock, commit: { everyMs: 0 } })
    clock.advance(10)
    await until(() => app.metrics().commits > 0 && app.metrics().produced['output'] === 1)
    clock.jumpTo(500)
    await until(() => {
      clock.advance(1)
      return app.metrics().produced['output'] === 2
    })
    const [first, second] = await collect(log.read(output))
    expect(first?.timestamp).toBe(1_000_010)
    expect(second?.timestamp).toBeLessThan(1_000_000)
  })

  test('follows a clock that was set back while nothing ran', async () => {
    const { log } = openTestLog()
    const topology = topologyOfAsking(ticking(10, 'wallClock'))
    const before = new ManualClock(1_000_000)
    const first = await start(log, topology, { clock: before, commit: { everyMs: 0 } })
    before.advance(10)
    await until(async () => (await ticksIn(log)).length === 1)
    await first.close()
    const clock = new ManualClock(500)
    await start(log, topology, { clock, commit: { everyMs: 0 } })
    await until(async () => {
      clock.advance(1)
      return (await ticksIn(log)).length === 2
    })
    const [, second] = await collect(log.read(output))
    expect(second?.timestamp).toBeLessThan(1_000_000)
  })
})

async function ticksIn(log: Log): Promise<string[]> {
  return ticksOf(briefly(await collect(log.read(output))))
}

describe('a punctuation that a crash does not move', () => {
  const times = [3, 9, 10, 15, 42, 41, 44, 50, 50, 99]

  test('by stream time, with a crash after every commit', () => {
    const [whole, crashing] = [1, 2].map(() => drivePlan(plan(ticking(10, 'streamTime'))))
    if (whole === undefined || crashing === undefined) throw new Error('two drivers')
    feed(whole, ...times)
    for (const time of times) {
      feed(crashing, time)
      crashing.crash()
    }
    const lines = written(whole)
    expect(ticksOf(lines)).toHaveLength(5)
    expect(written(crashing)).toEqual(lines)
  })

  test('by stream time, when what is lost is worked on again', () => {
    const driver = drivePlan(plan(ticking(10, 'streamTime')), { commit: 'manual' })
    feed(driver, 3, 12)
    driver.commit()
    feed(driver, 19, 25)
    driver.crash()
    feed(driver, 30)
    driver.commit()
    expect(ticksOf(written(driver))).toEqual(['tick=3@3', 'tick=12@12', 'tick=25@25', 'tick=30@30'])
  })

  test('by the wall clock, also when nothing else was ever committed', () => {
    const driver = drivePlan(plan(ticking(10, 'wallClock')))
    driver.advanceWallClockTime(6)
    driver.crash()
    driver.advanceWallClockTime(4)
    driver.crash()
    driver.advanceWallClockTime(9)
    expect(written(driver)).toEqual(['tick=10@10'])
    driver.advanceWallClockTime(1)
    driver.crash()
    expect(written(driver)).toEqual(['tick=10@10', 'tick=20@20'])
  })

  test('when it was cancelled, does not come back', () => {
    const driver = drivePlan(
      plan((context, emit) => {
        const ticks = context.schedule(10, 'streamTime', (now, job) => {
          emit(job, 'tick', String(now))
          if (now >= 20) ticks.cancel()
        })
      }),
    )
    feed(driver, 1, 20, 30)
    driver.crash()
    feed(driver, 40)
    expect(ticksOf(written(driver))).toEqual(['tick=1@1', 'tick=20@20'])
  })
})

describe('a schedule', () => {
  async function runs(...topologies: readonly Topology[]): Promise<string[]> {
    const { log } = openTestLog()
    for (const [at, topology] of topologies.entries()) {
      const app = await start(log, topology)
      await log.producer().send(input, { key: 'a', value: 'r', timestamp: 11 + at })
      await app.caughtUp()
      await app.close()
    }
    return ticksIn(log)
  }

  test('goes on over a restart when its interval is the same, and begins anew with another', async () => {
    const [slow, quick] = [10, 9].map((interval) => topologyOfAsking(ticking(interval, 'streamTime')))
    if (slow === undefined || quick === undefined) throw new Error('two topologies')
    expect(await runs(slow, slow)).toEqual(['tick=11@11'])
    // Anew is before the next record: there is a stream time already.
    expect(await runs(slow, quick, quick)).toEqual(['tick=11@11', 'tick=11@11'])
  })

  test('moves with its operator when sub-topologies are joined', async () => {
    const joined = (builder: Parameters<ReturnType<typeof plan>>[0]): void => {
      plan(ticking(10, 'streamTime'))(builder)
      const [asker] = builder.nodes.filter(({ id }) => id === 'asker')
      const other = builder.source([{ ...planTopic(input), name: 'a-first-one' }], 'earliest', undefined)
      if (asker !== undefined) builder.stateless('both', [asker, other], undefined, () => (one) => one)
    }
    expect(await runs(topologyOfAsking(ticking(10, 'streamTime')), planned(joined))).toEqual(['tick=11@11'])
  })

  test('that a turn asks for is undone with the turn, and gone after a crash', () => {
    const driver = drivePlan(
      plan((context, emit) => (carrier) => {
        if (carrier.timestamp > 2) return
        context.schedule(10, 'streamTime', (now, job) => emit(job, 'tick', String(now)))
        if (carrier.timestamp === 1) throw new Error('this one is not wanted')
      }),
      { onError: 'skip' },
    )
    feed(driver, 1, 2, 15)
    expect(ticksOf(written(driver))).toEqual(['tick=2@2', 'tick=15@15'])
    driver.crash()
    feed(driver, 25)
    expect(ticksOf(written(driver))).toHaveLength(2)
  })

  test('that is cancelled when another takes its place does not come', () => {
    let last: Scheduled | undefined
    const driver = drivePlan(
      plan((context, emit) => ({ timestamp }) => {
        last?.cancel()
        last = context.schedule(10, 'streamTime', (now, job) => emit(job, 'tick', `${timestamp} of ${now}`), {
          startMs: 30,
        })
      }),
    )
    feed(driver, 1, 12, 23, 34)
    expect(ticksOf(written(driver))).toEqual(['tick=34 of 34@34'])
  })

  test('whose cancellation is undone with its turn comes', () => {
    const driver = drivePlan(
      plan((context, emit) => {
        const ticks = context.schedule(10, 'streamTime', (now, job) => emit(job, 'tick', String(now)))
        return ({ timestamp }) => {
          if (timestamp === 2 || timestamp === 12) ticks.cancel()
          if (timestamp === 2) throw new Error('this one is not wanted')
        }
      }),
      { onError: 'skip' },
    )
    feed(driver, 1, 2, 11, 12, 20)
    expect(ticksOf(written(driver))).toEqual(['tick=1@1', 'tick=11@11'])
  })
})

test('a cell is undone with its turn, and kept over a crash', () => {
  const seen: number[] = []
  const driver = drivePlan(
    plan((context) => {
      const cell = context.cell('records')
      return ({ timestamp }) => {
        cell.set(cell.value + 1)
        seen.push(cell.value)
        if (timestamp === 2) throw new Error('this one is not wanted')
      }
    }),
    { onError: 'skip' },
  )
  feed(driver, 1, 2, 3)
  driver.crash()
  feed(driver, 4)
  expect(seen).toEqual([1, 2, 2, 3])
})
