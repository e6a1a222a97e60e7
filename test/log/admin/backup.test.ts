// A backup is the whole log as of one moment, and it is there whole or not at all (killed: test/crash).
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Log, openLog, restoreLog, type WorkProgress } from '../../../src/index.ts'
import { collect } from '../../support/collect.ts'
import { openTestLog } from '../../support/open.ts'
import { commitPosition } from '../../support/positions.ts'
import { startProgram } from '../../support/program.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { rejectionOf } from '../../support/thrown.ts'
import { words } from '../../support/topics.ts'

async function open(dir: string): Promise<Log> {
  const log = await openLog(dir)
  onTestFinished(() => log.close())
  return log
}

async function sendWords(log: Log, batches: number, valueBytes: number): Promise<void> {
  const producer = log.producer()
  for (let batch = 0; batch < batches; batch++) {
    const records = Array.from({ length: 20 }, (_, i) => ({ key: `k${i}`, value: `${batch}`.padEnd(valueBytes, '.') }))
    await producer.sendMany(words, records)
  }
}

const soundLog = async (log: Log): Promise<void> =>
  expect((await log.admin.verify({ deep: true })).problems).toEqual([])

describe('a backup', () => {
  test('is a log with the same records and positions, which can be opened and restored', async () => {
    const { log, embedded } = openTestLog()
    await sendWords(log, 30, 300)
    commitPosition(embedded, 'billing', 'words', 1, 5)
    const base = temporaryDirectory()
    const told: WorkProgress[] = []
    const { path, bytes } = await log.admin.backup(join(base, 'a', 'backup'), { onProgress: (one) => told.push(one) })
    expect(readdirSync(path)).toEqual(['data.mdb'])
    expect(told.at(-1)).toMatchObject({ doneBytes: bytes, totalBytes: bytes, leftMs: 0 })
    const restored = join(base, 'restored')
    expect(await restoreLog(path, restored)).toMatchObject({ path: restored })
    for (const dir of [path, restored]) {
      const copy = await open(dir)
      expect(await collect(copy.read(words))).toEqual(await collect(log.read(words)))
      expect(await copy.admin.lag('billing')).toMatchObject([{ partition: 1, offset: 5 }])
      await soundLog(copy)
      await sendWords(copy, 1, 10)
      expect(await copy.admin.endOffsets(words)).not.toEqual(await log.admin.endOffsets(words))
    }
  })

  test('holds every record that was durable when it began, and whole transactions, while another process writes', async () => {
    const { log, dir } = openTestLog()
    const program = startProgram('churn', [dir, '3'])
    const base = temporaryDirectory()
    for (let i = 0; i < 5; i++) {
      await program.line()
      const before = await log.admin.endOffsets(words)
      const { path } = await log.admin.backup(join(base, String(i)))
      const copy = await open(path)
      const copied = await copy.admin.endOffsets(words)
      expect(copied.every((end, partition) => end >= (before[partition] ?? 0))).toBe(true)
      expect(copied.reduce((total, end) => total + end, 0) % 8).toBe(0)
      await soundLog(copy)
    }
    await soundLog(log)
  })

  test('is finished before the log closes', async () => {
    const { log } = openTestLog()
    await sendWords(log, 100, 1_000)
    const backup = log.admin.backup(join(temporaryDirectory(), 'backup'))
    await log.close()
    const { path } = await backup
    await soundLog(await open(path))
  })

  test('lets the log grow by no more than what is written meanwhile', async () => {
    const { log } = openTestLog()
    await sendWords(log, 200, 2_000)
    const before = await log.admin.stats()
    const backup = log.admin.backup(join(temporaryDirectory(), 'backup'))
    await sendWords(log, 50, 2_000)
    await backup
    const { fileBytes } = await log.admin.stats()
    expect(fileBytes - before.fileBytes).toBeLessThan(before.fileBytes)
  })

  test.each([
    ['a directory that holds something', (dir: string): void => writeFileSync(join(dir, 'file'), 'text')],
    ['a copy that was cut short', (dir: string): void => mkdirSync(join(dir, 'incomplete-copy'))],
  ])('is not written into %s', async (_, fill) => {
    const { log } = openTestLog()
    await sendWords(log, 1, 10)
    const dir = temporaryDirectory()
    fill(dir)
    const before = readdirSync(dir)
    expect(await rejectionOf(log.admin.backup(dir))).toMatchObject({ code: 'directory_not_empty' })
    expect(readdirSync(dir)).toEqual(before)
  })

  test('is not written over a log in use, its own for instance', async () => {
    const { log, dir } = openTestLog()
    expect(await rejectionOf(log.admin.backup(dir))).toMatchObject({ code: 'directory_not_empty' })
    expect(await rejectionOf(log.admin.backup(''))).toMatchObject({ code: 'bad_option' })
  })
})

describe('restoreLog', () => {
  test('refuses what is no backup, and leaves nothing', async () => {
    const base = temporaryDirectory()
    const target = join(base, 'target')
    expect(await rejectionOf(restoreLog(join(base, 'nothing'), target))).toMatchObject({ code: 'format_unknown' })
    mkdirSync(join(base, 'foreign'))
    writeFileSync(join(base, 'foreign', 'data.mdb'), Buffer.alloc(100_000, 7))
    expect(await rejectionOf(restoreLog(join(base, 'foreign'), target))).toMatchObject({ code: 'format_unknown' })
    expect(existsSync(target)).toBe(false)
  })

  test('refuses a directory in use', async () => {
    const { log, dir } = openTestLog()
    await sendWords(log, 1, 10)
    const { path } = await log.admin.backup(join(temporaryDirectory(), 'backup'))
    expect(await rejectionOf(restoreLog(path, dir))).toMatchObject({ code: 'directory_not_empty' })
    await soundLog(log)
  })
})

test('a directory whose copy was cut short is opened neither as a log nor as a backup', async () => {
  const dir = temporaryDirectory()
  mkdirSync(join(dir, 'incomplete-copy'))
  writeFileSync(join(dir, 'incomplete-copy', 'data.mdb'), Buffer.alloc(0))
  for (const path of [dir, join(dir, 'incomplete-copy')]) {
    expect(await rejectionOf(openLog(path))).toMatchObject({ code: 'format_unknown' })
  }
  expect(await rejectionOf(restoreLog(dir, join(dir, 'restored')))).toMatchObject({ code: 'format_unknown' })
})
