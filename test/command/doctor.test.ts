// `doctor`: what is wrong with a directory or a machine is told, with what to do about it.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { checkFileSystem } from '../../src/command/doctor/directory.ts'
import { checkMachine } from '../../src/command/doctor/machine.ts'
import { checkUse, type UseFacts } from '../../src/command/doctor/use.ts'
import { type Ran, runInProcess } from '../support/command.ts'
import { commandWorld } from '../support/command-world.ts'
import { startProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const doctor = (dir: string): Promise<Ran> => runInProcess(['doctor', '--dir', dir], { clock: systemClock })

describe('a directory', () => {
  test('that is sound has nothing wrong, line by line', async () => {
    const { data } = await commandWorld()
    const { code, stdout } = await doctor(data)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ok {7}versions: millrace /)
    expect(stdout).toMatch(/^ok {7}rights: this user may read and write$/m)
    expect(stdout).not.toMatch(/^problem/m)
  })

  test('without a log ends with 1, and says what to do', async () => {
    const { code, stdout } = await doctor(temporaryDirectory())
    expect(code).toBe(1)
    expect(stdout).toMatch(/^problem {2}directory: .* holds no log.*\n {9}name the directory of a log with --dir$/m)
  })

  test('shows what a killed process left in it', async () => {
    const { data } = await commandWorld()
    mkdirSync(join(data, 'new-abc'))
    const { code, stdout } = await doctor(data)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^warning {2}leftovers: .*new-abc\n {9}delete it/m)
  })

  test.runIf(process.platform === 'linux')('that a process has open that stands still names it', async () => {
    const { data } = await commandWorld()
    const program = startProgram('look', [data])
    expect(await program.line()).toBe('{"ok":"open"}')
    expect((await doctor(data)).stdout).toMatch(/^ok {7}processes: have it open: \d+ \(.+\)$/m)
    program.freeze()
    while (!program.isFrozen) await new Promise(setImmediate)
    const { code, stdout } = await doctor(data)
    expect(code).toBe(1)
    expect(stdout).toMatch(/^problem {2}processes: process (\d+) .* stands still.*\n {9}.*"kill -CONT \1"/m)
  })

  test('whose lock is never free does not keep it waiting', async () => {
    const { data } = await commandWorld()
    const program = startProgram('hold-commit-lock', [data])
    await program.line()
    program.say('take')
    await program.line()
    const { code, stdout } = await doctor(data)
    expect(code).toBe(1)
    expect(stdout).toMatch(/^problem {2}log: a process has been committing/m)
  })
})

const machine = {
  millraceVersion: '1.0.0',
  formatVersion: 6,
  nodeVersion: '22.1.0',
  nodeWanted: '>=20.19',
  platform: 'linux x64',
  limits: limits({}),
}

function limits({ files = '1048576', size = 'unlimited', space = 'unlimited' }): string {
  return `Limit                     Soft Limit           Hard Limit           Units
Max file size             ${size}            unlimited            bytes
Max open files            ${files}              1048576              files
Max address space         ${space}            unlimited            bytes
`
}

const statesOf = (found: readonly { readonly state: string; readonly what: string }[]): string[] =>
  found.map(({ state, what }) => `${state} ${what}`)

test.each([
  ['20.19.0', 'ok'],
  ['20.18.9', 'problem'],
  ['18.99.0', 'problem'],
  ['24.0.0', 'ok'],
])('Node %s is %s where 20.19 is needed', (nodeVersion, state) => {
  expect(checkMachine({ ...machine, nodeVersion })[0]).toMatchObject({ check: 'versions', state })
})

test.each([
  [{}, ['ok']],
  [{ files: '100' }, ['warning']],
  [{ size: '1048576' }, ['warning']],
  [{ space: '4294967296', files: '64' }, ['warning', 'warning']],
])('limits %o are %o', (given, states) => {
  expect(
    checkMachine({ ...machine, limits: limits(given) })
      .slice(1)
      .map(({ state }) => state),
  ).toEqual(states)
})

const gibibyte = 2 ** 30
const disk = { type: 0xef53, freeBytes: 50 * gibibyte, totalBytes: 100 * gibibyte, freeFiles: 1e6, fileBytes: gibibyte }

test.each([
  [{}, 'ok', 'ok'],
  [{ type: 0x6969 }, 'problem', 'ok'],
  [{ type: 0xff534d42 }, 'problem', 'ok'],
  [{ type: 0xff534d42 | 0 }, 'problem', 'ok'],
  [{ type: 0x01021994 }, 'warning', 'ok'],
  [{ freeBytes: 2 ** 25 }, 'ok', 'problem'],
  [{ freeBytes: 2 ** 29 }, 'ok', 'warning'],
  [{ freeFiles: 0 }, 'ok', 'problem'],
])('a disk with %o: its kind is %s, its space %s', (facts, kind, space) => {
  expect(checkFileSystem({ ...disk, ...facts }).map(({ state }) => state)).toEqual([kind, space])
})

const used: UseFacts = {
  nowMs: 1_000_000,
  statistics: {
    fileBytes: gibibyte,
    usedBytes: gibibyte,
    freeBytes: 0,
    freePages: 0,
    pageBytes: 16_384,
    mapBytes: 64 * gibibyte,
    lastTransaction: 9,
    readers: [],
    oldestReader: null,
  },
  groups: [],
  applications: [],
}

test('who holds up others is named: an old snapshot, a silent member, an instance that was taken over', () => {
  expect(new Set(checkUse(used).map(({ state }) => state))).toEqual(new Set(['ok']))
  const member = {
    memberId: 'm',
    clientId: 'c',
    instanceId: undefined,
    pid: 12,
    host: 'box',
    lastHeartbeatMs: used.nowMs - 60_000,
    assignment: [],
    target: [],
    waitsFor: [],
  }
  const instance = { pid: 13, host: 'box', startedMs: 0 }
  const version = {
    version: 'v1',
    isLive: true,
    state: 'fenced',
    instance: null,
    fenced: instance,
    wasLive: false,
    isPaused: false,
    startedMs: 0,
    lastCommitMs: null,
    lag: 0,
    figures: null,
    standstill: null,
  } as const
  const found = checkUse({
    ...used,
    statistics: { ...used.statistics, freeBytes: 0.7 * gibibyte, readers: [{ pid: 11, commitsBehind: 5_000 }] },
    groups: [
      { name: 'billing', kind: 'group', state: 'stable', generation: 1, assignor: undefined, members: [member] },
    ],
    applications: [{ ...version, applicationId: 'shop', versions: [version] }],
  })
  expect(statesOf(found)).toEqual([
    expect.stringMatching(/^warning process 11 reads a snapshot that is 5000 commits old/),
    expect.stringMatching(/^warning process 12 on box is a member of group billing.* 1m ago/),
    expect.stringMatching(/^warning process 13 on box still has shop, version v1/),
    expect.stringMatching(/^warning 1.0 GiB, of which 70% are free pages/),
  ])
})
