// Rows stay in memory where they are asked for again, and nowhere else: what is kept in vain costs more than what is read again.
import { describe, expect, test } from 'vitest'
import { Keeping } from '../../src/state/keeping.ts'

const perCommit = 1_000

/** Rows in memory after each commit of a thousand records, where `room` rows fit; all are dropped where there is no more room. */
function run(commits: number, room: number, keyOf: (index: number) => number): number[] {
  const keeping = new Keeping()
  let kept = new Set<number>()
  let [found, missed] = [0, 0]
  const sizes: number[] = []
  for (let commit = 0; commit < commits; commit++) {
    const used = new Set<number>()
    for (let i = 0; i < perCommit; i++) used.add(keyOf(commit * perCommit + i))
    for (const key of used) {
      if (kept.has(key)) found++
      else missed++
      kept.add(key)
    }
    if (!keeping.pays(found, missed) || kept.size > room) kept = new Set()
    keeping.kept(kept.size / room)
    sizes.push(kept.size)
  }
  return sizes
}

/** Looks like chance, and is the same each time. */
function mixed(index: number): number {
  const bits = Math.imul(index + 1, 0x85ebca6b)
  return Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35) >>> 0
}

const meanOf = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length

describe('rows are kept', () => {
  test.each([
    ['few keys that all come in each commit', 100],
    ['keys at random that all fit', 15_000],
    ['keys at random of which most fit', 25_000],
  ])('of %s', (_, keys) => {
    const sizes = run(200, 20_000, (index) => mixed(index) % keys)
    expect(Math.max(...sizes)).toBeGreaterThan(0.6 * Math.min(keys, 20_000))
    expect(meanOf(sizes.slice(100))).toBeGreaterThan(0.3 * Math.min(keys, 20_000))
  })

  test('of the keys that come again and again among others that do not', () => {
    const sizes = run(200, 20_000, (index) => (index % 4 === 0 ? 1_000_000 + index : mixed(index) % 10_000))
    expect(Math.max(...sizes)).toBeGreaterThan(10_000)
  })
})

describe('rows are dropped with each commit, but for a few that are tried', () => {
  test.each([
    ['of keys that never come again', (index: number) => index],
    ['of keys at random of which few fit', (index: number) => mixed(index) % 1_000_000],
  ])('%s', (_, keyOf) => {
    const sizes = run(400, 20_000, keyOf)
    expect(Math.max(...sizes)).toBeLessThan(20_000 / 4)
    expect(sizes.filter((size) => size > 0).length).toBeLessThan(60)
  })
})

test('when keys begin to come again, their rows are kept again', () => {
  const sizes = run(1_000, 20_000, (index) => (index < 500 * perCommit ? 1_000_000 + index : mixed(index) % 5_000))
  expect(meanOf(sizes.slice(-100))).toBeGreaterThan(4_500)
})
