// A bound may be longer than any key that is stored; the range it means is the same.
import { expect, test } from 'vitest'
import { keyBytesMax } from '../../src/storage/keys.ts'
import { openEnvironment } from '../support/open.ts'

test('the longest keys are on the side of a longer bound that their bytes say', () => {
  const environment = openEnvironment()
  const longest = Buffer.alloc(keyBytesMax, 7)
  const next = Buffer.concat([longest.subarray(1), Buffer.of(8)])
  environment.write((transaction) => {
    for (const key of [longest, next]) transaction.put('state', key, Buffer.of(1))
  })
  const beyond = Buffer.concat([longest, Buffer.of(0)])
  const [first, last] = [Buffer.of(0), Buffer.of(255)]
  const ends = (keys: readonly Buffer[]): number[] => keys.map((key) => key.at(-1) ?? -1)
  for (const [from, to, expected] of [
    [first, last, [7, 8]],
    [first, beyond, [7]],
    [beyond, last, [8]],
    [longest, last, [7, 8]],
    [first, longest, []],
    [beyond, beyond, []],
  ] as const) {
    expect(ends(environment.keys('state', from, to, 9))).toEqual(expected)
    expect(ends(environment.range('state', from, to, 9).map(({ key }) => key))).toEqual(expected)
    expect(ends(environment.reverseRange('state', from, to, 9).map(({ key }) => key))).toEqual(expected.toReversed())
  }
})
