// A manual clock stands still until it is moved, and then runs what is due, in order.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import { days, hours, minutes, seconds } from '../../src/core/duration.ts'

describe('a manual clock', () => {
  test('shows the time that it was moved to', () => {
    const clock = new ManualClock(100)
    expect(clock.now()).toBe(100)
    clock.advance(50)
    expect(clock.now()).toBe(150)
    expect(new ManualClock().now()).toBe(0)
    expect(() => new ManualClock(Number.NaN)).toThrow('the time is NaN')
  })

  test('keeps what has passed apart from the wall clock, which may jump', () => {
    const clock = new ManualClock(100)
    const ran: number[] = []
    clock.schedule(10, () => ran.push(clock.now()))
    clock.advance(4)
    clock.jumpTo(5_000)
    clock.advance(5)
    clock.jumpTo(0)
    expect([clock.now(), clock.elapsed(), ran]).toEqual([0, 9, []])
    clock.advance(1)
    expect([clock.now(), clock.elapsed(), ran]).toEqual([1, 10, [1]])
    expect(() => clock.jumpTo(-1)).toThrow('the time')
  })

  test('runs timers in the order of their times, those of one time in the order they were set', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 20 })), fc.array(fc.nat({ max: 9 })), (delays, steps) => {
        const clock = new ManualClock(1_000)
        const ran: (readonly [number, number])[] = []
        for (const [index, delay] of delays.entries()) clock.schedule(delay, () => ran.push([clock.now(), index]))
        for (const step of steps) clock.advance(step)
        const until = steps.reduce((total, step) => total + step, 0)
        const due = delays
          .map((delay, index) => [1_000 + delay, index] as const)
          .filter(([at]) => steps.length > 0 && at <= 1_000 + until)
          .sort(([a, i], [b, j]) => a - b || i - j)
        expect(ran).toEqual(due)
        expect(clock.now()).toBe(1_000 + until)
      }),
    )
  })

  test('runs a timer once', () => {
    const clock = new ManualClock()
    let runs = 0
    clock.schedule(5, () => runs++)
    clock.advance(5)
    clock.advance(5)
    expect(runs).toBe(1)
  })

  test('runs timers that timers set, at their own time, as far as it is moved', () => {
    const clock = new ManualClock()
    const ran: number[] = []
    const tick = (): void => {
      ran.push(clock.now())
      clock.schedule(10, tick)
    }
    clock.schedule(10, tick)
    clock.advance(35)
    expect(ran).toEqual([10, 20, 30])
    clock.advance(5)
    expect(ran).toEqual([10, 20, 30, 40])
  })

  test('does not run a timer that was cancelled, also by another timer', () => {
    const clock = new ManualClock()
    const ran: string[] = []
    const cancelFirst = clock.schedule(5, () => ran.push('first'))
    const cancelThird = clock.schedule(7, () => ran.push('third'))
    clock.schedule(6, () => {
      ran.push('second')
      cancelThird()
    })
    cancelFirst()
    cancelFirst()
    clock.advance(10)
    expect(ran).toEqual(['second'])
  })

  test('goes as far as the largest timestamp, and no further', () => {
    const clock = new ManualClock(1_000)
    const late: number[] = []
    clock.schedule(Number.MAX_SAFE_INTEGER, () => late.push(clock.now()))
    clock.advance(Number.MAX_SAFE_INTEGER - 1_000)
    expect([clock.now(), late]).toEqual([Number.MAX_SAFE_INTEGER, []])
    expect(() => clock.advance(1)).toThrow(expect.objectContaining({ code: 'bad_option' }))
    expect(clock.now()).toBe(Number.MAX_SAFE_INTEGER)
  })
})

test('durations are in milliseconds', () => {
  expect([seconds(1.5), minutes(2), hours(1), days(7)]).toEqual([1_500, 120_000, 3_600_000, 604_800_000])
})
