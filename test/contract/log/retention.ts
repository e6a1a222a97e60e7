// What a reader sees of records that are deleted by time, by size and on request, and of compaction.
import { days, type Log, minutes, seconds, type TopicConfig } from 'millrace'
import { expect } from 'vitest'
import { collect } from '../../support/collect.ts'
import { lines, words } from '../../support/topics.ts'
import type { Promises } from './implementation.ts'
import { loose, numbers, refusal, texts, valuesOf } from './helpers.ts'

const now = (count: number, from?: number): { key: string; value: string }[] =>
  texts(count, from).map(({ value }) => ({ key: 'a', value: String(value) }))

/** The topic `loose` with these settings. */
async function looseTopic(log: Log, config: Partial<TopicConfig>): Promise<void> {
  await log.admin.createTopic({ name: 'loose', config })
}

const append = async (log: Log, ...pairs: readonly (readonly [string, string | null])[]): Promise<void> => {
  await log.producer().sendMany(
    loose,
    pairs.map(([key, value]) => ({ key, value })),
  )
}

/** Offset, key and value of what can be read. */
const kept = async (log: Log): Promise<unknown[]> =>
  (await collect(log.read(loose))).map(({ offset, key, value }) => [offset, key, value])

export const retention: Promises = {
  'records are kept for retentionMs, and deleted behind it; offsets go on': async ({ log, clock }) => {
    await log.admin.createTopic({ name: 'lines', config: { retentionMs: seconds(10) } })
    await log.producer().sendMany(lines, now(2))
    clock.advance(seconds(10))
    await log.admin.runMaintenance()
    expect(await valuesOf(log.read(lines))).toEqual(['0', '1'])
    clock.advance(seconds(2))
    await log.admin.runMaintenance()
    expect(await valuesOf(log.read(lines))).toEqual([])
    expect([await log.admin.startOffsets(lines), await log.admin.endOffsets(lines)]).toEqual([[2], [2]])
    expect(await log.producer().send(lines, { key: 'a', value: 'next' })).toMatchObject({ offset: 2 })
  },

  'records are kept for 7 days when nothing is said, and for ever with -1': async ({ log, clock }) => {
    await log.admin.createTopic({ name: 'lines', config: { retentionMs: -1 } })
    await log.producer().sendMany(lines, now(2))
    await log.producer().sendMany(words, now(2))
    clock.advance(days(7))
    await log.admin.runMaintenance()
    expect(await collect(log.read(words))).toHaveLength(2)
    clock.advance(days(1_000))
    await log.admin.runMaintenance()
    expect(await collect(log.read(words))).toEqual([])
    expect(await collect(log.read(lines))).toHaveLength(2)
  },

  'with retentionBytes the oldest records go, and as much as the limit stays': async ({ log }) => {
    await log.admin.createTopic({ name: 'lines', config: { retentionBytes: 20_000 } })
    for (let i = 0; i < 60; i++) {
      await log.producer().send(lines, { key: 'a', value: `${i} ${'x'.repeat(1_000)}` })
      await log.admin.runMaintenance()
    }
    const left = (await valuesOf(log.read(lines))).map((value) => Number.parseInt(value, 10))
    expect(left).toEqual(numbers(60 - left.length, 59).map(Number))
    expect(left.length).toBeGreaterThanOrEqual(19)
    expect(left.length).toBeLessThan(30)
  },

  'deleteRecords moves the beginning of a partition to an offset, and never back': async ({ log, connect }) => {
    await log.producer().sendMany(lines, texts(4))
    const begin = (beforeOffset: number): Promise<readonly number[]> =>
      log.admin.deleteRecords(lines, [{ partition: 0, beforeOffset }])
    expect(await begin(1)).toEqual([1])
    expect(await begin(0)).toEqual([1])
    expect(await valuesOf((await connect()).read(lines))).toEqual(numbers(1, 3))
    expect(await begin(4)).toEqual([4])
    await log.producer().sendMany(lines, texts(1, 4))
    expect(await collect(log.read(lines))).toMatchObject([{ offset: 4, value: '4' }])
  },

  'deleteRecords of partitions of which one cannot be changes none': async ({ log }) => {
    await log.producer().sendMany(words, texts(40))
    for (const wrong of [
      { partition: 1, beforeOffset: 100 },
      { partition: 4, beforeOffset: 0 },
    ]) {
      const attempt = (): unknown => log.admin.deleteRecords(words, [{ partition: 0, beforeOffset: 2 }, wrong])
      expect((await refusal(attempt)).code).toBe('bad_option')
    }
    expect(await collect(log.read(words))).toHaveLength(40)
  },

  'a reader that comes late goes on at the beginning, and knows how much it missed': async ({ log, connect }) => {
    await log.producer({ batchBytes: 1 }).sendMany(lines, texts(4))
    const reader = (await connect()).read(lines)
    const loop = reader[Symbol.asyncIterator]()
    expect((await loop.next()).value).toMatchObject({ value: '0' })
    await log.admin.deleteRecords(lines, [{ partition: 0, beforeOffset: 3 }])
    expect((await loop.next()).value).toMatchObject({ value: '3' })
    expect(reader.missed).toBe(2)
    const error = await refusal(() => collect(log.read(lines, { from: 0 })))
    expect(error).toMatchObject({ code: 'position_lost', topic: 'lines', partition: 0, offset: 0 })
  },

  'compaction keeps the last record of each key, at its offset, with its time': async ({ log }) => {
    await looseTopic(log, { cleanupPolicy: 'compact' })
    await append(log, ['a', '1'], ['b', '2'], ['a', '3'])
    await append(log, ['c', '4'], ['b', '5'])
    const before = await collect(log.read(loose))
    await log.admin.runMaintenance()
    expect(await collect(log.read(loose))).toEqual(before.slice(2))
    expect(await valuesOf(log.read(loose, { from: 0 }))).toEqual(['3', '4', '5'])
    expect(await valuesOf(log.read(loose, { from: 3 }))).toEqual(['4', '5'])
    expect(await log.admin.endOffsets(loose)).toEqual([5])
  },

  'a consumer goes on from a position whose record was compacted away': async ({ log }) => {
    await looseTopic(log, { cleanupPolicy: 'compact' })
    await append(log, ['a', '1'], ['b', '2'], ['b', '3'])
    const consumer = log.consumer({ group: 'g', topics: [loose], autoCommitMs: false })
    for (const record of await collect(consumer, 1)) await consumer.commit(record)
    await append(log, ['c', '4'])
    await log.admin.runMaintenance()
    await consumer.close()
    expect(await valuesOf(log.consumer({ group: 'g', topics: [loose] }), 2)).toEqual(['3', '4'])
  },

  'a tombstone removes its key at once, and goes itself after deleteRetentionMs': async ({ log, clock }) => {
    await looseTopic(log, { cleanupPolicy: 'compact', deleteRetentionMs: minutes(10) })
    await append(log, ['a', '1'], ['b', '2'])
    await append(log, ['a', null])
    await log.admin.runMaintenance()
    clock.advance(minutes(10) - 1)
    await log.admin.runMaintenance()
    const [b, tombstone] = [
      [1, 'b', '2'],
      [2, 'a', null],
    ]
    expect(await kept(log)).toEqual([b, tombstone])
    clock.advance(1)
    await log.admin.runMaintenance()
    expect(await kept(log)).toEqual([b])
  },

  'a record that is younger than minCompactionLagMs is not compacted': async ({ log, clock }) => {
    await looseTopic(log, { cleanupPolicy: 'compact', minCompactionLagMs: minutes(1) })
    await append(log, ['a', '1'], ['a', '2'])
    await log.admin.runMaintenance()
    expect(await kept(log)).toHaveLength(2)
    clock.advance(minutes(1))
    await log.admin.runMaintenance()
    expect(await kept(log)).toEqual([[1, 'a', '2']])
  },
}
