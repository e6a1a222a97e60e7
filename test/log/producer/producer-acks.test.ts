// With acks 1 and 0 a producer does not wait for durability, and still no failure is lost.
import { describe, expect, test, vi } from 'vitest'
import { ManualClock } from '../../../src/core/clock.ts'
import type { Environment } from '../../../src/storage/environment.ts'
import { collect } from '../../support/collect.ts'
import { openTestLog } from '../../support/open.ts'
import { lines, words } from '../../support/topics.ts'

const record = { key: 'a', value: 'b' }
const mistyped: unknown = { key: 7, value: 'b' }
const wrong = mistyped as typeof record

/** What the event loop has ready by now runs before this resolves. */
const turn = (): Promise<unknown> => new Promise(setImmediate)

function failNextWrite(environment: Environment): Error {
  const failure = new Error('the disk is gone')
  vi.spyOn(environment, 'write').mockImplementationOnce(() => {
    throw failure
  })
  return failure
}

test('acks 1 resolves before the commit, without an offset, and the record is in the next commit', async () => {
  const { log } = openTestLog()
  const producer = log.producer({ acks: 1, lingerMs: 1_000, clock: new ManualClock() })
  expect(await producer.send(lines, record)).toEqual({ topic: 'lines', partition: 0, offset: null })
  expect(await producer.sendMany(lines, [record, record])).toEqual({
    topic: 'lines',
    count: 2,
    partitions: [{ partition: 0, baseOffset: null, count: 2 }],
  })
  expect(await log.admin.endOffsets(lines)).toEqual([0])
  expect(producer.metrics()).toMatchObject({ records: 0, pendingRecords: 3 })
  await producer.flush()
  expect(await log.admin.endOffsets(lines)).toEqual([3])
  expect(producer.metrics()).toMatchObject({ records: 3, batches: 1, commits: 1, pendingRecords: 0, failures: {} })
})

test('acks 0 resolves with nothing, also for a record that is refused', async () => {
  const { log } = openTestLog()
  const producer = log.producer({ acks: 0, onError: () => undefined })
  expect(await producer.send(lines, record)).toBeUndefined()
  expect(await producer.sendMany(lines, [record])).toBeUndefined()
  expect(await producer.send(lines, wrong)).toBeUndefined()
  expect(await producer.sendMany(lines, [record, wrong])).toBeUndefined()
  await producer.flush()
  expect(await collect(log.read(lines))).toHaveLength(2)
  expect(producer.metrics().failures).toEqual({ encode_failed: 3 })
})

test('acks 1 rejects what is wrong with a record itself', async () => {
  const { log } = openTestLog()
  const producer = log.producer({ acks: 1 })
  await expect(producer.send(lines, wrong)).rejects.toMatchObject({ code: 'encode_failed' })
  expect(producer.metrics().failures).toEqual({ encode_failed: 1 })
  await producer.close()
})

