// A producer claims its transactionalId in turn: while another process commits nothing blocks, and no function of a transaction
// runs before the one that had the id is fenced.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ManualClock } from 'millrace'
import { collect } from '../../support/collect.ts'
import { LockHolder } from '../../support/lock-holder.ts'
import { openTestLog } from '../../support/open.ts'
import { rejectionOf } from '../../support/thrown.ts'
import { lines } from '../../support/topics.ts'

const record = { key: 'a', value: 'b', timestamp: 1 }
const transactionalId = 'importer-1'

async function openedBesideHolder() {
  const opened = openTestLog()
  await opened.log.admin.createTopic(lines)
  return { ...opened, holder: await LockHolder.of(opened.dir) }
}

test('a claim beside a process that is frozen in its commit does not stop the event loop, and fences when it wakes', async () => {
  const { log, holder } = await openedBesideHolder()
  const older = log.producer({ transactionalId })
  await holder.take()
  holder.freeze()
  const newer = log.producer({ transactionalId })
  let ran = false
  const committed = newer.transaction((tx) => {
    ran = true
    tx.send(lines, { ...record, value: 'newer' })
  })
  const overtaken = older.transaction((tx) => tx.send(lines, { ...record, value: 'older' }))
  const fenced = Promise.allSettled([overtaken])
  await expect(newer.transaction(() => undefined)).rejects.toMatchObject({ code: 'invalid_transaction_state' })
  let turns = 0
  for (; turns < 20; turns++) await turn()
  expect([turns, ran]).toEqual([20, false])
  holder.thaw()
  await holder.release()
  expect(await committed).toMatchObject([{ topic: 'lines', baseOffset: 0, count: 1 }])
  expect(await fenced).toMatchObject([{ status: 'rejected', reason: { code: 'fenced' } }])
  expect((await collect(log.read(lines))).map(({ value }) => value)).toEqual(['newer'])
})

test('what has nothing to commit is closed beside a process that is frozen in its commit', async () => {
  const { log, holder } = await openedBesideHolder()
  const producer = log.producer()
  await producer.send(lines, record)
  const reader = log.consumer({ topics: [lines] })
  const reading = reader[Symbol.asyncIterator]()
  await reading.next()
  const next = reading.next()
  const assigned = log.consumer({ group: 'g', assign: [{ topic: lines, partition: 0 }] })
  await assigned[Symbol.asyncIterator]().next()
  await holder.take()
  holder.freeze()
  await Promise.all([producer.flush(), producer.close(), reader.close(), assigned.close()])
  expect(await next).toMatchObject({ done: true })
  await log.close()
})

test.each(['its time is up', 'its producer is closed'])(
  'a transaction whose commit waits for a frozen process ends when %s, and is not written when that process wakes',
  async (why) => {
    const { log, holder } = await openedBesideHolder()
    const clock = new ManualClock()
    const producer = log.producer({ transactionalId, transactionTimeoutMs: 1_000, clock })
    await producer.transaction((tx) => tx.send(lines, record))
    await holder.take()
    holder.freeze()
    const waits = producer.transaction((tx) => tx.send(lines, { ...record, value: 'late' }))
    const ended = rejectionOf(waits)
    await turn()
    if (why === 'its time is up') clock.advance(1_000)
    else void producer.close()
    expect(await ended).toMatchObject({ code: why === 'its time is up' ? 'transaction_timed_out' : 'closed' })
    holder.thaw()
    await holder.release()
    await log.producer({ transactionalId: 'another' }).transaction((tx) => tx.send(lines, { ...record, value: 'next' }))
    expect((await collect(log.read(lines))).map(({ value }) => value)).toEqual(['b', 'next'])
  },
)

test('claims of one id are made in the order in which their producers were opened', async () => {
  const { log, holder } = await openedBesideHolder()
  await holder.take()
  const producers = [1, 2, 3].map(() => log.producer({ transactionalId }))
  const ends = Promise.allSettled(producers.map((one) => one.transaction((tx) => tx.send(lines, record))))
  await turn()
  await holder.release()
  expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
  expect(await collect(log.read(lines))).toHaveLength(1)
})

test('a producer that is closed while its claim waits runs no transaction, and has fenced the older one once it is closed', async () => {
  const { log, holder } = await openedBesideHolder()
  const older = log.producer({ transactionalId })
  await holder.take()
  const producer = log.producer({ transactionalId })
  let ran = false
  const refused = producer.transaction(() => {
    ran = true
  })
  const closed = producer.close()
  await expect(refused).rejects.toMatchObject({ code: 'closed' })
  await holder.release()
  await closed
  expect(ran).toBe(false)
  await expect(older.transaction(() => undefined)).rejects.toMatchObject({ code: 'fenced' })
})

test('a claim that fails is told by every call that waits for it', async () => {
  const { dir, log, holder } = await openedBesideHolder()
  await holder.take()
  const producer = log.producer({ transactionalId })
  const ends = Promise.allSettled([producer.transaction(() => undefined), producer.flush()])
  rmSync(join(dir, 'data.mdb'))
  await holder.release()
  for (const end of await ends) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'storage_failed' } })
  await expect(producer.transaction(() => undefined)).rejects.toMatchObject({ code: 'storage_failed' })
  await expect(log.close()).rejects.toMatchObject({ code: 'storage_failed' })
})
