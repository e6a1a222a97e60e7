// What an application needs of its log: positions, outputs and state in one commit, made by its newest instance only.
import { type Application, int64, keyValueStore, type Log, ManualClock, string, topic } from 'millrace'
import { expect } from 'vitest'
import { start } from '../../support/applications.ts'
import { collect } from '../../support/collect.ts'
import { topologyOf } from '../../support/topology.ts'
import { lines } from '../../support/topics.ts'
import type { Promises } from './implementation.ts'
import { committed, eventually, numbers, expectRefused, refusal, texts, valuesOf } from './helpers.ts'

const copies = topic('copies', { key: string(), value: string() })
const counts = keyValueStore('counts', { key: string(), value: int64() })
const counting = topologyOf((builder) => {
  const stream = builder.stream(lines)
  stream.to(copies)
  stream.groupByKey().count({ store: counts })
})
const copying = topologyOf((builder) => builder.stream(lines).to(copies))
const rarely = { everyMs: 1_000_000, everyRecords: 1_000_000 }
const same = (count: number, from: number): { key: string; value: string; timestamp: number }[] =>
  texts(count, from).map(({ value }, i) => ({ key: 'k', value: String(value), timestamp: from + i }))

/** An instance that has worked on everything up to a time and committed nothing of it. */
async function ahead(log: Log, timestamp: number): Promise<Application> {
  const app = await start(log, counting, { commit: rarely, clock: new ManualClock() })
  await eventually(() => expect(app.metrics()).toMatchObject({ eventTime: timestamp, lag: 0 }))
  return app
}

export const applications: Promises = {
  'outputs, positions and state are one commit: all are there or nothing': async ({ log, connect }) => {
    await log.producer().sendMany(lines, same(5, 0))
    const other = await connect()
    const app = await ahead(log, 4)
    expect(await other.admin.endOffsets(copies)).toEqual([0])
    expect([await committed(other, 'app'), app.store(counts).get('k')]).toEqual([{ 'lines 0': 0 }, undefined])
    await app.close()
    expect(await valuesOf(other.read(copies))).toEqual(numbers(0, 4))
    expect(await committed(other, 'app')).toEqual({ 'lines 0': 5 })
    expect((await start(other, counting)).store(counts).get('k')).toBe(5)
  },

  'after a crash an application goes on from its last commit, and every input counts once': async ({
    log,
    connect,
    crash,
  }) => {
    for (let round = 0; round < 3; round++) {
      const client = await connect()
      await log.producer().sendMany(lines, same(5, 10 * round))
      await (await start(client, counting)).caughtUp()
      await log.producer().sendMany(lines, same(5, 10 * round + 5))
      await ahead(client, 10 * round + 9)
      crash(client)
    }
    const app = await start(log, counting)
    await app.caughtUp()
    expect(await valuesOf(log.read(copies))).toEqual(numbers(0, 29))
    expect(app.store(counts).get('k')).toBe(30)
  },

  'an older instance is fenced, and nothing since its last commit is kept': async ({ log, connect }) => {
    await log.producer().sendMany(lines, same(5, 0))
    const older = await ahead(await connect(), 4)
    const newer = await start(log, counting)
    await newer.caughtUp()
    expect(await refusal(() => older.stopped)).toMatchObject({ code: 'fenced' })
    expect(await valuesOf(log.read(copies))).toEqual(numbers(0, 4))
    expect(newer.store(counts).get('k')).toBe(5)
  },

  'applications of other names are left alone': async ({ log, connect }) => {
    await log.producer().sendMany(lines, same(5, 0))
    const apps = [
      await start(log, counting, { applicationId: 'one' }),
      await start(await connect(), counting, { applicationId: 'two' }),
    ]
    for (const app of apps) {
      await app.caughtUp()
      expect([app.state, app.store(counts).get('k')]).toEqual(['running', 5])
    }
    expect(await collect(log.read(copies))).toHaveLength(10)
  },

  'the positions of an application are its own: nobody else moves or deletes them': async ({ log, connect }) => {
    await log.producer().sendMany(lines, same(5, 0))
    const other = await connect()
    const early = other.consumer({ group: 'app', assign: [{ topic: lines, partition: 0 }], autoCommitMs: false })
    const app = await start(log, copying)
    await app.caughtUp()
    await app.close()
    await expectRefused('owned_by_application', [
      () => collect(other.consumer({ group: 'app', topics: [lines] })),
      () => early.commit([{ topic: 'lines', partition: 0, offset: 0 }]),
      () =>
        collect(early, 1).then(() =>
          other.producer({ transactionalId: 't' }).transaction((tx) => tx.sendOffsets(early)),
        ),
      () => other.admin.resetOffsets('app', { to: 'earliest' }),
      () => other.admin.deleteGroup('app'),
    ])
    expect(await committed(other, 'app')).toEqual({ 'lines 0': 5 })
    expect(await other.admin.groups()).toEqual([{ name: 'app', kind: 'application', state: 'empty', members: 0 }])
  },

  'an application does not start under the name of a group': async ({ log }) => {
    await log.producer().sendMany(lines, same(5, 0))
    const consumer = log.consumer({ group: 'app', topics: [lines] })
    for (const record of await collect(consumer, 1)) await consumer.commit(record)
    await consumer.close()
    expect(await refusal(() => start(log, copying))).toMatchObject({ code: 'owned_by_group' })
    await log.admin.deleteGroup('app')
    await (await start(log, copying)).caughtUp()
    expect(await collect(log.read(copies))).toHaveLength(5)
  },

  'an application whose position is deleted fails, and is never set back silently': async ({ log }) => {
    await log.producer().sendMany(lines, same(1, 0))
    const app = await start(log, copying)
    await app.caughtUp()
    await app.close()
    await log.producer().sendMany(lines, same(3, 1))
    await log.admin.deleteRecords(lines, [{ partition: 0, beforeOffset: 2 }])
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await refusal(() => start(log, copying))
      expect(error).toMatchObject({ code: 'position_lost', topic: 'lines', partition: 0, offset: 1 })
    }
    expect(await valuesOf(log.read(copies))).toEqual(['0'])
  },

  'partitions are not added to a topic whose keys an application keeps state by': async ({ log }) => {
    await (await start(log, counting)).close()
    const error = await refusal(() => log.admin.addPartitions(lines, 2))
    expect(error).toMatchObject({ code: 'partitions_differ', topic: 'lines' })
    expect(await log.admin.describeTopic(lines)).toMatchObject({ partitions: 1 })
  },
}
