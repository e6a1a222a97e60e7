// A deleted application is gone with everything that is its own, however it was cut short, and what it blocked is free.
import { int64, keyValueStore, type Log, string, topic, type Topology } from 'millrace'
import { describe, expect, test } from 'vitest'
import { databaseNames } from '../../../src/storage/databases.ts'
import { sweepDeletedStores } from '../../../src/log/kept/deleted-stores.ts'
import { forgetWritten } from '../../../src/log/kept/written-counts.ts'
import { start } from '../../support/applications.ts'
import { collect } from '../../support/collect.ts'
import { openDurableLog, type OpenedLog, openTestLog } from '../../support/open.ts'
import { startProgram } from '../../support/program.ts'
import { errorOf, rejectionOf } from '../../support/thrown.ts'
import { topologyOf } from '../../support/topology.ts'
import { words } from '../../support/topics.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })
const counted = topic('counted', { key: string(), value: string() })

/** Counts words by key, writes them, and has dead letters for those that are `bad`. */
const counting: Topology = topologyOf((builder) => {
  const stream = builder.stream(words).mapValues(({ value }) => {
    if (value === 'bad') throw new Error('a bad word')
    return value
  })
  stream.groupByKey().count({ store: counts })
  stream.to(counted)
})

/** A log in which application `app` has worked on this many words, the last one bad, and has stopped. */
async function worked(wordCount: number, opened: OpenedLog = openTestLog()): Promise<OpenedLog> {
  const { log } = opened
  await log.producer().sendMany(
    words,
    Array.from({ length: wordCount }, (_, at) => ({
      key: `word ${at}`,
      value: at === wordCount - 1 ? 'bad' : 'good',
      timestamp: at,
    })),
  )
  await run(log)
  return opened
}

async function run(log: Log, applicationId: string = 'app', deadLetterTopic?: string): Promise<void> {
  const app = await start(log, counting, { applicationId, onError: 'deadLetter', deadLetterTopic })
  await app.caughtUp()
  await app.close()
}

/** How many rows each database has, without those that only count. */
function rowCounts({ environment }: OpenedLog): Readonly<Record<string, number>> {
  environment.refresh()
  return Object.fromEntries(databaseNames.map((name) => [name, environment.rowCount(name)]))
}

describe('a deleted application', () => {
  test('leaves no row behind, and others keep theirs', async () => {
    const opened = await worked(50)
    const { log } = opened
    await log.admin.deleteApplication('app')
    const before = rowCounts(opened)
    expect(before).toMatchObject({ applications: 0, stores: 0, state: 0, journal: 0, positions: 0 })
    await run(log, 'other')
    const other = await log.admin.describeApplication('other')
    const withOther = rowCounts(opened)
    await run(log)
    await log.admin.deleteApplication('app')
    expect({ ...rowCounts(opened), batches: 0 }).toEqual({ ...withOther, batches: 0 }) // its outputs stay
    expect(await log.admin.describeApplication('other')).toEqual(other)
    expect(await log.admin.applications()).toMatchObject([{ applicationId: 'other' }])
    expect((await log.admin.groups()).map(({ name }) => name)).toEqual(['other'])
    expect((await log.admin.verify({ deep: true })).problems).toEqual([])
  })

  test('says what goes, and with dryRun that is all', async () => {
    const opened = await worked(20)
    const { log } = opened
    const before = rowCounts(opened)
    const planned = await log.admin.deleteApplication('app', { outputs: 'delete', dryRun: true })
    expect(planned).toMatchObject({
      applicationId: 'app',
      versions: ['v1'],
      stores: [{ name: 'counts', rows: 19 }],
      positions: 4,
      outputs: [
        { topic: 'app.dead-letters', records: 1, isDeadLetters: true, isTaken: false, readBy: [] },
        { topic: 'counted', records: 19, isDeadLetters: false, isTaken: true, readBy: [] },
      ],
    })
    expect(rowCounts(opened)).toEqual(before)
    expect(await log.admin.deleteApplication('app', { outputs: 'delete' })).toEqual(planned)
  })

  test('starts anew under the same name', async () => {
    const { log } = await worked(20)
    await log.admin.deleteApplication('app')
    const app = await start(log, counting, { onError: 'deadLetter' })
    await app.caughtUp()
    expect(app.metrics().consumed).toEqual({ words: 20 })
    expect([...app.store(counts).range()].map(({ value }) => value)).toEqual(Array.from({ length: 19 }, () => 1))
    expect(await log.admin.endOffsets(counted)).toEqual([38])
  })

  test('frees its name for a group, and the topics that kept their partitions for it', async () => {
    const { log } = await worked(20)
    expect(await rejectionOf(log.admin.addPartitions(words, 8))).toMatchObject({ code: 'partitions_differ' })
    await log.admin.deleteApplication('app')
    expect((await log.admin.addPartitions(words, 8)).partitions).toBe(8)
    const consumer = log.consumer({ group: 'app', topics: ['words'] })
    for await (const { key } of consumer) {
      expect(Buffer.from(key ?? []).toString()).toContain('word')
      break
    }
    await consumer.close()
  })

  test('is unknown to whoever reads a store of it', async () => {
    const { log } = await worked(20)
    const store = log.store('app', counts)
    expect(store.get('word 1')).toBe(1)
    await log.admin.deleteApplication('app')
    expect(errorOf(() => store.get('word 1'))).toMatchObject({ code: 'application_unknown' })
    expect(errorOf(() => log.store('app', counts))).toMatchObject({ code: 'application_unknown' })
    expect(await rejectionOf(log.admin.deleteApplication('app'))).toMatchObject({ code: 'application_unknown' })
  })

  test('takes its space along: five rounds of making and deleting do not let the log grow', async () => {
    const opened = await worked(1_000)
    const { log } = opened
    const used: number[] = []
    for (let round = 0; round < 5; round++) {
      await log.admin.deleteApplication('app', { outputs: ['counted', 'app.dead-letters'] })
      used.push((await log.admin.stats()).usedBytes)
      await run(log)
    }
    expect(Math.max(...used.slice(1))).toBeLessThanOrEqual((used[0] ?? 0) + 65_536)
  })
})

