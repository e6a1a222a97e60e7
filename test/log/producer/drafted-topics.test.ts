// The first send to a topic that is missing, while another process commits: nothing blocks, and the records are written with the
// topic that there is by then.
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { string } from '../../../src/core/serdes.ts'
import { topic } from '../../../src/core/topic.ts'
import { collect } from '../../support/collect.ts'
import { LockHolder } from '../../support/lock-holder.ts'
import { type OpenedLog, openTestLog } from '../../support/open.ts'
import { lines } from '../../support/topics.ts'

/** A constant of its own at each call, as in a program that makes one for each send. */
const fresh = (partitions?: number) => topic('fresh', { key: string(), value: string(), partitions })
const record = { key: 'k', value: 'v', timestamp: 1 }
const never = new Promise<never>(() => {})

/** A log beside a process that is frozen in its commit. */
async function besideFrozen(
  opened: OpenedLog = openTestLog(),
): Promise<OpenedLog & { readonly wake: () => Promise<void> }> {
  const holder = await LockHolder.of(opened.dir)
  await holder.take()
  holder.freeze()
  const wake = async (): Promise<void> => {
    holder.thaw()
    await holder.release()
  }
  return { ...opened, wake }
}

/** The event loop goes round some times. */
async function turns(): Promise<number> {
  let count = 0
  while (count < 20) {
    await turn()
    count++
  }
  return count
}

/** A log in which whoever comes first to a topic has to wait, for ever unless the log has news. */
function waitingLog(): OpenedLog & { readonly goOn: () => void } {
  const opened = openTestLog()
  const waits = vi.spyOn(opened.embedded.environment, 'inTurn').mockReturnValue(never)
  return { ...opened, goOn: () => waits.mockRestore() }
}

describe('a first send beside a process that is frozen in its commit', () => {
  test('does not stop the event loop, and all that was sent is there once and in order when it wakes', async () => {
    const { log, wake } = await besideFrozen()
    const [one, other] = [log.producer(), log.producer({ acks: 1 })]
    let done = 0
    const sends = ['a', 'b'].map(async (value) => {
      const { offset } = await one.send(fresh(), { ...record, value })
      done++
      return offset
    })
    const many = one.sendMany(fresh(1), [record, record])
    expect(await other.send(fresh(), { ...record, value: 'other' })).toMatchObject({ partition: 0, offset: null })
    expect(await turns()).toBe(20)
    sends.push(one.send(fresh(), { ...record, value: 'c' }).then(({ offset }) => offset))
    expect([done, (await log.admin.listTopics()).length]).toEqual([0, 0])
    expect(one.metrics()).toMatchObject({ pendingRecords: 5, records: 0 })
    const closed = other.close()
    await wake()
    await closed
    const [first = -1, second, third] = await Promise.all(sends)
    expect([second, third]).toEqual([first + 1, first + 4])
    expect((await many).partitions).toEqual([{ partition: 0, baseOffset: first + 2, count: 2 }])
    const values = (await collect(log.read(fresh()))).map(({ value }) => value)
    expect(values.filter((value) => value !== 'other')).toEqual(['a', 'b', 'v', 'v', 'c'])
    expect(values).toHaveLength(6)
    expect((await log.admin.listTopics()).map(({ name }) => name)).toEqual(['fresh'])
    expect(await log.admin.verify()).toMatchObject({ problems: [] })
  })

  test('says at once what it can know, and holds no more than it may', async () => {
    const { log, wake } = await besideFrozen()
    const producer = log.producer({ bufferBytes: 2_000 })
    const sent = producer.send(fresh(3), { ...record, partition: 2 })
    await expect(producer.send(fresh(3), { ...record, partition: 3 })).rejects.toMatchObject({ code: 'bad_record' })
    await expect(producer.send(fresh(4), record)).rejects.toMatchObject({ code: 'partitions_differ' })
    const large = producer.send(fresh(), { ...record, value: 'x'.repeat(2_000) })
    await expect(large).rejects.toMatchObject({ code: 'buffer_full' })
    await wake()
    expect(await sent).toEqual({ topic: 'fresh', partition: 2, offset: 0 })
  })

  test('in a transaction is written with it, and after an abort the topic is empty', async () => {
    const opened = openTestLog()
    const { log, embedded } = opened
    const [one, other] = ['one', 'other'].map((transactionalId) => log.producer({ transactionalId }))
    const { wake } = await besideFrozen(opened)
    const committed = one?.transaction((tx) => tx.sendMany(fresh(), [record, record]))
    const aborted = other?.transaction((tx) => {
      tx.send(topic('empty', { key: string(), value: string() }), record)
      throw new Error('no')
    })
    const ended = Promise.allSettled([aborted])
    expect(await turns()).toBe(20)
    await wake()
    expect(await committed).toEqual([{ topic: 'fresh', partition: 0, baseOffset: 0, count: 2 }])
    expect(await ended).toMatchObject([{ status: 'rejected', reason: { message: 'no' } }])
    expect(await log.admin.endOffsets('empty')).toEqual([0])
    expect(embedded.topics.list()).toHaveLength(2)
  })

  test('of a log that is closed is written before the log is', async () => {
    const { dir, log, wake } = await besideFrozen()
    await log.producer({ acks: 1 }).send(fresh(), record)
    const closed = log.close()
    expect(await turns()).toBe(20)
    await wake()
    await closed
    expect(await openTestLog(dir).log.admin.endOffsets(fresh())).toEqual([1])
  })
})

