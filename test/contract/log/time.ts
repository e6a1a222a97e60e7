// Finding records by their time: the first offset whose timestamp is not smaller, however the times came.
import { string, topic } from 'millrace'
import { expect } from 'vitest'
import { collect } from '../../support/collect.ts'
import { lines, words } from '../../support/topics.ts'
import type { Promises } from './implementation.ts'
import { loose, refusal, texts, valuesOf } from './helpers.ts'

const disordered = [50, 10, 90, 20, 90, 5, 70, 100, 1]
const at = (timestamp: number, i: number): { key: string; value: string; timestamp: number } => ({
  key: `key ${i % 4}`,
  value: String(timestamp),
  timestamp,
})

export const time: Promises = {
  'offsetsForTimes tells the first record that is not older, for each partition, and null where there is none': async ({
    log,
  }) => {
    await log.producer().sendMany(lines, [10, 20, 20, 30].map(at))
    for (const [timestamp, found] of [
      [0, { offset: 0, timestamp: 10 }],
      [10, { offset: 0, timestamp: 10 }],
      [11, { offset: 1, timestamp: 20 }],
      [20, { offset: 1, timestamp: 20 }],
      [30, { offset: 3, timestamp: 30 }],
      [31, null],
    ] as const) {
      expect(await log.admin.offsetsForTimes(lines, timestamp)).toEqual([found])
    }
    await log.producer().send(words, { key: 'a', value: 'b', timestamp: 7, partition: 2 })
    expect(await log.admin.offsetsForTimes(words, 7)).toEqual([null, null, { offset: 0, timestamp: 7 }, null])
  },

  'records are found by their times in whatever order these came': async ({ log }) => {
    for (const batchBytes of [1, 100_000]) {
      const runs = topic(`runs-${batchBytes}`, { key: string(), value: string() })
      await log.producer({ batchBytes }).sendMany(runs, disordered.map(at))
      await log.producer({ batchBytes }).sendMany(runs, disordered.map(at))
      const all = await collect(log.read(runs))
      for (let timestamp = 0; timestamp <= 101; timestamp++) {
        const first = all.find((record) => record.timestamp >= timestamp)
        const found = first === undefined ? null : { offset: first.offset, timestamp: first.timestamp }
        expect(await log.admin.offsetsForTimes(runs, timestamp)).toEqual([found])
      }
    }
  },

  'a read, a seek and a reset to a time begin at that record': async ({ log }) => {
    await log.producer({ batchBytes: 1 }).sendMany(lines, disordered.map(at))
    await using consumer = log.consumer({ topics: [lines] })
    for (const [timestamp, first] of [
      [0, 0],
      [51, 2],
      [90, 2],
      [95, 7],
    ] as const) {
      const rest = disordered.slice(first).map(String)
      expect(await valuesOf(log.read(lines, { from: { time: timestamp } }))).toEqual(rest)
      consumer.seek(lines, 0, { time: timestamp })
      expect(await valuesOf(consumer, rest.length)).toEqual(rest)
      const [reset] = await log.admin.resetOffsets('g', { topics: [lines], to: { time: timestamp } })
      expect(reset?.after).toBe(first)
    }
    expect(await collect(log.read(lines, { from: { time: 101 } }))).toEqual([])
  },

  'records that are deleted or compacted away are not found': async ({ log }) => {
    await log.producer({ batchBytes: 1 }).sendMany(lines, texts(5))
    await log.admin.deleteRecords(lines, [{ partition: 0, beforeOffset: 3 }])
    expect(await log.admin.offsetsForTimes(lines, 0)).toEqual([{ offset: 3, timestamp: 3 }])
    await log.admin.createTopic({ name: 'loose', config: { cleanupPolicy: 'compact', retentionMs: -1 } })
    await log.producer({ batchBytes: 1 }).sendMany(loose, disordered.map(at))
    await log.admin.runMaintenance()
    const left = await collect(log.read(loose))
    expect(left.length).toBeLessThan(disordered.length)
    for (let timestamp = 0; timestamp <= 101; timestamp++) {
      const first = left.find((record) => record.timestamp >= timestamp)
      const [found] = await log.admin.offsetsForTimes(loose, timestamp)
      expect(found?.offset).toBe(first?.offset)
    }
  },

  'what is no time, or no topic, is refused': async ({ log }) => {
    await log.admin.createTopic(lines)
    expect((await refusal(() => log.admin.offsetsForTimes(lines, -1))).code).toBe('bad_option')
    expect((await refusal(() => log.admin.offsetsForTimes('line', 1))).code).toBe('topic_unknown')
  },
}
