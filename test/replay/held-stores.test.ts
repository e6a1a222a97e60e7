// A store of an application that someone holds answers for whichever version is the live one, and never for two at once.
import { expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { applicationId, counting, say, totals, twoVersions } from '../support/counting-versions.ts'
import { openTestLog } from '../support/open.ts'
import { errorOf, rejectionOf } from '../support/thrown.ts'

test('a store that is held over a switch answers from the new version, and from the old one after the way back', async () => {
  const { log, v2 } = await twoVersions('a', 'b')
  const held = log.store(applicationId, totals)
  expect([held.get('a'), [...held.range()].length]).toEqual([1, 2])
  await v2.switch({ outputs: 'replace' })
  expect(held.get('a')).toBe(10)
  expect([...held.range()].map(({ value }) => value)).toEqual([10, 10])
  expect(held.snapshot((rows) => rows.get('b')).answer).toBe(10)
  await log.admin.switchBack(applicationId)
  expect(held.get('a')).toBe(1)
})

test('a range that is read over a switch ends with an error, and does not go on in the other version', async () => {
  const { log, v2 } = await twoVersions(...Array.from({ length: 600 }, (_, at) => `a${at}`))
  const rows = log.store(applicationId, totals).range()[Symbol.iterator]()
  expect(rows.next().value).toMatchObject({ value: 1 })
  await v2.switch({ outputs: 'replace' })
  expect(errorOf(() => [...{ [Symbol.iterator]: () => rows }])).toMatchObject({ code: 'superseded' })
})

test('who waits for a position is answered by the version that gets there', async () => {
  const { log, v2 } = await twoVersions('a')
  const reached = log.store(applicationId, totals).atLeast({ words: [2] })
  await v2.switch({ outputs: 'replace' })
  await say(log, 'a')
  expect((await reached).get('a')).toBe(20)
})

test('a store of an application that was reset is the new one; of one that was deleted there is none', async () => {
  const { log } = openTestLog()
  await say(log, 'a')
  const app = await start(log, counting(1))
  await app.caughtUp()
  await app.close()
  const held = log.store(applicationId, totals)
  expect(held.get('a')).toBe(1)
  await log.admin.resetApplication(applicationId, { to: 'beginning' })
  expect(held.get('a')).toBeUndefined()
  await log.admin.deleteApplication(applicationId)
  expect(errorOf(() => held.get('a'))).toMatchObject({ code: 'application_unknown' })
  expect(await rejectionOf(held.atLeast({ words: [1] }))).toMatchObject({ code: 'application_unknown' })
})
