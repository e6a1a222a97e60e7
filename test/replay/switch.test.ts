// A switch makes the version beside the live one the live one: whole or not at all, at the point where both have processed the same input.
import { formatComparison, int64, keyValueStore, type Log, string, type SwitchOutputs } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { applicationId, beside, counted, counting, countOf, say, written } from '../support/counting-versions.ts'
import { openDurableLog, openTestLog } from '../support/open.ts'
import { startProgram } from '../support/program.ts'
import { rejectionOf } from '../support/thrown.ts'
import { topologyOf } from '../support/topology.ts'

test('a replay compares itself with the live version, stores and outputs, without being told what they are', async () => {
  const { log } = openTestLog()
  await say(log, 'a', 'b', 'a')
  await (await start(log, counting(1))).caughtUp()
  const same = await beside(log, 'same', 1)
  const equal = await same.compare()
  expect(equal).toMatchObject({ here: 'app@same', live: 'app', isEqual: true })
  expect(equal.topics).toMatchObject([{ name: 'counted', equal: 2 }])
  const other = await (await beside(log)).compare()
  expect(other.stores).toMatchObject([{ name: 'totals', different: 2 }])
  expect(other.topics).toMatchObject([{ name: 'counted', different: 2 }])
  expect(formatComparison(other)).toContain('"a": 20 here, 2 live')
})

describe('a switch', () => {
  for (const outputs of ['replace', 'continue'] as const) {
    test(`with outputs: ${outputs} stops the live version with superseded, and state and outputs are those of the new one`, async () => {
      const { log } = openTestLog()
      await say(log, 'a', 'b', 'a')
      const old = await start(log, counting(1))
      await old.caughtUp()
      const v2 = await beside(log)
      expect([countOf(log, 'a'), await written(log, 'a')]).toEqual([2, [1, 2]])
      const plan = await log.admin.switchVersion(applicationId, 'v2', { outputs })
      expect(plan).toMatchObject({ from: 'v1', to: 'v2', outputs, number: 1, lag: 0, refusals: [] })
      expect(await rejectionOf(old.stopped)).toMatchObject({ code: 'superseded' })
      expect(v2.state).toBe('running')
      expect(countOf(log, 'a')).toBe(20)
      const replayed = Array.from({ length: 20 }, (_, at) => at + 1)
      const before = outputs === 'replace' ? replayed : [1, 2]
      expect(await written(log, 'a')).toEqual(before)
      await say(log, 'a')
      const live = await start(log, counting(10), { version: 'v2' })
      await live.caughtUp()
      expect(countOf(log, 'a')).toBe(30)
      expect((await written(log, 'a')).slice(before.length)).toEqual(Array.from({ length: 10 }, (_, at) => at + 21))
      expect((await log.admin.verify({ deep: true })).problems).toEqual([])
    })
  }

  test('keeps the version that left, and the way back restores its state, its topics and its positions', async () => {
    const { log } = openTestLog()
    await say(log, 'a', 'a')
    await (await start(log, counting(1))).caughtUp()
    await beside(log)
    await log.admin.switchVersion(applicationId, 'v2', { outputs: 'replace' })
    expect(await rejectionOf(start(log, counting(1)))).toMatchObject({ code: 'superseded' })
    expect(await rejectionOf(start(log, counting(1), { version: 'v1' }))).toMatchObject({ code: 'superseded' })
    const live = await start(log, counting(10), { version: 'v2' })
    await say(log, 'a')
    await live.caughtUp()
    const back = await log.admin.switchBack(applicationId)
    expect(back).toMatchObject({ from: 'v2', to: 'v1', number: 2 })
    expect(await rejectionOf(live.stopped)).toMatchObject({ code: 'superseded' })
    expect([countOf(log, 'a'), await written(log, 'a')]).toEqual([2, [1, 2]])
    const again = await start(log, counting(1), { version: 'v1' })
    await again.caughtUp()
    expect([countOf(log, 'a'), await written(log, 'a')]).toEqual([3, [1, 2, 3]])
    expect((await log.admin.listTopics()).map(({ name }) => name)).toEqual(['counted', 'words'])
    expect((await log.admin.verify({ deep: true })).problems).toEqual([])
  })

  test('moves the positions of groups by the time of their next record, and says so before it does', async () => {
    const { log } = openTestLog()
    await say(log, 'a', 'a', 'a')
    await (await start(log, counting(1))).caughtUp()
    const consumer = log.consumer({ group: 'billing', topics: [counted] })
    let seen = 0
    for await (const record of consumer) {
      expect(record.key).toBe('a')
      if (++seen === 2) break
    }
    await consumer.close()
    const [position] = await positionsOf(log)
    await beside(log)
    const planned = await log.admin.switchVersion(applicationId, 'v2', { outputs: 'replace', dryRun: true })
    const offset = 10 // of the second word's first record: nothing has committed it
    const move = { group: 'billing', topic: 'counted', partition: position?.partition, before: 1, after: offset }
    expect(planned.positions).toContainEqual(move)
    expect(countOf(log, 'a')).toBe(3)
    const done = await log.admin.switchVersion(applicationId, 'v2', { outputs: 'replace' })
    expect(done).toEqual(planned)
    expect(await positionsOf(log)).toContainEqual({ topic: 'counted', partition: position?.partition, offset })
    const next = log.consumer({ group: 'billing', topics: [counted] })
    for await (const { value } of next) {
      expect(value).toBe(11)
      break
    }
    await next.close()
  })

  test('that would take a topic from a group or an application that reads it is refused, and nothing has changed', async () => {
    const { log } = openTestLog()
    await say(log, 'a')
    const old = await start(log, counting(1))
    await old.caughtUp()
    await beside(log)
    const downstream = topologyOf((builder) => builder.stream(counted).foreach(() => undefined))
    await (await start(log, downstream, { applicationId: 'downstream' })).close()
    const refused = await rejectionOf(log.admin.switchVersion(applicationId, 'v2', { outputs: 'replace' }))
    expect(refused).toMatchObject({ code: 'switch_refused' })
    expect(refused.message).toContain('application "downstream" has read topic "counted"')
    expect(old.state).toBe('running')
    await log.admin.switchVersion(applicationId, 'v2', { outputs: 'continue' })
    expect(countOf(log, 'a')).toBe(10)
  })

  test('lets an application that reads what is replaced start over in the same step, once it does not run', async () => {
    const { log } = openTestLog()
    await say(log, 'a', 'b')
    await (await start(log, counting(1))).caughtUp()
    await beside(log)
    const newest = keyValueStore('newest', { key: string(), value: int64() })
    const downstream = topologyOf((builder) => {
      builder
        .stream(counted)
        .groupByKey()
        .reduce((_, value) => value, { store: newest })
    })
    const reader = await start(log, downstream, { applicationId: 'downstream' })
    await reader.caughtUp()
    const options = { outputs: 'replace', reset: ['downstream'] } as const
    const { refusals, readers } = await log.admin.switchVersion(applicationId, 'v2', { ...options, dryRun: true })
    expect(readers).toEqual([{ topic: 'counted', applicationId: 'downstream' }])
    expect(refusals).toEqual([expect.stringContaining('"downstream" is to start over, and runs')])
    await reader.close()
    expect(await log.admin.switchVersion(applicationId, 'v2', options)).toMatchObject({ reset: ['downstream'] })
    expect(log.store('downstream', newest).get('a')).toBeUndefined()
    const again = await start(log, downstream, { applicationId: 'downstream' })
    await again.caughtUp()
    expect([...again.store(newest).range()]).toMatchObject([
      { key: 'a', value: 10 },
      { key: 'b', value: 10 },
    ])
    const unknown = log.admin.switchVersion(applicationId, 'v1', { outputs: 'replace', reset: ['missing'] })
    expect(await rejectionOf(unknown)).toMatchObject({ code: 'application_unknown' })
    const itself = log.admin.switchVersion(applicationId, 'v1', { outputs: 'replace', reset: [applicationId] })
    expect(await rejectionOf(itself)).toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining('is the application that switches'),
    })
  })

  test('waits for the version that comes, and where it does not come nothing is exchanged', async () => {
    const { log } = openTestLog()
    await say(log, 'a')
    const old = await start(log, counting(1))
    await old.caughtUp()
    const v2 = await beside(log)
    await v2.close()
    await say(log, 'a', 'a')
    await old.caughtUp()
    const options: { readonly outputs: SwitchOutputs; readonly patienceMs: number } = {
      outputs: 'replace',
      patienceMs: 0,
    }
    const late = await rejectionOf(log.admin.switchVersion(applicationId, 'v2', options))
    expect(late).toMatchObject({ code: 'behind', message: expect.stringContaining('2 records apart') })
    expect([old.state, countOf(log, 'a')]).toEqual(['running', 3])
    const switching = log.admin.switchVersion(applicationId, 'v2', { outputs: 'replace' })
    await beside(log)
    await switching
    expect(countOf(log, 'a')).toBe(30)
  })

  test('to a version that is not there, or back from none, says which there are', async () => {
    const { log } = openTestLog()
    await start(log, counting(1))
    const unknown = await rejectionOf(log.admin.switchVersion(applicationId, 'v9', { outputs: 'replace' }))
    expect(unknown).toMatchObject({ code: 'version_unknown', message: expect.stringContaining('"v1" (live)') })
    expect(await rejectionOf(log.admin.switchBack(applicationId))).toMatchObject({ code: 'version_unknown' })
    const bad = log.admin.switchVersion(applicationId, 'v9', { outputs: 'none' as 'replace' })
    expect(await rejectionOf(bad)).toMatchObject({ code: 'bad_option' })
  })
})

