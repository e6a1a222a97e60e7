// The applications of a log are shown from any process: which there are, who runs them, and what each of them keeps.
import { hostname } from 'node:os'
import { int64, keyValueStore, type Log, string, topic, type Topology } from 'millrace'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../../src/core/clock.ts'
import { start } from '../../support/applications.ts'
import { openTestLog } from '../../support/open.ts'
import { startProgram } from '../../support/program.ts'
import { rejectionOf } from '../../support/thrown.ts'
import { topologyOf } from '../../support/topology.ts'
import { words } from '../../support/topics.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })

/** Counts words, drops those that are `bad`, and writes what it has counted. */
const counting: Topology = topologyOf((builder) => {
  const stream = builder.stream(words)
  const good = stream.filter(({ value }) => value !== 'bad')
  good.groupByKey().count({ store: counts })
  good.to(topic('counted', { key: string(), value: string() }))
})

async function send(log: Log, keys: readonly string[], value: string = 'word'): Promise<void> {
  await log.producer().sendMany(
    words,
    keys.map((key, at) => ({ key, value, timestamp: at })),
  )
}

describe('applications()', () => {
  test('is empty in a new log, and leaves consumer groups out', async () => {
    const { log } = openTestLog()
    await send(log, ['a'])
    const consumer = log.consumer({ group: 'billing', topics: [words] })
    for await (const record of consumer) {
      await consumer.commit(record)
      break
    }
    await consumer.close()
    expect(await log.admin.applications()).toEqual([])
  })

  test('says where each runs, since when, how far it lags, and when it last committed', async () => {
    const clock = new ManualClock(5_000)
    const { log } = openTestLog(undefined, { clock })
    await send(log, ['a', 'b'])
    const b = await start(log, counting, { applicationId: 'b' })
    await b.caughtUp()
    clock.advance(1_000)
    const a = await start(log, counting, { applicationId: 'a' })
    await a.caughtUp()
    await a.close()
    await send(log, ['c', 'd', 'e'])
    await b.caughtUp()
    const here = { pid: process.pid, host: hostname(), startedMs: 5_000 }
    const common = { version: 'v1', fenced: null, isLive: true, wasLive: false, isPaused: false, standstill: null }
    expect(await log.admin.applications()).toEqual([
      {
        applicationId: 'a',
        version: 'v1',
        state: 'stopped',
        instance: null,
        lastCommitMs: 6_000,
        lag: 3,
        standstill: null,
        versions: [
          {
            ...common,
            state: 'stopped',
            instance: null,
            startedMs: 6_000,
            lastCommitMs: 6_000,
            lag: 3,
            figures: null,
          },
        ],
      },
      {
        applicationId: 'b',
        version: 'v1',
        state: 'running',
        instance: here,
        lastCommitMs: 6_000,
        lag: 0,
        standstill: null,
        versions: [
          {
            ...common,
            state: 'running',
            instance: here,
            startedMs: 5_000,
            lastCommitMs: 6_000,
            lag: 0,
            figures: expect.objectContaining({ operators: expect.any(Object) }),
          },
        ],
      },
    ])
  })

  test('shows one that runs in another process as running there, and as stopped with who it was once that was killed', async () => {
    const { log, dir } = openTestLog()
    const program = startProgram('count-words', [dir])
    expect(await program.line()).toBe('started')
    const [running] = await log.admin.applications()
    expect(running).toMatchObject({ applicationId: 'app', state: 'running', instance: { host: hostname() } })
    expect(running?.instance?.pid).not.toBe(process.pid)
    program.kill()
    await program.exited
    expect(await log.admin.applications()).toMatchObject([{ state: 'stopped', instance: running?.instance }])
  })

  test('shows an instance that was fenced until it has closed, or its process is gone', async () => {
    const { log, dir } = openTestLog()
    const program = startProgram('count-words', [dir])
    expect(await program.line()).toBe('started')
    await program.stopItself()
    const app = await start(log, counting)
    const [one] = await log.admin.applications()
    expect(one).toMatchObject({ state: 'running', instance: { pid: process.pid } })
    expect(one?.versions[0]?.fenced?.pid).not.toBe(process.pid)
    await app.close()
    expect(await log.admin.applications()).toMatchObject([{ state: 'fenced', instance: null }])
    program.kill()
    await program.exited
    expect(await log.admin.applications()).toMatchObject([{ state: 'stopped', versions: [{ fenced: null }] }])
  })

  test('forgets a fenced instance when that one closes', async () => {
    const { log } = openTestLog()
    const older = await start(log, counting)
    const newer = await start(log, counting)
    await expect(older.stopped).rejects.toMatchObject({ code: 'fenced' })
    expect(await log.admin.applications()).toMatchObject([{ state: 'running', versions: [{ fenced: null }] }])
    await newer.close()
    expect(await log.admin.applications()).toMatchObject([{ state: 'stopped' }])
  })
})

describe('describeApplication()', () => {
  test('says what it reads, writes and keeps, and what it has done', async () => {
    const { log } = openTestLog()
    await send(log, ['a', 'b', 'a'])
    await send(log, ['x'], 'bad')
    const app = await start(log, counting)
    await app.caughtUp()
    expect(await log.admin.describeApplication('app')).toMatchObject({
      applicationId: 'app',
      version: 'v1',
      state: 'running',
      lag: 0,
      reads: ['words'],
      writes: ['counted'],
      stores: [{ name: 'counts', kind: 'keyValue', key: 'string', value: 'int64', rows: 2 }],
      consumed: { words: 4 },
      produced: { counted: 3 },
      dropped: {},
      failed: {},
      eventTime: 2,
    })
    const { positions, operators, stores } = await log.admin.describeApplication('app')
    expect(positions.map(({ topic, records }) => `${topic} ${records}`)).toContain('words 0')
    expect(Object.keys(operators)).toContain(stores[0]?.owner)
  })

  test('has the shape that was last started, and counts no stores where that is not asked for', async () => {
    const { log } = openTestLog()
    await send(log, ['a'])
    const app = await start(log, counting, { applicationId: 'a' })
    await app.caughtUp()
    const { topology, stores } = await log.admin.describeApplication('a')
    expect(topology).toEqual(counting.describe({ format: 'json' }))
    expect(stores.map(({ name }) => name)).toEqual(['counts'])
    const uncounted = await log.admin.describeApplication('a', { stores: false })
    expect(uncounted).toMatchObject({ topology, stores: [], consumed: { words: 1 } })
    const wrong = log.admin.describeApplication('a', { stores: 'no' as unknown as boolean })
    expect(await rejectionOf(wrong)).toMatchObject({ code: 'bad_option' })
  })

  test('refuses a name that is none, and says which there are', async () => {
    const { log } = openTestLog()
    await start(log, counting, { applicationId: 'count-words' })
    expect(await rejectionOf(log.admin.describeApplication('count-wrods'))).toMatchObject({
      code: 'application_unknown',
      message: expect.stringContaining('did you mean "count-words"'),
    })
    expect(await rejectionOf(log.admin.describeApplication('count-words', { version: 'v9' }))).toMatchObject({
      code: 'version_unknown',
      message: expect.stringContaining('"v1" (live)'),
    })
    expect(await rejectionOf(log.admin.describeApplication(''))).toMatchObject({ code: 'bad_option' })
  })
})
