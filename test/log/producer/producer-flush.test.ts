// What is sent without an await in between is one commit over all partitions and topics; a promise that resolves is kept.
import { describe, expect, test, vi } from 'vitest'
import { MillraceError } from '../../../src/core/errors.ts'
import { int64, string } from '../../../src/core/serdes.ts'
import { topic } from '../../../src/core/topic.ts'
import type { SendResult } from '../../../src/log/producer/delivery.ts'
import { collect } from '../../support/collect.ts'
import { type OpenedLog, openTestLog } from '../../support/open.ts'
import { rejectionOf } from '../../support/thrown.ts'
import { lines, words } from '../../support/topics.ts'

const numbers = topic('numbers', { key: string(), value: int64(), partitions: 2 })

/** A log in which both topics exist, and a count of its commits from here on. */
function openCounted(): OpenedLog & { readonly commits: () => number } {
  const opened = openTestLog()
  opened.embedded.ensureTopics([words, numbers, lines])
  const write = vi.spyOn(opened.environment, 'write')
  return { ...opened, commits: () => write.mock.calls.length }
}

describe('sends without an await in between', () => {
  test('are one commit, over partitions and topics and many batches', async () => {
    const { log, commits } = openCounted()
    const producer = log.producer({ batchBytes: 200 })
    const sends: Promise<unknown>[] = []
    for (let i = 0; i < 200; i++) {
      sends.push(producer.send(words, { key: `key ${i}`, value: 'x' }))
      sends.push(producer.send(numbers, { key: `key ${i}`, value: i }))
    }
    sends.push(producer.sendMany(words, [{ key: 'a', value: 'b' }]))
    expect(commits()).toBe(0)
    await Promise.all(sends)
    expect(commits()).toBe(1)
    expect((await log.admin.endOffsets(words)).reduce((sum, end) => sum + end, 0)).toBe(201)
  })

  test('are nothing at all when the commit fails, and each of them is told', async () => {
    const { log, embedded } = openCounted()
    const producer = log.producer()
    const append = embedded.partitions.append.bind(embedded.partitions)
    let appends = 0
    const failing = vi.spyOn(embedded.partitions, 'append').mockImplementation((...place) => {
      if (++appends === 3) throw new MillraceError('storage_failed', 'the disk is full')
      return append(...place)
    })
    const sends = Array.from({ length: 20 }, (_, i) => producer.send(words, { key: `key ${i}`, value: 'lost' }))
    sends.push(producer.send(numbers, { key: 'a', value: 1 }))
    const outcomes = await Promise.allSettled([...sends, producer.flush()])
    expect(appends).toBe(3)
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'storage_failed' } })
    }
    expect(await collect(log.read(words))).toEqual([])

    failing.mockRestore()
    const sent = await producer.send(words, { key: 'key 0', value: 'kept' })
    expect(sent.offset).toBe(0)
    expect(await collect(log.read(words))).toMatchObject([{ value: 'kept', offset: 0 }])
  })

  test('are written without those of a topic that was deleted meanwhile, or created again, which alone are refused', async () => {
    const { log } = openCounted()
    const producer = log.producer({ lingerMs: 60_000 })
    const send = (to: typeof words): Promise<unknown> =>
      Promise.all([
        producer.sendMany(
          to,
          Array.from({ length: 10 }, (_, i) => ({ key: `key ${i}`, value: to.name })),
        ),
        producer.send(to, { key: 'a', value: to.name }),
      ])
    const again: typeof words = topic('again', { key: string(), value: string() })
    await log.admin.createTopic(again)
    const lost = [send(words), send(again)].map(rejectionOf)
    const kept = send(lines)
    await log.admin.deleteTopic(words)
    await log.admin.deleteTopic(again)
    await log.admin.createTopic(again)
    expect(await rejectionOf(producer.flush())).toMatchObject({ code: 'topic_unknown' })
    expect(await Promise.all(lost)).toMatchObject(
      [words, again].map(({ name }) => ({ code: 'topic_unknown', topic: name })),
    )
    await kept
    expect(producer.metrics()).toMatchObject({ records: 11, pendingRecords: 0, failures: { topic_unknown: 22 } })
    expect(await collect(log.read(lines))).toHaveLength(11)
    expect(await collect(log.read(again))).toEqual([])
    const sent = [producer.send(again, { key: 'a', value: 'b' }), producer.flush()]
    expect(await Promise.all(sent)).toMatchObject([{ offset: 0 }, undefined])
  })

  test('keep their order, key by key', async () => {
    const { log } = openCounted()
    const producer = log.producer({ batchBytes: 100 })
    const sends = Array.from({ length: 300 }, (_, i) => producer.send(numbers, { key: `key ${i % 7}`, value: i }))
    await Promise.all(sends)
    const records = await collect(log.read(numbers))
    for (let key = 0; key < 7; key++) {
      const values = records.filter((record) => record.key === `key ${key}`).map(({ value }) => value)
      expect(values).toEqual(Array.from({ length: Math.ceil((300 - key) / 7) }, (_, i) => key + 7 * i))
    }
  })
})

describe('a send', () => {
  test('resolves with the place of its record', async () => {
    const { log } = openCounted()
    const producers = [log.producer(), log.producer({ compression: 'gzip', batchBytes: 64 }), log.producer()]
    const sends: Promise<readonly [SendResult, string]>[] = []
    for (let round = 0; round < 5; round++) {
      for (const [index, producer] of producers.entries()) {
        for (let i = 0; i < 10; i++) {
          const value = `${round} ${index} ${i}`
          sends.push(producer.send(words, { key: `key ${i}`, value }).then((sent) => [sent, value] as const))
        }
      }
      await sends.at(-1)
    }
    const told = (await Promise.all(sends)).map(([{ partition, offset }, value]) => `${partition} ${offset} ${value}`)
    const stored = (await collect(log.read(words))).map(
      ({ partition, offset, value }) => `${partition} ${offset} ${value}`,
    )
    expect(stored.sort()).toEqual(told.sort())
    const ends = await log.admin.endOffsets(words)
    expect(ends.reduce((sum, end) => sum + end, 0)).toBe(150)
  })

  test('that is not awaited is written too', async () => {
    const { log, dir } = openCounted()
    void log.producer().send(lines, { key: 'a', value: 'b' })
    await log.close()
    expect(await collect(openTestLog(dir).log.read(lines))).toMatchObject([{ value: 'b' }])
  })

  test('is durable when it resolves: another opener of the directory reads it', async () => {
    const { log, dir } = openCounted()
    await log.producer().send(lines, { key: 'a', value: 'b' })
    expect(await collect(openTestLog(dir).log.read(lines))).toMatchObject([{ value: 'b' }])
  })
})