describe('a process that is killed while it switches', () => {
  test.each([1, 2, 4])(
    'after %i commits leaves one version whole or the other, and either can go on',
    async (after) => {
      const { log, dir } = openDurableLog()
      await say(log, 'a', 'a')
      const old = await start(log, counting(1))
      await old.caughtUp()
      await (await beside(log)).close()
      await old.close()
      const program = startProgram('switch-versions', [dir])
      expect(await program.line()).toBe('open')
      program.say('go')
      for (let i = 0; i < after; i++) await program.line()
      program.kill()
      await program.exited
      expect((await log.admin.verify({ deep: true })).problems).toEqual([])
      const { version, versions } =
        (await log.admin.applications()).find((one) => one.applicationId === applicationId) ?? {}
      expect(versions?.map((one) => one.version).toSorted()).toEqual(['v1', 'v2'])
      const each = version === 'v2' ? 10 : 1
      const wanted = (words: number): number[] => Array.from({ length: words * each }, (_, at) => at + 1)
      expect([countOf(log, 'a'), await written(log, 'a')]).toEqual([2 * each, wanted(2)])
      const live = await start(log, counting(each), { version: version ?? '' })
      await say(log, 'a')
      await live.caughtUp()
      expect([countOf(log, 'a'), await written(log, 'a')]).toEqual([3 * each, wanted(3)])
    },
  )
})

async function positionsOf(log: Log) {
  const lag = await log.admin.lag('billing')
  return lag.flatMap(({ topic: name, partition, offset }) =>
    offset === undefined ? [] : [{ topic: name, partition, offset }],
  )
}
