// Many records in one call are written all or not at all, and what was sent beside them is written either way.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { int64, string } from '../../src/core/serdes.ts'
import { topic, type Topic } from '../../src/core/topic.ts'
import type { SendManyResult, SendResult } from '../../src/log/delivery.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'

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

test('whatever is sent in whatever order, exactly the accepted records are stored, where their results say', async () => {
  const { log } = openTestLog()
  const producer = log.producer({ batchBytes: 90 })
  const keys = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  type Step = { readonly send: string } | { readonly many: readonly string[]; readonly broken: boolean } | 'flush'
  const steps: fc.Arbitrary<Step> = fc.oneof(
    keys.map((send) => ({ send })),
    fc.record({ many: fc.array(keys, { maxLength: 12 }), broken: fc.boolean() }),
    fc.constant<Step>('flush'),
  )
  let runs = 0
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 15 }), async (list) => {
      const runTopic: Topic<string, number> = topic(`run-${runs++}`, { key: string(), value: int64(), partitions: 3 })
      let next = 0
      const accepted: number[] = []
      const sends: Promise<readonly [SendResult, number]>[] = []
      const manies: Promise<SendManyResult | undefined>[] = []
      for (const step of list) {
        if (step === 'flush') {
          await producer.flush()
        } else if ('send' in step) {
          const value = next++
          accepted.push(value)
          sends.push(producer.send(runTopic, { key: step.send, value }).then((sent) => [sent, value] as const))
        } else {
          const values = step.many.map(() => next++)
          const records = step.many.map((key, i) => ({ key, value: values[i] ?? -1 }))
          if (step.broken) records.push({ key: 'a', value: unencodable })
          else accepted.push(...values)
          manies.push(producer.sendMany(runTopic, records).catch(() => undefined))
        }
      }
      await producer.flush()
      await Promise.all(manies)
      await producer.sendMany(runTopic, []) // makes the topic, where nothing was sent to it
      const stored = await collect(log.read(runTopic))
      expect(stored.map(({ value }) => value).sort((a, b) => a - b)).toEqual(accepted)
      const valueAt = new Map(stored.map(({ partition, offset, value }) => [`${partition} ${offset}`, value]))
      for (const [{ partition, offset }, value] of await Promise.all(sends)) {
        expect(valueAt.get(`${partition} ${offset}`)).toBe(value)
      }
    }),
    { numRuns: 60 },
  )
})
