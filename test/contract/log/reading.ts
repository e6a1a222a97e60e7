// Reading without a group: from a place on, to the end or further.
import { bytes, int64, string, topic } from 'millrace'
import { expect } from 'vitest'
import { collect, collectUntilError } from '../../support/collect.ts'
import { lines, words } from '../../support/topics.ts'
import type { Promises } from './implementation.ts'
import { numbers, refusal, take, texts, valuesOf } from './helpers.ts'

export const reading: Promises = {
  'a read begins at any offset, the beginning or the end, also inside of a batch': async ({ log }) => {
    for (const [from, size] of [
      [0, 1],
      [1, 2],
      [3, 3],
      [6, 4],
    ] as const) {
      await log.producer().sendMany(lines, texts(size, from))
    }
    expect(await valuesOf(log.read(lines))).toEqual(numbers(0, 9))
    expect(await valuesOf(log.read(lines, { from: 'beginning' }))).toEqual(numbers(0, 9))
    expect(await valuesOf(log.read(lines, { from: 'end' }))).toEqual([])
    for (let from = 0; from <= 10; from++) {
      expect(await valuesOf(log.read(lines, { from }))).toEqual(numbers(from, 9))
    }
  },

  'a topic that does not exist reads as an empty one, and is not created': async ({ log }) => {
    for (const from of ['beginning', 'end', 0, { time: 5 }, { ago: 5 }] as const) {
      expect(await collect(log.read(words, { from }))).toEqual([])
    }
    const offset = { code: 'position_lost', topic: 'words', offset: 1 }
    expect(await refusal(() => collect(log.read(words, { from: 1 })))).toMatchObject(offset)
    expect((await refusal(() => collect(log.read(words, { partition: 4 })))).code).toBe('bad_option')
    expect(await log.admin.listTopics()).toEqual([])
  },

  'a read that follows waits for a topic that does not exist, and gives all of it': async ({ log, connect }) => {
    const other = await connect()
    const stop = new AbortController()
    const stopped = log.read(lines, { follow: true, signal: stop.signal })[Symbol.asyncIterator]().next()
    const loops = (['beginning', 'end', { time: 2 }] as const).map((from) =>
      log.read(lines, { follow: true, from })[Symbol.asyncIterator](),
    )
    const first = loops.map((loop) => loop.next())
    stop.abort()
    expect(await stopped).toMatchObject({ done: true })
    expect(await log.admin.listTopics()).toEqual([])
    await other.producer().sendMany(lines, texts(3))
    expect((await Promise.all(first)).map(({ value }) => value?.offset)).toEqual([0, 0, 0])
    for (const loop of loops) expect((await take(loop, 2)).map(({ value }) => value)).toEqual(['1', '2'])
    await Promise.all(loops.map((loop) => loop.return?.()))
  },

  'behind the end the position is lost': async ({ log }) => {
    await log.producer().sendMany(lines, texts(3))
    const error = await refusal(() => collect(log.read(lines, { from: 4 })))
    expect(error).toMatchObject({ code: 'position_lost', topic: 'lines', partition: 0, offset: 4 })
  },

  'all partitions are read, each in the order of its offsets, or one alone': async ({ log }) => {
    await log.producer({ batchBytes: 100 }).sendMany(words, texts(80))
    const all = await collect(log.read(words))
    expect(all.map(({ value }) => Number(value)).toSorted((a, b) => a - b)).toEqual(numbers(0, 79).map(Number))
    for (let partition = 0; partition < 4; partition++) {
      const own = all.filter((record) => record.partition === partition)
      expect(own.map(({ offset }) => offset)).toEqual(own.map((_, i) => i))
      expect(await collect(log.read(words, { partition }))).toEqual(own)
      expect(await collect(log.read(words, { partition, from: 3 }))).toEqual(own.slice(3))
    }
  },

  'by batches the same records come in the same order': async ({ log }) => {
    await log.producer({ batchBytes: 100 }).sendMany(lines, texts(40))
    const batches = await collect(log.read(lines, { from: 7 }).batches())
    for (const { topic: name, partition, records } of batches) {
      expect([name, partition, records.length > 0]).toEqual(['lines', 0, true])
    }
    expect(batches.flatMap(({ records }) => records)).toEqual(await collect(log.read(lines, { from: 7 })))
  },

  'a read ends where the topic ended when it began, and can be repeated': async ({ log }) => {
    await log.producer().sendMany(lines, texts(3))
    const reader = log.read(lines)
    const seen: string[] = []
    for await (const { value } of reader) {
      seen.push(value)
      await log.producer().sendMany(lines, texts(1, 3 + Number(value)))
    }
    expect(seen).toEqual(numbers(0, 2))
    expect(await valuesOf(reader)).toEqual(numbers(0, 5))
  },

  'a read that follows gives what is there, then what comes, of any client': async ({ log, connect }) => {
    await log.producer().sendMany(lines, texts(2))
    const producer = (await connect()).producer()
    const loop = log.read(lines, { follow: true })[Symbol.asyncIterator]()
    for (let i = 0; i < 30; i++) {
      const next = loop.next()
      if (i >= 2) await producer.sendMany(lines, texts(1, i))
      expect((await next).value).toMatchObject({ value: String(i), offset: i })
    }
    await loop.return(undefined)
  },

  'a read that follows ends when its signal is aborted': async ({ log }) => {
    await log.producer().sendMany(lines, texts(3))
    const stop = new AbortController()
    const seen: string[] = []
    for await (const { value } of log.read(lines, { follow: true, signal: stop.signal })) {
      if (seen.push(value) === 3) setImmediate(() => stop.abort())
    }
    expect(seen).toEqual(numbers(0, 2))
    expect(await collect(log.read(lines, { follow: true, signal: AbortSignal.abort() }))).toEqual([])
  },

  'a record that does not decode ends a read behind the last good one, and is passed over on request': async ({
    log,
  }) => {
    const raw = topic('raw', { key: string(), value: bytes() })
    const amounts = topic('raw', { key: string(), value: int64() })
    await log.producer().send(amounts, { key: 'a', value: 1 })
    await log.producer().send(raw, { key: 'a', value: Uint8Array.of(7) })
    await log.producer().send(amounts, { key: 'a', value: null })
    await log.producer().send(amounts, { key: 'a', value: 3 })
    const { items, error } = await collectUntilError(log.read(amounts))
    expect(items).toMatchObject([{ offset: 0, value: 1 }])
    expect(error).toMatchObject({ code: 'undecodable', topic: 'raw', partition: 0, offset: 1 })
    const behind = await collectUntilError(log.read(amounts, { from: 2 }))
    expect(behind).toMatchObject({ items: [], error: { code: 'unexpected_null', offset: 2 } })
    expect(await valuesOf(log.read(amounts, { from: 3 }))).toEqual([3])
  },
}
