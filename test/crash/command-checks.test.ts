// The proof that the checks of the command's kill loop can fail: each doctored log is told from a sound one.
import { describe, expect, test } from 'vitest'
import type { StoredRecord } from './contents.ts'
import { type EchoState, echoViolations } from './echoes.ts'
import { batchViolations, linesOf, Shown, typed } from './typed.ts'

/** The lines of batches as records of one partition. */
function recordsOf(lines: readonly string[]): StoredRecord[] {
  return lines.map((line, offset) => {
    const [key = '', value = ''] = line.split(':')
    return { offset, timestamp: 0, key: Buffer.from(key), value: Buffer.from(value), headers: [] }
  })
}

describe('batches', () => {
  const sound = [...linesOf(0, 3), ...linesOf(2, 1)]

  test('that are whole are sound, acknowledged or not, over any partitions', () => {
    expect(batchViolations([recordsOf(sound)], new Set([0, 2]))).toEqual([])
    expect(batchViolations([recordsOf(sound.slice(0, 1)), recordsOf(sound.slice(1))], new Set([0]))).toEqual([])
  })

  test.each([
    ['was acknowledged and is not there', sound, new Set([1]), 'A1 batch 1 was acknowledged'],
    ['lacks a line', sound.slice(1), new Set<number>(), 'A7 batch 0 has the lines 1,2 of 3'],
    ['has a line twice', [...sound, ...linesOf(2, 1)], new Set<number>(), 'A7 batch 2 has the lines 0,0 of 1'],
  ])('of which one %s are not', (_, lines, acked, violation) => {
    expect(batchViolations([recordsOf(lines)], acked)).toEqual([violation])
  })
})

describe('what a group is shown', () => {
  const see = (shown: Shown, ...offsets: readonly number[]): (string | undefined)[] =>
    offsets.map((offset) => shown.see(0, offset))

  test('may come again after a kill, from what the last reader to end has committed', () => {
    const shown = new Shown()
    expect(see(shown, 0, 1, 2)).toEqual([undefined, undefined, undefined])
    shown.end()
    expect(see(shown, 3, 4)).toEqual([undefined, undefined])
    expect(see(shown, 3, 4, 5)).toEqual([undefined, undefined, undefined])
    expect([shown.nextOf(0), shown.nextOf(1)]).toEqual([6, 0])
  })

  test('may leave out nothing, and not come again after its reader has come to its end', () => {
    const shown = new Shown()
    see(shown, 0, 1)
    expect(see(shown, 3)).toEqual([`a group was shown ${typed.name}[0] up to 2, and then 3`])
    shown.end()
    expect(see(shown, 3)).toEqual([`a group was shown ${typed.name}[0] 3 again`])
  })
})

describe('an application that counts each key once', () => {
  const sound: EchoState = {
    positions: [1, 0, 1],
    rows: new Map([
      ['a', 1],
      ['b', 1],
    ]),
    outputs: ['a', 'b'],
  }

  test('is sound when positions, rows and outputs are of the same records', () => {
    expect(echoViolations(sound)).toEqual([])
  })

  test.each([
    ['a position moved', { positions: [1, 1, 1] }, /3 records were read, and 2 rows/],
    ['a row is missing', { rows: new Map([['a', 1]]) }, /2 records were read, and 1 rows/],
    ['an output is missing', { outputs: ['a'] }, /2 records were read, and 1 outputs/],
    ['an output is there twice', { outputs: ['a', 'a'] }, /an output is there twice/],
    [
      'a record was counted twice',
      {
        rows: new Map([
          ['a', 2],
          ['b', 1],
        ]),
      },
      /a was counted 2 times/,
    ],
  ])('is not when %s', (_, doctored, violation) => {
    expect(echoViolations({ ...sound, ...doctored }).join('\n')).toMatch(violation)
  })
})
