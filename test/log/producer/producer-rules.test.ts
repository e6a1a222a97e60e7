// Where a record goes and what its topic takes: partitions, sizes, times, compression; also when the topic is changed.
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { ManualClock } from '../../../src/core/clock.ts'
import type { MillraceError } from '../../../src/core/errors.ts'
import type { Serde } from '../../../src/core/serde.ts'
import { nullable, string } from '../../../src/core/serdes.ts'
import { topic } from '../../../src/core/topic.ts'
import type { TopicConfig } from '../../../src/core/topic-config.ts'
import { attributesAt, maxTimestampAt } from '../../../src/log/format/header.ts'
import { compressionCodes } from '../../../src/log/format/compression.ts'
import type { EmbeddedLog } from '../../../src/log/embedded-log.ts'
import { EmbeddedLog as Embedded } from '../../../src/log/embedded-log.ts'
import { DirectoryLog } from '../../../src/log/log.ts'
import { collect } from '../../support/collect.ts'
import { openEnvironment, openTestLog } from '../../support/open.ts'
import { compressions } from '../../support/own-batches.ts'
import { rejectionOf } from '../../support/thrown.ts'
import { lines, words } from '../../support/topics.ts'

const text = { key: nullable(string()), value: string() }
const record = { key: 'a', value: 'b', timestamp: 1 }

/** Changes a topic as its administration does. */
function alter(embedded: EmbeddedLog, name: string, config: Partial<TopicConfig>): void {
  const { id } = embedded.describeTopic(name)
  const partitions = embedded.describeTopic(name).partitions
  embedded.environment.write((transaction) => embedded.topics.put(transaction, { name, id, partitions, config }))
}

function storedBatch(embedded: EmbeddedLog, name: string, offset: number): Buffer {
  embedded.refresh()
  const place = { topic: name, topicId: embedded.describeTopic(name).id, partition: 0 }
  return embedded.batchAt(place, offset)?.bytes ?? Buffer.alloc(0)
}

describe('the partition of a record', () => {
  test('is the one that it names, whatever key and partitioner say', async () => {
    const { log } = openTestLog()
    const producer = log.producer({ partitioner: () => 0 })
    for (const partition of [3, 0, 1]) {
      expect((await producer.send(words, { ...record, partition })).partition).toBe(partition)
    }
    for (const partition of [4, -1, 0.5, Number.NaN]) {
      await expect(producer.send(words, { ...record, partition })).rejects.toMatchObject({
        code: 'bad_record',
        topic: 'words',
        message: expect.stringContaining('it has 0 to 3'),
      })
    }
  })

  test('is what the partitioner says, which is asked with the record and its topic', async () => {
    const { log } = openTestLog()
    const asked: unknown[] = []
    const producer = log.producer({
      partitioner: (each, to) => {
        asked.push([each, to])
        return Number(each.value)
      },
    })
    expect((await producer.send(words, { key: 'a', value: '2' })).partition).toBe(2)
    expect(asked).toEqual([
      [
        { key: 'a', value: '2' },
        { topic: 'words', partitions: 4 },
      ],
    ])
    await expect(producer.send(words, { key: 'a', value: '4' })).rejects.toMatchObject({ code: 'bad_record' })
    expect(await collect(log.read(words))).toHaveLength(1)
  })

  test('is nowhere when the partitioner throws', async () => {
    const { log } = openTestLog()
    const cause = new TypeError('no idea')
    const producer = log.producer({
      partitioner: () => {
        throw cause
      },
    })
    await expect(producer.send(words, record)).rejects.toMatchObject({ code: 'user_function_threw', cause })
    expect(await collect(log.read(words))).toEqual([])
  })

  test('is nowhere when the partitioner returns a promise, whose rejection harms nobody', async () => {
    const { log } = openTestLog()
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    onTestFinished(() => void process.off('unhandledRejection', unhandled))
    const untyped = (promise: Promise<number>): number => promise as unknown as number
    for (const partition of [Promise.resolve(0), Promise.reject<number>(new Error('db down'))]) {
      const producer = log.producer({ partitioner: () => untyped(partition) })
      await expect(producer.send(words, record)).rejects.toMatchObject({
        code: 'bad_record',
        message: expect.stringContaining('the partitioner returned a promise'),
      })
    }
    await new Promise(setImmediate)
    expect(unhandled).not.toHaveBeenCalled()
    expect(await collect(log.read(words))).toEqual([])
  })
})

