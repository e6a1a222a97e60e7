// The windows of a record follow from its time alone, whatever was asked before.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TimeWindows } from '../../src/core/windows/time-windows.ts'

const options = fc
  .record({ size: fc.integer({ min: 1, max: 200 }), parts: fc.integer({ min: 1, max: 7 }), shift: fc.nat() })
  .map(({ size, parts, shift }) => {
    const advance = Math.max(1, Math.ceil(size / parts))
    return { size, advance, offset: shift % advance }
  })
const times = fc.array(
  fc.oneof(fc.nat({ max: 1_000 }), fc.integer({ min: 2 ** 40, max: 2 ** 40 + 500 }), fc.maxSafeNat()),
  { minLength: 1, maxLength: 100 },
)

test('the first window of a time is the first on the grid that has not ended by then', () => {
  fc.assert(
    fc.property(options, times, ({ size, advance, offset }, list) => {
      const windows = TimeWindows.of({ size, advance, offset })
      for (const time of list) {
        const start = windows.firstStart(time)
        expect((start - offset) % advance).toBe(0)
        expect(start + size).toBeGreaterThan(time)
        if (start > offset) expect(start - advance + size).toBeLessThanOrEqual(time)
        else expect(start).toBe(offset)
      }
    }),
  )
})
