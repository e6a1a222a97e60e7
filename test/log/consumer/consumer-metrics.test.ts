// What a consumer says of itself: how fast it reads, how long its loop works, how far it lags, and when it last was heard from.
import { describe, expect, test, vi } from 'vitest'
import { ManualClock } from '../../../src/core/clock.ts'
import { MillraceError } from '../../../src/core/errors.ts'
import type { Log } from '../../../src/log/face.ts'
import { openTestLog } from '../../support/open.ts'
import { lines, words } from '../../support/topics.ts'

async function send(log: Log, count: number, timestamp: number = 0): Promise<void> {
  await log.producer().sendMany(
    lines,
    Array.from({ length: count }, () => ({ key: 'a', value: 'b', timestamp })),
  )
}

describe('a consumer', () => {
  test('tells how fast it reads, and how long its loop works on what it got', async () => {
    const clock = new ManualClock(0)
    const { log } = openTestLog(undefined, { clock })
    await send(log, 1_200)
    const consumer = log.consumer({ topics: [lines], reset: 'earliest' })
    let count = 0
    for await (const _ of consumer) {
      if (++count === 1_200) break
      if (count % 100 === 0) clock.advance(1_000)
    }
    const { records, rates, betweenPolls } = consumer.metrics()
    expect(records).toBe(1_200)
    expect(rates.oneMinute).toBeGreaterThan(80)
    expect(rates.oneMinute).toBeLessThan(120)
    // Fetched by 500: the third fetch is left in the middle.
    expect(betweenPolls).toMatchObject({ count: 2, totalMs: 10_000, maxMs: 5_000 })
    clock.advance(3_600_000)
    expect(consumer.metrics()).toMatchObject({ records: 1_200, rates: { oneMinute: 0, fiveMinutes: 0 } })
    await consumer.close()
  })

  test('tells how long records took from their append to the loop, once it is at the end', async () => {
    const clock = new ManualClock(100_000)
    const { log } = openTestLog(undefined, { clock })
    await send(log, 2)
    clock.advance(5_000)
    const consumer = log.consumer({ topics: [lines], reset: 'earliest' })
    const loop = consumer.batches()
    await loop.next()
    expect(consumer.metrics().appendToDelivery.count).toBe(0) // it was there before
    await send(log, 2)
    clock.advance(30)
    await loop.next()
    expect(consumer.metrics().appendToDelivery).toMatchObject({ count: 1, totalMs: 30 })
    consumer.seek(lines, 0, 'beginning')
    clock.advance(60_000)
    await loop.next()
    expect(consumer.metrics().appendToDelivery).toMatchObject({ count: 1, totalMs: 30 }) // it was measured already
    await send(log, 10)
    const short = consumer.metrics().records
    await loop.return?.()
    for await (const { records } of consumer.batches({ maxRecords: 4 })) {
      if (consumer.metrics().records === short + 4) expect(consumer.metrics().appendToDelivery.count).toBe(1)
      if (records.at(-1)?.offset === 13) break
    }
    expect(consumer.metrics().appendToDelivery.count).toBe(2)
    await consumer.close()
  })

  test('tells how far it lags in each of its partitions, in records and in time', async () => {
    const clock = new ManualClock(100_000)
    const { log } = openTestLog(undefined, { clock })
    await send(log, 3, 40_000)
    const consumer = log.consumer({ group: 'g', topics: [lines, words] })
    expect(consumer.metrics()).toMatchObject({ lags: [], lastHeartbeatMs: null, rebalances: 0 })
    for await (const _ of consumer) {
      const { lags } = consumer.metrics()
      expect(lags.find(({ topic }) => topic === 'lines')).toEqual({
        topic: 'lines',
        partition: 0,
        records: 2,
        ageMs: 60_000,
      })
      break
    }
    await log.producer().send(words, { key: 'a', value: 'b', timestamp: 99_000, partition: 2 })
    expect(consumer.metrics().lags).toContainEqual({ topic: 'words', partition: 2, records: 1, ageMs: 1_000 })
    await log.admin.deleteTopic('lines')
    expect(consumer.metrics().lags.map(({ topic }) => topic)).not.toContain('lines')
    await consumer.close()
    expect(consumer.metrics().lags).toEqual([])
  })

  test('tells when its group last heard from it, and how long its commits take', async () => {
    const clock = new ManualClock(100_000)
    const { log } = openTestLog(undefined, { clock })
    await send(log, 3)
    const consumer = log.consumer({ group: 'g', topics: [lines], heartbeatMs: 3_000 })
    for await (const record of consumer) {
      expect(consumer.metrics()).toMatchObject({ lastHeartbeatMs: 100_000, rebalances: 1, commit: { count: 0 } })
      await consumer.commit(record)
      expect(consumer.metrics().commit.count).toBe(1)
      clock.advance(3_000)
      expect(consumer.metrics().lastHeartbeatMs).toBe(103_000)
      break
    }
    await consumer.close()
    expect(consumer.metrics().lastHeartbeatMs).toBeNull()
    await log.close()
    expect(consumer.metrics()).toMatchObject({ records: 1, lags: [] })
  })

  test('tells what it has counted also where the log can no longer be read', async () => {
    const { log, environment } = openTestLog()
    await send(log, 3)
    const consumer = log.consumer({ topics: [lines], reset: 'earliest' })
    for await (const _ of consumer) break
    const failing = vi.spyOn(environment, 'refresh').mockImplementation(() => {
      throw new MillraceError('storage_failed', 'the disk is gone')
    })
    expect(consumer.metrics()).toMatchObject({ records: 1, lags: [], lastHeartbeatMs: null })
    failing.mockRestore()
  })
})
