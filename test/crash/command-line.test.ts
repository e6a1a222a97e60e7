// The command line of the kill loop: what is mistyped is refused, and the kills are shared.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as after } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { compiled } from '../support/compiled.ts'
import { UsageError } from '../support/tool-options.ts'
import { parseCommandLine } from './command-line.ts'
import { subjects } from './subjects.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

test.each([
  ['a subject that is mistyped', ['producer'], 'there is no subject "producer" (did you mean producers?)'],
  ['a subject like no other', ['everything'], 'there is no subject "everything"; there are application, producers'],
  ['an option that is mistyped', ['--kill', '5'], 'there is no option "--kill" (did you mean --kills?)'],
  ['no number', ['--kills', 'many'], '--kills is "many"; expected a whole number of at least 1'],
  ['no kills', ['--kills', '0'], '--kills is "0"'],
  ['an option that is no flag', ['--check='], '--check lacks its value'],
  ['an option without its value', ['groups', '--seed'], '--seed lacks its value'],
])('refused: %s', (_, args, message) => {
  expect(() => parseCommandLine(args, 1)).toThrow(UsageError)
  expect(() => parseCommandLine(args, 1)).toThrow(message)
})

test('without a subject all of them share the kills, and the first ones get what is left over', () => {
  const { shares } = parseCommandLine(['--kills', String(3 * subjects.length - 1)], 1)
  expect(shares.map(({ subject }) => subject)).toEqual(subjects)
  expect(shares.map(({ kills }) => kills)).toEqual([...subjects.slice(1).map(() => 3), 2])
})

test('named subjects share the kills, each once', () => {
  const { shares, seed, jobs } = parseCommandLine(['groups', 'backup', 'groups', '--kills=9', '--seed', '0'], 1)
  expect(shares.map(({ subject, kills }) => [subject.name, kills])).toEqual([
    ['groups', 5],
    ['backup', 4],
  ])
  expect({ seed, jobs }).toEqual({ seed: 0, jobs: 2 })
})

test('a mistyped name ends the program with 2 and a word to people only', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'test/crash/run.ts', 'bakup'], {
    cwd: root,
    encoding: 'utf8',
  })
  expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: expect.stringContaining('backup') })
})

test.each([
  ['soak', ['--minute', '1'], 'there is no option "--minute" (did you mean --minutes?)'],
  ['powercut', ['--broken', 'disk'], '--broken is "disk"; expected lying-disk or early-acknowledgement'],
  ['faults', ['--full=yes'], '--full takes no value'],
  ['rot', ['--flips', '0'], '--flips is "0"; expected a whole number of at least 1'],
])('refused by test:%s: %j', (tool, args, message) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiled(`test/${tool}/run.ts`), ...args], {
    cwd: root,
    encoding: 'utf8',
  })
  expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: expect.stringContaining(message) })
})

test.runIf(process.platform === 'linux')(
  'a kill loop that is ended leaves no process, not even a frozen one',
  async () => {
    const loop = spawn(process.execPath, [compiled('test/crash/run.ts'), 'groups', '--kills', '10000'], {
      cwd: root,
      stdio: 'ignore',
    })
    /** The state of a process, and its parent; undefined when it is gone. */
    const statOf = (pid: number): readonly string[] | undefined => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
        return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      } catch {
        return undefined // it has ended meanwhile
      }
    }
    const childrenOf = (parent: number): readonly number[] =>
      readdirSync('/proc')
        .map(Number)
        .filter((pid) => statOf(pid)?.[1] === String(parent))
    const { pid = 0 } = loop
    let children: readonly number[] = []
    while (children.length < 3) {
      if (loop.exitCode !== null) throw new Error(`the loop ended by itself, with ${loop.exitCode}`)
      await after(50)
      children = childrenOf(pid)
    }
    const [frozen = 0] = children
    process.kill(frozen, 'SIGSTOP')
    loop.kill('SIGTERM')
    await once(loop, 'exit')
    const isThere = (one: number): boolean => (statOf(one) ?? ['Z'])[0] !== 'Z'
    while (children.some(isThere)) await after(20)
    expect(children.filter(isThere)).toEqual([])
  },
)
