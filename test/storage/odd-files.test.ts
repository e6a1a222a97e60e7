// Whatever stands in the place of a file of a log: an error that names it, never a crash, and nothing is followed or overwritten.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Environment } from '../../src/storage/environment.ts'
import { openEnvironment } from '../support/open.ts'
import { startProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const names = ['data.mdb', 'lock.mdb', 'commit.lock'] as const
const key = Buffer.from('key')

async function closedLog(): Promise<string> {
  const dir = join(temporaryDirectory(), 'log')
  const environment = Environment.openNow(dir)
  environment.write((transaction) => transaction.put('state', key, key))
  await environment.close()
  return dir
}

/** Puts something into the place of a file; what it had is beside the log. */
const oddities: Readonly<Record<string, (path: string) => unknown>> = {
  'a directory': (path) => mkdirSync(path),
  'a directory that holds something': (path) => mkdirSync(join(path, 'below'), { recursive: true }),
  'a named pipe': (path) => execFileSync('mkfifo', [path]),
  'a socket': (path) => listening(path),
  'a symbolic link to nothing': (path) => symlinkSync(join(dirname(path), '..', 'nothing'), path),
  'a symbolic link to a file': (path) => {
    writeFileSync(join(dirname(path), '..', 'precious'), 'precious')
    symlinkSync(join(dirname(path), '..', 'precious'), path)
  },
  'a symbolic link to a device': (path) => symlinkSync('/dev/zero', path),
  'a symbolic link to itself': (path) => symlinkSync(path, path),
}

async function listening(path: string): Promise<void> {
  const server = createServer()
  onTestFinished(() => void server.close())
  await once(server.listen(path), 'listening')
}

/** What a process of its own says of the directories, in their order. */
async function saidOf(
  dirs: readonly string[],
): Promise<readonly { readonly code: string; readonly message?: string }[]> {
  const program = startProgram('open-directories', dirs)
  const said = await program.restOfLines()
  expect(await program.exited, `the last to be opened was ${dirs[said.length]}`).toEqual({ code: 0, signal: null })
  return said.map((line) => JSON.parse(line) as { readonly code: string })
}

describe('instead of a file', () => {
  test.each(names)('%s, anything that is none is refused by its name', async (name) => {
    const dirs: { readonly oddity: string; readonly dir: string }[] = []
    for (const [oddity, put] of Object.entries(oddities)) {
      for (const isNew of [true, false]) {
        const dir = isNew ? join(temporaryDirectory(), 'log') : await closedLog()
        mkdirSync(dir, { recursive: true })
        rmSync(join(dir, name), { force: true })
        await put(join(dir, name))
        dirs.push({ oddity, dir })
      }
    }
    const said = await saidOf(dirs.map(({ dir }) => dir))
    for (const [index, { oddity, dir }] of dirs.entries()) {
      const [kind = ''] = /^a (?:directory|named pipe|socket|symbolic link)/.exec(oddity) ?? []
      expect(said[index]).toMatchObject({ code: 'storage_failed' })
      expect(said[index]?.message).toContain(
        `${join(dir, name)} is ${kind}, but a log needs a regular file there: move it away`,
      )
      expect(lstatSync(join(dir, name)).isFile()).toBe(false)
      const besides = readdirSync(dirname(dir)).filter((one) => one !== 'log')
      if (oddity === 'a symbolic link to a file') {
        expect(readFileSync(readlinkSync(join(dir, name)), 'utf8')).toBe('precious')
      } else expect(besides).toEqual([])
    }
  })

  test.each(['lock.mdb', 'commit.lock'])('%s, any bytes are as good as none', async (name) => {
    const contents = ['', 'x', 'x'.repeat(8_192), 'x'.repeat(100_000), '\0'.repeat(36_864)]
    const dirs = await Promise.all(contents.map(closedLog))
    for (const [index, dir] of dirs.entries()) writeFileSync(join(dir, name), contents[index] ?? '')
    expect((await saidOf(dirs)).map(({ code }) => code)).toEqual(contents.map(() => 'opened'))
    for (const dir of dirs) expect(openEnvironment(dir).get('state', key)?.toString()).toBe('key')
  })
})

test('a lock file that other processes use, and that is not theirs any more, is refused', async (context) => {
  if (process.platform !== 'linux') context.skip('only Linux says who uses a file')
  const dir = await closedLog()
  const user = startProgram('commit-on-request', [dir])
  expect(await user.line()).toBe('open')
  const path = join(dir, 'lock.mdb')
  const sound = readFileSync(path)
  const damages = [Buffer.alloc(sound.length), Buffer.alloc(sound.length, 0x5a), Buffer.from(sound).fill(1, 4, 5)]
  for (const damaged of damages) {
    writeFileSync(path, damaged)
    expect(await saidOf([dir])).toMatchObject([{ code: 'storage_failed', message: expect.stringContaining(path) }])
  }
  writeFileSync(path, sound)
  expect(await saidOf([dir])).toEqual([{ code: 'opened' }])
})

test('names that were guessed and planted are not followed', async () => {
  const dir = join(temporaryDirectory(), 'log')
  mkdirSync(dir)
  const victim = join(dirname(dir), 'victim')
  writeFileSync(victim, 'precious')
  for (const name of [`lock.mdb.${process.pid}`, 'new-', 'new-data', 'incomplete']) symlinkSync(victim, join(dir, name))
  openEnvironment(dir)
  expect(readFileSync(victim, 'utf8')).toBe('precious')
  for (const name of names) expect(lstatSync(join(dir, name)).isFile()).toBe(true)
})

test('the directory itself may be a link', async () => {
  const dir = await closedLog()
  const link = join(dirname(dir), 'link')
  symlinkSync(dir, link)
  expect(openEnvironment(link).get('state', key)?.toString()).toBe('key')
  expect(statSync(link).isDirectory()).toBe(true)
})
