// Sums over the last minutes, by a clock that is passed in.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RecentSum } from '../../src/core/recent-sum.ts'

const secondMs = 1_000
const minuteMs = 60_000

describe('a mean', () => {
  test('is that of the window, and falls to 0 as it passes', () => {
    const sum = new RecentSum(0)
    for (let second = 0; second < 120; second++) sum.add(50, second * secondMs)
    const at = (nowMs: number): number => Math.round(sum.mean(minuteMs, nowMs) * secondMs)
    expect(at(119_999)).toBe(50)
    expect(at(149_999)).toBe(25)
    expect(at(180_000)).toBe(0)
    expect(sum.mean(5 * minuteMs, 299_999) * secondMs).toBeCloseTo(20, 1)
  })

  test('is that of the time since the start where that is shorter, of a second at least', () => {
    const sum = new RecentSum(7_300)
    sum.add(10, 7_300)
    expect(sum.mean(minuteMs, 7_300) * secondMs).toBe(10)
    expect(sum.mean(minuteMs, 12_300) * secondMs).toBe(2)
  })

  test('knows nothing of what is more than five minutes old, however long nothing was added', () => {
    const sum = new RecentSum(0)
    sum.add(1_000, 0)
    expect(sum.mean(5 * minuteMs, 86_400_000)).toBe(0)
    sum.add(60, 86_400_000)
    expect(sum.mean(minuteMs, 86_400_999) * secondMs).toBeCloseTo(1, 1)
  })
})

test('whatever was added when, the sum over a window is what was added in its seconds', () => {
  const step = fc.record({ amount: fc.nat(1_000), waitMs: fc.nat(90_000) })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 80 }), fc.constantFrom(60, 300), (steps, seconds) => {
      const sum = new RecentSum(0)
      const added: { readonly second: number; readonly amount: number }[] = []
      let nowMs = 0
      for (const { amount, waitMs } of steps) {
        nowMs += waitMs
        sum.add(amount, nowMs)
        added.push({ second: Math.floor(nowMs / secondMs), amount })
      }
      const newest = Math.floor(nowMs / secondMs)
      const expected = added
        .filter(({ second }) => second > newest - seconds)
        .reduce((total, { amount }) => total + amount, 0)
      const coveredMs = Math.max(secondMs, Math.min(nowMs, seconds * secondMs - secondMs + (nowMs % secondMs)))
      expect(sum.mean(seconds * secondMs, nowMs) * coveredMs).toBeCloseTo(expected, 6)
    }),
  )
})
