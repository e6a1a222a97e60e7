// Several processes write, read and administer one directory at once: each sees every record once and in order, and nothing is harmed.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openTestLog } from '../support/open.ts'
import { commitPosition } from '../support/positions.ts'
import { startProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { words } from '../support/topics.ts'

const names = ['a', 'b', 'c']
const recordsEach = 1_000

test('three processes write and read while a fourth administers', async () => {
  const { log, embedded, dir } = openTestLog()
  await log.admin.createTopic(words)
  commitPosition(embedded, 'billing', 'words', 2, 0)
  const total = String(names.length * recordsEach)
  const programs = names.map((name) => startProgram('write-and-read', [dir, name, String(recordsEach), total]))
  for (const program of programs) expect(await program.line()).toBe('open')
  const ended = new Set<string>()
  const digests = Promise.all(
    programs.map(async (program, at) => {
      const digest = await program.line()
      ended.add(names[at] ?? '')
      return digest
    }),
  )
  const backups = temporaryDirectory()
  for (let round = 0; ended.size < names.length; round++) {
    const [starts, ends] = [await log.admin.startOffsets(words), await log.admin.endOffsets(words)]
    expect(starts).toEqual([0, 0, 0, 0])
    const [size] = await log.admin.logSizes([words])
    expect(size?.records).toBeGreaterThanOrEqual(ends.reduce((sum, end) => sum + end, 0))
    const [lag] = await log.admin.lag('billing')
    const [reset] = await log.admin.resetOffsets('billing', { to: 'latest' })
    expect(reset?.after).toBeGreaterThanOrEqual(lag?.endOffset ?? 0)
    expect((await log.admin.verify({ deep: true })).problems).toEqual([])
    expect((await log.admin.stats()).readers.length).toBeGreaterThanOrEqual(1)
    if (round < 3) await log.admin.backup(join(backups, String(round)))
  }
  expect(new Set(await digests).size).toBe(1)
  for (const program of programs) expect(await program.exited).toMatchObject({ code: 0 })
  const ends = await log.admin.endOffsets(words)
  expect(ends.reduce((sum, end) => sum + end, 0)).toBe(names.length * recordsEach)
  expect((await log.admin.verify({ deep: true })).problems).toEqual([])
})
