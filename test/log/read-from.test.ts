// A read begins where it is told, by offset or by time, and ends where the topic ended when it began.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import { string } from '../../src/core/serdes.ts'
import { topic } from '../../src/core/topic.ts'
import type { EmbeddedLogOptions } from '../../src/log/embedded-log.ts'
import type { ReadOptions } from '../../src/log/reader.ts'
import { collect } from '../support/collect.ts'
import { openTestLog, type OpenedLog } from '../support/open.ts'
import { lines, words } from '../support/topics.ts'

const values = async (opened: OpenedLog, options: ReadOptions): Promise<string[]> =>
  (await collect(opened.log.read(lines, options))).map(({ value }) => value)

/** Ten records in batches of 1, 2, 3 and 4. */
async function tenLines(options: EmbeddedLogOptions = {}): Promise<OpenedLog> {
  const opened = openTestLog(undefined, options)
  const producer = opened.log.producer()
  let next = 0
  for (const size of [1, 2, 3, 4]) {
    const batch = Array.from({ length: size }, () => ({ key: 'k', value: String(next), timestamp: 100 * next++ }))
    await producer.sendMany(lines, batch)
  }
  return opened
}

const numbersFrom = (first: number): string[] => Array.from({ length: 10 - first }, (_, i) => String(first + i))

describe('a read', () => {
  test('begins at the beginning, or at any offset, also inside of a batch', async () => {
    const opened = await tenLines()
    expect(await values(opened, {})).toEqual(numbersFrom(0))
    expect(await values(opened, { from: 'beginning' })).toEqual(numbersFrom(0))
    for (let from = 0; from <= 10; from++) expect(await values(opened, { from })).toEqual(numbersFrom(from))
  })

  test('begins at a time', async () => {
    const opened = await tenLines()
    expect(await values(opened, { from: { time: 0 } })).toEqual(numbersFrom(0))
    expect(await values(opened, { from: { time: 400 } })).toEqual(numbersFrom(4))
    expect(await values(opened, { from: { time: 401 } })).toEqual(numbersFrom(5))
    expect(await values(opened, { from: { time: 901 } })).toEqual([])
  })

  test('begins so long ago, by the clock of the log', async () => {
    const opened = await tenLines({ clock: new ManualClock(1_000) })
    expect(await values(opened, { from: { ago: 600 } })).toEqual(numbersFrom(4))
    expect(await values(opened, { from: { ago: 2_000 } })).toEqual(numbersFrom(0))
  })

  test('tells the place of every record', async () => {
    const { log } = await tenLines()
    const records = await collect(log.read(lines, { from: 8 }))
    expect(records).toEqual([
      { topic: 'lines', partition: 0, offset: 8, key: 'k', value: '8', timestamp: 800, headers: [] },
      { topic: 'lines', partition: 0, offset: 9, key: 'k', value: '9', timestamp: 900, headers: [] },
    ])
  })

  test('ends where the topic ended when it began', async () => {
    const { log } = await tenLines()
    const producer = log.producer()
    const seen: string[] = []
    for await (const { value } of log.read(lines)) {
      seen.push(value)
      await producer.send(lines, { key: 'k', value: `after ${value}` })
    }
    expect(seen).toEqual(numbersFrom(0))
  })

  test('can be repeated', async () => {
    const { log } = await tenLines()
    const reader = log.read(lines, { from: 7 })
    expect(await collect(reader)).toEqual(await collect(reader))
  })

  test('by batches gives the records as they are stored together', async () => {
    const { log } = await tenLines()
    const batches = await collect(log.read(lines, { from: 2 }).batches())
    expect(batches.map(({ topic: name, partition, records }) => [name, partition, records.length])).toEqual([
      ['lines', 0, 1],
      ['lines', 0, 3],
      ['lines', 0, 4],
    ])
  })

  test('ends at once when its signal is aborted before', async () => {
    const { log } = await tenLines()
    expect(await collect(log.read(lines, { signal: AbortSignal.abort() }))).toEqual([])
  })
})

