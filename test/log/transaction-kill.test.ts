// A program that reads, transforms and writes in transactions does each step once, however often it is killed. MILLRACE_KILLS
// says how often, MILLRACE_SEED repeats a run.
import { setTimeout as after } from 'node:timers/promises'
import { expect, onTestFailed, test } from 'vitest'
import { openLog } from '../../src/log/log.ts'
import { collect } from '../support/collect.ts'
import { audit, copies, copyOf, group, inputs, transactionalId } from '../support/copying.ts'
import { openTestLog } from '../support/open.ts'
import { type Program, startProgram } from '../support/program.ts'
import { randomFrom } from '../support/rounds.ts'
import { StandInConsumer } from '../support/stand-in-consumer.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const kills = Number(process.env['MILLRACE_KILLS'] ?? 15)
const inputCount = Math.max(20_000, kills * 3_000)

/** Lets a program work for a random while, and kills it; the positions that it has told. */
async function workAndKill(program: Program, random: () => number): Promise<number[]> {
  const linesBefore = random() < 0.2 ? 0 : Math.floor(random() * 60)
  const told: string[] = []
  for (let i = 0; i < linesBefore; i++) told.push(await program.line())
  await after(random() * (linesBefore === 0 ? 60 : 6))
  program.kill()
  told.push(...(await program.restOfLines()))
  expect(await program.exited).toEqual({ code: null, signal: 'SIGKILL' })
  return told.map(Number)
}

/** Checks that the outputs are those of the inputs before the group's position, each once and in its order. */
async function check(dir: string, told: number): Promise<number> {
  const { log, embedded } = openTestLog(dir)
  const { position } = new StandInConsumer(embedded, inputs, group)
  expect(position, 'what was told is there').toBeGreaterThanOrEqual(told)
  const expected = Array.from({ length: position }, (_, of) => of)
  const topics = (await log.admin.listTopics()).map(({ name }) => name)
  if (position > 0 || topics.includes(copies.name)) {
    const copied = await collect(log.read(copies))
    expect(copied.map(({ value }) => value.of).sort((a, b) => a - b)).toEqual(expected)
    for (const partition of [0, 1, 2]) {
      const own = copied.filter((record) => record.partition === partition).map(({ value }) => value)
      expect(own).toEqual(
        own
          .map(({ of }) => of)
          .sort((a, b) => a - b)
          .map(copyOf),
      )
    }
  }
  if (position > 0 || topics.includes(audit.name)) {
    expect((await collect(log.read(audit))).map(({ value }) => value).sort((a, b) => a - b)).toEqual(expected)
  }
  await log.close()
  return position
}

test(
  `${kills} kills of a transactional copier leave every input copied exactly once up to its position`,
  { timeout: 60_000 + kills * 5_000 },
  async () => {
    const seed = Number(process.env['MILLRACE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
    onTestFailed(() => console.error(`to repeat: MILLRACE_SEED=${seed}`))
    const random = randomFrom(seed)
    const dir = temporaryDirectory()
    const log = await openLog(dir)
    await log.producer().sendMany(
      inputs,
      Array.from({ length: inputCount }, (_, value) => ({ key: `key ${value}`, value })),
    )
    await log.close()

    const waiting = [startProgram('copy-until-killed', []), startProgram('copy-until-killed', [])]
    let told = 0
    let position = 0
    for (let kill = 0; kill < kills; kill++) {
      const program = waiting.shift() as Program
      if (kill + waiting.length + 1 < kills) waiting.push(startProgram('copy-until-killed', []))
      program.say(dir)
      told = Math.max(told, ...(await workAndKill(program, random)))
      position = await check(dir, told)
    }
    expect(position).toBeGreaterThan(kills)
    expect(position).toBeLessThan(inputCount)
  },
)

test('a copier that is still alive when another one begins is fenced, and nothing is copied twice', async () => {
  const dir = temporaryDirectory()
  const log = await openLog(dir)
  await log.producer().sendMany(
    inputs,
    Array.from({ length: inputCount }, (_, value) => ({ key: `key ${value}`, value })),
  )
  await log.close()
  const first = startProgram('copy-until-killed', [])
  first.say(dir)
  await first.line()
  const second = startProgram('copy-until-killed', [])
  second.say(dir)
  await second.line()
  const restOfFirst = await first.restOfLines()
  expect(await first.exited).toMatchObject({ code: 1 })
  expect(first.errors).toContain('fenced')
  expect(first.errors).toContain(`"${transactionalId}"`)
  await second.line()
  second.kill()
  const restOfSecond = await second.restOfLines()
  await second.exited
  await check(dir, Math.max(...[...restOfFirst, ...restOfSecond].map(Number), 0))
})
