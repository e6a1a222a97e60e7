// Administration: what there is, how far groups are, and how their positions are moved.
import { days, type Log, minutes, type ResetTarget } from 'millrace'
import { expect } from 'vitest'
import { collect } from '../../support/collect.ts'
import { lines, words } from '../../support/topics.ts'
import type { Promises } from './implementation.ts'
import { committed, expectRefused, refusal, texts } from './helpers.ts'

const group = 'billing'

/** Ten lines a second apart, of which the first two are deleted, and a position. */
async function tenLines(log: Log, offset: number, firstMs: number = 0): Promise<void> {
  const records = texts(10).map((record, i) => ({ ...record, timestamp: firstMs + 1_000 * i }))
  await log.producer().sendMany(lines, records)
  await log.admin.deleteRecords(lines, [{ partition: 0, beforeOffset: 2 }])
  await commit(log, 'lines', 0, offset, 'a note')
}

async function commit(
  log: Log,
  topic: string,
  partition: number,
  offset: number,
  metadata: string = '',
): Promise<void> {
  await using consumer = log.consumer({ group, assign: [{ topic, partition }], autoCommitMs: false })
  await consumer.commit([{ topic, partition, offset, metadata }])
}

export const administration: Promises = {
  'start and end offsets are told for each partition': async ({ log }) => {
    await tenLines(log, 3)
    expect([await log.admin.startOffsets(lines), await log.admin.endOffsets('lines')]).toEqual([[2], [10]])
    await log.producer().send(words, { key: 'a', value: 'b', partition: 2 })
    expect([await log.admin.startOffsets(words), await log.admin.endOffsets(words)]).toEqual([
      [0, 0, 0, 0],
      [0, 0, 1, 0],
    ])
    await expectRefused('topic_unknown', [() => log.admin.startOffsets('line'), () => log.admin.logSizes(['line'])])
  },

  'logSizes tells how much topics hold': async ({ log }) => {
    await tenLines(log, 3)
    await log.admin.createTopic(words)
    const [size, ...others] = await log.admin.logSizes([lines])
    expect(others).toEqual([])
    expect(size).toMatchObject({
      topic: 'lines',
      partitions: [{ partition: 0, startOffset: 2, endOffset: 10, newestTimestamp: 9_000 }],
    })
    expect(size?.bytes).toBeGreaterThan(0)
    expect((await log.admin.logSizes()).map(({ topic }) => topic)).toEqual(['lines', 'words'])
  },

  'lag tells how many records of a partition are left, the time of the first, and the note': async ({ log }) => {
    await tenLines(log, 7)
    const lag = { topic: 'lines', partition: 0, startOffset: 2, endOffset: 10, metadata: 'a note' }
    expect(await log.admin.lag(group)).toMatchObject([{ ...lag, offset: 7, records: 3, timestamp: 7_000 }])
    await commit(log, 'lines', 0, 10)
    expect(await log.admin.lag(group)).toMatchObject([{ records: 0, timestamp: null, ageMs: 0 }])
    await commit(log, 'lines', 0, 0)
    expect(await log.admin.lag(group)).toMatchObject([{ offset: 0, records: 8, timestamp: 2_000 }])
  },

  'lag tells the age of the first record that is left, by the clock of the log': async ({ log, clock }) => {
    await tenLines(log, 7, clock.now())
    clock.advance(minutes(1))
    expect(await log.admin.lag(group)).toMatchObject([
      { ageMs: minutes(1) - 7_000, committedMs: clock.now() - minutes(1) },
    ])
  },

  'lag comes by topic and partition, without topics that are gone': async ({ log }) => {
    await tenLines(log, 3)
    await log.admin.createTopic(words)
    for (const partition of [3, 0, 1]) await commit(log, 'words', partition, 0)
    expect(Object.keys(await committed(log, group))).toEqual(['lines 0', 'words 0', 'words 1', 'words 3'])
    await log.admin.deleteTopic(words)
    expect(Object.keys(await committed(log, group))).toEqual(['lines 0'])
  },

  'positions are moved where they are told to, within what is there; dryRun only says so': async ({ log, connect }) => {
    await tenLines(log, 6)
    const other = await connect()
    const targets: readonly (readonly [ResetTarget, number])[] = [
      ['earliest', 2],
      ['latest', 10],
      [{ offset: 4 }, 4],
      [{ offset: 0 }, 2],
      [{ offset: 99 }, 10],
      [{ time: 6_500 }, 7],
      [{ time: 99_000 }, 10],
      [{ shift: 2 }, 8],
      [{ shift: -100 }, 2],
    ]
    for (const [to, after] of targets) {
      await commit(log, 'lines', 0, 6)
      const expected = [{ topic: 'lines', partition: 0, before: 6, after }]
      expect(await other.admin.resetOffsets(group, { to, dryRun: true })).toEqual(expected)
      expect(await committed(log, group)).toEqual({ 'lines 0': 6 })
      expect(await other.admin.resetOffsets(group, { to })).toEqual(expected)
      expect(await committed(log, group)).toEqual({ 'lines 0': after })
      const [next] =
        after === 10 ? [] : await collect(log.consumer({ group, assign: [{ topic: lines, partition: 0 }] }), 1)
      expect(next?.offset ?? 10).toBe(after)
    }
  },

  'positions are moved to an age by the clock of the log': async ({ log, clock }) => {
    await tenLines(log, 6, clock.now() - 10_000)
    expect(await log.admin.resetOffsets(group, { to: { ago: 5_500 } })).toMatchObject([{ before: 6, after: 5 }])
  },

  'a reset of topics gives every partition of them a position, and leaves other topics': async ({ log }) => {
    await tenLines(log, 6)
    await log.admin.createTopic(words)
    const resets = await log.admin.resetOffsets(group, { topics: [words], to: 'earliest' })
    expect(resets).toEqual([0, 1, 2, 3].map((partition) => ({ topic: 'words', partition, before: null, after: 0 })))
    expect(await committed(log, group)).toMatchObject({ 'lines 0': 6 })
    const shift = (): unknown => log.admin.resetOffsets('new', { topics: [words], to: { shift: 1 } })
    expect((await refusal(shift)).code).toBe('bad_option')
  },

  'a group with members is not reset and not deleted; one without is gone with its positions': async ({
    log,
    connect,
  }) => {
    await tenLines(log, 6)
    const consumer = (await connect()).consumer({ group, topics: [lines] })
    await collect(consumer, 1)
    await expectRefused('group_not_empty', [
      () => log.admin.resetOffsets(group, { to: 'latest' }),
      () => log.admin.resetOffsets(group, { to: 'latest', dryRun: true }),
      () => log.admin.deleteGroup(group),
    ])
    await consumer.close()
    expect(await committed(log, group)).toEqual({ 'lines 0': 6 })
    await log.admin.deleteGroup(group)
    expect(await log.admin.groups()).toEqual([])
  },

  'groups are listed by name, and described by their members and what these have': async ({ log, connect }) => {
    await tenLines(log, 3)
    const consumer = (await connect()).consumer({ group: 'a', topics: [lines], clientId: 'reader', instanceId: 'one' })
    await collect(consumer, 1)
    expect(await log.admin.groups()).toEqual([
      { name: 'a', kind: 'group', state: 'stable', members: 1 },
      { name: group, kind: 'group', state: 'empty', members: 0 },
    ])
    const assignment = [{ topic: 'lines', partition: 0 }]
    expect(await log.admin.describeGroup('a')).toMatchObject({
      state: 'stable',
      assignor: 'cooperative-sticky',
      members: [{ clientId: 'reader', instanceId: 'one', assignment, target: assignment }],
    })
    expect(await log.admin.describeGroup(group)).toMatchObject({ state: 'empty', members: [] })
  },

  'a group that there is not is told': async ({ log }) => {
    await expectRefused('group_unknown', [
      () => log.admin.lag('nobody'),
      () => log.admin.describeGroup('nobody'),
      () => log.admin.deleteGroup('nobody'),
      () => log.admin.resetOffsets('nobody', { to: 'latest' }),
    ])
  },

  'positions of a group without members expire after 7 days, those of one with members do not': async ({
    log,
    clock,
  }) => {
    await log.admin.createTopic({ name: 'lines', config: { retentionMs: -1 } })
    await tenLines(log, 3)
    await using early = log.consumer({ group: 'alive', assign: [{ topic: lines, partition: 0 }], autoCommitMs: false })
    await early.commit([{ topic: 'lines', partition: 0, offset: 3 }])
    const names = async (): Promise<string[]> => {
      await log.admin.runMaintenance()
      return (await log.admin.groups()).map(({ name }) => name)
    }
    clock.advance(days(7) - minutes(1))
    await collect(log.consumer({ group: 'alive', topics: [lines], autoCommitMs: false }), 1)
    clock.advance(minutes(1) - 1)
    expect(await names()).toEqual(['alive', group])
    clock.advance(1)
    expect(await names()).toEqual(['alive'])
    expect(await log.admin.groups()).toMatchObject([{ members: 1 }])
    expect(await committed(log, 'alive')).toEqual({ 'lines 0': 3 })
  },
}
