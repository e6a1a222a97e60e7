// A deleted topic is gone with its records, also when the deletion was cut short; who still uses it is told.
import { describe, expect, test, vi } from 'vitest'
import { MillraceError } from '../../../src/core/errors.ts'
import type { DatabaseName } from '../../../src/storage/databases.ts'
import { collect, collectUntilError } from '../../support/collect.ts'
import { type OpenedLog, openTestLog } from '../../support/open.ts'
import { lines, words } from '../../support/topics.ts'

/** What the event loop has ready by now runs before this resolves. */
const turn = <T>(value: T): Promise<T> =>
  new Promise((resolve) => {
    setImmediate(resolve, value)
  })

const recordsOf = (count: number): { key: string; value: string; timestamp: number }[] =>
  Array.from({ length: count }, (_, index) => ({ key: `key ${index}`, value: `value ${index}`, timestamp: index }))

/** Everything on disk that belongs to partitions of topics. */
function rows({ environment }: OpenedLog): Readonly<Record<'batches' | 'times' | 'partitions' | 'topics', number>> {
  environment.refresh()
  const count = (database: DatabaseName): number =>
    environment.range(database, Buffer.of(0), Buffer.alloc(20, 255), 10_000).length
  return { batches: count('batches'), times: count('times'), partitions: count('partitions'), topics: count('topics') }
}

const nothing = { batches: 0, times: 0, partitions: 0, topics: 0 }

/** A log with two topics, and so many batches of `words` that they are not removed in one step. */
async function filledLog(): Promise<OpenedLog> {
  const opened = openTestLog()
  const producer = opened.log.producer({ batchBytes: 1 })
  await producer.sendMany(words, recordsOf(1_200))
  await producer.sendMany(lines, recordsOf(5))
  await producer.close()
  return opened
}

describe('a deleted topic', () => {
  test('is gone, with every row of it, and nothing else is', async () => {
    const opened = await filledLog()
    const { log } = opened
    await log.admin.deleteTopic(words)
    expect(rows(opened)).toEqual({ batches: 5, times: 5, partitions: 1, topics: 1 })
    expect((await log.admin.listTopics()).map(({ name }) => name)).toEqual(['lines'])
    expect(await collect(log.read(words))).toEqual([])
    expect(await collect(log.read(lines))).toHaveLength(5)
    await log.admin.deleteTopic('lines')
    expect(rows(opened)).toEqual(nothing)
  })

  test('takes the positions of groups in it along, and no others', async () => {
    const { log, embedded } = await filledLog()
    for (const group of ['g', 'h']) {
      const consumer = log.consumer({ group, topics: [words, lines], autoCommitMs: false })
      const loop = consumer[Symbol.asyncIterator]()
      await loop.next()
      const positions = [0, 1, 2, 3].map((partition) => ({ topic: 'words', partition, offset: 1 }))
      await consumer.commit([...positions, { topic: 'lines', partition: 0, offset: 2 }])
    }
    await log.admin.deleteTopic(words)
    for (const group of ['g', 'h']) expect(embedded.positions.list(group)).toMatchObject([{ partition: 0, offset: 2 }])
    expect(await log.admin.lag('g')).toMatchObject([{ topic: 'lines', offset: 2 }])
  })

  test('leaves nothing to a new one of the same name', async () => {
    const { log } = await filledLog()
    await log.admin.deleteTopic(lines)
    await log.admin.createTopic(lines)
    expect(await collect(log.read(lines))).toEqual([])
    expect(await collect(log.read(lines, { from: { time: 0 } }))).toEqual([])
    const sent = await log.producer().send(lines, { key: 'new', value: 'new', timestamp: 1 })
    expect(sent).toEqual({ topic: 'lines', partition: 0, offset: 0 })
    expect(await collect(log.read(lines, { from: { time: 1 } }))).toMatchObject([{ offset: 0, value: 'new' }])
  })

  test('may come back with other partitions', async () => {
    const { log } = await filledLog()
    await log.admin.deleteTopic(words)
    await log.admin.createTopic({ name: 'words', partitions: 2 })
    expect(await log.admin.endOffsets('words')).toEqual([0, 0])
  })
})

describe('a deletion that is cut short', () => {
  test.each([1, 2, 4])('after %i steps is finished by the maintenance of whoever opens the log next', async (steps) => {
    const opened = await filledLog()
    const { environment, log, dir } = opened
    const write = environment.write.bind(environment)
    let done = 0
    vi.spyOn(environment, 'write').mockImplementation((work) => {
      if (done++ >= steps) throw new MillraceError('storage_failed', 'the process died here')
      return write(work)
    })
    await expect(log.admin.deleteTopic(words)).rejects.toMatchObject({ code: 'storage_failed' })
    expect(rows(opened).batches).toBeGreaterThan(5)
    await environment.close()

    const again = openTestLog(dir)
    await again.log.admin.runMaintenance()
    expect(rows(again)).toEqual({ batches: 5, times: 5, partitions: 1, topics: 1 })
    expect(await collect(again.log.read(lines))).toHaveLength(5)
  })
})

describe('who still uses a deleted topic', () => {
  const gone = { code: expect.stringMatching(/^(topic_unknown|position_lost)$/) }

  test('as a producer is never told that a record is written that nobody can read', async () => {
    const opened = await filledLog()
    const { log } = opened
    const producer = log.producer()
    await producer.send(lines, { key: 'old', value: 'old' })
    await log.admin.deleteTopic(lines)
    const outcome = await producer.send(lines, { key: 'new', value: 'new' }).catch((error: unknown) => error)
    if (outcome instanceof Error) {
      expect(outcome).toMatchObject(gone)
      await log.admin.deleteTopic(words)
      expect(rows(opened)).toEqual(nothing)
    } else {
      expect(await collect(log.read(lines))).toMatchObject([{ ...(outcome as object), value: 'new' }])
    }
  })

  test('as a producer of a new topic of that name writes to the new one', async () => {
    const { log } = await filledLog()
    const producer = log.producer()
    await producer.send(lines, { key: 'old', value: 'old' })
    await log.admin.deleteTopic(lines)
    await log.admin.createTopic(lines)
    const outcome = await producer.send(lines, { key: 'new', value: 'new' }).catch((error: unknown) => error)
    const records = await collect(log.read(lines))
    if (outcome instanceof Error) expect({ outcome, records }).toMatchObject({ outcome: gone, records: [] })
    else expect(records).toMatchObject([{ ...(outcome as object), value: 'new' }])
  })

  test('as a reader is told, and does not take it for the end', async () => {
    const { log } = await filledLog()
    const reading = log.read(words)[Symbol.asyncIterator]()
    expect(await reading.next()).toMatchObject({ done: false })
    await log.admin.deleteTopic(words)
    const rest = await collectUntilError({ [Symbol.asyncIterator]: () => reading })
    expect(rest.error).toMatchObject(gone)
  })

  test('as a reader that follows is told', async () => {
    const { log } = await filledLog()
    const reading = log.read(lines, { follow: true, from: 5 })[Symbol.asyncIterator]()
    const told = reading.next().catch((error: unknown) => error)
    await log.admin.deleteTopic(lines)
    const turns = Promise.resolve('not told').then(turn).then(turn)
    const outcome = await Promise.race([told, turns])
    expect(outcome).toMatchObject(gone)
  })
})
