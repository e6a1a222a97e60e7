// Versions in several processes: who switches is not who runs, and an instance that stood still meanwhile is refused when it goes on.
import { expect, test } from 'vitest'
import { start, until } from '../support/applications.ts'
import { counting, wordCounts } from '../support/counted-words.ts'
import { openTestLog } from '../support/open.ts'
import { type Program, startProgram } from '../support/program.ts'
import { startReplay } from '../support/replays.ts'
import { rejectionOf } from '../support/thrown.ts'
import { words } from '../support/topics.ts'

const word = { key: 'a', value: 'a', timestamp: 0 }

async function begun(dir: string, act: string, version: string): Promise<Program> {
  const program = startProgram('act-on-versions', [dir, act, version])
  expect(await program.line()).toBe('open')
  program.say('go')
  while ((await program.line()) !== 'done');
  return program
}

test('a replay goes on as the live version when another process has made it that', async () => {
  const { log, dir } = openTestLog()
  await log.producer().send(words, word)
  const old = await start(log, counting)
  await old.caughtUp()
  const v2 = await startReplay(log, counting)
  await v2.caughtUp()
  await begun(dir, 'switch', 'v2')
  expect(await rejectionOf(old.stopped)).toMatchObject({ code: 'superseded' })
  await log.producer().send(words, word)
  await v2.caughtUp()
  expect([v2.state, v2.store(wordCounts).get('a'), log.store('app', wordCounts).get('a')]).toEqual(['running', 2, 2])
  expect((await log.admin.applications())[0]).toMatchObject({ version: 'v2', state: 'running' })
})

test('an instance of a version that was superseded while it stood still is refused when it goes on', async () => {
  const { log, dir } = openTestLog()
  const program = await begun(dir, 'live', 'v1')
  await log.producer().send(words, word)
  const v2 = await startReplay(log, counting)
  await until(() => v2.store(wordCounts).get('a') === 1)
  await program.stopItself()
  await v2.switch({ outputs: 'replace' })
  await log.producer().send(words, word)
  await v2.caughtUp()
  program.thaw()
  expect((await program.exited).code).not.toBe(0)
  expect(program.errors).toContain("code: 'superseded'")
  expect([v2.state, v2.store(wordCounts).get('a')]).toEqual(['running', 2])
})

test('a replay that stood still while its version was deleted, and begun again, is refused when it goes on', async () => {
  const { log, dir } = openTestLog()
  await (await start(log, counting)).caughtUp()
  const program = await begun(dir, 'beside', 'v2')
  await program.stopItself()
  expect(await rejectionOf(log.admin.deleteVersion('app', 'v2'))).toMatchObject({ code: 'application_running' })
  await (await startReplay(log, counting)).close()
  await log.admin.deleteVersion('app', 'v2')
  const v2 = await startReplay(log, counting)
  await log.producer().send(words, word)
  await v2.caughtUp()
  program.thaw()
  expect((await program.exited).code).not.toBe(0)
  expect(program.errors).toMatch(/code: '(application_deleted|fenced)'/)
  expect([v2.state, v2.store(wordCounts).get('a')]).toEqual(['running', 1])
})
