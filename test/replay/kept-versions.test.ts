// A version that is no longer needed goes with all that is its own, and each switch leaves a row of the log.
import type { Log } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { applicationId, beside, counting, countOf, say, twoVersions, written } from '../support/counting-versions.ts'
import { rejectionOf } from '../support/thrown.ts'

describe('a version that was kept', () => {
  test('is deleted with all that is its own, and there is no way back any longer', async () => {
    const { log, v2 } = await twoVersions('a', 'b')
    await v2.switch({ outputs: 'replace' })
    const planned = await log.admin.deleteVersion(applicationId, 'v1', { dryRun: true })
    expect(planned).toMatchObject({
      applicationId,
      version: 'v1',
      endsWayBack: true,
      stores: [{ name: 'totals', rows: 2 }],
      topics: [{ topic: 'counted@app@v1', records: 2 }],
    })
    expect(await versionsIn(log)).toEqual(['v2', 'v1'])
    expect(await log.admin.deleteVersion(applicationId, 'v1')).toEqual(planned)
    expect(await versionsIn(log)).toEqual(['v2'])
    const topics = await log.admin.listTopics({ hidden: true })
    expect(topics.map(({ name }) => name)).toEqual(['counted', 'words'])
    expect(await rejectionOf(log.admin.switchBack(applicationId))).toMatchObject({ code: 'version_unknown' })
    expect([v2.state, countOf(log, 'a')]).toEqual(['running', 10])
    expect((await log.admin.verify({ deep: true })).problems).toEqual([])
  })

  test('is the one to go back to also after it has caught up as a replay', async () => {
    const { log, v2 } = await twoVersions('a')
    await v2.switch({ outputs: 'continue' })
    await say(log, 'a')
    await v2.caughtUp()
    const v1 = await beside(log, 'v1', 1)
    expect(await log.admin.switchBack(applicationId, { outputs: 'continue' })).toMatchObject({ from: 'v2', to: 'v1' })
    expect(await rejectionOf(v2.stopped)).toMatchObject({ code: 'superseded' })
    await say(log, 'a')
    await v1.caughtUp()
    expect([v1.state, countOf(log, 'a')]).toEqual(['running', 3])
    expect(await written(log, 'a')).toEqual([1, ...Array.from({ length: 10 }, (_, at) => at + 11), 3])
  })

  test('is not taken for a new one of its name, which was never live', async () => {
    const { log, v2 } = await twoVersions('a')
    await v2.switch({ outputs: 'continue' })
    await log.admin.deleteVersion(applicationId, 'v1')
    const v1 = await beside(log, 'v1', 100)
    expect(await rejectionOf(log.admin.switchBack(applicationId))).toMatchObject({ code: 'version_unknown' })
    await v1.close()
    expect(await log.admin.deleteVersion(applicationId, 'v1', { dryRun: true })).toMatchObject({ endsWayBack: false })
    await (await beside(log, 'v1', 100)).switch({ outputs: 'continue' })
    expect(await log.admin.switchBack(applicationId, { dryRun: true })).toMatchObject({ from: 'v1', to: 'v2' })
  })

  test('that left its topics to another one has no others to put in their place', async () => {
    const { log, v2 } = await twoVersions('a')
    await v2.switch({ outputs: 'continue' })
    expect((await log.admin.listTopics({ hidden: true })).map(({ name }) => name)).toEqual(['counted', 'words'])
    for (const isCaughtUp of [false, true]) {
      if (isCaughtUp) await beside(log, 'v1', 1)
      await say(log, 'a')
      await v2.caughtUp()
      const refused = await rejectionOf(log.admin.switchBack(applicationId))
      expect(refused).toMatchObject({ code: 'switch_refused', message: expect.stringContaining('"counted"') })
      expect(v2.state).toBe('running')
    }
    await log.admin.switchBack(applicationId, { outputs: 'continue' })
    const again = log.admin.switchVersion(applicationId, 'v2', { outputs: 'replace', dryRun: true })
    expect((await again).refusals).toEqual([expect.stringContaining('"counted"')])
    await (await beside(log)).switch({ outputs: 'continue' })
    expect(await written(log, 'a')).toEqual([1, ...Array.from({ length: 20 }, (_, at) => at + 11)])
    expect((await log.admin.verify({ deep: true })).problems).toEqual([])
  })

  test('is not deleted while it is the live one, or runs, or where there is none', async () => {
    const { log } = await twoVersions('a')
    const refusal = async (version: string) => rejectionOf(log.admin.deleteVersion(applicationId, version))
    expect(await refusal('v1')).toMatchObject({ code: 'version_live' })
    expect(await refusal('v2')).toMatchObject({ code: 'application_running' })
    expect(await refusal('v3')).toMatchObject({ code: 'version_unknown' })
    expect(await versionsIn(log)).toEqual(['v1', 'v2'])
  })
})

test('an application that is deleted leaves no topic that its live version had for itself before a switch', async () => {
  const { log, v2 } = await twoVersions('a')
  await v2.switch({ outputs: 'continue' })
  await v2.close()
  await log.admin.deleteApplication(applicationId)
  expect((await log.admin.listTopics({ hidden: true })).map(({ name }) => name)).toEqual(['counted', 'words'])
  expect((await log.admin.verify({ deep: true })).problems).toEqual([])
})

test('every switch leaves a row that says when, from where to where, and at which positions; and goes with the application', async () => {
  const { log, v2 } = await twoVersions('a', 'a')
  expect((await log.admin.describeApplication(applicationId)).switches).toEqual([])
  await v2.switch({ outputs: 'continue' })
  await say(log, 'a')
  await v2.caughtUp()
  const v1 = await beside(log, 'v1', 1)
  await log.admin.switchBack(applicationId, { outputs: 'continue' })
  await v1.close()
  const { switches } = await log.admin.describeApplication(applicationId)
  const read = (offset: number) => expect.arrayContaining([{ topic: 'words', partition: expect.any(Number), offset }])
  const times = { outputs: 'continue', atMs: expect.any(Number) }
  expect(switches).toEqual([
    { number: 1, from: 'v1', to: 'v2', positions: read(2), ...times },
    { number: 2, from: 'v2', to: 'v1', positions: read(3), ...times },
  ])
  expect((await log.admin.verify({ deep: true })).problems).toEqual([])
  await rejectionOf(v2.stopped)
  await log.admin.deleteApplication(applicationId)
  expect((await log.admin.verify({ deep: true })).problems).toEqual([])
  await (await start(log, counting(1))).caughtUp()
  expect((await log.admin.describeApplication(applicationId)).switches).toEqual([])
})

async function versionsIn(log: Log): Promise<string[]> {
  const [listing] = await log.admin.applications()
  return (listing?.versions ?? []).map(({ version }) => version)
}
