// A key has its partition, Kafka's; records without a key are spread over all of them, flush by flush.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { partitionOf } from '../../../src/core/partitioner.ts'
import { int64, nullable, string } from '../../../src/core/serdes.ts'
import { topic } from '../../../src/core/topic.ts'
import { windowed } from '../../../src/core/windows/windowed.ts'
import { openTestLog } from '../../support/open.ts'
import { windowedTexts, windowSizeMs } from '../../support/serde-samples.ts'

describe('a key', () => {
  test('goes where murmur2 of its bytes says', async () => {
    const { log } = openTestLog()
    const producer = log.producer()
    const keyed = topic('keyed', { key: string(), value: int64(), partitions: 7 })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), async (keys) => {
        const sent = await Promise.all(keys.map((key) => producer.send(keyed, { key, value: 1 })))
        const expected = keys.map((key) => partitionOf(Buffer.from(key), 0, Buffer.byteLength(key), 7))
        expect(sent.map(({ partition }) => partition)).toEqual(expected)
      }),
      { numRuns: 20 },
    )
  })

  test('with a window goes where the key alone goes', async () => {
    const { log } = openTestLog()
    const producer = log.producer()
    const counts = topic('counts', { key: windowed(string(), { size: windowSizeMs }), value: int64(), partitions: 5 })
    const keys = fc.sample(windowedTexts, { numRuns: 60, seed: 7 })
    const sent = await Promise.all(keys.map((key) => producer.send(counts, { key, value: 1 })))
    for (const [index, { key }] of keys.entries()) {
      expect(sent[index]?.partition).toBe(partitionOf(Buffer.from(key), 0, Buffer.byteLength(key), 5))
    }
  })
})

describe('no key', () => {
  const keyless = topic('keyless', { key: nullable(string()), value: string(), partitions: 4 })
  const record = { key: null, value: 'a' }

  test('stays in one partition within a flush, and goes to all of them over some', async () => {
    const { log } = openTestLog()
    const producer = log.producer()
    const used: number[] = []
    for (let flush = 0; flush < 8; flush++) {
      const sent = await Promise.all([producer.send(keyless, record), producer.send(keyless, record)])
      expect(sent[0]?.partition).toBe(sent[1]?.partition)
      used.push(sent[0]?.partition ?? -1)
    }
    expect(new Set(used)).toEqual(new Set([0, 1, 2, 3]))
  })

  test('goes to one partition whichever typed constant of the topic it is sent with', async () => {
    const { log } = openTestLog()
    await log.admin.createTopic(keyless)
    const producer = log.producer()
    await producer.send(keyless, record)
    const anew = topic('keyless', { key: nullable(string()), value: string() })
    const sent = await Promise.all([producer.send(keyless, record), producer.send(anew, record)])
    expect(sent[0]?.partition).toBe(sent[1]?.partition)
  })

  test('goes on to the next partition when a batch is full', async () => {
    const { log } = openTestLog()
    const records = Array.from({ length: 400 }, () => record)
    await log.producer({ batchBytes: 500 }).sendMany(keyless, records)
    const ends = await log.admin.endOffsets(keyless)
    expect(Math.max(...ends) - Math.min(...ends)).toBeLessThan(150)
    expect(ends.reduce((sum, end) => sum + end, 0)).toBe(400)
  })
})
