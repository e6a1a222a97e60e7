// A directory that cannot be written is refused at once, with its path and what to do, and stays as it is.
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Environment } from '../../src/storage/environment.ts'
import { compiledProgram } from '../support/compiled.ts'
import { openDurableLog } from '../support/open.ts'
import { errorOf } from '../support/thrown.ts'
import { lines } from '../support/topics.ts'
import { canMount, noMounts, runWithMounts } from './namespace.ts'

async function logOf3(): Promise<string> {
  const { dir, log } = openDurableLog()
  await log.producer().sendMany(
    lines,
    [0, 1, 2].map((i) => ({ key: 'a', value: `${i}` })),
  )
  await log.close()
  return dir
}

describe('a directory', () => {
  test('on a file system that is mounted read-only is refused, and keeps what it has', async (context) => {
    if (!canMount) context.skip(noMounts)
    const dir = await logOf3()
    const said = runWithMounts(
      'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; "$2" --import tsx test/support/programs/open-directories.ts "$1" "$1/new"',
      [dir, process.execPath],
    )
    const outcomes = said
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { readonly code: string; readonly message: string })
    expect(outcomes).toMatchObject([{ code: 'storage_failed' }, { code: 'storage_failed' }])
    for (const [index, path] of [dir, join(dir, 'new')].entries()) {
      expect(outcomes[index]?.message).toMatch(
        /read-only file system.*mount the file system for writing, then start again/i,
      )
      expect(outcomes[index]?.message).toContain(`cannot open the log in ${path}: `)
    }
    expect(await openDurableLog(dir).log.admin.endOffsets(lines)).toEqual([3])
  })

  test('on such a file system may be looked at, unless a process has it open for writing', async (context) => {
    if (!canMount) context.skip(noMounts)
    const dir = await logOf3()
    const look = (): readonly unknown[] =>
      runWithMounts(
        'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; printf "topics\\nproblems\\nsend\\n" | "$2" "$3" "$1" || true',
        [dir, process.execPath, compiledProgram('test/support', 'look')],
      )
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as unknown)
    expect(look()).toMatchObject([{ ok: 'open' }, { ok: ['lines'] }, { ok: 0 }, { code: 'read_only' }])
    const { log } = openDurableLog(dir)
    const inUse = { code: 'log_in_use', message: expect.stringMatching(/EROFS/) as string }
    expect(look()).toEqual([inUse, inUse])
    await log.close()
    expect(look()).toMatchObject([{ ok: 'open' }, { ok: ['lines'] }, { ok: 0 }, { code: 'read_only' }])
  })

  test('without the right to write is refused, and keeps what it has', async (context) => {
    if (process.getuid?.() === 0) context.skip('root may write everywhere')
    const dir = await logOf3()
    for (const name of ['data.mdb', 'lock.mdb']) {
      chmodSync(join(dir, name), 0o444)
      const { code, message } = errorOf(() => Environment.openNow(dir))
      chmodSync(join(dir, name), 0o644)
      expect([code, message]).toEqual([
        'storage_failed',
        expect.stringContaining('give the process the right to write'),
      ])
      expect(message).toContain(dir)
    }
    chmodSync(dir, 0o555)
    expect(errorOf(() => Environment.openNow(join(dir, 'new')))).toMatchObject({ code: 'storage_failed' })
    chmodSync(dir, 0o755)
    expect(await openDurableLog(dir).log.admin.endOffsets(lines)).toEqual([3])
  })
})
