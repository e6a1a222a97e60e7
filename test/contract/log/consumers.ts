// Consumers: what they hand out, what counts as done, and where they go on. None of these needs a second member.
import { bytes, int64, type Log, nullable, string, topic } from 'millrace'
import { expect } from 'vitest'
import { collect, collectUntilError } from '../../support/collect.ts'
import { lines, words } from '../../support/topics.ts'
import type { Promises } from './implementation.ts'
import { committed, eventually, numbers, expectRefused, refusal, texts, valuesOf } from './helpers.ts'

const group = 'g'
const place = { topic: 'lines', partition: 0 }

/** The first values that the next consumer of the group gets. */
async function nextOfGroup(log: Log, count: number): Promise<string[]> {
  await using consumer = log.consumer({ group, topics: [lines], autoCommitMs: false })
  return await valuesOf(consumer, count)
}

export const consumers: Promises = {
  'a record is done when the loop asks for the next: one that a loop was left on comes again': async ({ log }) => {
    await log.producer().sendMany(lines, texts(5))
    const consumer = log.consumer({ group, topics: [lines] })
    expect(await valuesOf(consumer, 3)).toEqual(['0', '1', '2'])
    expect(await committed(log, group)).toEqual({ 'lines 0': 2 })
    expect(await valuesOf(consumer, 2)).toEqual(['2', '3'])
    await consumer.close()
    expect(await nextOfGroup(log, 2)).toEqual(['3', '4'])
  },

  'commit of a record says that it is done, with a note, for every client to see': async ({ log, connect }) => {
    await log.producer().sendMany(lines, texts(5))
    const consumer = log.consumer({ group, topics: [lines], autoCommitMs: false })
    for await (const record of consumer) {
      if (record.value !== '2') continue
      await consumer.commit(record, 'far enough')
      break
    }
    expect(consumer.committed(lines, 0)).toMatchObject({ offset: 3, metadata: 'far enough' })
    expect(await (await connect()).admin.lag(group)).toMatchObject([{ offset: 3, metadata: 'far enough' }])
    await consumer.close()
    expect(await nextOfGroup(log, 1)).toEqual(['3'])
  },

  'commit of a batch commits all of it, and a batch is done when the next is asked for': async ({ log }) => {
    await log.producer().sendMany(lines, texts(10))
    const consumer = log.consumer({ group, topics: [lines] })
    const sizes: number[] = []
    for await (const { records } of consumer.batches({ maxRecords: 4 })) if (sizes.push(records.length) === 2) break
    expect(sizes).toEqual([4, 4])
    expect(await committed(log, group)).toEqual({ 'lines 0': 4 })
    for await (const batch of consumer.batches()) {
      expect(batch).toMatchObject({ ...place, records: [{ offset: 4 }, {}, {}, {}, {}, { offset: 9 }] })
      await consumer.commit(batch, 'exported')
      break
    }
    expect(consumer.committed(lines, 0)).toMatchObject({ offset: 10, metadata: 'exported' })
  },

  'commit of nothing in particular commits what was handed out, and given positions are taken as they are': async ({
    log,
  }) => {
    await log.producer().sendMany(lines, texts(5))
    const consumer = log.consumer({ group, topics: [lines], autoCommitMs: false })
    const loop = consumer[Symbol.asyncIterator]()
    for (let i = 0; i < 4; i++) await loop.next()
    expect(await committed(log, group)).toEqual({})
    await consumer.commit()
    expect(await committed(log, group)).toEqual({ 'lines 0': 4 })
    await consumer.commit([{ ...place, offset: 2, metadata: 'by hand' }])
    expect(await log.admin.lag(group)).toMatchObject([{ offset: 2, metadata: 'by hand' }])
    await expectRefused('bad_option', [
      () => consumer.commit([{ ...place, offset: 6 }]),
      () => consumer.commit([{ ...place, partition: 1, offset: 0 }]),
    ])
    expect(await committed(log, group)).toEqual({ 'lines 0': 2 })
    await consumer.close()
    expect(await nextOfGroup(log, 1)).toEqual(['2'])
  },

  'auto-commit commits what is done when its time has come, while the loop is busy': async ({ log, clock }) => {
    await log.producer().sendMany(lines, texts(5))
    const consumer = log.consumer({ group, topics: [lines], autoCommitMs: 1_000 })
    const loop = consumer[Symbol.asyncIterator]()
    for (let i = 0; i < 4; i++) await loop.next()
    clock.advance(999)
    expect(await committed(log, group)).toEqual({})
    clock.advance(1)
    await eventually(async () => expect(await committed(log, group)).toEqual({ 'lines 0': 3 }))
  },

  'after a crash reading goes on behind the last commit: nothing is left out': async ({ log, connect, crash }) => {
    await log.producer().sendMany(lines, texts(6))
    const client = await connect()
    const assigned = { group, assign: [{ topic: lines, partition: 0 }] }
    const consumer = client.consumer(assigned)
    const loop = consumer[Symbol.asyncIterator]()
    for (let i = 0; i < 2; i++) await loop.next()
    await consumer.commit()
    for (let i = 0; i < 3; i++) await loop.next()
    crash(client)
    expect(await valuesOf(log.consumer(assigned), 4)).toEqual(numbers(2, 5))
  },

  'a consumer goes to an offset, the beginning, the end and a time': async ({ log, connect }) => {
    await log.producer().sendMany(lines, texts(5))
    await using consumer = log.consumer({ topics: [lines] })
    const next = async (): Promise<string | undefined> => (await valuesOf(consumer, 1))[0]
    expect(await next()).toBe('0')
    consumer.seek(lines, 0, 3)
    expect(await next()).toBe('3')
    consumer.seek('lines', 0, 'beginning')
    expect(await next()).toBe('0')
    consumer.seek(lines, 0, { time: 2 })
    expect(await next()).toBe('2')
    consumer.seek(lines, 0, 'end')
    const later = next()
    await (await connect()).producer().sendMany(lines, texts(1, 5))
    expect(await later).toBe('5')
    await expectRefused('bad_option', [() => consumer.seek(lines, 0, -1), () => consumer.seek(lines, 1, 0)])
    expect((await refusal(() => consumer.seek(lines, 0, 9))).code).toBe('position_lost')
  },

  'a consumer that is sent elsewhere in the middle of a loop goes on there': async ({ log }) => {
    await log.producer().sendMany(lines, texts(6))
    await using consumer = log.consumer({ topics: [lines] })
    const seen: string[] = []
    for await (const { value } of consumer) {
      if (seen.push(value) === 2) consumer.seek(lines, 0, 5)
      if (seen.length === 4) consumer.seek(lines, 0, 'beginning')
      if (value === '5') consumer.seek(lines, 0, 1)
      if (seen.length === 6) break
    }
    expect(seen).toEqual(['0', '1', '5', '1', '0', '1'])
  },

  'position and lag are those behind the last record that was handed out': async ({ log }) => {
    await log.producer().sendMany(lines, texts(6))
    await using consumer = log.consumer({ topics: [lines] })
    expect(consumer.lag(lines, 0)).toBe(6)
    for await (const { offset } of consumer) {
      expect([consumer.position(lines, 0), consumer.lag(lines, 0)]).toEqual([offset + 1, 5 - offset])
      if (offset === 5) break
    }
  },

  'lag is 0 once no record is left to read, whatever was deleted or compacted before the end': async ({ log }) => {
    const table = topic('table', { key: string(), value: nullable(string()), partitions: 1 })
    await log.admin.createTopic({ name: 'table', config: { cleanupPolicy: 'compact', deleteRetentionMs: 0 } })
    await log.producer().sendMany(table, [
      { key: 'a', value: '0' },
      { key: 'b', value: '1' },
      { key: 'b', value: null },
    ])
    await using consumer = log.consumer({ group, topics: [table], autoCommitMs: false })
    for (let round = 0; round < 2; round++) await log.admin.runMaintenance()
    for await (const record of consumer) {
      expect(record.offset).toBe(0)
      await consumer.commit(record)
      break
    }
    expect([consumer.position(table, 0), consumer.lag(table, 0)]).toEqual([1, 0])
    expect(await log.admin.lag(group)).toMatchObject([{ offset: 1, endOffset: 3, records: 0, timestamp: null }])
    consumer.seek(table, 0, 'beginning')
    expect(consumer.lag(table, 0)).toBe(3)
    await log.admin.deleteRecords(table, [{ partition: 0, beforeOffset: 3 }])
    expect(consumer.lag(table, 0)).toBe(0)
  },

  'without a position a consumer begins at the earliest, the latest or not at all, as reset says': async ({
    log,
    connect,
  }) => {
    const other = await connect()
    await log.producer().sendMany(lines, texts(5))
    expect(await valuesOf(log.consumer({ topics: [lines] }), 1)).toEqual(['0'])
    expect(await valuesOf(log.consumer({ topics: [lines], reset: 'earliest' }), 1)).toEqual(['0'])
    const latest = log.consumer({ topics: [lines], reset: 'latest' })
    const first = valuesOf(latest, 1)
    await eventually(() => expect(latest.position(lines, 0)).toBe(5))
    await other.producer().sendMany(lines, texts(1, 5))
    expect(await first).toEqual(['5'])
    const none = log.consumer({ topics: [lines], reset: 'none' })
    expect(await refusal(() => collect(none))).toMatchObject({ code: 'position_lost', ...place })
    none.seek(lines, 0, 4)
    expect(await valuesOf(none, 1)).toEqual(['4'])
  },

  'a reset, a seek and a read to an age begin at the first record that is not older': async ({ log, clock }) => {
    const nowMs = clock.now()
    const records = texts(5).map((record, i) => ({ ...record, timestamp: nowMs - 5_000 + 1_000 * i }))
    await log.producer().sendMany(lines, records)
    await using consumer = log.consumer({ topics: [lines], reset: { ago: 3_000 } })
    expect(await valuesOf(consumer, 1)).toEqual(['2'])
    expect(await valuesOf(log.read(lines, { from: { ago: 3_000 } }))).toEqual(['2', '3', '4'])
    consumer.seek(lines, 0, { ago: 1_000 })
    expect(await valuesOf(consumer, 1)).toEqual(['4'])
  },

  'a position that is not kept any more is reset, counted, or refused with reset none': async ({ log }) => {
    await log.producer().sendMany(lines, texts(6))
    const loose = log.consumer({ group, topics: [lines], autoCommitMs: false })
    await collect(loose, 1)
    await loose.commit([{ ...place, offset: 1 }])
    await loose.close()
    await log.admin.deleteRecords(lines, [{ partition: 0, beforeOffset: 4 }])
    const strict = log.consumer({ group, topics: [lines], reset: 'none' })
    expect(await refusal(() => collect(strict))).toMatchObject({ code: 'position_lost', ...place, offset: 1 })
    await strict.close()
    const next = log.consumer({ group, topics: [lines] })
    expect(await valuesOf(next, 1)).toEqual(['4'])
    expect(next.metrics()).toMatchObject({ resets: 1, missed: 3 })
  },

  'of a paused partition nothing is handed out until it is resumed': async ({ log }) => {
    await log.producer().sendMany(words, texts(200))
    const ends = await log.admin.endOffsets(words)
    await using consumer = log.consumer({ topics: [words] })
    const paused = { topic: 'words', partition: -1 }
    let others = 0
    for await (const { partition } of consumer) {
      if (paused.partition < 0) {
        paused.partition = partition
        consumer.pause([paused])
        continue
      }
      expect(partition).not.toBe(paused.partition)
      if (++others === 200 - (ends[paused.partition] ?? 0)) break
    }
    expect(consumer.assignment()).toHaveLength(4)
    consumer.resume()
    expect(await collect(consumer, 1)).toMatchObject([paused])
  },

  'assigned partitions are read, and no others': async ({ log }) => {
    await log.producer().sendMany(words, texts(80))
    const ends = await log.admin.endOffsets(words)
    await using consumer = log.consumer({ assign: [1, 2].map((partition) => ({ topic: words, partition })) })
    const read = await collect(consumer, (ends[1] ?? 0) + (ends[2] ?? 0))
    expect(new Set(read.map(({ partition }) => partition))).toEqual(new Set([1, 2]))
    expect(consumer.assignment()).toEqual([1, 2].map((partition) => ({ topic: 'words', partition })))
    expect((await refusal(() => consumer.commit())).code).toBe('bad_option')
  },

  'a pattern reads every topic that matches, also later ones, and topics by name are bytes': async ({
    log,
    connect,
  }) => {
    const other = await connect()
    await log.producer().sendMany(lines, texts(1))
    await using consumer = log.consumer({ pattern: /^(lines|wor.*)$/ })
    const loop = consumer[Symbol.asyncIterator]()
    expect((await loop.next()).value).toMatchObject({ topic: 'lines', value: Uint8Array.of(48) })
    const second = loop.next()
    await other.producer().send(topic('other', { key: string(), value: string() }), { key: 'a', value: 'no' })
    await other.producer().sendMany(words, texts(1, 7))
    expect((await second).value).toMatchObject({ topic: 'words', value: Uint8Array.of(55) })
  },

  'a consumer sees what others write while it waits': async ({ log, connect }) => {
    const producer = (await connect()).producer()
    await using consumer = log.consumer({ group, topics: [lines] })
    const loop = consumer[Symbol.asyncIterator]()
    for (let i = 0; i < 20; i++) {
      const next = loop.next()
      await producer.sendMany(lines, texts(1, i))
      expect((await next).value).toMatchObject({ offset: i, value: String(i) })
    }
  },

  'close, the signal and the end of the client end a loop without an error, and what is done is committed': async ({
    log,
    connect,
  }) => {
    await log.producer().sendMany(lines, texts(3))
    for (const way of ['close', 'abort', 'client']) {
      const client = await connect()
      const stop = new AbortController()
      const consumer = client.consumer({ group: way, topics: [lines], signal: stop.signal })
      const seen: string[] = []
      const ended = (async () => {
        for await (const { value } of consumer) seen.push(value)
      })()
      await eventually(() => expect(seen).toEqual(['0', '1', '2']))
      if (way === 'close') await consumer.close()
      else if (way === 'abort') stop.abort()
      else await client.close()
      await ended
      await eventually(async () => expect(await committed(log, way)).toEqual({ 'lines 0': 3 }))
    }
  },

  'records$ gives the records until it is unsubscribed, and commits nothing by itself': async ({ log }) => {
    await log.producer().sendMany(lines, texts(4))
    await using consumer = log.consumer({ group, topics: [lines] })
    const values = await new Promise<string[]>((resolve) => {
      const seen: string[] = []
      const subscription = consumer.records$.subscribe(({ value }) => {
        if (seen.push(value) < 3) return
        subscription.unsubscribe()
        resolve(seen)
      })
    })
    expect(values).toEqual(['0', '1', '2'])
    expect(await committed(log, group)).toEqual({})
    await consumer.commit()
    expect(await committed(log, group)).toEqual({ 'lines 0': 3 })
  },

  'a record that does not decode ends the loop, which goes on behind it after a seek': async ({ log }) => {
    const amounts = topic('raw', { key: string(), value: int64() })
    await log.producer().send(amounts, { key: 'a', value: 1 })
    await log.producer().send(topic('raw', { key: string(), value: bytes() }), { key: 'a', value: Uint8Array.of(7) })
    await log.producer().send(amounts, { key: 'a', value: 3 })
    await using consumer = log.consumer({ topics: [amounts] })
    const { items, error } = await collectUntilError(consumer)
    expect(items).toMatchObject([{ value: 1 }])
    expect(error).toMatchObject({ code: 'undecodable', topic: 'raw', partition: 0, offset: 1 })
    consumer.seek(amounts, 0, 2)
    expect(await valuesOf(consumer, 1)).toEqual([3])
  },

  'one loop at a time reads a consumer': async ({ log }) => {
    await log.producer().sendMany(lines, texts(2))
    await using consumer = log.consumer({ topics: [lines] })
    await consumer[Symbol.asyncIterator]().next()
    expect((await refusal(() => collect(consumer))).code).toBe('bad_option')
  },
}
