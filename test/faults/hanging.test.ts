// A process that hangs in a function of the user's, or that the system has frozen, perhaps inside of its commit: others go on,
// it can be killed, a newer instance takes over, and nothing is lost or doubled.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start, until } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openDurableLog } from '../support/open.ts'
import { endWithTest, Program } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { lines, words } from '../support/topics.ts'
import { copying, counts } from './copying.ts'
import { compileShim, failingDisk, noCompiler } from './failing-disk.ts'
import { programPath } from './programs.ts'

const values = ['a', 'b', 'c', 'd', 'e', 'hang', 'f', 'g']
const quick = copying(() => undefined)

function send(log: Log, sent: readonly string[]): Promise<unknown> {
  return log.producer().sendMany(
    lines,
    sent.map((value) => ({ key: 'key', value, timestamp: 1 })),
  )
}

async function copied(log: Log): Promise<string[]> {
  return (await collect(log.read(words))).map(({ value }) => value)
}

function startCopying(dir: string, goOnFile: string, env?: NodeJS.ProcessEnv): Program {
  return endWithTest(new Program(process.execPath, [programPath('copy-slowly'), dir, goOnFile], env))
}

interface Hanging {
  readonly log: Log
  readonly older: Program
  readonly goOn: () => void
}

/** A process that has committed the first four records, and hangs in a function that works on the sixth. */
async function hang(): Promise<Hanging> {
  const { dir, log } = openDurableLog()
  const goOnFile = join(temporaryDirectory(), 'go-on')
  await send(log, values)
  const older = startCopying(dir, goOnFile)
  expect(await older.line()).toBe('started')
  expect(await older.line()).toBe('hanging')
  expect(await copied(log)).toEqual(values.slice(0, 4))
  return { log, older, goOn: () => writeFileSync(goOnFile, '') }
}

/** The input is copied and counted to its end by an instance that starts now. */
async function finish(log: Log, due: readonly string[]): Promise<void> {
  const newer = await start(log, quick)
  await newer.caughtUp()
  expect(await copied(log)).toEqual(due)
  expect(newer.store(counts).get('key')).toBe(due.length)
}

describe('while a function of the user hangs', () => {
  test('others read and write the log; killed and started again it loses nothing and doubles nothing', async () => {
    const { log, older } = await hang()
    await send(log, ['h'])
    expect((await collect(log.read(lines))).map(({ value }) => value)).toEqual([...values, 'h'])
    older.kill()
    expect(await older.exited).toEqual({ code: null, signal: 'SIGKILL' })
    await finish(log, [...values, 'h'])
  })

  test.each([
    ['hangs', false],
    ['is frozen', true],
  ])(
    'and its process %s, a newer instance takes over; the older one is refused with fenced when it goes on',
    async (_, frozen) => {
      const { log, older, goOn } = await hang()
      if (frozen) older.freeze()
      await finish(log, values)
      goOn()
      older.thaw()
      expect(await older.restOfLines()).toEqual(['stopped fenced', 'closed'])
      expect(await older.exited).toEqual({ code: 0, signal: null })
      await finish(log, values)
    },
  )
})

describe('a process that is frozen inside of a commit', () => {
  // Flush 1 is part of its start; 4 and 5 belong to commits of its work.
  test.for([
    [1, 'killed'],
    [4, 'continued'],
    [5, 'killed'],
  ] as const)(
    'at flush %i does not stop readers; once it is %s a newer instance goes on, and nothing is lost or doubled',
    async ([at, fate], context) => {
      const shim = compileShim(temporaryDirectory())
      if (shim === undefined) return context.skip(noCompiler)
      const { dir, log } = openDurableLog()
      await send(log, values)
      const goOnFile = join(temporaryDirectory(), 'go-on')
      writeFileSync(goOnFile, '')
      const env = failingDisk(shim, { call: 'sync', at, times: 'once', error: 'stopped', done: false })
      const older = startCopying(dir, goOnFile, env)
      await older.complains(`fault sync ${at}`)
      await until(() => older.isFrozen)
      const newer = startCopying(dir, goOnFile)
      // Readers need no lock.
      expect((await collect(log.read(lines))).map(({ value }) => value)).toEqual(values)
      if (fate === 'killed') older.kill()
      else older.thaw()
      expect((await newer.restOfLines()).slice(-2)).toEqual(['caught up', 'closed'])
      expect((await older.restOfLines()).includes('closed')).toBe(fate === 'continued')
      await finish(log, values)
    },
  )
})
