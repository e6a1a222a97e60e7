// Compaction keeps the last record of each key at its offset, and a tombstone for as long as somebody may need to see it.
import { ManualClock, days, minutes, seconds, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { TopicConfig } from '../../../src/core/topic-config.ts'
import { nullable } from '../../../src/core/serdes.ts'
import { start } from '../../support/applications.ts'
import { collect } from '../../support/collect.ts'
import { type OpenedLog, openTestLog } from '../../support/open.ts'
import { topologyOf } from '../../support/topology.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

type Pair = readonly [key: string | null, value: string | null]

interface World extends OpenedLog {
  readonly clock: ManualClock
  /** Appends one batch. */
  readonly append: (...pairs: readonly Pair[]) => Promise<void>
  /** Offset, key and value of what can be read. */
  readonly records: () => Promise<(readonly [number, string | null, string | null])[]>
}

const table = topic('table', { key: nullable(string()), value: nullable(string()) })
const nowMs = days(1_000)

async function world(config: Partial<TopicConfig> = {}, keyMapBytes?: number): Promise<World> {
  const clock = new ManualClock(nowMs)
  const opened = openTestLog(temporaryDirectory(), { clock, ...(keyMapBytes === undefined ? {} : { keyMapBytes }) })
  await opened.log.admin.createTopic({ name: 'table', config: { cleanupPolicy: 'compact', ...config } })
  const producer = opened.log.producer({ clock })
  return {
    ...opened,
    clock,
    append: async (...pairs) => {
      await producer.sendMany(
        table,
        pairs.map(([key, value]) => ({ key, value })),
      )
    },
    records: async () => (await collect(opened.log.read(table))).map(({ offset, key, value }) => [offset, key, value]),
  }
}

describe('compaction', () => {
  test('keeps the last record of each key, at its offset', async () => {
    const { log, append, records } = await world()
    await append(['a', '1'], ['b', '2'], ['a', '3'])
    await append(['c', '4'], ['b', '5'])
    await append(['c', '6'])
    await log.admin.runMaintenance()
    const expected = [
      [2, 'a', '3'],
      [4, 'b', '5'],
      [5, 'c', '6'],
    ]
    expect(await records()).toEqual(expected)
    await log.admin.runMaintenance()
    expect(await records()).toEqual(expected)
    await append(['a', '7'])
    await log.admin.runMaintenance()
    expect(await records()).toEqual([...expected.slice(1), [6, 'a', '7']])
  })

  test('keeps timestamps, headers and the order of what stays', async () => {
    const { log } = await world()
    const producer = log.producer({ compression: 'gzip' })
    const headers = [{ key: 'trace', value: Buffer.from('x') }]
    await producer.sendMany(table, [
      { key: 'a', value: '1', timestamp: 7, headers },
      { key: 'b', value: '2', timestamp: 900, headers },
      { key: 'a', value: '3', timestamp: 5, headers },
      { key: 'c', value: null, timestamp: 3, headers },
    ])
    const before = await collect(log.read(table))
    await log.admin.runMaintenance()
    expect(await collect(log.read(table))).toEqual(before.slice(1))
  })

  test('keeps records without a key', async () => {
    const { log, append, records } = await world({ cleanupPolicy: 'delete' })
    await append([null, '1'], ['a', '2'], [null, '3'], ['a', '4'])
    await log.admin.alterTopic(table, { cleanupPolicy: 'compact' }) // which takes no more of them
    await log.admin.runMaintenance()
    expect(await records()).toEqual([
      [0, null, '1'],
      [2, null, '3'],
      [3, 'a', '4'],
    ])
  })

  test('leaves a topic alone that only deletes, or that nobody compacts by its rules', async () => {
    const deleting = await world({ cleanupPolicy: 'delete' })
    await deleting.append(['a', '1'], ['a', '2'])
    await deleting.log.admin.runMaintenance()
    expect(await deleting.records()).toHaveLength(2)
  })

  test('waits until a record is as old as its topic says', async () => {
    const { log, append, records, clock } = await world({ minCompactionLagMs: minutes(1) })
    await append(['a', '1'], ['a', '2'])
    clock.advance(minutes(1) - 1)
    await log.admin.runMaintenance()
    expect(await records()).toHaveLength(2)
    await append(['a', '3'])
    clock.advance(1)
    await log.admin.runMaintenance()
    expect(await records()).toHaveLength(3)
    clock.advance(minutes(1))
    await log.admin.runMaintenance()
    expect(await records()).toEqual([[2, 'a', '3']])
  })

  test('in the background begins when half of the partition is new', async () => {
    const { append, records, clock, embedded } = await world()
    embedded.maintenance.start({ everyMs: seconds(1) })
    const value = 'x'.repeat(1_000)
    await append(...Array.from({ length: 10 }, (_, index) => [`${index}`, value] as const))
    clock.advance(seconds(2))
    await append(['0', value], ['0', value])
    clock.advance(seconds(2))
    expect(await records()).toHaveLength(12)
    await append(...Array.from({ length: 10 }, () => ['0', value] as const))
    clock.advance(seconds(2))
    expect(await records()).toHaveLength(10)
  })

  test('covers everything though only a few keys fit into memory', async () => {
    const { log, records } = await world({}, 1_000)
    const pairs = Array.from({ length: 3_000 }, (_, index) => ({ key: `${index % 100}`, value: `${index}` }))
    await log.producer({ batchBytes: 200 }).sendMany(table, pairs)
    await log.admin.runMaintenance()
    const left = await records()
    expect(left).toEqual(Array.from({ length: 100 }, (_, key) => [2_900 + key, `${key}`, `${2_900 + key}`]))
  })

  test('together with retention deletes what is old, the newest of its key too', async () => {
    const { log, append, records, clock } = await world({ cleanupPolicy: 'compact,delete', retentionMs: minutes(1) })
    await append(['a', '1'], ['a', '2'], ['b', '3'])
    await log.admin.runMaintenance()
    expect(await records()).toHaveLength(2)
    clock.advance(minutes(1) + 1)
    await append(['b', '4'])
    await log.admin.runMaintenance()
    expect(await records()).toEqual([[3, 'b', '4']])
  })

  test('frees the rows and counts the bytes that are left', async () => {
    const { log, environment, embedded } = await world()
    const pairs = Array.from({ length: 4_000 }, (_, index) => ({ key: 'a', value: `${index}` }))
    await log.producer({ batchBytes: 1 }).sendMany(table, pairs)
    await log.admin.runMaintenance()
    environment.refresh()
    const everything = [Buffer.of(0), Buffer.alloc(30, 255), 10_000] as const
    const [batch, ...others] = environment.range('batches', ...everything)
    expect(others).toEqual([])
    const segments = environment.keys('segments', ...everything)
    expect(segments).toHaveLength(1)
    expect(environment.keys('times', ...everything).length).toBeLessThanOrEqual(1_024)
    const partition = { topic: 'table', topicId: embedded.topics.describe('table').id, partition: 0 }
    const row = embedded.partitions.row(partition)
    expect(row).toMatchObject({ startOffset: 0, endOffset: 4_000, gapsEnd: 3_999, bytes: batch?.value.length })
    expect(embedded.partitions.closed.from(partition, 0, 9)).toMatchObject([{ batchCount: 1, bytes: row.bytes }])
  })

  test('of a damaged batch stops there and says so; other topics are compacted', async () => {
    const { log, append, environment } = await world()
    await append(['a', '1'], ['a', '2'])
    await log.admin.createTopic({ name: 'z', config: { cleanupPolicy: 'compact' } })
    const z = topic('z', { key: string(), value: string() })
    await log.producer().sendMany(z, [
      { key: 'a', value: '1' },
      { key: 'a', value: '2' },
    ])
    environment.write((transaction) => {
      const [batch] = environment.range('batches', Buffer.of(0), Buffer.alloc(30, 255), 1)
      if (batch === undefined) throw new Error('there is no batch to damage')
      batch.value[70] = (batch.value[70] ?? 0) ^ 1
      transaction.put('batches', batch.key, batch.value)
    })
    await expect(log.admin.runMaintenance()).rejects.toMatchObject({ code: 'damaged', topic: 'table' })
    expect(await collect(log.read(z))).toHaveLength(1)
  })
})

describe('a tombstone', () => {
  test('stays for its time behind the first pass that saw it, and takes older values with it at once', async () => {
    const { log, append, records, clock } = await world({ deleteRetentionMs: minutes(10) })
    await append(['a', '1'], ['b', '2'])
    await append(['a', null])
    clock.advance(minutes(30))
    await log.admin.runMaintenance()
    const marked = [
      [1, 'b', '2'],
      [2, 'a', null],
    ]
    expect(await records()).toEqual(marked)
    clock.advance(minutes(10) - 1)
    await append(['c', '4'])
    await log.admin.runMaintenance()
    expect(await records()).toEqual([...marked, [3, 'c', '4']])
    clock.advance(1)
    await log.admin.runMaintenance()
    expect(await records()).toEqual([
      [1, 'b', '2'],
      [3, 'c', '4'],
    ])
  })

  test('is gone in a quiet topic too, in the background, and the partition still ends where it ended', async () => {
    const { log, append, records, clock, embedded } = await world({ deleteRetentionMs: minutes(10) })
    embedded.maintenance.start({ everyMs: seconds(1) })
    await append(['a', '1'])
    await append(['a', null])
    clock.advance(seconds(2))
    expect(await records()).toEqual([[1, 'a', null]])
    clock.advance(minutes(11))
    expect(await records()).toEqual([])
    expect(await log.admin.endOffsets(table)).toEqual([2])
    await append(['a', '5'])
    expect(await records()).toEqual([[2, 'a', '5']])
  })

  test('keeps its timestamp, and so does what lies beside it', async () => {
    const { log, clock } = await world({ deleteRetentionMs: minutes(10) })
    await log.producer().sendMany(table, [
      { key: 'a', value: null, timestamp: 5 },
      { key: 'b', value: 'x', timestamp: nowMs + days(40) },
      { key: 'c', value: 'y', timestamp: 0 },
    ])
    const before = await collect(log.read(table))
    await log.admin.runMaintenance()
    expect(await collect(log.read(table))).toEqual(before)
    clock.advance(minutes(10))
    await log.admin.runMaintenance()
    expect(await collect(log.read(table))).toEqual(before.slice(1))
  })
})

describe('who reads a compacted topic', () => {
  test('finds the first record at or behind an offset that is gone', async () => {
    const { log, append } = await world()
    await append(['a', '1'], ['b', '2'])
    await append(['a', '3'])
    await append(['a', '4'], ['c', '5'])
    await log.admin.runMaintenance()
    for (const [from, first] of [
      [0, 1],
      [1, 1],
      [2, 3],
      [4, 4],
    ] as const) {
      const [record] = await collect(log.read(table, { from }))
      expect(record?.offset).toBe(first)
    }
    expect(await collect(log.read(table, { from: 5 }))).toEqual([])
  })

  test('finds records by time', async () => {
    const { log } = await world()
    const producer = log.producer({ batchBytes: 1 })
    await producer.sendMany(
      table,
      [5, 9, 3, 9, 7, 20, 1].map((timestamp) => ({ key: `${timestamp % 4}`, value: 'x', timestamp })),
    )
    await log.admin.runMaintenance()
    const left = await collect(log.read(table))
    for (let time = 0; time < 22; time++) {
      const expected = left.find(({ timestamp }) => timestamp >= time)
      const [found] = await collect(log.read(table, { from: { time } }))
      expect(found?.offset).toBe(expected?.offset)
    }
  })

  test('as an application goes on from a position in a gap, and catches up with a gap at the end', async () => {
    const { log, append, clock } = await world({ deleteRetentionMs: 0 })
    const copies = topic('copies', { key: nullable(string()), value: nullable(string()) })
    const copying = topologyOf((builder) => builder.stream(table).to(copies))
    await append(['a', '1'])
    await (await start(log, copying)).close()
    await append(['b', '2'], ['b', '3'])
    await append(['c', '4'], ['c', null])
    for (let pass = 0; pass < 2; pass++) {
      await log.admin.runMaintenance()
      clock.advance(1)
    }
    const app = await start(log, copying)
    await app.caughtUp()
    expect((await collect(log.read(copies))).map(({ value }) => value)).toEqual(['1', '3'])
    await append(['d', '6'])
    await app.caughtUp()
    expect((await collect(log.read(copies))).map(({ value }) => value)).toEqual(['1', '3', '6'])
  })
})
