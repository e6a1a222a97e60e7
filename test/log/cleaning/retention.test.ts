// Old records are deleted by time, by size and on request: whole segments, from the beginning, and whoever comes late is told.
import { days, ManualClock, minutes, openLog, seconds, string, topic } from 'millrace'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { TopicConfig } from '../../../src/core/topic-config.ts'
import { start } from '../../support/applications.ts'
import { buildBatch } from '../../support/batches.ts'
import { collect } from '../../support/collect.ts'
import { type OpenedLog, openTestLog } from '../../support/open.ts'
import { rejectionOf } from '../../support/thrown.ts'
import { topologyOf } from '../../support/topology.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

interface World extends OpenedLog {
  readonly clock: ManualClock
  /** Appends one batch; its records carry the time of the clock unless it is given. */
  readonly append: (values: readonly string[], timestamp?: number) => Promise<void>
  /** The values that can be read. */
  readonly values: () => Promise<string[]>
}

const text = { key: string(), value: string() }
const events = topic('events', text)
const nowMs = days(1_000)

async function world(config: Partial<TopicConfig>): Promise<World> {
  const clock = new ManualClock(nowMs)
  const opened = openTestLog(temporaryDirectory(), { clock })
  await opened.log.admin.createTopic({ name: 'events', config })
  const producer = opened.log.producer({ clock })
  return {
    ...opened,
    clock,
    append: async (values, timestamp = clock.now()) => {
      await producer.sendMany(
        events,
        values.map((value) => ({ key: 'a', value, timestamp })),
      )
    },
    values: async () => (await collect(opened.log.read(events))).map(({ value }) => value),
  }
}

/** Every row of the topic beside its partition's own. */
function rows({ environment }: Pick<OpenedLog, 'environment'>): number {
  environment.refresh()
  return (['batches', 'segments', 'times'] as const)
    .map((database) => environment.keys(database, Buffer.of(0), Buffer.alloc(30, 255), 100_000).length)
    .reduce((total, count) => total + count, 0)
}

describe('by time', () => {
  test('records are kept for the retention and deleted behind it, also in a quiet topic', async () => {
    const { log, clock, append, values, ...opened } = await world({ retentionMs: seconds(10) })
    await append(['a', 'b'])
    clock.advance(seconds(10))
    await log.admin.runMaintenance()
    expect(await values()).toEqual(['a', 'b'])
    clock.advance(1)
    await log.admin.runMaintenance()
    expect(await values()).toEqual([])
    expect(rows(opened)).toBe(0)
    expect(await log.admin.endOffsets(events)).toEqual([2])
  })

  test('a topic that is written to all the time keeps little more than its retention', async () => {
    const { log, clock, append, values } = await world({ retentionMs: seconds(10) })
    for (let second = 0; second < 60; second++) {
      await append([`${second}`])
      clock.advance(seconds(1))
      await log.admin.runMaintenance()
    }
    const left = (await values()).map(Number)
    expect(left).toEqual(Array.from({ length: left.length }, (_, index) => 60 - left.length + index))
    expect(left.length).toBeGreaterThanOrEqual(10)
    expect(left.length).toBeLessThanOrEqual(12)
  })

  test('imported history lives as long as fresh data, and records of the future longer', async () => {
    const { log, clock, append, values } = await world({ retentionMs: minutes(1) })
    await append(['history'], nowMs - days(900))
    clock.advance(minutes(1))
    await log.admin.runMaintenance()
    await append(['future'], clock.now() + minutes(5))
    expect(await values()).toEqual(['history', 'future'])
    clock.advance(minutes(2))
    await log.admin.runMaintenance()
    expect(await values()).toEqual(['future'])
    clock.advance(minutes(5))
    await log.admin.runMaintenance()
    expect(await values()).toEqual([])
  })

  test('nothing is deleted without a limit, or before 7 days when nothing is said', async () => {
    const forEver = await world({ retentionMs: -1 })
    await forEver.append(['a'])
    forEver.clock.advance(days(10_000))
    await forEver.log.admin.runMaintenance()
    expect(await forEver.values()).toEqual(['a'])
    const byDefault = await world({})
    await byDefault.append(['a'])
    byDefault.clock.advance(days(7))
    await byDefault.log.admin.runMaintenance()
    expect(await byDefault.values()).toEqual(['a'])
    byDefault.clock.advance(1)
    await byDefault.log.admin.runMaintenance()
    expect(await byDefault.values()).toEqual([])
  })

  test('a clock that goes back deletes nothing', async () => {
    const { log, append, dir } = await world({ retentionMs: seconds(1) })
    await append(['a'])
    await log.close()
    const earlier = openTestLog(dir, { clock: new ManualClock(nowMs - days(500)) })
    await earlier.log.admin.runMaintenance()
    expect(await collect(earlier.log.read(events))).toHaveLength(1)
  })
})

