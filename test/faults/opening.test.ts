// A process that opens the directory takes nothing from those that commit at the same moment, however long it takes.
import { describe, expect, test } from 'vitest'
import { compiledProgram } from '../support/compiled.ts'
import { openEnvironment } from '../support/open.ts'
import { endWithTest, Program, startProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { compileShim, failingDisk, noCompiler } from './failing-disk.ts'

/** Stops in the middle of opening: LMDB has read which transaction was the last one, and not said so yet. */
function startOpening(dir: string, preload: string): Program {
  const env = failingDisk(preload, { call: 'map', at: 1, times: 'once', error: 'stopped', done: false })
  return endWithTest(new Program(process.execPath, [compiledProgram('test/support', 'open-directories'), dir], env))
}

describe('commits beside a process that opens the directory', () => {
  test.for([1, 2, 5])('%d of them are all there', async (count, context) => {
    const dir = temporaryDirectory()
    const shim = compileShim(dir)
    if (shim === undefined) return context.skip(noCompiler)
    const writer = startProgram('commit-on-request', [dir])
    expect(await writer.line()).toBe('open')
    const opening = startOpening(dir, shim)
    await opening.complains('fault map 1')
    const rows = Array.from({ length: count }, (_, i) => `beside ${i}`)
    for (const row of rows) writer.say(row)
    // Long enough for commits that nobody holds back.
    await endWithTest(new Program(process.execPath, ['--version'])).exited
    opening.thaw()
    expect(await opening.line()).toContain('opened')
    rows.push('after 0', 'after 1')
    for (const row of rows.slice(-2)) writer.say(row)
    const committed: string[] = []
    while (committed.length < rows.length) committed.push(await writer.line())
    expect(committed).toEqual(rows)
    const environment = openEnvironment(dir)
    for (const row of rows) expect(environment.get('meta', Buffer.from(row))?.toString()).toBe(row)
  })
})
