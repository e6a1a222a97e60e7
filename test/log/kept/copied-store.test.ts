// A copy of a store has exactly its rows, whatever others commit between the steps of the copy.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CopyTrail } from '../../../src/log/kept/copy-trail.ts'
import { type CopiedStore, type CopyStep, differencesOf } from '../../../src/log/kept/store-copy.ts'
import type { Environment } from '../../../src/storage/environment.ts'
import type { StateWriter } from '../../../src/storage/state-rows.ts'
import { StateStores } from '../../../src/storage/state/state-stores.ts'
import { openTestLog } from '../../support/open.ts'

const partitions = 2
/** Some pages for each partition. */
const rowsAtFirst = 5_000
const copied: CopiedStore = { from: 9_001, to: 9_002, partitions }
/** So small that rows are folded, and pieces go, all the time. */
const journalBytes = 4_096
const bytesOf = (key: number): Buffer => Buffer.from([key >> 8, key & 255])

class World {
  readonly environment: Environment
  readonly state: StateStores
  readonly trail: CopyTrail

  constructor() {
    const { environment } = openTestLog()
    this.environment = environment
    this.state = new StateStores(environment)
    environment.write((transaction) => {
      for (const id of [copied.from, copied.to]) this.state.create(transaction, id)
    })
    this.commit((writer) => {
      for (let key = 0; key < rowsAtFirst; key++)
        writer.put(copied.from, key % partitions, bytesOf(key), Buffer.from('first'))
    })
    this.trail = new CopyTrail(this.state, copied)
  }

  commit(change: (writer: StateWriter) => void): void {
    this.environment.write((transaction) => {
      const writer = this.state.begin(transaction)
      change(writer)
      this.state.end(writer, journalBytes)
    })
  }

  step({ write }: CopyStep): void {
    this.trail.follow()
    this.commit(write)
  }

  catchUp(): void {
    this.trail.follow()
    const steps = [...this.trail.steps()]
    this.commit((writer) => {
      for (const { write } of steps) write(writer)
    })
  }

  rows(storeId: number): string[] {
    return Array.from({ length: partitions }, (_, partition) => {
      const rows = this.state.range(storeId, partition, Buffer.alloc(0), undefined, 10_000)
      return rows.map(({ key, value }) => `${partition} ${key.toString('hex')} ${value.toString()}`)
    }).flat()
  }
}

interface Change {
  readonly keys: readonly number[]
  readonly isRemoval: boolean
  /** The rows of this partition before a key are removed. */
  readonly before: number | undefined
}

const change: fc.Arbitrary<Change> = fc.record({
  keys: fc.uniqueArray(fc.integer({ min: 0, max: rowsAtFirst + 200 }), { minLength: 1, maxLength: 6 }),
  isRemoval: fc.boolean(),
  before: fc.option(fc.integer({ min: 0, max: 400 }), { nil: undefined, freq: 4 }),
})

function make(writer: StateWriter, { keys, isRemoval, before = 0 }: Change, round: number): void {
  if (before > 0) writer.removeRange(copied.from, 0, bytesOf(0), bytesOf(before))
  for (const key of keys) {
    if (key < before) continue
    if (isRemoval) writer.remove(copied.from, key % partitions, bytesOf(key))
    else writer.put(copied.from, key % partitions, bytesOf(key), Buffer.from(`round ${round}`))
  }
}

describe('a copy', () => {
  test('has the rows of the store, after few changes or many between its steps', () => {
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 4 }), { minLength: 1, maxLength: 12 }), (rounds) => {
        const world = new World()
        const steps = differencesOf(world.state, copied)
        for (const [round, changes] of rounds.entries()) {
          const step = steps.next()
          for (const one of changes) world.commit((writer) => make(writer, one, round))
          if (step.done !== true) world.step(step.value)
        }
        for (const step of steps) world.step(step)
        world.catchUp()
        expect(world.rows(copied.to)).toEqual(world.rows(copied.from))
      }),
      { numRuns: 6 },
    )
  })

  test('knows what changes without reading the store', () => {
    const world = new World()
    for (const step of differencesOf(world.state, copied)) world.step(step)
    world.commit((writer) => make(writer, { keys: [5, 7], isRemoval: false, before: undefined }, 1))
    world.trail.follow()
    expect(world.trail.size).toBe(2)
    expect([...world.trail.steps()].map(({ rows }) => rows)).toEqual([2])
    expect(world.trail.size).toBe(0)
  })

  test('reads the store again when the journal has forgotten', () => {
    const world = new World()
    for (const step of differencesOf(world.state, copied)) world.step(step)
    for (let round = 0; round < 300; round++) {
      world.commit((writer) => make(writer, { keys: [round], isRemoval: false, before: undefined }, round))
    }
    world.trail.follow()
    expect(world.trail.size).toBe(Number.POSITIVE_INFINITY)
    world.catchUp()
    expect(world.rows(copied.to)).toEqual(world.rows(copied.from))
  })
})
