// A store that another process commits to: each read sees one commit, tree and journal as one, and later reads no older one.
import { expect, test } from 'vitest'
import type { StateReader, StoredRow } from '../../src/storage/state-rows.ts'
import { StateStores } from '../../src/storage/state/state-stores.ts'
import { openDurableLog } from '../support/open.ts'
import { startProgram } from '../support/program.ts'
import { storeIdsOf } from '../support/store-ids.ts'

const groupRows = 30

test('rows that belong together are read as of one commit, while another process commits and folds', async () => {
  const { embedded, log, environment } = openDurableLog()
  const program = startProgram('write-state', [environment.dir, String(groupRows)])
  expect(await program.line()).toBe('begun')
  embedded.refresh()
  const [storeId = 0] = storeIdsOf(embedded, 'writer', ['numbers'])
  const [from, to] = [Buffer.from('group '), Buffer.from('group!')]
  let before = 0
  let changes = 0
  while (changes < 60) {
    embedded.refresh()
    const rows = embedded.state.range(storeId, 0, from, to, 1_000)
    const numbers = new Set(rows.map(({ value }) => Number(value.toString('utf8', 8))))
    for (const { key, value } of rows) expect(embedded.state.get(storeId, 0, key)).toEqual(value)
    expect(rows).toHaveLength(groupRows)
    expect(numbers.size).toBe(1)
    const [number = 0] = numbers
    expect(number).toBeGreaterThanOrEqual(before)
    if (number > before) changes++
    before = number
  }
  expect((await log.admin.verify()).problems).toEqual([])
  program.kill()
  await program.exited
  embedded.refresh()
  const rowsOf = (reader: StateReader): StoredRow[] => reader.range(storeId, 0, Buffer.alloc(0), undefined, 10_000)
  expect(rowsOf(embedded.state)).toEqual(rowsOf(new StateStores(environment)))
  expect(environment.rowCount('state')).toBeGreaterThan(groupRows) // some rows are in the tree
  expect(environment.rowCount('journal')).toBeGreaterThan(0)
})
