// A worker thread that has the log open may be terminated at any moment, and its process may exit: nobody waits for ever, and
// nobody's rows are lost, as if a process had been killed.
import { expect, test } from 'vitest'
import { openEnvironment } from '../support/open.ts'
import { type Program, startProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** How many rows a thread has committed, without a gap; and the log can be opened and written. */
async function rowsOf(dir: string, who: string): Promise<number> {
  const environment = openEnvironment(dir)
  environment.write((transaction) => transaction.put('meta', Buffer.from('check'), Buffer.from('check')))
  const keys = environment.keys('meta', Buffer.from(`${who} `), Buffer.from(`${who}!`), 100_000).map(String)
  await environment.close()
  expect(keys.map((key) => Number(key.slice(who.length + 1))).toSorted((a, b) => a - b)).toEqual([...keys.keys()])
  return keys.length
}

/**
 * Comes when the program has ended: of its own accord, or because lmdb's compiled code was called in a thread between Node's order
 * to stop and V8's (docs/decisions/0012-no-code-under-lmdbs-mutex.md), which happens on a busy machine.
 */
async function ended(program: Program): Promise<'as it should' | 'aborted by lmdb'> {
  const exit = await program.exited
  if (exit.signal === 'SIGABRT' && program.errors.includes('napi_throw')) return 'aborted by lmdb'
  expect(exit).toEqual({ code: 0, signal: null })
  return 'as it should'
}

test('nobody hangs when workers are terminated while they open or write, and the log is whole', async () => {
  const rounds = 12
  const dir = temporaryDirectory()
  const program = startProgram('write-in-worker', [dir, 'terminate', String(rounds)])
  const lines = await program.restOfLines()
  const end = await ended(program)
  expect(lines).toEqual([...lines.keys()].map(String))
  if (end === 'as it should') expect(lines).toHaveLength(rounds)
  expect(await rowsOf(dir, 'main')).toBeGreaterThanOrEqual(lines.length)
  expect(await rowsOf(dir, 'worker')).toBeGreaterThanOrEqual(0)
})

test('a process ends when its main thread exits while a worker writes, and others go on', async () => {
  const dir = temporaryDirectory()
  let rows = 0
  for (const turns of [0, 20, 300]) {
    const program = startProgram('write-in-worker', [dir, 'exit', String(turns)])
    await ended(program)
    const now = await rowsOf(dir, 'worker')
    expect(now).toBeGreaterThanOrEqual(rows)
    rows = now
  }
})
