// The file of a new log is byte for byte what LMDB makes of an environment with the same databases.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { open } from 'lmdb'
import { expect, test } from 'vitest'
import { databaseNames } from '../../src/storage/databases.ts'
import { emptyDataFile } from '../../src/storage/empty-file.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const bootIdAt = 160
const mapBytesAt = 40

test.each([4_096, 16_384, 65_536])('a new file is as LMDB makes it, with pages of %i bytes', async (pageBytes) => {
  const dir = temporaryDirectory()
  const options = { noSubdir: false, encoding: 'binary', keyEncoding: 'binary', cache: false } as const
  const root = open({ path: dir, pageSize: pageBytes, maxDbs: 32, overlappingSync: false, ...options })
  const names = databaseNames.toSorted()
  root.transactionSync(() => {
    for (const name of names) root.openDB({ name, encoding: 'binary', keyEncoding: 'binary', cache: false })
  })
  await root.close()
  const made = readFileSync(join(dir, 'data.mdb'))
  // These differ from run to run: how much is mapped, and since when the machine runs.
  for (const page of [0, pageBytes]) made.fill(0, page + mapBytesAt, page + mapBytesAt + 8)
  made.fill(0, pageBytes + bootIdAt, pageBytes + bootIdAt + 8)
  const ours = emptyDataFile(databaseNames, pageBytes)
  for (const page of [0, pageBytes]) ours.fill(0, page + mapBytesAt, page + mapBytesAt + 8)
  expect(ours.equals(made)).toBe(true)
})
