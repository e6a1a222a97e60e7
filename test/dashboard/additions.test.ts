// What was added to a count lately, beside what was there all along: told by whoever looks at it again and again.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Additions } from '../../src/dashboard/history.ts'

const windowMs = 15 * 60_000
const slotMs = 10_000

test('what was there at the first look is not new, and what is first seen later is, if it cannot have been there', () => {
  const additions = new Additions()
  expect(additions.of('old', 7, 0, true)).toEqual({ count: 0, agoMs: 0 })
  additions.looked(0)
  expect(additions.of('old', 9, 1_000, true)).toEqual({ count: 2, agoMs: 0 })
  expect(additions.of('began', 3, 1_000, true)).toEqual({ count: 3, agoMs: 0 })
  expect(additions.of('a copy', 3, 1_000, false)).toEqual({ count: 0, agoMs: 0 })
  expect(additions.of('began', 3, 61_000, true)).toEqual({ count: 3, agoMs: 60_000 })
})

test('a count that has fallen has begun anew: all of it is new', () => {
  const additions = new Additions()
  additions.of('a', 7, 0, true)
  expect(additions.of('a', 2, 1_000, true)).toEqual({ count: 2, agoMs: 0 })
})

test('whatever the looks, what is counted was added in the last 15 minutes, and nothing of these is left out', () => {
  const looks = fc.array(fc.record({ afterMs: fc.integer({ min: 1, max: 400_000 }), added: fc.nat(3) }), {
    minLength: 1,
    maxLength: 80,
  })
  fc.assert(
    fc.property(fc.nat(), looks, (first, drawn) => {
      const additions = new Additions()
      let [atMs, count] = [0, first]
      additions.of('a', count, atMs, true)
      const rises: { readonly atMs: number; readonly added: number }[] = []
      for (const { afterMs, added } of drawn) {
        atMs += afterMs
        count += added
        if (added > 0) rises.push({ atMs, added })
        const seen = additions.of('a', count, atMs, true)
        const sum = (sinceMs: number): number =>
          rises.filter((one) => one.atMs > sinceMs).reduce((all, one) => all + one.added, 0)
        // Those of one stretch of ten seconds are forgotten together.
        expect(seen.count).toBeGreaterThanOrEqual(sum(atMs - windowMs))
        expect(seen.count).toBeLessThanOrEqual(sum(atMs - windowMs - slotMs))
        if (seen.count > 0) expect(seen.agoMs).toBe(atMs - (rises.at(-1)?.atMs ?? 0))
      }
    }),
  )
})