describe.each([1, 0] as const)('a commit that fails behind acks %s', (acks) => {
  test('is told to onError once, with its records counted', async () => {
    const { log } = openTestLog()
    const told: Error[] = []
    const producer = log.producer({ acks, onError: (error) => told.push(error) })
    await Promise.all([producer.send(words, record), producer.send(words, record)])
    await log.admin.deleteTopic(words)
    await turn()
    expect(told).toMatchObject([{ code: 'topic_unknown' }])
    expect(producer.metrics().failures).toEqual({ topic_unknown: 2 })
    await producer.close()
  })

  test.each(['flush', 'ready', 'close'] as const)(
    'is what the next %s rejects with, once, without onError',
    async (next) => {
      const { log } = openTestLog()
      const producer = log.producer({ acks })
      await producer.send(words, record)
      await log.admin.deleteTopic(words)
      await turn()
      await expect(producer[next]()).rejects.toMatchObject({ code: 'topic_unknown' })
      await producer.flush()
      await producer.close()
    },
  )

  test('because one topic was deleted counts and tells the records of that topic alone', async () => {
    const { log } = openTestLog()
    const told: Error[] = []
    const producer = log.producer({ acks, onError: (error) => told.push(error) })
    await Promise.all([producer.sendMany(words, [record, record]), producer.send(lines, record)])
    await log.admin.deleteTopic(words)
    await turn()
    expect(told).toMatchObject([{ code: 'topic_unknown', topic: 'words' }])
    expect(producer.metrics()).toMatchObject({ records: 1, failures: { topic_unknown: 2 } })
    expect(await log.admin.endOffsets(lines)).toEqual([1])
  })

  test('holds up no other process while onError is called', async () => {
    const { log, dir } = openTestLog()
    const other = openTestLog(dir).environment
    const others: unknown[] = []
    const producer = log.producer({ acks, onError: () => others.push(other.inTurn(() => 'commits')) })
    await producer.send(words, record)
    await log.admin.deleteTopic(words)
    await turn()
    expect(others).toEqual(['commits'])
  })

  test('is not lost where onError throws: flush rejects with what it has thrown', async () => {
    const { log } = openTestLog()
    const producer = log.producer({
      acks,
      lingerMs: 60_000,
      onError: (error) => {
        throw new Error('no place to write it', { cause: error })
      },
    })
    await producer.send(words, record)
    await log.admin.deleteTopic(words)
    await expect(producer.flush()).rejects.toMatchObject({
      message: 'no place to write it',
      cause: { code: 'topic_unknown' },
    })
  })

  test('of flush itself rejects it, whether or not onError is told', async () => {
    const { log, environment } = openTestLog()
    const told: Error[] = []
    for (const producer of [log.producer({ acks }), log.producer({ acks, onError: (error) => told.push(error) })]) {
      await producer.send(lines, record)
      const failure = failNextWrite(environment)
      await expect(producer.flush()).rejects.toBe(failure)
      await producer.flush()
    }
    expect(told).toHaveLength(1)
  })
})

test('closing the log tells of a failure, and the directory is closed all the same', async () => {
  const { log, environment } = openTestLog()
  await log.producer({ acks: 1, lingerMs: 1_000, clock: new ManualClock() }).send(lines, record)
  const healthy = log.producer().send(words, record)
  const failure = failNextWrite(environment)
  await expect(log.close()).rejects.toBe(failure)
  expect((await healthy).offset).toBe(0)
  expect(environment.isClosed).toBe(true)
})

describe('ready', () => {
  test('lets more be sent than fits in memory, with any acks', async () => {
    const { log } = openTestLog()
    for (const acks of ['all', 1, 0] as const) {
      const producer = log.producer({ acks, bufferBytes: 10_000 })
      const sent: Promise<unknown>[] = []
      let most = 0
      for (let i = 0; i < 200; i++) {
        await producer.ready()
        sent.push(producer.send(lines, { key: 'a', value: 'x'.repeat(1_000) }))
        most = Math.max(most, producer.metrics().pendingBytes)
      }
      await producer.close()
      await Promise.all(sent)
      expect(producer.metrics()).toMatchObject({ records: 200, failures: {} })
      expect(most).toBeLessThan(10_000)
      expect(most).toBeGreaterThan(2_000)
    }
    expect(await log.admin.endOffsets(lines)).toEqual([600])
  })

  test('counts the promises of small records too', async () => {
    const { log } = openTestLog()
    const producer = log.producer({ bufferBytes: 10_000 })
    const sends = Array.from({ length: 100 }, () => producer.send(lines, { key: '', value: '' }))
    const refused = (await Promise.allSettled(sends)).filter(({ status }) => status === 'rejected')
    expect(refused.length).toBeGreaterThan(50)
    expect(producer.metrics().failures).toEqual({ buffer_full: refused.length })
  })

  test('rejects when the producer is closed', async () => {
    const producer = openTestLog().log.producer()
    await producer.close()
    await expect(producer.ready()).rejects.toMatchObject({ code: 'closed' })
  })
})
