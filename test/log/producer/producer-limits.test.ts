// A producer waits and fills up as it was told to.
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../../src/core/clock.ts'
import { string } from '../../../src/core/serdes.ts'
import { topic } from '../../../src/core/topic.ts'
import { openTestLog } from '../../support/open.ts'
import { lines } from '../../support/topics.ts'

/** Runs what the event loop has ready by now. */
const turn = (): Promise<unknown> => new Promise(setImmediate)

const record = { key: 'a', value: 'b' }

describe('lingerMs', () => {
  test('holds records back until it is over', async () => {
    const { log } = openTestLog()
    const clock = new ManualClock(1_000)
    const producer = log.producer({ lingerMs: 5, clock })
    let resolved = 0
    const first = producer.send(lines, record).then(() => resolved++)
    clock.advance(4)
    const second = producer.send(lines, record).then(() => resolved++)
    await turn()
    expect(resolved).toBe(0)
    expect(await log.admin.endOffsets(lines)).toEqual([0])
    clock.advance(1)
    await Promise.all([first, second])
    expect(await log.admin.endOffsets(lines)).toEqual([2])
  })

  test('begins anew with the first record behind a flush', async () => {
    const { log } = openTestLog()
    const clock = new ManualClock()
    const producer = log.producer({ lingerMs: 5, clock })
    void producer.send(lines, record)
    clock.advance(3)
    await producer.flush()
    expect(await log.admin.endOffsets(lines)).toEqual([1])
    void producer.send(lines, record)
    clock.advance(4)
    await turn()
    expect(await log.admin.endOffsets(lines)).toEqual([1])
    clock.advance(1)
    expect(await log.admin.endOffsets(lines)).toEqual([2])
  })

  test('of 0 waits for the event loop only', async () => {
    const { log } = openTestLog()
    const sent = log.producer({ clock: new ManualClock() }).send(lines, record)
    expect((await sent).offset).toBe(0)
  })
})

describe('bufferBytes', () => {
  const kilobyte = { key: 'a', value: 'x'.repeat(1_000) }

  test('refuse records above them, and take records again after a flush', async () => {
    const { log } = openTestLog()
    const producer = log.producer({ bufferBytes: 10_000, batchBytes: 2_500 })
    for (let round = 1; round <= 3; round++) {
      const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => producer.send(lines, kilobyte)))
      const accepted = outcomes.filter(({ status }) => status === 'fulfilled')
      expect(accepted.length).toBeGreaterThan(5)
      expect(accepted.length).toBeLessThan(10)
      for (const outcome of outcomes.slice(accepted.length)) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'buffer_full' } })
      }
      expect(await log.admin.endOffsets(lines)).toEqual([accepted.length * round])
    }
  })

  test('hold for all partitions and topics together', async () => {
    const { log } = openTestLog()
    const producer = log.producer({ bufferBytes: 10_000 })
    const wide = topic('wide', { key: string(), value: string(), partitions: 64 })
    const sends = Array.from({ length: 200 }, (_, i) => producer.send(wide, { key: `key ${i}`, value: kilobyte.value }))
    const accepted = (await Promise.allSettled(sends)).filter(({ status }) => status === 'fulfilled')
    expect(accepted.length).toBeGreaterThan(0)
    expect(accepted.length).toBeLessThanOrEqual(10)
  })

  test('refuse a sendMany as a whole', async () => {
    const { log } = openTestLog()
    const producer = log.producer({ bufferBytes: 10_000 })
    const refused = producer.sendMany(
      lines,
      Array.from({ length: 20 }, () => kilobyte),
    )
    await expect(refused).rejects.toMatchObject({ code: 'buffer_full', message: expect.stringContaining('10000') })
    expect((await producer.send(lines, kilobyte)).offset).toBe(0)
  })

  const large = { key: 'a', value: 'x'.repeat(3_000) }
  const wide = topic('wide', { key: string(), value: string(), maxMessageBytes: 10_000_000 })

  test.each([
    [
      'a record that is larger than all of it',
      large,
      /^the record has 30\d\d bytes, more than bufferBytes allows \(2000\); raise bufferBytes/,
    ],
    [
      'one that the topic does not take either',
      { key: 'a', value: 'x'.repeat(2_000_000) },
      /more than the 1048576 that a topic takes/,
    ],
  ])('say of %s that waiting does not help', async (_, record, message) => {
    const { log } = openTestLog()
    const producer = log.producer({ bufferBytes: 2_000 })
    await producer.ready()
    for (const sent of [producer.send(lines, record), producer.sendMany(lines, [record])]) {
      await expect(sent).rejects.toThrow(message)
    }
    await expect(producer.send(wide, { key: 'a', value: 'x'.repeat(5_000_000) })).rejects.toThrow(/raise bufferBytes/)
    expect(producer.metrics()).toMatchObject({ pendingRecords: 0, pendingBytes: 0 })
    expect((await producer.send(lines, kilobyte)).offset).toBe(0)
  })

  test('say how much waits, and when it is one call that asks for too much', async () => {
    const { log } = openTestLog()
    const producer = log.producer({ bufferBytes: 2_500 })
    await expect(producer.sendMany(lines, [kilobyte, kilobyte, kilobyte])).rejects.toThrow(
      /^the records of one call have more than 2500 bytes \(bufferBytes\); send fewer at once/,
    )
    const waiting = [producer.send(lines, kilobyte), producer.send(lines, kilobyte)]
    await expect(producer.send(lines, kilobyte)).rejects.toThrow(
      /^the producer holds 2\d\d\d bytes .* may hold 2500 .*await producer.ready\(\)/,
    )
    await Promise.all(waiting)
  })

  test('of a transaction say when it is one record that is too large', async () => {
    const { log } = openTestLog()
    const producer = log.producer({ transactionalId: 'importer', transactionMaxBytes: 2_000 })
    await expect(producer.transaction((tx) => tx.send(lines, large))).rejects.toMatchObject({
      code: 'transaction_too_large',
      message: expect.stringMatching(/more than transactionMaxBytes allows \(2000\); raise transactionMaxBytes/),
    })
  })
})

test('options that are not valid are refused by name', () => {
  const { log } = openTestLog()
  const mistyped = { lingerMS: 5 }
  const wrong: readonly (readonly [object, string])[] = [
    [mistyped, 'no option "lingerMS"; it takes acks, lingerMs, batchBytes'],
    [{ lingerMs: -1 }, 'lingerMs is -1'],
    [{ batchBytes: 0 }, 'batchBytes is 0'],
    [{ bufferBytes: 1.5 }, 'bufferBytes is 1.5'],
    [{ compression: 'brotli' }, 'compression is "brotli"; expected "none", "gzip", "snappy", "lz4" or "zstd"'],
    [{ compression: 'toString' }, 'compression is "toString"'],
  ]
  for (const [options, message] of wrong) {
    expect(() => log.producer(options)).toThrow(
      expect.objectContaining({ code: 'bad_option', message: expect.stringContaining(message) }),
    )
  }
})
