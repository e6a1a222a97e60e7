// While another process commits, producers, transactions and consumers wait without blocking the event loop, and keep what they
// promise: the order of records, one commit for a transaction, and that whoever closes waits for what is under way.
import { setTimeout as timer } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openLog } from '../../src/log/log.ts'
import { string } from '../../src/core/serdes.ts'
import { topic } from '../../src/core/topic.ts'
import { LockHolder } from '../support/lock-holder.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const letters = topic('letters', { key: string(), value: string(), partitions: 1 })

async function heldLog() {
  const dir = temporaryDirectory()
  const log = await openLog(dir, { maintenance: false })
  await log.admin.createTopic(letters)
  const holder = await LockHolder.of(dir)
  return { dir, log, holder }
}

describe('while another process commits', () => {
  test('sends wait, timers do not, and the records are in the order of the sends', async () => {
    const { log, holder } = await heldLog()
    const producer = log.producer()
    await producer.send(letters, { key: 'k', value: 'first' })
    await holder.take()
    const order: string[] = []
    const sends: Promise<number>[] = []
    for (const value of ['a', 'b', 'c']) {
      sends.push(
        producer.send(letters, { key: 'k', value }).then(({ offset }) => {
          order.push(value)
          return offset
        }),
      )
      await timer(2)
      order.push('timer')
    }
    const closed = producer.close().then(() => order.push('closed'))
    await holder.release()
    expect(await Promise.all(sends)).toEqual([1, 2, 3])
    await closed
    expect(order).toEqual(['timer', 'timer', 'timer', 'a', 'b', 'c', 'closed'])
    await log.close()
  })

  test('a transaction waits, takes no more records meanwhile, and is one commit', async () => {
    const { log, holder } = await heldLog()
    const producer = log.producer({ transactionalId: 'importer' })
    await holder.take()
    let leaked: { send: (to: typeof letters, record: { key: string; value: string }) => unknown } | undefined
    const done = producer.transaction((tx) => {
      leaked = tx
      tx.send(letters, { key: 'k', value: 'a' })
      tx.send(letters, { key: 'k', value: 'b' })
    })
    await timer(2)
    expect(() => leaked?.send(letters, { key: 'k', value: 'late' })).toThrow(
      expect.objectContaining({ code: 'invalid_transaction_state' }),
    )
    await holder.release()
    expect(await done).toMatchObject([{ topic: 'letters', baseOffset: 0, count: 2 }])
    await log.close()
  })

  test('a transaction that is aborted while it waits writes nothing', async () => {
    const { log, holder } = await heldLog()
    const producer = log.producer({ transactionalId: 'importer' })
    await holder.take()
    const done = producer.transaction((tx) => tx.send(letters, { key: 'k', value: 'a' }))
    await timer(2)
    const ended = Promise.allSettled([done])
    const closed = producer.close()
    await holder.release()
    expect(await ended).toMatchObject([{ status: 'rejected', reason: { code: 'closed' } }])
    await closed
    expect(await log.admin.endOffsets(letters)).toEqual([0])
    await log.close()
  })

  test('a log that is closed waits for what its producers have sent', async () => {
    const { dir, log, holder } = await heldLog()
    const producer = log.producer({ acks: 1 })
    await holder.take()
    await producer.send(letters, { key: 'k', value: 'a' })
    const closed = log.close()
    await timer(2)
    await holder.release()
    await closed
    const again = await openLog(dir, { maintenance: false })
    expect(await again.admin.endOffsets(letters)).toEqual([1])
    await again.close()
  })

  test('a consumer commits when it may', async () => {
    const { log, holder } = await heldLog()
    await log.producer().send(letters, { key: 'k', value: 'a' })
    const consumer = log.consumer({ topics: [letters], group: 'readers', autoCommitMs: false })
    for await (const record of consumer) {
      await holder.take()
      const committed = consumer.commit(record)
      await timer(2)
      await holder.release()
      await committed
      break
    }
    await consumer.close()
    expect(await log.admin.lag('readers')).toMatchObject([{ offset: 1, records: 0 }])
    await log.close()
  })
})
