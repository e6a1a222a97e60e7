// Transactions: all of one or nothing, and one producer of an id.
import { string, topic, type Transaction } from 'millrace'
import { expect } from 'vitest'
import { collect } from '../../support/collect.ts'
import { lines, words } from '../../support/topics.ts'
import type { Promises } from './implementation.ts'
import { committed, numbers, expectRefused, refusal, take, texts, valuesOf } from './helpers.ts'

const one = { key: 'a', value: 'b', timestamp: 1 }
const copies = topic('copies', { key: string(), value: string() })
const transactionalId = 'importer-1'
const never = new Promise<never>(() => {})
const assigned = { group: 'g', assign: [{ topic: lines, partition: 0 }], autoCommitMs: false } as const

export const transactions: Promises = {
  'the records of a transaction are in all their topics, and it says where': async ({ log, connect }) => {
    await log.producer().send(lines, one)
    const ranges = await log.producer({ transactionalId }).transaction(async (tx) => {
      tx.send(lines, one)
      tx.sendMany(copies, texts(2))
      await Promise.resolve()
      tx.send(lines, { ...one, value: 'c' })
    })
    expect(ranges).toEqual([
      { topic: 'lines', partition: 0, baseOffset: 1, count: 2 },
      { topic: 'copies', partition: 0, baseOffset: 0, count: 2 },
    ])
    const other = await connect()
    expect(await valuesOf(other.read(lines))).toEqual(['b', 'b', 'c'])
    expect(await valuesOf(other.read(copies))).toEqual(['0', '1'])
  },

  'nothing of a transaction is seen before its commit, and nothing ever when it is aborted': async ({
    log,
    connect,
  }) => {
    const other = await connect()
    await log.producer().send(lines, one)
    const producer = log.producer({ transactionalId })
    const seen = async (): Promise<string[]> => valuesOf(other.read(lines))
    const aborted = producer.transaction(async (tx) => {
      tx.sendMany(lines, texts(500))
      tx.send(words, one)
      await other.producer().send(copies, one) // whatever is on its way is there by then
      expect(await seen()).toEqual(['b'])
      throw new Error('changed my mind')
    })
    await expect(aborted).rejects.toThrow('changed my mind')
    expect(await seen()).toEqual(['b'])
    await producer.transaction((tx) => tx.send(lines, { ...one, value: 'later' }))
    expect(await seen()).toEqual(['b', 'later'])
    expect(await collect(other.read(words))).toEqual([])
  },

  'transactions leave no gaps in the offsets, committed or aborted': async ({ log }) => {
    const producer = log.producer({ transactionalId })
    await producer.transaction((tx) => tx.sendMany(lines, texts(2)))
    await refusal(() => producer.transaction((tx) => (tx.send(lines, one), tx.send(lines, { ...one, timestamp: -1 }))))
    await producer.transaction((tx) => tx.sendMany(lines, texts(1, 2)))
    await log.producer().sendMany(lines, texts(1, 3))
    expect((await collect(log.read(lines))).map(({ offset }) => offset)).toEqual([0, 1, 2, 3])
    expect(await log.admin.endOffsets(lines)).toEqual([4])
  },

  'a transaction that is open holds no reader back, at either isolation level': async ({ log, connect }) => {
    const other = await connect()
    await log.producer({ transactionalId }).transaction(async (tx) => {
      tx.send(lines, one)
      await other.producer().sendMany(lines, texts(3))
      expect(await valuesOf(other.read(lines))).toEqual(['0', '1', '2'])
    })
    expect(await collect(log.read(lines))).toHaveLength(4)
  },

  'positions are committed with the records of a transaction': async ({ log, connect }) => {
    await log.producer().sendMany(lines, texts(5))
    const consumer = log.consumer(assigned)
    const read = await take(consumer[Symbol.asyncIterator](), 3)
    await log.producer({ transactionalId }).transaction((tx) => {
      tx.sendMany(copies, read)
      tx.sendOffsets(consumer)
    })
    const other = await connect()
    expect(await valuesOf(other.read(copies))).toEqual(['0', '1', '2'])
    expect(await committed(other, 'g')).toEqual({ 'lines 0': 3 })
    const byItself = log.consumer({ group: 'g', topics: [lines] })
    const mixed = log.producer({ transactionalId }).transaction((tx) => tx.sendOffsets(byItself))
    expect((await refusal(() => mixed)).code).toBe('bad_option')
  },

  'positions stay where they were when the transaction is aborted': async ({ log }) => {
    await log.producer().sendMany(lines, texts(5))
    const consumer = log.consumer(assigned)
    const loop = consumer[Symbol.asyncIterator]()
    for (const record of await take(loop, 1)) await consumer.commit(record)
    await take(loop, 2)
    const aborted = log.producer({ transactionalId }).transaction((tx) => {
      tx.sendOffsets(consumer)
      throw new Error('no')
    })
    await expect(aborted).rejects.toThrow('no')
    expect(await committed(log, 'g')).toEqual({ 'lines 0': 1 })
    expect(consumer.position(lines, 0)).toBe(3)
  },

  'a transaction with positions that are refused is undone as a whole': async ({ log }) => {
    await log.producer().sendMany(lines, texts(5))
    const stranger = log.consumer(assigned)
    await take(stranger[Symbol.asyncIterator](), 3)
    const member = log.consumer({ group: 'g', topics: [lines], autoCommitMs: false })
    await collect(member, 1)
    const refused = log.producer({ transactionalId }).transaction((tx) => {
      tx.send(copies, one)
      tx.sendOffsets(stranger)
    })
    expect(await refusal(() => refused)).toMatchObject({ code: 'member_fenced' })
    expect(await collect(log.read(copies))).toEqual([])
    expect(await committed(log, 'g')).toEqual({})
  },

  'what is read, and written with its positions, is written once, whoever crashes': async ({ log, connect, crash }) => {
    await log.producer().sendMany(lines, texts(30))
    for (let start = 0; start < 30; start += 10) {
      const client = await connect()
      const consumer = client.consumer(assigned)
      const loop = consumer[Symbol.asyncIterator]()
      const producer = client.producer({ transactionalId })
      for (let round = 0; round < 2; round++) {
        const read = await take(loop, 5)
        await producer.transaction((tx) => {
          tx.sendMany(copies, read)
          tx.sendOffsets(consumer)
        })
      }
      if (start < 20) await take(loop, 3)
      void producer.transaction((tx) => (tx.send(copies, { ...one, value: 'lost' }), never)).catch(() => undefined) // ends with the test
      crash(client)
    }
    expect(await valuesOf(log.read(copies))).toEqual(numbers(0, 29))
  },

  'a producer is fenced by the next one of its id, also in the middle of a transaction': async ({ log, connect }) => {
    const other = await connect()
    const first = log.producer({ transactionalId })
    const unconcerned = log.producer({ transactionalId: 'importer-2' })
    await first.transaction((tx) => tx.send(lines, { ...one, value: 'first' }))
    const overtaken = first.transaction(async (tx) => {
      tx.send(lines, { ...one, value: 'overtaken' })
      await other.producer({ transactionalId }).transaction((next) => next.send(copies, one)) // elsewhere: the id counts
    })
    expect(await refusal(() => overtaken)).toMatchObject({ code: 'fenced' })
    expect(await refusal(() => first.transaction((tx) => tx.send(lines, one)))).toMatchObject({ code: 'fenced' })
    await unconcerned.transaction((tx) => tx.send(lines, { ...one, value: 'other' }))
    expect(await valuesOf(log.read(lines))).toEqual(['first', 'other'])
    expect(await collect(log.read(copies))).toHaveLength(1)
  },

  'a transaction that takes too long is aborted, whatever its function still does': async ({ log, clock }) => {
    const producer = log.producer({ transactionalId, transactionTimeoutMs: 1_000 })
    let tx: Transaction | undefined
    const slow = producer.transaction((given) => {
      tx = given
      given.send(lines, one)
      return never
    })
    clock.advance(1_000)
    expect(await refusal(() => slow)).toMatchObject({ code: 'transaction_timed_out' })
    expect(await refusal(() => tx?.send(lines, one))).toMatchObject({ code: 'transaction_timed_out' })
    await producer.transaction((next) => next.send(lines, { ...one, value: 'next' }))
    expect(await valuesOf(log.read(lines))).toEqual(['next'])
  },

  'a transaction that is too large is refused, and nothing of it is written': async ({ log }) => {
    const producer = log.producer({ transactionalId, transactionMaxBytes: 5_000 })
    const large = { key: 'a', value: 'x'.repeat(2_000) }
    const refused = producer.transaction((tx) => tx.sendMany(lines, [large, large, large]))
    expect(await refusal(() => refused)).toMatchObject({ code: 'transaction_too_large' })
    await producer.transaction((tx) => tx.sendMany(lines, [large, large]))
    expect(await collect(log.read(lines))).toHaveLength(2)
  },

  'a producer has one transaction at a time, and a second one does not harm the first': async ({ log }) => {
    const producer = log.producer({ transactionalId })
    await producer.transaction(async (tx) => {
      tx.send(lines, one)
      const second = await refusal(() => producer.transaction(() => undefined))
      expect(second).toMatchObject({ code: 'invalid_transaction_state' })
    })
    expect(await collect(log.read(lines))).toHaveLength(1)
  },

  'only a producer with a transactionalId has transactions, and it writes in nothing else': async ({ log }) => {
    const producer = log.producer({ transactionalId })
    await expectRefused('invalid_transaction_state', [
      () => producer.send(lines, one),
      () => producer.sendMany(lines, [one]),
      () => log.producer().transaction(() => undefined),
    ])
    for (const options of [{ acks: 1 }, { acks: 0 }, { idempotent: false }] as const) {
      expect((await refusal(() => log.producer({ ...options, transactionalId }))).code).toBe('bad_option')
    }
  },

  'a transaction is aborted when its producer or its client is closed': async ({ connect, log }) => {
    const client = await connect()
    const hang = (tx: Transaction): Promise<never> => (tx.send(lines, one), never)
    const producer = client.producer({ transactionalId })
    const first = refusal(() => producer.transaction(hang))
    await producer.close()
    expect((await first).code).toBe('closed')
    expect((await refusal(() => producer.transaction(() => undefined))).code).toBe('closed')
    const second = refusal(() => client.producer({ transactionalId }).transaction(hang))
    await client.close()
    expect((await second).code).toBe('closed')
    expect(await collect(log.read(lines))).toEqual([])
  },
}