describe('by size', () => {
  test('the oldest records go while as much as the limit stays without them', async () => {
    const { log, append, values, embedded } = await world({ retentionBytes: 50_000 })
    const value = 'x'.repeat(1_000)
    for (let index = 0; index < 200; index++) {
      await append([`${index} ${value}`])
      await log.admin.runMaintenance()
    }
    const left = (await values()).map((one) => Number.parseInt(one, 10))
    expect(left).toEqual(Array.from({ length: left.length }, (_, index) => 200 - left.length + index))
    const [description] = embedded.topics.list()
    const { bytes } = embedded.partitions.row({ topic: 'events', topicId: description?.id ?? -1, partition: 0 })
    expect(bytes).toBeGreaterThanOrEqual(50_000)
    expect(bytes).toBeLessThan(60_000)
  })
})

describe('on request', () => {
  test('records before an offset are deleted, and the partition begins there', async () => {
    const { log, append, values } = await world({})
    await append(['a', 'b', 'c'])
    await append(['d'])
    expect(await log.admin.deleteRecords(events, [{ partition: 0, beforeOffset: 1 }])).toEqual([1])
    expect(await values()).toEqual(['b', 'c', 'd'])
    expect(await log.admin.deleteRecords(events, [{ partition: 0, beforeOffset: 0 }])).toEqual([1])
    expect(await log.admin.deleteRecords(events, [{ partition: 0, beforeOffset: 3 }])).toEqual([3])
    expect(await values()).toEqual(['d'])
  })

  test('all of a partition is deleted with all its rows, and goes on where it ended', async () => {
    const { log, append, ...opened } = await world({})
    await append(['a', 'b', 'c'])
    expect(await log.admin.deleteRecords(events, [{ partition: 0, beforeOffset: 3 }])).toEqual([3])
    expect(rows(opened)).toBe(0)
    await append(['d'])
    expect(await collect(log.read(events))).toMatchObject([{ offset: 3, value: 'd' }])
  })

  test('several partitions change together or not at all', async () => {
    const { log } = openTestLog()
    const wide = topic('wide', { ...text, partitions: 2 })
    const records = Array.from({ length: 20 }, (_, index) => ({ key: `${index}`, value: 'x' }))
    await log.producer().sendMany(wide, records)
    for (const [wrong, code] of [
      [{ partition: 1, beforeOffset: 100 }, 'bad_option'],
      [{ partition: 2, beforeOffset: 0 }, 'bad_option'],
      [{ partition: 1, beforeOffset: -1 }, 'bad_option'],
    ] as const) {
      const deleting = log.admin.deleteRecords(wide, [{ partition: 0, beforeOffset: 2 }, wrong])
      await expect(deleting).rejects.toMatchObject({ code })
    }
    expect(await collect(log.read(wide))).toHaveLength(20)
    await expect(log.admin.deleteRecords('nothing', [])).rejects.toMatchObject({ code: 'topic_unknown' })
  })

  test('many segments go at once', async () => {
    const { log, values, ...opened } = await world({})
    const producer = log.producer({ batchBytes: 1 })
    const records = Array.from({ length: 5_000 }, (_, index) => ({ key: 'a', value: `${index}` }))
    await producer.sendMany(events, records)
    await log.admin.deleteRecords(events, [{ partition: 0, beforeOffset: 4_990 }])
    expect(await values()).toEqual(records.slice(4_990).map(({ value }) => value))
    expect(rows(opened)).toBeLessThan(2 * 1_024)
  })
})

