// What a store reads that is used as a queue, or walked from its beginning again and again.
import { describe, expect, test } from 'vitest'
import { keyLayout } from '../../src/plan/store-layout.ts'
import { openTestLog } from '../support/open.ts'
import { World } from './ordered-world.ts'

const keyNumber = (number: number): string => number.toString(16).padStart(8, '0')
const numberOf = ({ keyBytes, keyEnd }: { keyBytes: Buffer; keyEnd: number }): number =>
  Number.parseInt(keyBytes.toString('hex', 0, keyEnd), 16)

/** A world whose last commit has this many rows, each due at its number, and nothing in memory. */
function queue(rows: number): World {
  const world = new World(openTestLog().environment, keyLayout({ hasDueTimes: true }))
  world.begin()
  for (let key = 0; key < rows; key++) world.store.setDue(world.put(keyNumber(key), 0, 0, 'v', 1), key)
  world.commit()
  world.age()
  world.begin()
  world.reads.calls = world.reads.rows = 0
  return world
}

describe('a queue', () => {
  test('reads each of its entries once, however often it is asked for its first', () => {
    const world = queue(2_000)
    for (let now = 0; now < 1_000; now++) {
      for (const row of world.store.dueRows(now, 10)) world.store.remove(row)
      expect(world.store.dueRows(now, 10)).toEqual([])
      expect(world.store.dueRows(3_000, 1)).toHaveLength(1)
    }
    expect(world.reads.rows).toBeLessThanOrEqual(2_000)
    // Each row was read by its key, and the entries in few pages.
    expect(world.reads.calls - world.store.misses).toBeLessThan(10)
  })

  test('keeps no more of what a long walk reads than it is worth', () => {
    const world = queue(5_000)
    expect([...world.store.rows()]).toHaveLength(5_000)
    const once = world.reads.rows
    expect([...world.store.rows()]).toHaveLength(5_000)
    expect(world.reads.rows - once).toBeGreaterThanOrEqual(5_000 - 2_000)
    expect([...world.store.rows()].map(numberOf)).toEqual(Array.from({ length: 5_000 }, (_, key) => key))
  })
})