describe('a serde or a partitioner', () => {
  const afterwards = { key: 'inner', value: 'inner' }

  test('cannot use the producer that calls it, which goes on with its record', async () => {
    const { log } = openTestLog()
    const inner: Promise<MillraceError>[] = []
    let isInside = false
    const interfere = (): void => {
      if (isInside) return // a call that is not refused does not come back here for ever
      isInside = true
      inner.push(
        rejectionOf(producer.send(lines, afterwards)),
        rejectionOf(producer.sendMany(lines, [afterwards])),
        rejectionOf(producer.flush()),
      )
      isInside = false
    }
    const nosy: Serde<string> = {
      encode: (value) => (interfere(), Buffer.from(value)),
      decode: (bytes) => Buffer.from(bytes).toString(),
    }
    const producer = log.producer({ partitioner: () => (interfere(), 0) })
    const nosily = topic(lines.name, { key: nosy, value: nosy })
    const sent = [producer.send(nosily, record), producer.sendMany(nosily, [record, record])]
    await Promise.all(sent)
    expect(inner).toHaveLength(27)
    for (const { code } of await Promise.all(inner)) expect(code).toBe('invalid_transaction_state')
    await log.producer().send(lines, afterwards)
    expect((await collect(log.read(lines))).map(({ key, value }) => key + value)).toEqual([
      'ab',
      'ab',
      'ab',
      'innerinner',
    ])
  })

  test('may use another producer', async () => {
    const { log } = openTestLog()
    const audit = log.producer()
    const noted: Promise<unknown>[] = []
    const producer = log.producer({ partitioner: () => (noted.push(audit.send(words, afterwards)), 0) })
    await producer.send(lines, record)
    await Promise.all(noted)
    expect(await collect(log.read(words))).toMatchObject([afterwards])
    expect(await collect(log.read(lines))).toMatchObject([record])
  })
})

