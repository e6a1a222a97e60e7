// Whoever has a log open learns that its files are no longer there: nothing is acknowledged into a file that nobody will find.
import { copyFileSync, cpSync, mkdirSync, renameSync, rmSync, utimesSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { openEnvironment, openDurableLog } from '../support/open.ts'
import { startProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { errorOf, rejectionOf } from '../support/thrown.ts'
import { lines } from '../support/topics.ts'

const key = Buffer.from('key')
const gone = {
  code: 'storage_failed',
  message: expect.stringMatching(/the log in .* is gone: .*start the process again/),
}

function replaceFile(path: string): void {
  copyFileSync(path, `${path}.copy`)
  renameSync(`${path}.copy`, path)
}

/** What may happen to a directory, or to one of its files. */
const happenings: Readonly<Record<string, (dir: string) => void>> = {
  'it is removed': (dir) => rmSync(dir, { recursive: true }),
  'it is removed and made again, empty': (dir) => {
    rmSync(dir, { recursive: true })
    mkdirSync(dir)
  },
  'it is renamed': (dir) => renameSync(dir, `${dir}-old`),
  'the directory that it is in is renamed': (dir) => renameSync(dirname(dir), `${dirname(dir)}-old`),
  'it is replaced by a copy of itself': (dir) => {
    cpSync(dir, `${dir}-copy`, { recursive: true })
    rmSync(dir, { recursive: true })
    renameSync(`${dir}-copy`, dir)
  },
  'it is emptied': (dir) => {
    for (const name of ['data.mdb', 'lock.mdb', 'commit.lock']) rmSync(join(dir, name))
  },
  ...Object.fromEntries(
    ['data.mdb', 'lock.mdb', 'commit.lock'].flatMap((name) => [
      [`${name} is removed`, (dir: string) => rmSync(join(dir, name))],
      [`${name} is replaced`, (dir: string) => replaceFile(join(dir, name))],
      [
        `${name} is replaced, and the time of the directory put back`,
        (dir: string) => {
          replaceFile(join(dir, name))
          utimesSync(dir, 1, 1)
        },
      ],
    ]),
  ),
}

describe.each(Object.entries(happenings))('a log is open, and %s', (_, happens) => {
  test('the next commit is refused, and all that follows', async () => {
    const dir = join(temporaryDirectory(), 'in', 'log')
    const { log, environment } = openDurableLog(dir)
    await log.producer().send(lines, { key: 'a', value: '0' })
    happens(dir)
    const refusal = await rejectionOf(log.producer().send(lines, { key: 'a', value: '1' }))
    expect(refusal).toMatchObject(gone)
    expect(refusal.message).toContain(dir)
    expect(errorOf(() => environment.get('meta', key))).toBe(refusal)
    expect(errorOf(() => environment.refresh())).toBe(refusal)
    await environment.close()
  })
})

test.each(['data.mdb', 'lock.mdb', 'commit.lock'])('also long after it was opened, %s is missed', (name) => {
  const dir = join(temporaryDirectory(), 'log')
  const environment = openEnvironment(dir)
  const commit = (): void => environment.write((transaction) => transaction.put('meta', key, key))
  const now = performance.now()
  const clock = vi.spyOn(performance, 'now').mockReturnValue(now + 60_000)
  onTestFinished(() => clock.mockRestore())
  commit()
  clock.mockReturnValue(now + 120_000)
  commit()
  rmSync(join(dir, name))
  expect(errorOf(commit)).toMatchObject(gone)
})

test('a reader that waits for commits is told, although there are none', async () => {
  const dir = join(temporaryDirectory(), 'log')
  const { log } = openDurableLog(dir)
  await log.producer().send(lines, { key: 'a', value: '0' })
  const following = log.read(lines, { follow: true })[Symbol.asyncIterator]()
  expect((await following.next()).value).toMatchObject({ value: '0' })
  const next = following.next()
  renameSync(dir, `${dir}-old`)
  expect(await rejectionOf(next)).toMatchObject(gone)
})

test('another process that makes a new log there goes on alone', async () => {
  const dir = join(temporaryDirectory(), 'log')
  const old = openEnvironment(dir)
  const commit = (value: string): void => old.write((transaction) => transaction.put('meta', key, Buffer.from(value)))
  commit('old')
  rmSync(dir, { recursive: true })
  const other = startProgram('commit-on-request', [dir])
  expect(await other.line()).toBe('open')
  expect(errorOf(() => commit('older'))).toMatchObject(gone)
  other.say('new')
  expect(await other.line()).toBe('new')
  const fresh = openEnvironment(dir)
  expect(fresh.get('meta', Buffer.from('new'))?.toString()).toBe('new')
  expect(fresh.get('meta', key)).toBeUndefined()
})

test('what comes and goes beside the files changes nothing', () => {
  const dir = join(temporaryDirectory(), 'log')
  const environment = openEnvironment(dir)
  for (let n = 0; n < 20; n++) {
    mkdirSync(join(dir, `beside-${n}`))
    environment.write((transaction) => transaction.put('meta', key, Buffer.of(n)))
    renameSync(join(dir, `beside-${n}`), join(dir, 'other'))
    rmSync(join(dir, 'other'), { recursive: true })
    expect(openEnvironment(dir).get('meta', key)).toEqual(Buffer.of(n))
  }
})
