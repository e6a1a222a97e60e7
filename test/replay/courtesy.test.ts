// A version beside the live one goes about its work so that the live version comes first.
import { ManualClock } from 'millrace'
import { expect, test } from 'vitest'
import { Courtesy } from '../../src/replay/courtesy.ts'

interface Company {
  isRunning: boolean
  isBusy: boolean
  isPaused?: boolean
}

function courtesy(company: Company): { readonly pace: Courtesy; readonly clock: ManualClock } {
  const clock = new ManualClock()
  const pace = new Courtesy(
    clock,
    () => company.isRunning,
    () => company.isBusy,
    () => company.isPaused === true,
  )
  return { pace, clock }
}

test('alone it never rests, and its commits are as large as those of any application', () => {
  const { pace } = courtesy({ isRunning: false, isBusy: true })
  expect([pace.restMs(), pace.sliceMs, pace.isCommitDue(10_000)]).toEqual([0, 10, false])
  pace.committed(500)
  expect(pace.restMs()).toBe(0)
})

test('in company it works in short stretches and small commits, with a gap as long as each commit', () => {
  const { pace, clock } = courtesy({ isRunning: true, isBusy: false })
  expect([pace.restMs(), pace.sliceMs]).toEqual([0, 2])
  expect([pace.isCommitDue(11), pace.isCommitDue(12)]).toEqual([false, true])
  pace.committed(30)
  expect(pace.restMs()).toBe(30)
  clock.advance(29)
  expect(pace.restMs()).toBe(1)
  clock.advance(1)
  expect(pace.restMs()).toBe(0)
})

test('it waits while the live version has something to do, but one that always has stops nothing for ever', () => {
  const company = { isRunning: true, isBusy: true }
  const { pace, clock } = courtesy(company)
  let stretches = 0
  for (let ms = 0; ms < 1_000; ms++) {
    if (pace.restMs() === 0) stretches++
    clock.advance(1)
  }
  expect(stretches).toBeGreaterThan(30)
  expect(stretches).toBeLessThan(60)
  company.isBusy = false
  expect(pace.restMs()).toBe(0)
})

test('it notices a live version that starts or ends within a moment', () => {
  const company = { isRunning: false, isBusy: true }
  const { pace, clock } = courtesy(company)
  expect(pace.restMs()).toBe(0)
  company.isRunning = true
  clock.advance(100)
  expect(pace.restMs()).toBeGreaterThan(0)
  company.isRunning = false
  clock.advance(100)
  expect(pace.restMs()).toBe(0)
})

test('paused, it rests whatever the live version does', () => {
  const { pace } = courtesy({ isRunning: false, isBusy: false, isPaused: true })
  expect(pace.restMs()).toBe(Number.POSITIVE_INFINITY)
})
