// A program that never comes back from a function, or from a call, is told by any other process: with one look, where it stands
// and for how long.
import { hostname } from 'node:os'
import { type Clock, type Log, ManualClock, minutes } from 'millrace'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import type { Trouble } from '../../src/dashboard/views.ts'
import { until } from '../support/applications.ts'
import { type Ran, runInProcess } from '../support/command.ts'
import { ask, get, openDashboard } from '../support/dashboards.ts'
import { openDurableLog } from '../support/open.ts'
import { type Program, startProgram } from '../support/program.ts'
import { words } from '../support/topics.ts'

const nowMs = 1_760_000_000_000

/** Two minutes later, for those who look. */
const later: Clock = { ...systemClock, now: () => nowMs + minutes(2) }

const look = (dir: string, ...line: readonly string[]): Promise<Ran> =>
  runInProcess([...line, '--dir', dir], { clock: later })

interface Overview {
  readonly parts: { readonly troubles: readonly Pick<Trouble, 'level' | 'what'>[] }
}

interface Standing {
  readonly dir: string
  readonly log: Log
  readonly program: Program
  /** `pid 12 on box`. */
  readonly where: string
}

/** It has committed the first two records, and does not come back from the third. */
async function standing(manner: 'loop' | 'wait' | 'call'): Promise<Standing> {
  const { dir, log } = openDurableLog(undefined, { clock: later })
  const { log: before } = openDurableLog(dir, { clock: new ManualClock(nowMs) })
  const send = (sent: readonly string[]): Promise<unknown> =>
    before.producer().sendMany(
      words,
      sent.map((value) => ({ key: 'k', value, partition: 3, timestamp: nowMs })),
    )
  await send(['a', 'b'])
  const program = startProgram('never-return', [dir, manner, String(nowMs)])
  expect(await program.line()).toBe('started')
  const lag = async (): Promise<number> => (await log.admin.describeApplication('clicks')).lag
  await until(async () => (await lag()) === 0)
  await send(['hang', 'c', 'd'])
  expect(await program.line()).toBe('hanging')
  if (manner === 'call') await until(async () => (await lag()) === 2)
  const { instance } = await log.admin.describeApplication('clicks')
  return { dir, log, program, where: `pid ${instance?.pid} on ${hostname()}` }
}

/** What scrapers get, 0 left out. */
async function standstillsOf(log: Log): Promise<readonly string[]> {
  const { text } = await ask(await openDashboard(log, { clock: later }), '/metrics')
  return text.split('\n').filter((line) => /^millrace_application_standstill_seconds.* [1-9]/.test(line))
}

async function troublesOf(log: Log): Promise<readonly unknown[]> {
  const page = await openDashboard(log, { clock: later })
  const { parts } = await get<Overview>(page, '/api/overview')
  return parts.troubles.map(({ level, what }) => `${level}: ${what}`)
}

test.each(['loop', 'wait'] as const)('a function that never returns, by a %s, is a problem', async (manner) => {
  const { dir, log, where } = await standing(manner)
  const what = `clicks has stood still at words/3 @ 2 for 2m (${where}): its process hangs`
  const { code, stdout } = await look(dir, 'doctor')
  expect(stdout).toContain(`problem  applications: ${what}\n         a function of the program does not return`)
  expect(code).toBe(1)
  expect((await look(dir, 'app', 'list')).stdout).toContain('running, hung for 2m')
  expect((await look(dir, 'app', 'describe', 'clicks')).stdout).toContain(what)
  expect(await troublesOf(log)).toEqual([`broken: ${what}.`])
  expect(await standstillsOf(log)).toEqual([expect.stringMatching(/kind="hangs".* 120$/)])
})

test('a call that is not answered is a warning, which names its operator; its process is well', async () => {
  const { dir, log, program, where } = await standing('call')
  program.say('later')
  expect(await program.line()).toBe('later')
  const what = `clicks has stood still at words/3 @ 3 for 2m (${where}): it waits for 1 call of rate`
  const { code, stdout } = await look(dir, 'doctor')
  expect(stdout).toContain(`warning  applications: ${what}\n         check the service that is called`)
  expect(code).toBe(0)
  expect((await look(dir, 'app', 'list')).stdout).toContain('running, waiting for calls for 2m')
  expect((await look(dir, 'app', 'describe', 'clicks')).stdout).toContain(what)
  expect(await troublesOf(log)).toEqual([`warning: ${what}.`])
  expect(await standstillsOf(log)).toEqual([expect.stringMatching(/kind="waitsForCalls".* 120$/)])
})

test('one that waits for a process which is frozen in the middle of a commit is well, and no one says otherwise', async () => {
  const { log, program } = await held()
  expect(await program.line()).toBe('later')
  expect((await log.admin.describeApplication('clicks')).lag).toBe(1)
  expect((await log.admin.describeApplication('clicks')).standstill).toBeNull()
})

/** What it has to commit, and cannot: another process holds the lock. */
async function held(): Promise<Pick<Standing, 'log' | 'program'>> {
  const { dir, log } = openDurableLog(undefined, { clock: later })
  const { log: before } = openDurableLog(dir, { clock: new ManualClock(nowMs) })
  const program = startProgram('never-return', [dir, 'loop', String(nowMs)])
  expect(await program.line()).toBe('started')
  const holder = startProgram('hold-commit-lock', [dir])
  expect(await holder.line()).toBe('ready')
  await program.stopItself()
  await before.producer().send(words, { key: 'k', value: 'a', partition: 3, timestamp: nowMs })
  holder.say('take')
  expect(await holder.line()).toBe('take')
  program.thaw()
  program.say('later')
  return { log, program }
}