describe('a topic', () => {
  test('takes records up to its maxMessageBytes', async () => {
    const { log } = openTestLog()
    const small = topic('small', { ...text, maxMessageBytes: 100 })
    const large = topic('large', { ...text, maxMessageBytes: 3_000_000 })
    const producer = log.producer()
    await expect(producer.send(small, { key: 'a', value: 'x'.repeat(100) })).rejects.toMatchObject({
      code: 'bad_record',
      message: expect.stringContaining('100'),
    })
    expect((await producer.send(small, { key: 'a', value: 'x'.repeat(80) })).offset).toBe(0)
    expect((await producer.send(large, { key: 'a', value: 'x'.repeat(2_900_000) })).offset).toBe(0)
  })

  test('takes timestamps within its limits around the clock', async () => {
    const { log } = openTestLog()
    const clock = new ManualClock(10_000)
    const producer = log.producer({ clock })
    const limited = topic('limited', {
      ...text,
      messageTimestampBeforeMaxMs: 1_000,
      messageTimestampAfterMaxMs: 50,
    })
    for (const timestamp of [9_000, 10_050]) await producer.send(limited, { ...record, timestamp })
    for (const [timestamp, why] of [
      [8_999, '1001 ms behind the clock'],
      [10_051, '51 ms ahead of the clock'],
    ] as const) {
      await expect(producer.send(limited, { ...record, timestamp })).rejects.toMatchObject({
        code: 'bad_record',
        topic: 'limited',
        message: expect.stringContaining(why),
      })
    }
    expect(await log.admin.endOffsets(limited)).toEqual([2])
  })

  test('that is compacted needs keys', async () => {
    const { log } = openTestLog()
    const producer = log.producer()
    for (const cleanupPolicy of ['compact', 'compact,delete'] as const) {
      const name = cleanupPolicy.replace(',', '-')
      const compacted = topic(name, { ...text, cleanupPolicy })
      await expect(producer.send(compacted, { key: null, value: 'b' })).rejects.toMatchObject({
        code: 'bad_record',
        topic: name,
        message: expect.stringContaining('compacted'),
      })
      await producer.send(compacted, record)
    }
    expect((await producer.send(topic('kept', text), { key: null, value: 'b' })).offset).toBe(0)
  })

  test.each(compressions)('that says %s is written so, whatever the producer says', async (compressionType) => {
    const { log, embedded } = openTestLog()
    const fixed = topic('fixed', { ...text, compressionType })
    await log.producer({ compression: 'gzip' }).send(fixed, { key: 'a', value: 'x'.repeat(5_000) })
    expect((storedBatch(embedded, 'fixed', 0)[attributesAt + 1] ?? 0) & 7).toBe(compressionCodes[compressionType])
    expect(await collect(log.read(fixed))).toMatchObject([{ value: 'x'.repeat(5_000) }])
  })

  test('with LogAppendTime gives every record the time of its append, and takes any timestamp', async () => {
    const clock = new ManualClock(5_000)
    const embedded = new Embedded(openEnvironment(), { clock })
    const log = new DirectoryLog(embedded)
    const stamped = topic('stamped', {
      ...text,
      messageTimestampType: 'LogAppendTime',
      messageTimestampBeforeMaxMs: 1,
    })
    const producer = log.producer({ lingerMs: 100, compression: 'lz4' })
    const sent = producer.sendMany(stamped, [record, { ...record, timestamp: 99 }, { key: 'c', value: 'd' }])
    clock.advance(100)
    await sent
    expect((await collect(log.read(stamped))).map(({ timestamp }) => timestamp)).toEqual([5_100, 5_100, 5_100])
    expect(storedBatch(embedded, 'stamped', 0).readBigInt64BE(maxTimestampAt)).toBe(5_100n)
    expect(await collect(log.read(stamped, { from: { time: 5_101 } }))).toEqual([])
    expect(await collect(log.read(stamped, { from: { time: 5_100 } }))).toHaveLength(3)
  })
})

describe('a topic that is changed while a producer is at work', () => {
  test('is written by its new rules from the next commit on', async () => {
    const { log, embedded } = openTestLog()
    const other = openTestLog(embedded.environment.dir)
    const producer = log.producer()
    await producer.send(lines, record)
    alter(other.embedded, 'lines', { maxMessageBytes: 2_000_000, compressionType: 'zstd' })
    expect((await producer.send(lines, { key: 'a', value: 'x'.repeat(1_500_000) })).offset).toBe(1)
    expect(storedBatch(embedded, 'lines', 1)[attributesAt + 1]).toBe(compressionCodes.zstd)
  })

  test('gets the time of the append also for records that were sent before the change', async () => {
    const { log, embedded } = openTestLog()
    const producer = log.producer({ lingerMs: 1_000, clock: new ManualClock() })
    const sent = producer.send(lines, record)
    alter(embedded, 'lines', { messageTimestampType: 'LogAppendTime' })
    const beforeMs = Date.now()
    await producer.flush()
    await sent
    expect((await collect(log.read(lines)))[0]?.timestamp).toBeGreaterThanOrEqual(beforeMs)
  })

  test('and created again under its name is written to without a failure', async () => {
    const { log } = openTestLog()
    const producer = log.producer()
    await producer.send(lines, record)
    await log.admin.deleteTopic(lines)
    expect(await producer.send(lines, record)).toEqual({ topic: 'lines', partition: 0, offset: 0 })
    expect(await collect(log.read(lines))).toHaveLength(1)
  })
})