describe('who comes late', () => {
  test('as a reader goes on at the beginning and knows how much it missed', async () => {
    const { log, append } = await world({})
    await append(['a'])
    await append(['b'])
    await append(['c'])
    const reader = log.read(events)
    const reading = reader[Symbol.asyncIterator]()
    expect(await reading.next()).toMatchObject({ value: { value: 'a' } })
    await log.admin.deleteRecords(events, [{ partition: 0, beforeOffset: 2 }])
    expect(await reading.next()).toMatchObject({ value: { value: 'c' } })
    expect(reader.missed).toBe(1)
  })

  test('with an offset is told that it is gone', async () => {
    const { log, append } = await world({})
    await append(['a', 'b'])
    await log.admin.deleteRecords(events, [{ partition: 0, beforeOffset: 1 }])
    const error = await rejectionOf(collect(log.read(events, { from: 0 })))
    expect(error).toMatchObject({ code: 'position_lost', topic: 'events', partition: 0, offset: 0 })
    expect(await collect(log.read(events, { from: 1 }))).toHaveLength(1)
  })

  test('as an application fails with position_lost, and is never set back silently', async () => {
    const { log, append } = await world({})
    const copies = topic('copies', text)
    const copying = topologyOf((builder) => builder.stream(events).to(copies))
    await append(['a'])
    const app = await start(log, copying, { applicationId: 'copying' })
    await app.caughtUp()
    await app.close()
    await append(['b', 'c'])
    await log.admin.deleteRecords(events, [{ partition: 0, beforeOffset: 2 }])
    const lost = { code: 'position_lost', topic: 'events', partition: 0, offset: 1 }
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await rejectionOf(start(log, copying, { applicationId: 'copying' }))).toMatchObject(lost)
    }
    expect(await collect(log.read(copies))).toMatchObject([{ value: 'a' }])
  })

  test('as a running application fails too', async () => {
    const { log, append, embedded } = await world({})
    await append(['a'])
    const app = await start(
      log,
      topologyOf((builder) => builder.stream(events).to(topic('copies', text))),
    )
    await app.caughtUp()
    // In one turn, so that the application looks when both have happened.
    const partition = { topic: 'events', topicId: embedded.topics.describe('events').id, partition: 0 }
    const batch = buildBatch([{ timestamp: 0, key: '61', value: '61', headers: [] }])
    embedded.environment.write((transaction) => embedded.partitions.append(transaction, partition, [batch], { nowMs }))
    embedded.retention.deleteBefore([{ partition, beforeOffset: 2 }])
    expect(await rejectionOf(app.stopped)).toMatchObject({ code: 'position_lost', offset: 1 })
  })

  test('as a new application begins at the first record that is kept', async () => {
    const { log, append } = await world({})
    const copies = topic('copies', text)
    await append(['a', 'b', 'c'])
    await log.admin.deleteRecords(events, [{ partition: 0, beforeOffset: 2 }])
    const copying = topologyOf((builder) => builder.stream(events).to(copies))
    const app = await start(log, copying, { applicationId: 'copying' })
    await app.caughtUp()
    expect(await collect(log.read(copies))).toMatchObject([{ value: 'c' }])
  })
})

describe('in the background', () => {
  test('it happens by itself, and another process is not needed for it', async () => {
    const clock = new ManualClock(nowMs)
    const log = await openLog(temporaryDirectory(), { clock, maintenance: { everyMs: seconds(5) } })
    onTestFinished(() => log.close())
    await log.admin.createTopic({ name: 'events', config: { retentionMs: seconds(10) } })
    await log.producer({ clock }).send(events, { key: 'a', value: 'a' })
    clock.advance(seconds(10))
    expect(await collect(log.read(events))).toHaveLength(1)
    clock.advance(seconds(11))
    expect(await collect(log.read(events))).toHaveLength(0)
  })

  test('nothing happens when it is switched off, or after the log was closed', async () => {
    const clock = new ManualClock(nowMs)
    const dir = temporaryDirectory()
    const log = await openLog(dir, { clock, maintenance: false })
    await log.admin.createTopic({ name: 'events', config: { retentionMs: seconds(10) } })
    await log.producer({ clock }).send(events, { key: 'a', value: 'a' })
    clock.advance(days(1))
    expect(await collect(log.read(events))).toHaveLength(1)
    await log.close()
    const maintained = await openLog(dir, { clock })
    await maintained.close()
    clock.advance(days(1))
    expect(await collect(openTestLog(dir).log.read(events))).toHaveLength(1)
  })
})
