// What a producer says of itself: how fast it writes and how long that takes, counted by what is durable.
import { describe, expect, test, vi } from 'vitest'
import { ManualClock } from '../../../src/core/clock.ts'
import { openTestLog } from '../../support/open.ts'
import { rejectionOf } from '../../support/thrown.ts'
import { lines, words } from '../../support/topics.ts'

const record = { key: 'a', value: 'b' }
const many = (count: number): (typeof record)[] => Array.from({ length: count }, () => record)

describe('rates', () => {
  test('are those of durable records over the last minute, and over the last five', async () => {
    const clock = new ManualClock(0)
    const { log } = openTestLog(undefined, { clock })
    const producer = log.producer()
    for (let minute = 0; minute < 5; minute++) {
      await producer.sendMany(words, many(600))
      clock.advance(60_000)
    }
    await producer.sendMany(words, many(60))
    const { rates } = producer.metrics()
    expect(rates.oneMinute).toBeGreaterThan(0.5)
    expect(rates.oneMinute).toBeLessThan(2)
    expect(rates.fiveMinutes).toBeGreaterThan(7)
    expect(rates.fiveMinutes).toBeLessThan(11)
    clock.advance(600_000)
    expect(producer.metrics().rates).toEqual({ oneMinute: 0, fiveMinutes: 0 })
    expect(producer.metrics().records).toBe(3_060)
  })

  test('do not count what was refused, or could not be written', async () => {
    const { environment, log } = openTestLog()
    const producer = log.producer()
    const wrong: unknown = { key: 7, value: 'b' }
    await rejectionOf(producer.send(lines, wrong as typeof record))
    vi.spyOn(environment, 'write').mockImplementationOnce(() => {
      throw new Error('the disk is gone')
    })
    await expect(producer.sendMany(lines, many(3))).rejects.toThrow('the disk is gone')
    expect(producer.metrics()).toMatchObject({
      rates: { oneMinute: 0 },
      commit: { count: 0 },
      sendToDurable: { count: 0, maxMs: 0 },
    })
  })
})

describe('how long it takes', () => {
  test('is measured once a commit, from the first send that it holds', async () => {
    const clock = new ManualClock(0)
    const { log } = openTestLog(undefined, { clock })
    const producer = log.producer({ lingerMs: 40 })
    const sent = [producer.send(words, record)]
    clock.advance(30)
    sent.push(producer.send(words, record))
    clock.advance(10)
    await Promise.all(sent)
    const { sendToDurable, commit } = producer.metrics()
    expect(sendToDurable).toMatchObject({ count: 1, totalMs: 40, maxMs: 40 })
    expect(sendToDurable.buckets.find(([upToMs]) => upToMs === 20)?.[1]).toBe(0)
    expect(sendToDurable.buckets.find(([upToMs]) => upToMs === 50)?.[1]).toBe(1)
    expect(commit).toMatchObject({ count: 1, totalMs: 0 })
  })

  test('is measured of transactions from their first record on', async () => {
    const clock = new ManualClock(0)
    const { log } = openTestLog(undefined, { clock })
    const producer = log.producer({ transactionalId: 'importer' })
    await producer.transaction((tx) => {
      tx.send(words, record)
      clock.advance(70)
      tx.send(lines, record)
    })
    expect(producer.metrics()).toMatchObject({
      records: 2,
      sendToDurable: { count: 1, totalMs: 70 },
      commit: { count: 1 },
    })
    await rejectionOf(
      producer.transaction((tx) => {
        tx.send(words, { key: 7, value: 'b' } as unknown as typeof record)
      }),
    )
    expect(producer.metrics().sendToDurable.count).toBe(1)
  })

  test('a clock that goes back fails no send', async () => {
    const clock = new ManualClock(0)
    let elapsedMs = 1_000
    const back = { now: () => clock.now(), schedule: clock.schedule.bind(clock), elapsed: () => (elapsedMs -= 100) }
    const { log } = openTestLog()
    const producer = log.producer({ clock: back })
    expect(await producer.send(lines, record)).toMatchObject({ offset: 0 })
    expect(producer.metrics()).toMatchObject({ records: 1, commit: { count: 0 } })
  })
})
