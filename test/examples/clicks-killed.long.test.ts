// kill -9 at any moment of the demo changes nothing in what it prints in the end.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { accessLogBytes, accessLogFile, countedAsJson, readLines } from '../support/access-log.ts'
import { lookInto, type Outcome, runExample, startExample, untilRecords } from '../support/example.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const main = 'clicks/main'
const minute = { windowMs: 60_000, graceMs: 60_000 }
const places = 'access-log.imports'
const counts = 'clicks-60000-60000.counts'

test('in import and in count', async () => {
  const path = accessLogFile(60_000)
  const uninterrupted = await runExample(main, ['--json', '--dir', temporaryDirectory(), path])
  expect(uninterrupted).toMatchObject({ code: 0, stdout: countedAsJson(readLines(readFileSync(path)), minute) })

  const dir = temporaryDirectory()
  const recordsOf = await lookInto(dir)
  let seed = 20_250_304
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below

  /** Starts it, and stops it soon after its next commit to the topic. */
  const interrupt = async (topic: string, by: NodeJS.Signals): Promise<Outcome> => {
    const { child, ended } = startExample(main, ['--json', '--dir', dir, path])
    await untilRecords(recordsOf, topic, (await recordsOf(topic)) + 1)
    await sleep(random(15))
    child.kill(by)
    return ended
  }

  const killed = { signal: 'SIGKILL', stdout: '' }
  for (let kills = 0; kills < 2; kills++) expect(await interrupt(places, 'SIGKILL')).toMatchObject(killed)
  expect(await recordsOf(counts)).toBe(0)
  const stopped = await interrupt(places, 'SIGINT')
  expect(stopped).toMatchObject({ code: 130, stdout: '' })
  expect(stopped.stderr).toContain(`To go on: npx tsx examples/clicks/main.ts --json --dir ${dir} ${path}\n`)
  for (let kills = 0; kills < 2; kills++) expect(await interrupt(counts, 'SIGKILL')).toMatchObject(killed)
  expect(await interrupt(counts, 'SIGTERM')).toMatchObject({ code: 143, stdout: '' })

  const last = await runExample(main, ['--json', '--dir', dir, path])
  expect(last).toMatchObject({ code: 0, stdout: uninterrupted.stdout })
  expect(await recordsOf('access-log')).toBe(60_000)
})

test('while it makes its access log', async () => {
  const dir = temporaryDirectory()
  const { child, ended } = startExample(main, ['--json', '--dir', dir])
  while (!existsSync(join(dir, 'access.log.unfinished'))) await sleep(1)
  child.kill('SIGKILL')
  await ended
  expect(existsSync(join(dir, 'access.log'))).toBe(false)

  const outcome = await runExample(main, ['--json', '--dir', dir])
  const bytes = accessLogBytes(200_000)
  expect(outcome).toMatchObject({ code: 0, stdout: countedAsJson(readLines(bytes), minute) })
  expect(readFileSync(join(dir, 'access.log')).equals(bytes)).toBe(true)
})
