// A join window reaches as far as it says, and one that would end before it begins is refused.
import { JoinWindows, seconds } from 'millrace'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'

describe('a join window', () => {
  test.each([
    [{ difference: seconds(3) }, { beforeMs: 3_000, afterMs: 3_000, graceMs: 0 }],
    [
      { before: 0, after: 5, grace: 7 },
      { beforeMs: 0, afterMs: 5, graceMs: 7 },
    ],
    [
      { before: 10, after: -5 },
      { beforeMs: 10, afterMs: -5, graceMs: 0 },
    ],
    [
      { before: -5, after: 5 },
      { beforeMs: -5, afterMs: 5, graceMs: 0 },
    ],
  ])('%j', (options, expected) => {
    expect(JoinWindows.of(options)).toEqual(expected)
  })

  test.each([
    [{}, /difference .* or both/],
    [{ before: 5 }, /difference .* or both/],
    [{ difference: 1, after: 2 }, /either difference, or before and after/],
    [{ before: 5, after: -6 }, /ends before it begins/],
    [{ difference: -1 }, /whole number from 0/],
    [{ before: 0.5, after: 1 }, /whole number/],
    [{ difference: 1, grace: -1 }, /whole number from 0/],
    [{ diference: 1 }, /Did you mean "difference"/],
  ])('%j is refused', (options, message) => {
    expect(errorOf(() => JoinWindows.of(options as never))).toMatchObject({
      code: 'bad_option',
      message: expect.stringMatching(message),
    })
  })
})
