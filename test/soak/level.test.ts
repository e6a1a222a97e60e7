// How the soak tells a file that still grows from one that has levelled off.
import { expect, test } from 'vitest'
import { growthAtTheEnd, growthMax } from './level.ts'

test('a file that grows to the end is told from one that levels off', () => {
  expect(growthAtTheEnd([10, 20, 30, 40, 50, 60, 70, 80, 90])).toBeGreaterThan(growthMax)
  expect(growthAtTheEnd([10, 40, 70, 90, 80, 95, 91, 97, 93])).toBeLessThan(growthMax)
})
