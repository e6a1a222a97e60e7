// Many records in one call are written all or not at all, and what was sent beside them is written either way.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MillraceError } from '../../../src/core/errors.ts'
import { partitionOf } from '../../../src/core/partitioner.ts'
import type { RecordInput } from '../../../src/core/record.ts'
import { int64, json, string } from '../../../src/core/serdes.ts'
import { topic } from '../../../src/core/topic.ts'
import type { SendManyResult, SendResult } from '../../../src/log/producer/delivery.ts'
import { collect } from '../../support/collect.ts'
import { openTestLog } from '../../support/open.ts'
import { rejectionOf } from '../../support/thrown.ts'

const numbers = topic('numbers', { key: string(), value: int64(), partitions: 3 })
const unencodable = 0.5

test('records may come out of any iterable', async () => {
  const { log } = openTestLog()
  function* three(): Generator<{ key: string; value: number }> {
    for (let value = 0; value < 3; value++) yield { key: 'k', value }
  }
  expect(await log.producer().sendMany(numbers, three())).toMatchObject({ count: 3 })
})

describe('one record that cannot be written', () => {
  const good = (value: number): { key: string; value: number } => ({ key: `key ${value % 5}`, value })

  test('may also be one that the iterable throws at', async () => {
    const { log } = openTestLog()
    const producer = log.producer()
    function* breaking(): Generator<{ key: string; value: number }> {
      yield good(1)
      throw new Error('the file ends here')
    }
    await expect(producer.sendMany(numbers, breaking())).rejects.toThrow('the file ends here')
    expect((await producer.send(numbers, good(1))).offset).toBe(0)
  })

  test('does not take back what the iterable itself sends meanwhile', async () => {
    const { log } = openTestLog()
    const producer = log.producer()
    const sends: Promise<SendResult>[] = []
    function* sending(): Generator<{ key: string; value: number }> {
      yield good(1)
      sends.push(producer.send(numbers, good(1_001)))
      yield { key: 'a', value: unencodable }
    }
    await expect(producer.sendMany(numbers, sending())).rejects.toMatchObject({ code: 'encode_failed' })
    const [sent] = await Promise.all(sends)
    expect(await collect(log.read(numbers))).toMatchObject([{ ...sent, value: 1_001 }])
  })

  test('gives back the room that the others took in the buffer', async () => {
    const { log } = openTestLog()
    const producer = log.producer({ bufferBytes: 4_000, batchBytes: 100 })
    const records = [...Array.from({ length: 40 }, (_, i) => good(i)), { key: 'a', value: unencodable }]
    for (let i = 0; i < 20; i++) {
      await expect(producer.sendMany(numbers, records)).rejects.toMatchObject({ code: 'encode_failed' })
    }
    expect(await producer.sendMany(numbers, records.slice(0, 40))).toMatchObject({ count: 40 })
  })
})

test('calls of few records share a batch, as single sends do', async () => {
  const { log } = openTestLog()
  const producer = log.producer()
  const calls = Array.from({ length: 500 }, (_, value) => producer.sendMany(numbers, [{ key: 'a', value }]))
  await Promise.all(calls)
  expect(producer.metrics()).toMatchObject({ records: 500, batches: 1 })
})

test('whatever is sent and refused in whatever order, exactly the accepted records are stored, in order, where their results say', async () => {
  const { log } = openTestLog()
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  const timestamp = fc.nat({ max: 1_000_000 })
  const input = fc.record({ key, timestamp, pad: fc.nat({ max: 20 }) })
  type Step =
    | { readonly send: Given; readonly isBroken: boolean }
    | { readonly many: readonly Given[]; readonly brokenAt: number | undefined }
    | 'flush'
  interface Given {
    readonly key: string
    readonly timestamp: number
    readonly pad: number
  }
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ send: input, isBroken: fc.boolean() }),
    fc.record({
      many: fc.array(input, { maxLength: 12 }),
      brokenAt: fc.option(fc.nat({ max: 12 }), { nil: undefined }),
    }),
    fc.constant<Step>('flush'),
  )
  const options = fc.record({
    batchBytes: fc.constantFrom(1, 90, 300, 100_000),
    compression: fc.constantFrom('none' as const, 'gzip' as const),
  })
  let runs = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), options, async (steps, how) => {
      const producer = log.producer({ ...how, lingerMs: 60_000 })
      const runTopic = topic(`run-${runs++}`, { key: string(), value: json<unknown>(), partitions: 2 })
      await log.admin.createTopic(runTopic)
      let next = 0
      const recordOf = ({ pad, ...given }: Given, isBroken: boolean): RecordInput<string, unknown> => ({
        ...given,
        value: isBroken ? 1n : [next++, 'x'.repeat(pad)], // JSON has no bigint
      })
      const accepted: RecordInput<string, unknown>[] = []
      const sends: Promise<readonly [SendResult, unknown]>[] = []
      const manies: Promise<readonly [SendManyResult, number]>[] = []
      const refused: Promise<unknown>[] = []
      for (const each of steps) {
        if (each === 'flush') {
          await producer.flush()
        } else if ('send' in each) {
          const record = recordOf(each.send, each.isBroken)
          const sent = producer.send(runTopic, record)
          if (each.isBroken) refused.push(rejectionOf(sent))
          else {
            accepted.push(record)
            sends.push(sent.then((result) => [result, record.value] as const))
          }
        } else {
          const records = each.many.map((given, index) => recordOf(given, index === each.brokenAt))
          const sent = producer.sendMany(runTopic, records)
          if (each.brokenAt !== undefined && each.brokenAt < records.length) refused.push(rejectionOf(sent))
          else {
            accepted.push(...records)
            manies.push(sent.then((result) => [result, records.length] as const))
          }
        }
      }
      await producer.close()
      for (const { code } of (await Promise.all(refused)) as readonly MillraceError[])
        expect(code).toBe('encode_failed')
      const stored = await collect(log.read(runTopic))
      for (const partition of [0, 1]) {
        expect(
          stored
            .filter((record) => record.partition === partition)
            .map((record) => ({ key: record.key, timestamp: record.timestamp, value: record.value })),
        ).toEqual(accepted.filter((record) => partitionOfText(record.key, 2) === partition))
      }
      const valueAt = new Map(stored.map(({ partition, offset, value }) => [`${partition} ${offset}`, value]))
      for (const [{ partition, offset }, value] of await Promise.all(sends)) {
        expect(valueAt.get(`${partition} ${offset}`)).toEqual(value)
      }
      for (const [{ partitions }, count] of await Promise.all(manies)) {
        expect(partitions.reduce((sum, partition) => sum + partition.count, 0)).toBe(count)
      }
    }),
    { numRuns: 60 },
  )
})

function partitionOfText(text: string, partitions: number): number {
  return partitionOf(Buffer.from(text), 0, Buffer.byteLength(text), partitions)
}
