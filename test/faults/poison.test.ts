// One record in a hundred throws: under every policy the outputs are exactly those of the others, and every dead letter is
// written once, in the commit that passed over its record.
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Application, int64, type Log, type LogRecord, type OnError, openLog, string, topic } from 'millrace'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openDurableLog } from '../support/open.ts'
import { endWithTest, Program } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { rejectionOf } from '../support/thrown.ts'
import { doubled, doubling, isPoison, numbers, recordCount, sums, throwIfPoison } from './poison.ts'
import { programPath } from './programs.ts'

const letters = topic('app.dead-letters', { key: string(), value: int64() })
/** By count alone: what is in a commit does not depend on how fast the machine is. */
const commit = { everyRecords: 1_000, everyMs: 1_000_000 }

type Expectation = (number: number) => boolean

let source = ''
/** The input as the log has it. */
let placed: readonly LogRecord<string, number>[] = []
beforeAll(async () => {
  source = mkdtempSync(join(tmpdir(), 'millrace-poison-'))
  const log = await openLog(source)
  const producer = log.producer()
  for (let first = 0; first < recordCount; first += 10_000) {
    await producer.sendMany(
      numbers,
      Array.from({ length: 10_000 }, (_, i) => ({
        key: `key ${(first + i) % 50}`,
        value: first + i,
        timestamp: first + i,
      })),
    )
  }
  placed = await collect(log.read(numbers))
  await log.close()
})
afterAll(() => rmSync(source, { recursive: true }))

/** A log of its own with the input. */
function openInput(): { readonly dir: string; readonly log: Log } {
  const dir = temporaryDirectory()
  cpSync(source, dir, { recursive: true })
  return openDurableLog(dir)
}

/** Of two long lists, in one line. */
function firstDifference(found: readonly string[], due: readonly string[]): string | undefined {
  const at = Array.from({ length: Math.max(found.length, due.length) }, (_, index) => index).find(
    (index) => found[index] !== due[index],
  )
  return at === undefined ? undefined : `at ${at} "${found[at]}" where "${due[at]}" is due`
}

/** Everything about the outputs and the sums is as if the numbers that are left out had never been there. */
async function expectOutputs(log: Log, app: Application, isIn: Expectation): Promise<void> {
  const input = placed.filter(({ value }) => isIn(value))
  const found: string[] = []
  const due: string[] = []
  for (const partition of [0, 1]) {
    for await (const { offset, value } of log.read(doubled, { partition }))
      found.push(`${partition} ${offset} ${value}`)
    const values = input.filter((record) => record.partition === partition).map(({ value }) => value)
    due.push(...values.map((value, offset) => `${partition} ${offset} ${value * 2}`))
  }
  expect(firstDifference(found, due)).toBeUndefined()
  const sumsDue = new Map<string, number>()
  for (const { key, value } of input) sumsDue.set(key, (sumsDue.get(key) ?? 0) + value)
  expect(new Map([...app.store(sums).range()].map(({ key, value }) => [key, value]))).toEqual(sumsDue)
}

/** Each of these numbers has one dead letter, with its bytes, reason and place. */
async function expectLetters(log: Log, isDead: Expectation): Promise<void> {
  const found = (await collect(log.read(letters))).map(({ key, value, timestamp, headers }) => {
    const header = Object.fromEntries(
      headers.map((one) => [one.key.replace('millrace.', ''), Buffer.from(one.value ?? []).toString()]),
    )
    return [
      key,
      value,
      timestamp,
      header['reason'],
      header['operator'],
      header['topic'],
      header['partition'],
      header['offset'],
    ].join(' ')
  })
  const due = placed
    .filter(({ value }) => isDead(value))
    .map(({ key, value, timestamp, partition, offset }) =>
      [key, value, timestamp, 'user_function_threw', 'double', 'numbers', partition, offset].join(' '),
    )
  expect(firstDifference(found.toSorted(), due.toSorted())).toBeUndefined()
}

const isSound: Expectation = (number) => !isPoison(number)

