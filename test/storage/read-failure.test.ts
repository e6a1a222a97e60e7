// What fails inside LMDB, or cannot be right, while something is read is an error of millrace that says what to do.
import { open, type RootDatabase } from 'lmdb'
import { expect, onTestFinished, test } from 'vitest'
import { openEnvironment } from '../support/open.ts'
import { errorOf } from '../support/thrown.ts'

/** More than a directory has. */
const placesMax = 1_000

/** Takes every place for readers that a directory has; what is returned gives one back. */
function fillPlaces(dir: string): () => Promise<void> {
  const opened: RootDatabase[] = []
  onTestFinished(async () => {
    for (const root of opened) await root.close()
  })
  expect(() => {
    for (let i = 0; i < placesMax; i++) {
      const root = open({ path: dir, noSubdir: false, maxDbs: 32, overlappingSync: false })
      opened.push(root)
      root.get('anything')
    }
  }).toThrow('MDB_READERS_FULL')
  return async () => {
    await opened.shift()?.close()
  }
}

test('a log without a place among the readers says so, the others go on, and a place that comes free is taken', async () => {
  const other = openEnvironment()
  other.write((transaction) => transaction.put('positions', Buffer.from('key'), Buffer.from('value')))
  expect(other.get('positions', Buffer.from('key'))?.toString()).toBe('value')
  const late = openEnvironment(other.dir)
  const giveBack = fillPlaces(other.dir)
  const full = { code: 'too_many_readers', message: expect.stringContaining('share the log') }
  late.refresh()
  expect(errorOf(() => late.get('positions', Buffer.from('key')))).toMatchObject(full)
  expect(errorOf(() => late.range('positions', Buffer.of(0), Buffer.of(255), 1))).toMatchObject(full)
  expect(errorOf(() => late.lastBefore('positions', Buffer.of(0), Buffer.of(255)))).toMatchObject(full)
  other.refresh()
  expect(other.get('positions', Buffer.from('key'))?.toString()).toBe('value')
  await giveBack()
  expect(late.get('positions', Buffer.from('key'))?.toString()).toBe('value')
})