describe('the end', () => {
  test('is a place to read from, and nothing is there', async () => {
    expect(await values(await tenLines(), { from: 10 })).toEqual([])
  })

  test('is the last such place: behind it the position is lost', async () => {
    const opened = await tenLines()
    await expect(values(opened, { from: 11 })).rejects.toMatchObject({
      code: 'position_lost',
      topic: 'lines',
      partition: 0,
      offset: 11,
      message: expect.stringContaining('offset 10'),
    })
  })

  test('of an empty topic is its beginning', async () => {
    const opened = openTestLog()
    await opened.log.admin.createTopic(lines)
    expect(await values(opened, { from: 0 })).toEqual([])
    expect(await values(opened, { from: { time: 0 } })).toEqual([])
    await expect(values(opened, { from: 1 })).rejects.toMatchObject({ code: 'position_lost' })
  })
})

describe('partitions', () => {
  async function fortyWords(): Promise<OpenedLog> {
    const opened = openTestLog()
    const records = Array.from({ length: 40 }, (_, i) => ({ key: `key ${i}`, value: String(i) }))
    await opened.log.producer({ batchBytes: 100 }).sendMany(words, records)
    return opened
  }

  test('are all read, each in the order of its offsets', async () => {
    const { log } = await fortyWords()
    const records = await collect(log.read(words))
    expect(records.map(({ value }) => Number(value)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 40 }, (_, i) => i),
    )
    for (let partition = 0; partition < 4; partition++) {
      const offsets = records.filter((record) => record.partition === partition).map(({ offset }) => offset)
      expect(offsets).toEqual(offsets.map((_, i) => i))
    }
  })

  test('are read alone on request', async () => {
    const { log } = await fortyWords()
    const records = await collect(log.read(words))
    for (let partition = 0; partition < 4; partition++) {
      const alone = await collect(log.read(words, { partition }))
      expect(alone).toEqual(records.filter((record) => record.partition === partition))
      expect(await collect(log.read(words, { partition, from: 3 }))).toEqual(alone.slice(3))
    }
  })

  test('that the topic does not have are refused by the first read', async () => {
    const { log } = await fortyWords()
    await expect(collect(log.read(words, { partition: 4 }))).rejects.toMatchObject({
      code: 'bad_option',
      message: 'the partition is 4; expected a whole number from 0 to 3',
    })
  })
})

test('a read from a time begins, in each partition, at the first record of at least that time, in whatever order the times came', async () => {
  const { log } = openTestLog()
  const entries = fc.array(fc.record({ timestamp: fc.nat({ max: 20 }), key: fc.constantFrom('a', 'b', 'c', 'd') }), {
    minLength: 1,
    maxLength: 8,
  })
  const batchBytes = fc.constantFrom(1, 80, 10_000)
  const flushes = fc.array(fc.record({ entries, batchBytes }), { minLength: 1, maxLength: 5 })
  let runs = 0
  await fc.assert(
    fc.asyncProperty(flushes, async (list) => {
      const runTopic = topic(`run-${runs++}`, { key: string(), value: string(), partitions: 3 })
      for (const flush of list) {
        const records = flush.entries.map((entry) => ({ ...entry, value: '' }))
        await log.producer({ batchBytes: flush.batchBytes }).sendMany(runTopic, records)
      }
      const all = await collect(log.read(runTopic))
      for (let partition = 0; partition < 3; partition++) {
        const here = all.filter((record) => record.partition === partition)
        for (let time = 0; time <= 21; time++) {
          const first = here.findIndex(({ timestamp }) => timestamp >= time)
          const read = await collect(log.read(runTopic, { partition, from: { time } }))
          expect(read).toEqual(first < 0 ? [] : here.slice(first))
        }
      }
      const time = 10
      const together = await collect(log.read(runTopic, { from: { time } }))
      const alone = [0, 1, 2].map((partition) => collect(log.read(runTopic, { partition, from: { time } })))
      expect(together).toHaveLength((await Promise.all(alone)).flat().length)
    }),
    { numRuns: 20 },
  )
})
