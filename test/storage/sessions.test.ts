// A session tells whether its owner lives: by a lock that the system takes back, whatever the owner's end.
import { readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MillraceError } from 'millrace'
import { Environment } from '../../src/storage/environment.ts'
import { Sessions } from '../../src/storage/sessions.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { errorOf } from '../support/thrown.ts'

const filesIn = (dir: string): string[] => readdirSync(join(dir, 'sessions'))
const someId = '01234567-89ab-4cde-8f01-23456789abcd'

test('sessions of one process are alive one by one, to each other and to themselves, until they end', () => {
  const dir = temporaryDirectory()
  const [a, b] = [new Sessions(dir), new Sessions(dir)]
  const [first, second] = [a.begin(), b.begin()]
  for (const sessions of [a, b]) for (const { id } of [first, second]) expect(sessions.isAlive(id)).toBe(true)
  expect(filesIn(dir).toSorted()).toEqual([first.id, second.id].toSorted())
  expect(statSync(join(dir, 'sessions', first.id)).mode & 0o777).toBe(0o600)
  a.end()
  expect(filesIn(dir)).toEqual([second.id])
  expect([a, b].map((sessions) => sessions.isAlive(first.id))).toEqual([false, false])
  expect([a, b].map((sessions) => sessions.isAlive(second.id))).toEqual([true, true])
  b.end()
  expect(filesIn(dir)).toEqual([])
})

test('what a dead owner left is removed by whoever looks, and by whoever begins', () => {
  const dir = temporaryDirectory()
  const [sessions, other] = [new Sessions(dir), new Sessions(dir)]
  sessions.begin()
  const left = join(dir, 'sessions', someId)
  writeFileSync(left, '')
  expect(sessions.isAlive(someId)).toBe(false)
  expect(filesIn(dir)).not.toContain(someId)
  writeFileSync(left, '')
  other.begin()
  expect(filesIn(dir)).not.toContain(someId)
  sessions.end()
  other.end()
})

test('nothing that is no session of this directory is opened, followed or removed', () => {
  const dir = temporaryDirectory()
  const sessions = new Sessions(dir)
  const { id } = sessions.begin()
  const outside = join(dir, 'outside')
  writeFileSync(outside, 'kept')
  symlinkSync(outside, join(dir, 'sessions', someId))
  writeFileSync(join(dir, 'sessions', 'note'), '')
  expect(sessions.isAlive(someId)).toBe(true) // it cannot be looked at, so nobody is taken for dead
  for (const name of ['note', '../outside', '', `../sessions/${id}`]) expect(sessions.isAlive(name)).toBe(false)
  new Sessions(dir).end()
  expect(filesIn(dir).toSorted()).toEqual([id, someId, 'note'].toSorted())
  expect(readdirSync(dir)).toContain('outside')
  sessions.end()
})

test('sessions in the place of something else are refused', () => {
  const [dir, elsewhere] = [temporaryDirectory(), temporaryDirectory()]
  symlinkSync(elsewhere, join(dir, 'sessions'))
  const error = errorOf(() => new Sessions(dir).begin())
  expect(error).toBeInstanceOf(MillraceError)
  expect(error).toMatchObject({ code: 'storage_failed' })
  expect(readdirSync(elsewhere)).toEqual([])
})

test('a session whose file somebody deletes is over, also for its owner, who may begin another', () => {
  const dir = temporaryDirectory()
  const [sessions, other] = [new Sessions(dir), new Sessions(dir)]
  const { id } = sessions.begin()
  rmSync(join(dir, 'sessions'), { recursive: true })
  expect(sessions.isInPlace(id)).toBe(false)
  expect([sessions, other].map((one) => one.isAlive(id))).toEqual([false, false])
  expect(other.isAlive(sessions.begin().id)).toBe(true)
  sessions.end()
  other.end()
})

test.each([
  ['a file', (path: string) => writeFileSync(path, '')],
  ['a symbolic link', (path: string) => symlinkSync('nothing', path)],
])('%s in the place of the sessions is refused when the log is opened', (what, make) => {
  const dir = temporaryDirectory()
  make(join(dir, 'sessions'))
  expect(errorOf(() => Environment.openNow(dir))).toMatchObject({
    code: 'storage_failed',
    message: expect.stringContaining(`${join(dir, 'sessions')} is ${what}`),
  })
})

test('where there were sessions, a data file that is missing is damage, and no new log', async () => {
  const dir = temporaryDirectory()
  const environment = Environment.openNow(dir)
  environment.sessions.begin()
  await environment.close()
  rmSync(join(dir, 'data.mdb'))
  expect(errorOf(() => Environment.openNow(dir))).toMatchObject({ code: 'damaged' })
})
