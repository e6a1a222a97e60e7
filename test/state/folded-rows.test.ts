// What a process knows of rows after it has folded them: it reads neither them nor what they replace in the tree again.
import { describe, expect, test, vi } from 'vitest'
import type { StateWriter } from '../../src/storage/state-rows.ts'
import { StateStores } from '../../src/storage/state/state-stores.ts'
import { openTestLog } from '../support/open.ts'
import { storeIdsOf } from '../support/store-ids.ts'

/** A store whose rows change at random, many times over, so that all of them have been folded. */
function openChanging() {
  const { log, embedded, environment } = openTestLog()
  const [storeId = 0] = storeIdsOf(embedded, 'application', ['one'])
  let commits = 0
  const keyOf = (row: number): Buffer => Buffer.from(`key ${row}`)
  const commit = (state: StateStores, work: (writer: StateWriter) => void): void => {
    embedded.environment.write((transaction) => {
      const changes = state.begin(transaction)
      work(changes)
      state.end(changes, 32_768)
    })
  }
  /** Reads rows and changes them, as an application does. */
  const change = (state: StateStores): void => {
    commits++
    const rows = Array.from({ length: 20 }, (_, at) => Math.imul(commits * 20 + at, 0x9e3779b1) >>> 22)
    for (const row of rows) state.get(storeId, 0, keyOf(row))
    const value = Buffer.concat([Buffer.alloc(8), Buffer.from(`value of ${commits}, and what else there is`)])
    commit(state, (writer) => {
      for (const row of new Set(rows)) writer.put(storeId, 0, keyOf(row), value)
    })
  }
  const seals = vi.spyOn(environment, 'seal')
  const gets = vi.spyOn(environment, 'get')
  const state = new StateStores(environment)
  for (let at = 0; at < 400; at++) change(state)
  const problems = async () => (await log.admin.verify()).problems
  return { environment, storeId, state, keyOf, commit, change, seals, gets, problems }
}

describe('folding', () => {
  test('does not read again what was read before, or folded by the same process', async () => {
    const { state, change, seals, problems } = openChanging()
    seals.mockClear()
    for (let at = 0; at < 100; at++) change(state)
    expect(seals).not.toHaveBeenCalled()
    expect(await problems()).toEqual([])
  })

  test('reads what another process may have changed, and counts it', async () => {
    const { environment, state, change, seals, problems } = openChanging()
    const other = new StateStores(environment)
    for (let at = 0; at < 12; at++) change(other)
    seals.mockClear()
    for (let at = 0; at < 120; at++) change(at % 6 < 3 ? state : other)
    expect(seals).toHaveBeenCalled()
    expect(await problems()).toEqual([])
  })
})

test('a row that was folded is read where the journal has it, until its piece goes', () => {
  const { environment, storeId, state, keyOf, gets } = openChanging()
  const fromTree = (reader: StateStores): number => {
    gets.mockClear()
    for (let row = 0; row < 1_024; row++) reader.get(storeId, 0, keyOf(row))
    return gets.mock.calls.filter(([, key]) => key.length > 4).length
  }
  // One who opens the journal passes over what is in the tree.
  const opened = fromTree(new StateStores(environment))
  expect(fromTree(state)).toBeLessThan(0.9 * opened)
  expect(opened).toBeLessThan(1_024)
})

test('a range that is removed takes along what was folded and is still in the journal', async () => {
  const { storeId, state, keyOf, commit, problems } = openChanging()
  const isThere = (row: number): boolean => state.get(storeId, 0, keyOf(row)) !== undefined
  const before = Array.from({ length: 1_024 }, (_, row) => row).filter(isThere)
  commit(state, (writer) => writer.removeRange(storeId, 0, keyOf(5), keyOf(6)))
  expect(before.filter(isThere)).toEqual(before.filter((row) => !String(row).startsWith('5')))
  expect(await problems()).toEqual([])
})
