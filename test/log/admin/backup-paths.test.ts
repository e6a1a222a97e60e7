// A copy to or from a path that cannot be is refused with a code, the path and what to do; nothing is left of it, and the
// source stays as it is.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { openLog, restoreLog } from 'millrace'
import { describe, expect, onTestFinished, test } from 'vitest'
import { crc32c } from '../../../src/core/checksum.ts'
import { collect } from '../../support/collect.ts'
import { openTestLog, type OpenedLog } from '../../support/open.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { rejectionOf } from '../../support/thrown.ts'
import { lines } from '../../support/topics.ts'

/** A log, a backup of it, and what may stand in the way beside them. */
interface Base extends OpenedLog {
  readonly base: string
  readonly saved: string
}

async function openBase(): Promise<Base> {
  const base = temporaryDirectory()
  const opened = openTestLog(join(base, 'log'))
  await opened.log.producer().sendMany(
    lines,
    [0, 1, 2].map((i) => ({ key: 'k', value: `${i}` })),
  )
  const saved = join(base, 'saved')
  await opened.log.admin.backup(saved)
  writeFileSync(join(base, 'file'), 'text')
  symlinkSync(join(base, 'loop'), join(base, 'loop'))
  symlinkSync(join(base, 'log'), join(base, 'link'))
  return { ...opened, base, saved }
}

/** All files in a directory, by checksum; readers of a log note in its lock file where they are. */
function contentsOf(dir: string): Readonly<Record<string, number>> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files.map(({ parentPath, name }) => join(parentPath, name))
  return Object.fromEntries(
    paths.map((path) => [path, basename(path) === 'lock.mdb' ? 0 : crc32c(readFileSync(path))] as const),
  )
}

const targets: readonly (readonly [what: string, path: string, code: string, message: RegExp])[] = [
  ['a file', 'file', 'storage_failed', /ENOTDIR.*a file is in the way: choose another path/],
  ['a path through a file', 'file/a/b', 'storage_failed', /ENOTDIR.*a file is in the way/],
  ['a link that leads to itself', 'loop', 'storage_failed', /is in the way/],
  ['a path through such a link', 'loop/a', 'storage_failed', /is in the way/],
  ['a name that is too long', `new/a/${'n'.repeat(256)}/b`, 'storage_failed', /ENAMETOOLONG.*choose a shorter path/],
  ['a path that is too long', 'a/'.repeat(2_500), 'bad_option', /a path of up to 4095 bytes, not the/],
  ['a path with a zero byte', 'a\0b', 'bad_option', /takes the path of a directory, not ".*\\u0000b"/],
  ['the directory of a log', 'log', 'directory_not_empty', /nothing is overwritten/],
  [
    'a directory inside of a log',
    'log/backups/monday',
    'bad_option',
    /lies inside the log in .*choose another directory/,
  ],
  ['the same through a link', 'link/backups', 'bad_option', /lies inside the log/],
  [
    'a directory that the system makes none in',
    '/proc/self/copy',
    'storage_failed',
    /ENOENT.*choose a path where directories/,
  ],
]

describe.each(targets)('a copy to %s', (_, path, code, message) => {
  test('is refused, and leaves nothing', async () => {
    const { log, base, saved } = await openBase()
    const target = path.startsWith('/') ? path : `${base}/${path}`
    const before = contentsOf(base)
    for (const copying of [log.admin.backup(target), restoreLog(saved, target)]) {
      expect(await rejectionOf(copying)).toMatchObject({ code, message: expect.stringMatching(message) })
    }
    expect(contentsOf(base)).toEqual(before)
    expect(readdirSync(base).toSorted()).toEqual(['file', 'link', 'log', 'loop', 'saved'])
  })
})

const garbage = (dir: string, bytes: Buffer | string): void => {
  mkdirSync(dir)
  writeFileSync(join(dir, 'data.mdb'), bytes)
}

const sources: readonly (readonly [what: string, make: (dir: string, saved: string) => void, message: string])[] = [
  ['nothing', () => undefined, 'there is no backup of a log in'],
  ['a file', (dir) => writeFileSync(dir, 'text'), 'there is no backup of a log in'],
  ['an empty directory', (dir) => mkdirSync(dir), 'there is no backup of a log in'],
  ['an empty file', (dir) => garbage(dir, ''), 'there is no backup of a log in'],
  [
    'a directory in place of the file',
    (dir) => mkdirSync(join(dir, 'data.mdb'), { recursive: true }),
    'there is no backup',
  ],
  ['a file of something else', (dir) => garbage(dir, Buffer.alloc(100_000, 7)), 'data.mdb is not a log of millrace'],
  [
    'the first bytes of a backup',
    (dir, saved) => {
      cpSync(saved, dir, { recursive: true })
      truncateSync(join(dir, 'data.mdb'), 100)
    },
    'it does not begin like an LMDB file',
  ],
]

describe.each(sources)('restoring %s', (_, make, message) => {
  test('is refused, leaves nothing, and changes nothing of it', async () => {
    const { base, saved } = await openBase()
    const source = join(base, 'source')
    make(source, saved)
    const before = contentsOf(base)
    const error = await rejectionOf(restoreLog(source, join(base, 'new', 'restored')))
    expect(error).toMatchObject({ code: 'format_unknown', message: expect.stringContaining(message) })
    expect(error.message).toContain(source)
    expect(error.message).not.toContain('incomplete-copy')
    expect(contentsOf(base)).toEqual(before)
    expect(existsSync(join(base, 'new'))).toBe(false)
  })
})

test('a backup is restored as it is: nothing is written beside it', async () => {
  const { log, base, saved } = await openBase()
  const before = contentsOf(saved)
  const restored = join(base, 'restored')
  const { bytes } = await restoreLog(saved, restored)
  expect(contentsOf(saved)).toEqual(before)
  expect(readdirSync(restored)).toEqual(['data.mdb'])
  expect(readFileSync(join(restored, 'data.mdb'))).toHaveLength(bytes)
  const copy = await openLog(restored)
  onTestFinished(() => copy.close())
  expect(await collect(copy.read(lines))).toEqual(await collect(log.read(lines)))
})

test('a log is restored while it is in use, as of one moment', async () => {
  const { log, base } = await openBase()
  const restored = join(base, 'restored')
  await restoreLog(join(base, 'log'), restored)
  const copy = await openLog(restored)
  onTestFinished(() => copy.close())
  expect(await collect(copy.read(lines))).toEqual(await collect(log.read(lines)))
})

test('a copy whose progress nobody wants to hear is given up, and the call rejects with what was thrown', async () => {
  const { log, base, saved } = await openBase()
  const thrown = new TypeError('not now')
  const onProgress = (): never => {
    throw thrown
  }
  const target = join(base, 'new')
  await expect(log.admin.backup(target, { onProgress })).rejects.toBe(thrown)
  await expect(restoreLog(saved, target, { onProgress })).rejects.toBe(thrown)
  expect(readdirSync(base)).not.toContain(basename(target))
})
