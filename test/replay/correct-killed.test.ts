// A process that is killed while it corrects outputs leaves one version whole or the other: state, positions and topic are of the same one.
import { expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { openDurableLog } from '../support/open.ts'
import { startProgram } from '../support/program.ts'
import { besideIt, folded, type Make, put, recordsOf, summing } from '../support/table-versions.ts'

const makes: Readonly<Record<string, Make>> = {
  v1: (value) => value,
  v2: (value, key) => (key === 'gone' ? undefined : value * 10),
}
const wanted: Readonly<Record<string, unknown>> = { v1: { a: 3, gone: 5 }, v2: { a: 30 } }

test.each([1, 2, 4])('after %i commits', async (after) => {
  const { log, dir } = openDurableLog()
  await put(log, ['a', 1], ['gone', 5], ['a', 2])
  const old = await start(log, summing(makes['v1'] as Make))
  await old.caughtUp()
  await (await besideIt(log, makes['v2'] as Make)).close()
  await old.close()
  const program = startProgram('switch-versions', [dir, 'correct'])
  expect(await program.line()).toBe('open')
  program.say('go')
  for (let i = 0; i < after; i++) await program.line()
  program.kill()
  await program.exited
  expect((await log.admin.verify({ deep: true })).problems).toEqual([])
  const version = (await log.admin.applications()).find(({ applicationId }) => applicationId === 'app')?.version ?? ''
  expect(folded(await recordsOf(log))).toEqual(wanted[version])
  const live = await start(log, summing(makes[version] as Make), { version })
  await put(log, ['b', 7])
  await live.caughtUp()
  expect(folded(await recordsOf(log))).toEqual({ ...Object(wanted[version]), b: version === 'v2' ? 70 : 7 })
})