describe('records that waited for their topic', () => {
  test('are written to the one that another has created meanwhile', async () => {
    const { log, embedded, goOn } = waitingLog()
    const sent = log.producer().sendMany(fresh(), [record, record])
    goOn()
    embedded.ensureTopics([fresh()])
    expect((await sent).partitions).toEqual([{ partition: 0, baseOffset: 0, count: 2 }])
    expect(await collect(log.read(fresh()))).toHaveLength(2)
    expect(embedded.topics.list()).toHaveLength(1)
  })

  test('are refused when that has other partitions, alone, and can be sent again', async () => {
    const { log, embedded, goOn } = waitingLog()
    const producer = log.producer()
    const refused = producer.send(fresh(), record)
    const other = producer.send(lines, record)
    goOn()
    embedded.ensureTopics([fresh(4)])
    await expect(refused).rejects.toMatchObject({ code: 'partitions_differ', topic: 'fresh' })
    expect((await other).offset).toBe(0)
    expect(producer.metrics()).toMatchObject({ records: 1, pendingRecords: 0, failures: { partitions_differ: 1 } })
    expect((await producer.send(fresh(), record)).offset).toBe(0)
  })

  test('refuse their transaction as a whole when that has other partitions', async () => {
    const { log, embedded, goOn } = waitingLog()
    goOn()
    const producer = log.producer({ transactionalId: 'importer' })
    const refused = producer.transaction((tx) => {
      const waits = vi.spyOn(embedded.environment, 'inTurn').mockReturnValue(never)
      tx.send(fresh(), record)
      waits.mockRestore()
      tx.send(lines, record)
      embedded.ensureTopics([fresh(4)])
    })
    await expect(refused).rejects.toMatchObject({ code: 'partitions_differ', topic: 'fresh' })
    expect(await collect(log.read(lines))).toEqual([])
    expect(await producer.transaction((tx) => tx.send(fresh(), record))).toMatchObject([{ baseOffset: 0, count: 1 }])
  })

  test('take their topic along when their transaction is undone, and the next one creates it', async () => {
    const { log, embedded, goOn } = waitingLog()
    goOn()
    const producer = log.producer({ transactionalId: 'importer' })
    const send = (isRefused: boolean) =>
      producer.transaction((tx) => {
        const waits = vi.spyOn(embedded.environment, 'inTurn').mockReturnValue(never)
        tx.send(fresh(), record)
        waits.mockRestore()
        if (isRefused) tx.sendOffsets({ stageOffsets: () => ({ write: refuse, committed: refuse }) })
      })
    await expect(send(true)).rejects.toThrow('refused')
    expect(await log.admin.listTopics()).toEqual([])
    expect(await send(false)).toEqual([{ topic: 'fresh', partition: 0, baseOffset: 0, count: 1 }])
    expect(await log.admin.verify()).toMatchObject({ problems: [] })
  })
})

function refuse(): never {
  throw new Error('refused')
}
