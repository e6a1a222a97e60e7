// A worker thread that has the log open may be terminated at any moment, and its process may exit: neither harms anyone, as
// if a process had been killed.
import { expect, test } from 'vitest'
import { openEnvironment } from '../support/open.ts'
import { startProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** What both kinds of threads have committed, without a gap. */
async function rowsOf(dir: string, who: string): Promise<number> {
  const environment = openEnvironment(dir)
  const keys = environment.keys('meta', Buffer.from(`${who} `), Buffer.from(`${who}!`), 100_000).map(String)
  await environment.close()
  expect(keys.map((key) => Number(key.slice(who.length + 1))).toSorted((a, b) => a - b)).toEqual([...keys.keys()])
  return keys.length
}

test('the main thread goes on when a worker is terminated while it opens or writes', async () => {
  const rounds = 12
  const dir = temporaryDirectory()
  const program = startProgram('write-in-worker', [dir, 'terminate', String(rounds)])
  for (let round = 0; round < rounds; round++) expect(await program.line()).toBe(String(round))
  expect(await program.exited).toEqual({ code: 0, signal: null })
  expect(await rowsOf(dir, 'main')).toBe(rounds)
  expect(await rowsOf(dir, 'worker')).toBeGreaterThan(0)
})

test('a process ends when its main thread exits while a worker writes, and others go on', async () => {
  const dir = temporaryDirectory()
  for (const turns of [0, 20, 300]) {
    const program = startProgram('write-in-worker', [dir, 'exit', String(turns)])
    expect(await program.exited).toEqual({ code: 0, signal: null })
    expect(await rowsOf(dir, 'worker')).toBeGreaterThan(0)
  }
})
