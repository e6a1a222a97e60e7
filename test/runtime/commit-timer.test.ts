// When a commit falls due: as told, or soon while commits are cheap.
import fc from 'fast-check'
import { ManualClock } from 'millrace'
import { describe, expect, test } from 'vitest'
import { CommitTimer } from '../../src/runtime/commit-timer.ts'

/** A commit that takes so long. */
function commit(timer: CommitTimer, clock: ManualClock, tookMs: number): void {
  timer.begin()
  clock.advance(tookMs)
  timer.end()
}

test('nothing is due while nothing waits', () => {
  for (const everyMs of [undefined, 0, 100]) {
    const clock = new ManualClock()
    const timer = new CommitTimer(clock, everyMs)
    expect(timer.leftMs(true)).toBe(Number.POSITIVE_INFINITY)
    timer.worked()
    commit(timer, clock, 1)
    expect(timer.leftMs(true)).toBe(Number.POSITIVE_INFINITY)
  }
})

describe('by default', () => {
  test('the first commit is due once there is nothing more to work on, or after 100 ms', () => {
    const clock = new ManualClock()
    const timer = new CommitTimer(clock, undefined)
    timer.worked()
    expect(timer.leftMs(true)).toBeLessThanOrEqual(0)
    expect(timer.leftMs(false)).toBe(100)
    clock.advance(40)
    timer.worked()
    expect(timer.leftMs(false)).toBe(60)
  })

  test('the next one waits for five times the duration of the last one', () => {
    const clock = new ManualClock()
    const timer = new CommitTimer(clock, undefined)
    timer.worked()
    commit(timer, clock, 2)
    timer.worked()
    expect(timer.leftMs(true)).toBe(10)
    clock.advance(9)
    expect(timer.leftMs(true)).toBe(1)
    clock.advance(1)
    expect(timer.leftMs(true)).toBe(0)
  })

  test('a record that comes when the pause is over does not wait', () => {
    const clock = new ManualClock()
    const timer = new CommitTimer(clock, undefined)
    timer.worked()
    commit(timer, clock, 2)
    clock.advance(1_000)
    timer.worked()
    expect(timer.leftMs(true)).toBeLessThanOrEqual(0)
  })

  test('no record waits more than 100 ms, however long commits take', () => {
    const clock = new ManualClock()
    const timer = new CommitTimer(clock, undefined)
    timer.worked()
    commit(timer, clock, 5_000)
    timer.worked()
    expect(timer.leftMs(true)).toBe(100)
  })

  test('commits of 20 ms or less take a sixth of the time at most', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 20 }), fc.nat({ max: 30 })), { minLength: 20 }), (list) => {
        const clock = new ManualClock()
        const timer = new CommitTimer(clock, undefined)
        let spentMs = 0
        for (const [tookMs, idleMs] of list) {
          clock.advance(idleMs)
          timer.worked()
          clock.advance(Math.max(0, timer.leftMs(true)))
          spentMs += tookMs
          commit(timer, clock, tookMs)
        }
        expect(spentMs).toBeLessThanOrEqual(clock.elapsed() / 6 + 20)
      }),
    )
  })
})

test('a time that is given holds from the first record on, whether there is more to work on or not', () => {
  const clock = new ManualClock()
  const timer = new CommitTimer(clock, 50)
  timer.worked()
  commit(timer, clock, 1_000)
  timer.worked()
  clock.advance(20)
  timer.worked()
  for (const isDrained of [true, false]) expect(timer.leftMs(isDrained)).toBe(30)
  clock.advance(30)
  for (const isDrained of [true, false]) expect(timer.leftMs(isDrained)).toBe(0)
})

test('with 1,000 records a second, and commits of 1 ms, half of them are committed within 4 ms', () => {
  const clock = new ManualClock()
  const timer = new CommitTimer(clock, undefined)
  const waitedMs: number[] = []
  let waiting: number[] = []
  for (let sent = 0; sent < 1_000;) {
    for (; sent <= clock.elapsed(); sent++) waiting.push(sent)
    timer.worked()
    if (timer.leftMs(true) > 0) clock.advance(1)
    else {
      commit(timer, clock, 1)
      waitedMs.push(...waiting.map((sentMs) => clock.elapsed() - sentMs))
      waiting = []
    }
  }
  const median = waitedMs.toSorted((a, b) => a - b)[waitedMs.length >> 1]
  expect(median).toBeLessThanOrEqual(4)
})
