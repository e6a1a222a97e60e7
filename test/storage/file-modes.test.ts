// What a log makes is for its owner alone, unless the user says otherwise; what is there already stays as it is.
import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type LogOptions, openLog, restoreLog } from '../../src/index.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { rejectionOf } from '../support/thrown.ts'
import { words } from '../support/topics.ts'

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

function modesBelow(dir: string): Record<string, string> {
  const paths = readdirSync(dir, { recursive: true, encoding: 'utf8' }).toSorted()
  return Object.fromEntries(paths.map((path) => [path, modeOf(join(dir, path))]))
}

function withUmask(umask: number): void {
  const before = process.umask(umask)
  onTestFinished(() => void process.umask(before))
}

/** A log two directories deep, and a backup of it. */
async function logAndBackup(base: string, options: LogOptions): Promise<void> {
  const log = await openLog(join(base, 'deep', 'log'), { ...options, maintenance: false })
  await log.producer().send(words, { key: 'a', value: 'b' })
  await log.admin.backup(join(base, 'saved', 'log'))
  await log.close()
}

describe.each([
  [undefined, '600', '700'],
  [0o640, '640', '750'],
  [0o660, '660', '770'],
  [0o666, '666', '777'],
])('with the mode %o', (fileMode, file, directory) => {
  test.each([0o000, 0o022, 0o077])('all that is made has it, whatever the umask is (%o)', async (umask) => {
    withUmask(umask)
    const base = temporaryDirectory()
    const options = fileMode === undefined ? {} : { fileMode }
    await logAndBackup(base, options)
    expect(modesBelow(base)).toEqual({
      deep: directory,
      'deep/log': directory,
      'deep/log/commit.lock': file,
      'deep/log/data.mdb': file,
      'deep/log/lock.mdb': file,
      saved: directory,
      'saved/log': directory,
      'saved/log/data.mdb': file,
    })
    await restoreLog(join(base, 'saved', 'log'), join(base, 'restored'), options)
    expect(modeOf(join(base, 'restored'))).toBe(directory)
    expect(modesBelow(join(base, 'restored'))).toEqual({ 'data.mdb': file })
  })
})

test('what is there already keeps its mode', async () => {
  const dir = join(temporaryDirectory(), 'log')
  mkdirSync(dir)
  chmodSync(dir, 0o755)
  const log = await openLog(dir, { fileMode: 0o644, maintenance: false })
  await log.close()
  const again = await openLog(dir, { maintenance: false })
  await again.close()
  expect([modeOf(dir), modeOf(join(dir, 'data.mdb')), modeOf(join(dir, 'lock.mdb'))]).toEqual(['755', '644', '644'])
})

test.each([0, 0o400, 0o200, 0o700, 0o060, 0o1600, -1, 0.5, Number.NaN])(
  'a mode with which its owner could not work, or that is none, is refused: %o',
  async (fileMode) => {
    const dir = join(temporaryDirectory(), 'log')
    for (const attempt of [openLog(dir, { fileMode }), restoreLog(dir, dir, { fileMode })]) {
      expect(await rejectionOf(attempt)).toMatchObject({
        code: 'bad_option',
        message: expect.stringContaining('fileMode'),
      })
    }
  },
)