describe('the outputs of a deleted application', () => {
  test('stay, unless they are named', async () => {
    const { log } = await worked(20)
    await log.admin.deleteApplication('app')
    expect(await collect(log.read(counted))).toHaveLength(19)
    await run(log)
    await log.admin.deleteApplication('app', { outputs: [counted] })
    const topics = (await log.admin.listTopics()).map(({ name }) => name)
    expect(topics).toEqual(['app.dead-letters', 'words'])
    await run(log)
    await log.admin.deleteApplication('app', { outputs: ['app.dead-letters'] })
    expect((await log.admin.listTopics()).map(({ name }) => name)).toEqual(['counted', 'words'])
    await run(log, 'app', 'rejected')
    await log.admin.deleteApplication('app', { outputs: 'delete' })
    expect((await log.admin.listTopics()).map(({ name }) => name)).toEqual(['rejected', 'words'])
  })

  test('are told with who reads them', async () => {
    const { log } = await worked(20)
    await start(
      log,
      topologyOf((builder) => builder.stream(counted).foreach(() => undefined)),
      { applicationId: 'downstream' },
    )
    const { outputs } = await log.admin.deleteApplication('app', { dryRun: true })
    expect(outputs.find(({ topic: name }) => name === 'counted')?.readBy).toEqual(['downstream'])
  })

  test('that it has not written are refused, and so is what is no choice', async () => {
    const opened = await worked(20)
    const { log } = opened
    const before = rowCounts(opened)
    expect(await rejectionOf(log.admin.deleteApplication('app', { outputs: [words] }))).toMatchObject({
      code: 'bad_option',
      topic: 'words',
    })
    const odd: unknown = { outputs: 'all' }
    expect(await rejectionOf(log.admin.deleteApplication('app', odd as object))).toMatchObject({ code: 'bad_option' })
    expect(rowCounts(opened)).toEqual(before)
  })
})

describe('an application that runs', () => {
  test('is not deleted, and the refusal says who runs it', async () => {
    const { log, dir } = openTestLog()
    const program = startProgram('count-words', [dir])
    expect(await program.line()).toBe('started')
    const refusal = await rejectionOf(log.admin.deleteApplication('app'))
    const [listed] = await log.admin.applications()
    expect(refusal).toMatchObject({
      code: 'application_running',
      message: expect.stringContaining(`process ${listed?.instance?.pid}`),
    })
    expect(await rejectionOf(log.admin.deleteApplication('app', { dryRun: true }))).toMatchObject({
      code: 'application_running',
    })
    program.kill()
    await program.exited
    await log.admin.deleteApplication('app')
    expect(await log.admin.applications()).toEqual([])
  })

  test('and was frozen before a newer one took over is refused when it wakes, also once the name is used again', async () => {
    const { log, dir } = openTestLog()
    const program = startProgram('count-words', [dir])
    expect(await program.line()).toBe('started')
    await log.producer().send(words, { key: 'a', value: 'a', timestamp: 0 })
    program.say('a')
    expect(await program.line()).toBe('1')
    await program.stopItself()
    await run(log)
    await log.admin.deleteApplication('app')
    const app = await start(log, counting)
    await log.producer().send(words, { key: 'a', value: 'a', timestamp: 0 })
    await app.caughtUp()
    program.thaw()
    await program.exited
    expect(program.errors).toMatch(/code: '(application_deleted|fenced)'/)
    await app.caughtUp()
    expect(app.state).toBe('running')
    expect(app.store(counts).get('a')).toBe(2)
  })
})

describe('a deletion that was cut short', () => {
  test('leaves no trace that verification would not know, and any open log removes the rest', async () => {
    const opened = await worked(3_000)
    const { log, environment, embedded } = opened
    environment.write((transaction) => embedded.applications.remove(transaction, 'app'))
    environment.write((transaction) => embedded.positions.removeAll(transaction, 'app'))
    environment.write((transaction) => forgetWritten(transaction, 'app'))
    const steps = sweepDeletedStores(environment)
    steps.next()
    expect((await log.admin.verify()).problems).toEqual([])
    expect(rowCounts(opened)['journal']).toBeGreaterThan(0)
    await log.admin.runMaintenance()
    expect(rowCounts(opened)).toMatchObject({ state: 0, journal: 0, stores: 0, applications: 0, positions: 0 })
    expect((await log.admin.verify()).problems).toEqual([])
  })

  test.each([1, 2])(
    'by kill -9 after %i commits is whole or not begun, and ends with the next round',
    async (after) => {
      const opened = await worked(2_000, openDurableLog())
      const { log, dir } = opened
      const described = await log.admin.describeApplication('app')
      const program = startProgram('retire-application', [dir, 'delete'])
      expect(await program.line()).toBe('open')
      program.say('delete')
      for (let i = 0; i < after; i++) await program.line()
      program.kill()
      await program.exited
      expect((await log.admin.verify()).problems).toEqual([])
      if ((await log.admin.applications()).length > 0) {
        expect(await log.admin.describeApplication('app')).toEqual(described)
        await log.admin.deleteApplication('app')
      }
      await log.admin.runMaintenance()
      expect(rowCounts(opened)).toMatchObject({ state: 0, journal: 0, applications: 0, positions: 0 })
      await run(log)
      expect(await log.admin.describeApplication('app')).toMatchObject({ consumed: { words: 2_000 } })
    },
  )
})
