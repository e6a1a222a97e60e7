// A switch that was agreed to by its number is that one or none, whatever is switched between the look and the transaction.
import { expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { applicationId, beside, counting, countOf, say } from '../support/counting-versions.ts'
import { openTestLog } from '../support/open.ts'
import { aroundTransactions } from '../support/switch-transactions.ts'
import { rejectionOf } from '../support/thrown.ts'

const outputs = 'replace'

async function threeVersions() {
  const { log, embedded } = openTestLog()
  await say(log, 'a')
  const live = await start(log, counting(1))
  await live.caughtUp()
  const switchTo = (version: string, number?: number) =>
    log.admin.switchVersion(applicationId, version, { outputs, number })
  const numberOf = async (version: string): Promise<number> =>
    (await log.admin.switchVersion(applicationId, version, { outputs, dryRun: true })).number
  return { log, embedded, live, v2: await beside(log), v3: await beside(log, 'v3', 100), switchTo, numberOf }
}

test.each([
  ['is stopped', 0],
  ['and the other are exchanged', 1],
] as const)('another switch comes before the live one %s', async (_, place) => {
  const { log, embedded, v3, switchTo, numberOf } = await threeVersions()
  const number = await numberOf('v2')
  let isOther = false
  aroundTransactions(embedded, {
    async before(index) {
      if (isOther || index !== place) return
      isOther = true
      await switchTo('v3')
    },
  })
  expect(await rejectionOf(switchTo('v2', number))).toMatchObject({
    code: 'switch_refused',
    message: expect.stringContaining('"v3" is the live version, and the next switch is number 2, not 1') as string,
  })
  await say(log, 'a')
  await v3.caughtUp() // it goes on
  expect(countOf(log, 'a')).toBe(200)
  expect(await numberOf('v2')).toBe(2)
  await switchTo('v2', 2)
  expect(countOf(log, 'a')).toBe(20)
})

test('the other switch was taken back: the same version is live, and it is another switch', async () => {
  const { log, embedded, switchTo, numberOf } = await threeVersions()
  const number = await numberOf('v2')
  let isOther = false
  aroundTransactions(embedded, {
    async before() {
      if (isOther) return
      isOther = true
      await switchTo('v2')
      await log.admin.switchBack(applicationId)
    },
  })
  expect(await rejectionOf(switchTo('v2', number))).toMatchObject({ code: 'switch_refused' })
  expect(countOf(log, 'a')).toBe(1)
})

test('of another number it stops nothing, as a dry run and on the way back too; what is no number is refused', async () => {
  const { log, live, v2, switchTo } = await threeVersions()
  expect(await rejectionOf(switchTo('v2', 2))).toMatchObject({ code: 'switch_refused' })
  const planned = v2.switch({ outputs, number: 2, dryRun: true })
  expect(await rejectionOf(planned)).toMatchObject({ code: 'switch_refused' })
  for (const number of [0, 1.5, -1, Number.NaN, '1' as never]) {
    expect(await rejectionOf(switchTo('v2', number))).toMatchObject({ code: 'bad_option' })
  }
  expect(live.state).toBe('running')
  await v2.switch({ outputs, number: 1 })
  const back = (number: number) => log.admin.switchBack(applicationId, { number })
  expect(await rejectionOf(back(1))).toMatchObject({ code: 'switch_refused' })
  expect(v2.state).toBe('running')
  expect(await back(2)).toMatchObject({ number: 2, to: 'v1' })
})
