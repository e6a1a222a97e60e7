// What a producer is told, and what of its records is stored.
import { readFileSync } from 'node:fs'
import { bytes, type Compression, int64, ManualClock, string, topic } from 'millrace'
import { expect } from 'vitest'
import { collect } from '../../support/collect.ts'
import { lines, words } from '../../support/topics.ts'
import type { Promises } from './implementation.ts'
import { loose, numbers, refusal, texts, valuesOf } from './helpers.ts'

const text = { key: string(), value: string() }
const one = { key: 'a', value: 'b', timestamp: 1 }
const count = topic('counts', { key: string(), value: int64(), partitions: 3 })
const unencodable = { key: 'a', value: 0.5 }

const murmur2 = JSON.parse(readFileSync(new URL('../../fixtures/murmur2.json', import.meta.url), 'utf8')) as {
  readonly key: string
  readonly partitions: { readonly 7: number }
}[]

export const producing: Promises = {
  'a record is read as it was sent: key, value, timestamp, and headers in their order': async ({ log, connect }) => {
    const headers = [
      { key: 'trace', value: Uint8Array.of(1, 0, 255) },
      { key: 'trace', value: 'text' },
      { key: '', value: null },
    ]
    await log.producer().send(lines, { key: 'schlüssel', value: '', timestamp: 1_234, headers })
    const read = await collect((await connect()).read(lines))
    expect(read).toEqual([
      {
        topic: 'lines',
        partition: 0,
        offset: 0,
        key: 'schlüssel',
        value: '',
        timestamp: 1_234,
        headers: [headers[0], { key: 'trace', value: new Uint8Array(Buffer.from('text')) }, headers[2]],
      },
    ])
  },

  'null keys and values are read as null, and are not empty ones': async ({ log }) => {
    await log.producer().sendMany(loose, [
      { key: null, value: 'v' },
      { key: 'k', value: null },
      { key: '', value: '' },
    ])
    expect((await collect(log.read(loose))).map(({ key, value }) => [key, value])).toEqual([
      [null, 'v'],
      ['k', null],
      ['', ''],
    ])
    const missing = null as unknown as string
    const error = await refusal(() => log.producer().send(lines, { key: missing, value: 'a' }))
    expect(error).toMatchObject({ code: 'bad_record', topic: 'lines' })
  },

  'records of one key keep their order, in one partition': async ({ log }) => {
    const producer = log.producer({ batchBytes: 100 })
    const records = texts(120).map((record, i) => ({ ...record, key: `key ${i % 6}` }))
    await Promise.all(records.map((record) => producer.send(words, record)))
    const read = await collect(log.read(words))
    for (let key = 0; key < 6; key++) {
      const ofKey = read.filter((record) => record.key === `key ${key}`)
      expect(ofKey.map(({ value }) => Number(value))).toEqual(Array.from({ length: 20 }, (_, i) => key + 6 * i))
      expect(new Set(ofKey.map(({ partition }) => partition)).size).toBe(1)
    }
  },

  'a key goes where the default partitioner of Kafka says': async ({ log }) => {
    const producer = log.producer()
    const keyed = topic('keyed', { key: bytes(), value: string(), partitions: 7 })
    const sent = await Promise.all(
      murmur2.map(({ key }) => producer.send(keyed, { key: new Uint8Array(Buffer.from(key, 'hex')), value: '' })),
    )
    expect(sent.map(({ partition }) => partition)).toEqual(murmur2.map(({ partitions }) => partitions[7]))
  },

  'records without a key go to every partition in the long run': async ({ log }) => {
    const keyless = topic('keyless', { key: loose.key, value: string(), partitions: 4 })
    const producer = log.producer({ batchBytes: 500 })
    await producer.sendMany(
      keyless,
      Array.from({ length: 2_000 }, () => ({ key: null, value: 'a' })),
    )
    const ends = await log.admin.endOffsets(keyless)
    expect(ends.reduce((sum, end) => sum + end, 0)).toBe(2_000)
    expect(Math.min(...ends)).toBeGreaterThan(0)
  },

  'the partition that a record names counts, whatever its key and the partitioner say': async ({ log }) => {
    const producer = log.producer({ partitioner: () => 0 })
    for (const partition of [3, 0, 1]) {
      expect((await producer.send(words, { ...one, partition })).partition).toBe(partition)
    }
    for (const partition of [4, -1, 0.5]) {
      const error = await refusal(() => producer.send(words, { ...one, partition }))
      expect(error).toMatchObject({ code: 'bad_record', topic: 'words' })
    }
    expect((await log.admin.endOffsets(words)).reduce((sum, end) => sum + end, 0)).toBe(3)
  },

  'with acks all a send resolves with its offset, and every client can read it then': async ({ log, connect }) => {
    const other = await connect()
    const producer = log.producer()
    for (let offset = 0; offset < 20; offset++) {
      expect(await producer.send(lines, texts(1, offset)[0] ?? one)).toEqual({ topic: 'lines', partition: 0, offset })
      expect(await valuesOf(other.read(lines, { from: offset }))).toEqual([String(offset)])
    }
  },

  'with acks 1 a send resolves without an offset, and flush waits until it is written': async ({ log, connect }) => {
    const producer = log.producer({ acks: 1, lingerMs: 1_000, clock: new ManualClock() })
    expect(await producer.send(lines, one)).toEqual({ topic: 'lines', partition: 0, offset: null })
    expect((await refusal(() => producer.send(lines, { ...one, timestamp: -1 }))).code).toBe('bad_record')
    await producer.flush()
    expect(await (await connect()).admin.endOffsets(lines)).toEqual([1])
  },

  'with acks 0 a send never rejects, and onError is told of what is lost': async ({ log }) => {
    const told: unknown[] = []
    const producer = log.producer({ acks: 0, onError: (error) => told.push(error) })
    expect(await producer.send(count, { key: 'a', value: 1 })).toBeUndefined()
    expect(await producer.send(count, unencodable)).toBeUndefined()
    await producer.flush()
    expect(await valuesOf(log.read(count))).toEqual([1])
    expect(told).toMatchObject([{ code: 'encode_failed' }])
  },

  'sendMany says where its records are: side by side in each partition, in their order': async ({ log }) => {
    const producer = log.producer({ batchBytes: 100 })
    await producer.send(count, { key: 'key 1', value: 0 })
    const records = Array.from({ length: 50 }, (_, value) => ({ key: `key ${value}`, value }))
    const { topic: name, count: sent, partitions } = await producer.sendMany(count, records)
    expect([name, sent]).toEqual(['counts', 50])
    const stored = await collect(log.read(count))
    const values: number[] = []
    for (const { partition, baseOffset, count: written } of partitions) {
      const here = stored.filter((record) => record.partition === partition && record.offset >= baseOffset)
      expect(here.map(({ offset }) => offset)).toEqual(Array.from({ length: written }, (_, i) => baseOffset + i))
      expect(here.map(({ value }) => value)).toEqual(here.map(({ value }) => value).toSorted((a, b) => a - b))
      values.push(...here.map(({ value }) => value))
    }
    expect(values.toSorted((a, b) => a - b)).toEqual(records.map(({ value }) => value))
    expect(await producer.sendMany(count, [])).toEqual({ topic: 'counts', count: 0, partitions: [] })
  },

  'sendMany writes all or nothing, and takes nothing back that was sent beside it': async ({ log }) => {
    const producer = log.producer({ batchBytes: 60 })
    const good = (value: number): { key: string; value: number } => ({ key: `key ${value % 5}`, value })
    for (const place of [0, 20, 39]) {
      const many = Array.from({ length: 40 }, (_, i) => (i === place ? unencodable : good(i)))
      const outcomes = await Promise.allSettled([
        producer.send(count, good(1_000)),
        producer.sendMany(count, many),
        producer.send(count, good(2_000)),
      ])
      expect(outcomes).toMatchObject([
        { status: 'fulfilled' },
        { reason: { code: 'encode_failed' } },
        { status: 'fulfilled' },
      ])
    }
    const values = await valuesOf(log.read(count))
    expect(values.toSorted((a, b) => a - b)).toEqual([1_000, 1_000, 1_000, 2_000, 2_000, 2_000])
  },

  'a record that is refused does not hold back those around it': async ({ log }) => {
    const producer = log.producer()
    const outcomes = await Promise.allSettled([
      producer.send(lines, { key: 'a', value: 'before' }),
      producer.send(lines, { key: 'a', value: '\ud800' }),
      producer.send(lines, { key: 'a', value: 'b', timestamp: 0.5 }),
      producer.send(lines, { key: 'a', value: 'b', headers: [{ key: 'h\ud800', value: null }] }),
      producer.send(lines, { key: 'a', value: 'after' }),
    ])
    expect(outcomes).toMatchObject([
      { value: { offset: 0 } },
      { reason: { code: 'encode_failed' } },
      { reason: { code: 'bad_record' } },
      { reason: { code: 'bad_record' } },
      { value: { offset: 1 } },
    ])
    expect(await valuesOf(log.read(lines))).toEqual(['before', 'after'])
  },

  'every compression is read back, that of the producer and that of the topic': async ({ log, connect }) => {
    const value = 'GET /index.html 200 512\n'.repeat(400)
    const other = await connect()
    const ways: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
    for (const compression of ways) {
      await log.producer({ compression }).send(lines, { key: compression, value })
      const fixed = topic(`fixed-${compression}`, { ...text, compressionType: compression })
      await log.producer({ compression: 'gzip' }).send(fixed, { key: 'k', value })
      expect(await valuesOf(other.read(fixed))).toEqual([value])
    }
    expect((await collect(other.read(lines))).map((record) => [record.key, record.value])).toEqual(
      ways.map((compression) => [compression, value]),
    )
  },

  'a record is as large as maxMessageBytes of its topic allows': async ({ log }) => {
    const small = topic('small', { ...text, maxMessageBytes: 500 })
    const producer = log.producer()
    const error = await refusal(() => producer.send(small, { key: 'a', value: 'x'.repeat(500) }))
    expect(error).toMatchObject({ code: 'bad_record' })
    expect((await producer.send(small, { key: 'a', value: 'x'.repeat(300) })).offset).toBe(0)
    await log.admin.alterTopic(small, { maxMessageBytes: 3_000_000 })
    expect((await producer.send(small, { key: 'a', value: 'x'.repeat(2_900_000) })).offset).toBe(1)
  },

  'timestamps lie within the limits of their topic': async ({ log, clock }) => {
    const nowMs = clock.now()
    const limits = { messageTimestampBeforeMaxMs: 1_000, messageTimestampAfterMaxMs: 50 }
    const limited = topic('limited', { ...text, ...limits })
    const producer = log.producer()
    for (const timestamp of [nowMs - 1_000, nowMs + 50]) await producer.send(limited, { ...one, timestamp })
    for (const timestamp of [nowMs - 1_001, nowMs + 51]) {
      const error = await refusal(() => producer.send(limited, { ...one, timestamp }))
      expect(error).toMatchObject({ code: 'bad_record', topic: 'limited' })
    }
    expect(await log.admin.endOffsets(limited)).toEqual([2])
  },

  'a record without a timestamp gets the time when it is sent': async ({ log, clock }) => {
    const startMs = clock.now()
    const producer = log.producer()
    await producer.send(lines, { key: 'a', value: 'b' })
    clock.advance(6)
    await producer.send(lines, { key: 'a', value: 'b' })
    expect((await collect(log.read(lines))).map(({ timestamp }) => timestamp)).toEqual([startMs, startMs + 6])
  },

  'with LogAppendTime every record gets the time when it is appended': async ({ log, clock }) => {
    const stamped = topic('stamped', { ...text, messageTimestampType: 'LogAppendTime' })
    const producer = log.producer({ lingerMs: 100, compression: 'lz4' })
    const sent = producer.sendMany(stamped, [one, { ...one, timestamp: 99 }, { key: 'c', value: 'd' }])
    clock.advance(100)
    await sent
    const nowMs = clock.now()
    expect((await collect(log.read(stamped))).map(({ timestamp }) => timestamp)).toEqual([nowMs, nowMs, nowMs])
    expect(await collect(log.read(stamped, { from: { time: nowMs } }))).toHaveLength(3)
    expect(await collect(log.read(stamped, { from: { time: nowMs + 1 } }))).toEqual([])
  },

  'a compacted topic takes no record without a key': async ({ log }) => {
    const table = topic('table', { key: loose.key, value: string(), cleanupPolicy: 'compact' })
    const error = await refusal(() => log.producer().send(table, { key: null, value: 'b' }))
    expect(error).toMatchObject({ code: 'bad_record', topic: 'table' })
    expect(await log.producer().send(table, { key: 'a', value: null })).toMatchObject({ offset: 0 })
  },

  'a producer that is closed has written what was sent before, and takes nothing more': async ({ log }) => {
    const producer = log.producer({ lingerMs: 1_000, clock: new ManualClock() })
    const sent = producer.sendMany(lines, texts(3))
    await producer.close()
    expect(await sent).toMatchObject({ count: 3 })
    expect((await refusal(() => producer.send(lines, one))).code).toBe('closed')
    expect(await valuesOf(log.read(lines))).toEqual(numbers(0, 2))
  },
}
