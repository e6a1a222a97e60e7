// `stats`, `verify`, `backup` and `restore`: what takes the space, whether it is sound, and copies of it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startStreams } from 'millrace'
import { expect, test } from 'vitest'
import { runInProcess } from '../support/command.ts'
import { commandWorld } from '../support/command-world.ts'
import { counting } from '../support/counted-words.ts'
import { openDurableLog } from '../support/open.ts'
import { words } from '../support/topics.ts'

const rowsOf = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)

test('stats: the parts are topics and stores, and with the rest and what is free they make the file', async () => {
  const { dir, log } = openDurableLog()
  await log.producer().sendMany(
    words,
    Array.from({ length: 50 }, (_, i) => ({ key: `key ${i}`, value: 'x'.repeat(2_000) })),
  )
  await using app = await startStreams(counting, { log, applicationId: 'counting' })
  await app.caughtUp()
  const { code, stdout } = await runInProcess(['stats', '--json', '--dir', dir])
  const rows = rowsOf(stdout)
  expect(code).toBe(0)
  expect(rows.map(({ kind, name, count }) => [kind, name, count])).toEqual([
    ['topic', 'words', 50],
    ['topic', 'counted', 50],
    ['store', 'word-counts', 50],
    ['rest', null, null],
    ['free', null, expect.any(Number)],
    ['file', null, null],
  ])
  const bytes = rows.map((row) => row['bytes'] as number)
  const file = bytes.pop() as number
  const total = bytes.reduce((sum, one) => sum + one, 0)
  expect(total).toBeLessThanOrEqual(file)
  expect(total).toBeGreaterThan(file / 2)
  expect(Math.min(...bytes)).toBeGreaterThan(0)
})

test('verify: what is damaged is listed, and it ends with 1', async () => {
  const { data } = await commandWorld()
  const path = join(data, 'data.mdb')
  const bytes = readFileSync(path)
  // Pages that are free hold it too.
  for (let at = bytes.indexOf('/search'); at >= 0; at = bytes.indexOf('/search', at)) bytes.fill('X', at, at + 1)
  writeFileSync(path, bytes)
  const shown = await runInProcess(['verify', '--dir', data])
  expect(shown).toMatchObject({ code: 1, stderr: expect.stringMatching(/problems?: restore a backup/) as string })
  expect(shown.stdout).toMatch(/damaged_batch +clicks/)
  const { code, stdout } = await runInProcess(['verify', '--json', '--dir', data])
  expect(code).toBe(1)
  const damaged = expect.objectContaining({ kind: 'damaged_batch', topic: 'clicks' }) as unknown
  expect(rowsOf(stdout)).toMatchObject([{ problems: expect.arrayContaining([damaged]) as unknown }])
})

test('verify: how far it is stands on a terminal, and is gone when it has ended; elsewhere nothing is said', async () => {
  const { data } = await commandWorld()
  const onTerminal = await runInProcess(['verify', '--dir', data], { columns: 100 })
  expect(onTerminal.stderr).toMatch(/verify 100%, \d+ B of \d+ B/)
  expect(onTerminal.stderr.endsWith('\r\u001b[1A\u001b[J')).toBe(true)
  expect((await runInProcess(['verify', '--dir', data])).stderr).toBe('')
})

test('backup and restore: what was there is there again, and nothing is ever replaced', async () => {
  const { dir, data } = await commandWorld()
  const [saved, restored] = [join(dir, 'saved'), join(dir, 'restored')]
  expect((await runInProcess(['backup', saved, '--dir', data])).code).toBe(0)
  expect((await runInProcess(['restore', saved, '--dir', restored])).code).toBe(0)
  const listed = async (from: string): Promise<string> =>
    (await runInProcess(['topic', 'list', '--json', '--dir', from])).stdout
  expect(await listed(restored)).toBe(await listed(data))
  const before = readFileSync(join(saved, 'data.mdb'))
  for (const line of [
    ['backup', saved, '--dir', data],
    ['restore', data, '--dir', restored],
  ]) {
    expect(await runInProcess(line)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('directory_not_empty') as string,
    })
  }
  expect(readFileSync(join(saved, 'data.mdb')).equals(before)).toBe(true)
  mkdirSync(join(dir, 'empty'))
  const nothing = await runInProcess(['restore', join(dir, 'empty'), '--dir', join(dir, 'new')])
  expect(nothing).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no backup of a log') as string })
})
