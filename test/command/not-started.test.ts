// `millrace run --watch` where the system starts no process: it is told, and nothing waits for a process that is not there.
import * as processes from 'node:child_process'
import { EventEmitter } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { OwnProcess, Scripts } from '../../src/command/script/scripts.ts'
import { startAgain } from '../../src/command/script/watched-process.ts'
import { runInProcess } from '../support/command.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

vi.mock('node:child_process', async (original) => {
  const real = await original<typeof processes>()
  return { ...real, spawn: vi.fn(real.spawn) }
})

const spawn = vi.mocked(processes.spawn)
beforeEach(() => void spawn.mockClear())

/** A child as Node gives it where there are no file descriptors for its streams. */
function withoutStreams(): processes.ChildProcess {
  const child = Object.assign(new EventEmitter(), { kill: () => false })
  process.nextTick(() => child.emit('error', new Error('spawn EMFILE')))
  return child as unknown as processes.ChildProcess
}

async function run(start: () => OwnProcess) {
  const script = join(temporaryDirectory(), 'words.ts')
  writeFileSync(script, '')
  const scripts: Scripts = { import: () => Promise.reject(new Error('it is imported elsewhere')), start }
  return runInProcess(['run', script, '--watch'], { scripts })
}

test('for want of an executable', async () => {
  const { execPath } = process
  process.execPath = join(temporaryDirectory(), 'node')
  onTestFinished(() => {
    process.execPath = execPath
  })
  const { code, stderr } = await run(() => startAgain('--watch'))
  expect(spawn).toHaveBeenCalledTimes(1)
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^millrace: the script needs a process of its own, .*: spawn .* ENOENT\n$/) as string,
  })
})

test('for want of file descriptors', async () => {
  spawn.mockImplementationOnce(withoutStreams)
  const { code, stderr } = await run(() => startAgain('--watch'))
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^millrace: .*: spawn EMFILE\n$/)])
})

test('for what is refused at once', async () => {
  spawn.mockImplementationOnce(() => {
    throw new Error('spawn E2BIG')
  })
  const { code, stderr } = await run(() => startAgain('--watch'))
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^millrace: .*: spawn E2BIG\n$/)])
})