describe('of 100,000 records of which 1,000 throw', () => {
  const run = async (onError: OnError, look: (number: number) => void = throwIfPoison) => {
    const { log } = openInput()
    const app = await start(log, doubling(look), { onError, commit })
    await app.caughtUp()
    return { log, app }
  }

  test('skip passes over exactly those, and counts them', async () => {
    const { log, app } = await run('skip')
    await expectOutputs(log, app, isSound)
    expect(app.metrics().failed).toEqual({ double: { user_function_threw: 1_000 } })
    expect((await log.admin.listTopics()).map(({ name }) => name)).not.toContain(letters.name)
  })

  test('deadLetter writes each of those aside once, and the outputs of all others', async () => {
    const { log, app } = await run('deadLetter')
    await expectOutputs(log, app, isSound)
    await expectLetters(log, isPoison)
    expect(app.metrics().produced).toEqual({ doubled: 99_000, [letters.name]: 1_000 })
  })

  test('retries that help half of them leave the other half to what comes then', async () => {
    const recovers = (number: number): boolean => number % 200 === 37
    const tries = new Map<number, number>()
    const { log, app } = await run({ retries: 2, then: 'deadLetter' }, (number) => {
      if (!isPoison(number)) return
      const count = (tries.get(number) ?? 0) + 1
      tries.set(number, count)
      if (count < 3 || !recovers(number)) throwIfPoison(number)
    })
    await expectOutputs(log, app, (number) => isSound(number) || recovers(number))
    await expectLetters(log, (number) => isPoison(number) && !recovers(number))
    expect(new Set(tries.values())).toEqual(new Set([3]))
  })

  test('fail stops at the first, keeps whole commits before it and nothing of its own, at every start', async () => {
    const { log } = openInput()
    const poisonFrom = 50_500
    const topology = doubling((number) => {
      if (isPoison(number, poisonFrom)) throw new Error(`${number} is poison`)
    })
    for (let starts = 0; starts < 2; starts++) {
      const app = await start(log, topology, { commit })
      const { code, message } = await rejectionOf(app.stopped)
      expect([code, message]).toEqual(['user_function_threw', expect.stringContaining('50537 is poison')])
      await expectOutputs(log, app, (number) => number < 50_000)
    }
    const app = await start(log, topology, { commit, onError: 'skip' })
    await app.caughtUp()
    await expectOutputs(log, app, (number) => !isPoison(number, poisonFrom))
  })
})

function startDoubling(dir: string): Program {
  return endWithTest(new Program(process.execPath, [programPath('double-until-killed'), dir]))
}

test('a kill leaves each dead letter in the commit that passed over its record: none is lost, none is doubled', async () => {
  const { dir, log } = openInput()
  const end = async (of: { readonly name: string }): Promise<number> =>
    (await log.admin.listTopics()).some(({ name }) => name === of.name)
      ? (await log.admin.endOffsets(of)).reduce((sum, offset) => sum + offset, 0)
      : 0
  await log.admin.createTopic(doubled)
  for (const killAt of [20_000, 60_000]) {
    const program = startDoubling(dir)
    let seen = 0
    for await (const { records } of log.read(doubled, { follow: true }).batches())
      if ((seen += records.length) >= killAt) break
    program.kill()
    expect(await program.exited).toEqual({ code: null, signal: 'SIGKILL' })
    // Between its start and its first record an application tells what is committed.
    const app = await start(log, doubling(throwIfPoison), { onError: 'deadLetter' })
    const { consumed, produced, failed } = app.metrics()
    await app.close()
    const [outputs, dead] = [await end(doubled), await end(letters)]
    expect(outputs).toBeGreaterThanOrEqual(killAt)
    expect(produced).toEqual({ doubled: outputs, [letters.name]: dead })
    expect(consumed).toEqual({ numbers: outputs + dead })
    expect(failed).toEqual({ double: { user_function_threw: dead } })
  }
  const program = startDoubling(dir)
  expect(await program.line()).toBe('done')
  await expectLetters(log, isPoison)
  await expectOutputs(log, await start(log, doubling(throwIfPoison)), isSound)
})
