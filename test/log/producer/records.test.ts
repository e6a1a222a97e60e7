// A record is read as it was sent: key, value, timestamp and headers, with every compression and size.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../../src/core/clock.ts'
import { bytes, nullable, string } from '../../../src/core/serdes.ts'
import { topic } from '../../../src/core/topic.ts'
import { recordBytesMax } from '../../../src/log/format/batch.ts'
import { attributesAt } from '../../../src/log/format/header.ts'
import { compressionCodes } from '../../../src/log/format/compression.ts'
import { partitionNumberKey } from '../../../src/storage/keys.ts'
import { compressions } from '../../support/own-batches.ts'
import { collect } from '../../support/collect.ts'
import { openTestLog } from '../../support/open.ts'
import { blobs, texts } from '../../support/serde-samples.ts'
import { lines } from '../../support/topics.ts'

const anything = topic('anything', { key: nullable(string()), value: nullable(bytes()) })

const records = fc.record({
  key: fc.option(texts),
  value: fc.option(
    fc.oneof(
      blobs,
      fc.nat({ max: 5_000 }).map((size) => new Uint8Array(size).fill(size)),
    ),
  ),
  timestamp: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  headers: fc.array(
    fc.record({ key: fc.constantFrom('a', 'b', '', 'clé-键-🔑'), value: fc.option(fc.oneof(blobs, texts)) }),
    { maxLength: 4 },
  ),
})

const asPlain = (value: Uint8Array | string | null): unknown =>
  value === null ? null : [...Buffer.from(value as string)]

describe.each(compressions)('with compression %s', (compression) => {
  test('records are read as they were sent', async () => {
    const { log } = openTestLog()
    const producer = log.producer({ compression, batchBytes: 3_000 })
    let end = 0
    await fc.assert(
      fc.asyncProperty(fc.array(records, { minLength: 1, maxLength: 20 }), async (list) => {
        const from = end
        end += (await producer.sendMany(anything, list)).count
        const read = (await collect(log.read(anything, { from }))).map((record) => ({
          ...record,
          value: asPlain(record.value),
          headers: record.headers.map(({ key, value }) => ({ key, value: asPlain(value) })),
        }))
        expect(read).toEqual(
          list.map(({ key, value, timestamp, headers }, index) => ({
            topic: 'anything',
            partition: 0,
            offset: from + index,
            key,
            value: asPlain(value),
            timestamp,
            headers: headers.map((header) => ({ key: header.key, value: asPlain(header.value) })),
          })),
        )
      }),
      { numRuns: 40 },
    )
  })

  test('batches are stored so', async () => {
    const { log, environment } = openTestLog()
    const value = 'millrace '.repeat(1_000)
    await log.producer({ compression }).send(lines, { key: 'a', value })
    const { id } = await log.admin.describeTopic(lines)
    const stored = environment.get('batches', partitionNumberKey(id, 0, 0)) ?? Buffer.of()
    expect(stored[attributesAt + 1]).toBe(compressionCodes[compression])
    expect(stored.length < value.length / 10).toBe(compression !== 'none')
    expect(await collect(log.read(lines))).toMatchObject([{ value }])
  })
})

describe('a timestamp', () => {
  test('is the time of the clock where none is given', async () => {
    const { log } = openTestLog()
    const clock = new ManualClock(1_234)
    const producer = log.producer({ clock })
    await producer.send(lines, { key: 'a', value: 'b' })
    clock.advance(6)
    await producer.send(lines, { key: 'a', value: 'b' })
    await producer.send(lines, { key: 'a', value: 'b', timestamp: 0 })
    expect((await collect(log.read(lines))).map(({ timestamp }) => timestamp)).toEqual([1_234, 1_240, 0])
  })

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('of %s is refused', async (timestamp) => {
    const { log } = openTestLog()
    const producer = log.producer()
    await expect(producer.send(lines, { key: 'a', value: 'b', timestamp })).rejects.toMatchObject({
      code: 'bad_record',
    })
    expect((await producer.send(lines, { key: 'a', value: 'b' })).offset).toBe(0)
  })
})

describe('headers', () => {
  test('come back as bytes', async () => {
    const { log } = openTestLog()
    await log.producer().send(lines, { key: 'a', value: 'b', headers: [{ key: 'h', value: Uint8Array.of(1, 2) }] })
    const [record] = await collect(log.read(lines))
    expect(record?.headers).toEqual([{ key: 'h', value: Uint8Array.of(1, 2) }])
  })

  test.each<readonly [string, unknown]>([
    ['are no list', { h: 'v' }],
    ['hold no object', ['h']],
    ['hold null', [null]],
    ['have a key that is no text', [{ key: 1, value: 'v' }]],
    ['have a value that is neither bytes nor text', [{ key: 'h', value: 1 }]],
    ['have no value', [{ key: 'h' }]],
    ['have a key without a UTF-8 form', [{ key: 'h\ud800', value: 'v' }]],
    ['have a text without a UTF-8 form', [{ key: 'h', value: 'v\udfff' }]],
  ])('that %s are refused', async (_, headers) => {
    const { log } = openTestLog()
    const record = { key: 'a', value: 'b', headers: headers as [] }
    await expect(log.producer().send(lines, record)).rejects.toMatchObject({ code: 'bad_record' })
    expect(await log.admin.endOffsets(lines)).toEqual([0])
  })
})

test('a value that cannot be encoded is refused, and the record before and after it are written', async () => {
  const { log } = openTestLog()
  const producer = log.producer()
  const outcomes = await Promise.allSettled([
    producer.send(lines, { key: 'a', value: 'before' }),
    producer.send(lines, { key: 'a', value: '\ud800' }),
    producer.send(lines, { key: '\ud800', value: 'a' }),
    producer.send(lines, { key: 'a', value: 'x'.repeat(recordBytesMax) }),
    producer.send(lines, { key: 'a', value: 'after' }),
  ])
  expect(outcomes).toMatchObject([
    { value: { offset: 0 } },
    { reason: { code: 'encode_failed', message: expect.stringContaining('value with string') } },
    { reason: { code: 'encode_failed', message: expect.stringContaining('key with string') } },
    { reason: { code: 'bad_record' } },
    { value: { offset: 1 } },
  ])
  expect((await collect(log.read(lines))).map(({ value }) => value)).toEqual(['before', 'after'])
})
