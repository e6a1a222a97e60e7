// A transaction is there as a whole or not at all, with the positions that it takes along; and one producer of an id writes.
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { ManualClock } from '../../../src/core/clock.ts'
import { json, string } from '../../../src/core/serdes.ts'
import { topic } from '../../../src/core/topic.ts'
import type { Transaction } from '../../../src/log/producer/face.ts'
import { collect } from '../../support/collect.ts'
import { type OpenedLog, openTestLog } from '../../support/open.ts'
import { openSession } from '../../support/sessions.ts'
import { StandInConsumer } from '../../support/stand-in-consumer.ts'
import { lines, words } from '../../support/topics.ts'

const record = { key: 'a', value: 'b', timestamp: 1 }
const transactionalId = 'importer-1'
const never = new Promise<never>(() => {})

/** Everything that a log shows of its records and positions. */
async function contents({ log, embedded }: OpenedLog): Promise<unknown> {
  const topics = (await log.admin.listTopics()).map(({ name }) => topic(name, { key: string(), value: string() }))
  const records = await Promise.all(topics.map((each) => collect(log.read(each))))
  return { records, positions: embedded.positions.names().map((name) => embedded.positions.list(name)) }
}

describe('a transaction', () => {
  test('writes records of any topics in one commit, and says where they are', async () => {
    const { log } = openTestLog()
    await log.producer().send(lines, record)
    const producer = log.producer({ transactionalId })
    let commits = 0
    const ranges = await producer.transaction(async (tx) => {
      tx.send(lines, record)
      tx.sendMany(words, [
        { key: 'one', value: '1' },
        { key: 'one', value: '2' },
      ])
      await Promise.resolve()
      tx.send(lines, { ...record, value: 'c' })
      commits = producer.metrics().commits
    })
    expect(commits).toBe(0)
    expect(producer.metrics()).toMatchObject({ commits: 1, records: 4, transactionsCommitted: 1 })
    const partition = (await collect(log.read(words)))[0]?.partition
    expect(ranges).toEqual([
      { topic: 'lines', partition: 0, baseOffset: 1, count: 2 },
      { topic: 'words', partition, baseOffset: 0, count: 2 },
    ])
    expect((await collect(log.read(lines))).map(({ value }) => value)).toEqual(['b', 'b', 'c'])
  })

  test('shows nothing before its commit, and nothing after an abort', async () => {
    const opened = openTestLog()
    const producer = opened.log.producer({ transactionalId })
    await opened.log.producer().send(lines, record)
    const consumer = new StandInConsumer(opened.embedded, lines, 'readers')
    consumer.poll(1)
    await producer.transaction((tx) => tx.send(words, record))
    const before = await contents(opened)
    const aborted = producer.transaction(async (tx) => {
      tx.sendMany(
        lines,
        Array.from({ length: 1_000 }, () => ({ ...record, value: 'x'.repeat(1_000) })),
      )
      tx.send(words, record)
      tx.sendOffsets(consumer)
      expect(await contents(opened)).toEqual(before)
      throw new Error('changed my mind')
    })
    await expect(aborted).rejects.toThrow('changed my mind')
    expect(await contents(opened)).toEqual(before)
    expect(producer.metrics()).toMatchObject({ transactionsAborted: 1, pendingRecords: 0, pendingBytes: 0 })
    await producer.transaction((tx) => tx.send(lines, { ...record, value: 'later' }))
    expect((await collect(opened.log.read(lines))).map(({ value, offset }) => [offset, value])).toEqual([
      [0, 'b'],
      [1, 'later'],
    ])
  })

  test('commits the positions of a consumer with its records, and tells the consumer', async () => {
    const opened = openTestLog()
    await opened.log.producer().sendMany(lines, [record, record, record])
    const producer = opened.log.producer({ transactionalId })
    const consumer = new StandInConsumer(opened.embedded, lines, 'copies')
    await producer.transaction((tx) => {
      for (const { key, value } of consumer.poll(2)) tx.send(words, { key, value })
      tx.sendOffsets(consumer)
      expect(consumer.committed).toBe(-1)
    })
    expect(consumer.committed).toBe(2)
    expect(new StandInConsumer(opened.embedded, lines, 'copies').position).toBe(2)
    expect(await collect(opened.log.read(words))).toHaveLength(2)
  })

  test.each(['another directory', 'the same directory, opened again'])(
    'is undone as a whole when its consumer reads through another log: %s',
    async (where) => {
      const opened = openTestLog()
      opened.embedded.ensureTopics([lines])
      const other = openTestLog(where === 'another directory' ? undefined : opened.dir)
      await other.log.producer().sendMany(lines, [record, record])
      const consumer = other.log.consumer({ group: 'copies', topics: [lines], autoCommitMs: false })
      await consumer[Symbol.asyncIterator]().next()
      const before = await contents(opened)
      const refused = opened.log.producer({ transactionalId }).transaction((tx) => {
        tx.send(lines, record)
        tx.sendOffsets(consumer)
      })
      await expect(refused).rejects.toMatchObject({
        code: 'bad_option',
        message: expect.stringContaining('of the same openLog'),
      })
      expect(await contents(opened)).toEqual(before)
      await consumer.commit()
      expect(await other.log.admin.lag('copies')).toMatchObject([{ topic: 'lines', offset: 1 }])
    },
  )

  test('is undone as a whole when the positions are refused: those of an application belong to it', async () => {
    const opened = openTestLog()
    await opened.log.producer().send(lines, record)
    openSession(opened.embedded, 'counter')
    const before = await contents(opened)
    const consumer = new StandInConsumer(opened.embedded, lines, 'counter')
    consumer.poll(1)
    const producer = opened.log.producer({ transactionalId })
    const refused = producer.transaction((tx) => {
      tx.send(lines, record)
      tx.sendOffsets(consumer)
    })
    await expect(refused).rejects.toMatchObject({ code: 'owned_by_application' })
    expect(consumer.committed).toBe(-1)
    expect(await contents(opened)).toEqual(before)
  })

  test('is undone as a whole when one of its topics was deleted meanwhile', async () => {
    const opened = openTestLog()
    await opened.log.producer().send(lines, record)
    opened.embedded.ensureTopics([words])
    const producer = opened.log.producer({ transactionalId })
    const refused = producer.transaction(async (tx) => {
      tx.send(lines, record)
      tx.send(words, record)
      await opened.log.admin.deleteTopic(words)
    })
    await expect(refused).rejects.toMatchObject({ code: 'topic_unknown', topic: 'words' })
    expect(await collect(opened.log.read(lines))).toHaveLength(1)
    expect(await producer.transaction((tx) => tx.send(words, record))).toMatchObject([{ topic: 'words', count: 1 }])
  })

  test('that is caught to be too large goes on without the record that was one too many', async () => {
    const { log } = openTestLog()
    const producer = log.producer({ transactionalId, transactionMaxBytes: 5_000 })
    const large = { key: 'a', value: 'x'.repeat(2_000) }
    await expect(producer.transaction((tx) => tx.sendMany(lines, [large, large, large]))).rejects.toMatchObject({
      code: 'transaction_too_large',
      message: expect.stringContaining('5000'),
    })
    const codes: unknown[] = []
    const ranges = await producer.transaction((tx) => {
      for (let i = 0; i < 4; i++) {
        try {
          tx.send(lines, large)
        } catch (error) {
          codes.push((error as { code: unknown }).code)
        }
      }
    })
    expect(codes).toEqual(['transaction_too_large', 'transaction_too_large'])
    expect(ranges).toMatchObject([{ baseOffset: 0, count: 2 }])
  })

  test('that takes too long is aborted at its time, whatever its function still does', async () => {
    const { log } = openTestLog()
    const clock = new ManualClock()
    const producer = log.producer({ transactionalId, transactionTimeoutMs: 1_000, clock })
    let go: () => void = () => undefined
    const waiting = new Promise<void>((resolve) => {
      go = resolve
    })
    let late: unknown
    const slow = producer.transaction(async (tx) => {
      tx.send(lines, record)
      await waiting
      try {
        tx.send(lines, record)
      } catch (error) {
        late = error
      }
    })
    clock.advance(999)
    await expect(producer.transaction(() => undefined)).rejects.toMatchObject({ code: 'invalid_transaction_state' })
    clock.advance(1)
    await expect(slow).rejects.toMatchObject({
      code: 'transaction_timed_out',
      message: expect.stringContaining('1000'),
    })
    await producer.transaction((tx) => {
      tx.send(lines, { ...record, value: 'next' })
      go()
    })
    await vi.waitUntil(() => late !== undefined)
    expect(late).toMatchObject({ code: 'transaction_timed_out' })
    expect((await collect(log.read(lines))).map(({ value }) => value)).toEqual(['next'])
  })

  test('is one at a time: a second one is refused, also from inside, and the first goes on', async () => {
    const { log } = openTestLog()
    const producer = log.producer({ transactionalId })
    const refusal = { code: 'invalid_transaction_state', message: expect.stringContaining('under way') }
    await producer.transaction(async (tx) => {
      tx.send(lines, record)
      await expect(producer.transaction(() => undefined)).rejects.toMatchObject(refusal)
    })
    expect(await collect(log.read(lines))).toHaveLength(1)
  })

  test('is over behind its end', async () => {
    const { log } = openTestLog()
    const producer = log.producer({ transactionalId })
    let kept: Transaction | undefined
    await producer.transaction((tx) => {
      kept = tx
    })
    const over: unknown = expect.objectContaining({ code: 'invalid_transaction_state' })
    expect(() => kept?.send(lines, record)).toThrow(over)
    expect(() => kept?.sendMany(lines, [record])).toThrow(over)
    expect(() => kept?.sendOffsets({ stageOffsets: () => expect.unreachable() })).toThrow(over)
  })

  test('of nothing is one, and resolves with nothing', async () => {
    const { log } = openTestLog()
    expect(await log.producer({ transactionalId }).transaction(() => undefined)).toEqual([])
  })

  test('is aborted when its producer or its log is closed', async () => {
    const opened = openTestLog()
    const hang = (tx: Transaction): Promise<never> => {
      tx.send(lines, record)
      return never
    }
    const closed = { status: 'rejected', reason: { code: 'closed' } }
    const first = opened.log.producer({ transactionalId })
    expect(await Promise.allSettled([first.transaction(hang), first.close()])).toMatchObject([closed, {}])
    await expect(first.transaction(() => undefined)).rejects.toMatchObject({ code: 'closed' })
    const second = opened.log.producer({ transactionalId })
    expect(await Promise.allSettled([second.transaction(hang), opened.log.close()])).toMatchObject([closed, {}])
    const again = openTestLog(opened.dir)
    expect(await collect(again.log.read(lines))).toEqual([])
  })
})

describe('a transactional producer', () => {
  test('refuses to send outside of a transaction; another one refuses transactions', async () => {
    const { log } = openTestLog()
    const producer = log.producer({ transactionalId })
    const refusal = { code: 'invalid_transaction_state' }
    await expect(producer.send(lines, record)).rejects.toMatchObject(refusal)
    await expect(producer.sendMany(lines, [record])).rejects.toMatchObject(refusal)
    await expect(log.producer().transaction(() => undefined)).rejects.toMatchObject(refusal)
    for (const options of [{ acks: 1 }, { acks: 0 }, { idempotent: false }] as const) {
      expect(() => log.producer({ ...options, transactionalId })).toThrow(
        expect.objectContaining({ code: 'bad_option', message: expect.stringContaining('transactionalId') }),
      )
    }
  })

  test('fences the one that was opened before, through another open log too, also in the middle of a transaction', async () => {
    const opened = openTestLog()
    const other = openTestLog(opened.dir)
    const first = opened.log.producer({ transactionalId })
    const unconcerned = opened.log.producer({ transactionalId: 'importer-2' })
    let second = first
    const overtaken = first.transaction((tx) => {
      tx.send(lines, record)
      second = other.log.producer({ transactionalId })
    })
    await expect(overtaken).rejects.toMatchObject({
      code: 'fenced',
      message: expect.stringContaining(`"${transactionalId}"`),
    })
    let ran = false
    const work = (): void => {
      ran = true
    }
    await expect(first.transaction(work)).rejects.toMatchObject({ code: 'fenced' })
    expect(ran).toBe(false)
    await second.transaction((tx) => tx.send(lines, { ...record, value: 'second' }))
    await unconcerned.transaction((tx) => tx.send(lines, { ...record, value: 'other' }))
    expect((await collect(opened.log.read(lines))).map(({ value }) => value)).toEqual(['second', 'other'])
  })
})

test('whatever transactions do, the log holds exactly those that were committed, in the order of their commits', async () => {
  const opened = openTestLog()
  opened.embedded.ensureTopics([words])
  const places = [lines, words].map((each) => topic(each.name, { key: string(), value: json<string>() }))
  await opened.log.producer().sendMany(
    lines,
    Array.from({ length: 400 }, () => record),
  )
  const model: Record<string, string[]> = { lines: [], words: [] }
  let position = 0
  let run = 0
  const step = fc.record({
    sends: fc.array(fc.nat({ max: 1 }), { maxLength: 6 }),
    polls: fc.nat({ max: 2 }),
    end: fc.constantFrom('commit', 'commit', 'throw', 'fence', 'refuse'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      let producer = opened.log.producer({ transactionalId })
      for (const { sends, polls, end } of steps) {
        const consumer = new StandInConsumer(opened.embedded, lines, 'group')
        const sent = sends.map((place, index) => ({ place, value: `${run} ${index}` }))
        run++
        const outcome = producer.transaction((tx) => {
          for (const { place, value } of sent) tx.send(places[place] ?? lines, { key: 'k', value })
          consumer.poll(polls)
          tx.sendOffsets(consumer)
          if (end === 'throw') throw new Error('no')
          if (end === 'fence') producer = opened.log.producer({ transactionalId })
          if (end === 'refuse') tx.sendOffsets({ stageOffsets: () => ({ write: refuse, committed: refuse }) })
        })
        await outcome.then(
          () => {
            expect(end).toBe('commit')
            for (const { place, value } of sent) model[place === 0 ? 'lines' : 'words']?.push(value)
            position += polls
          },
          () => expect(end).not.toBe('commit'),
        )
        expect(new StandInConsumer(opened.embedded, lines, 'group').position).toBe(position)
      }
      for (const each of places) {
        const stored = (await collect(opened.log.read(topic(each.name, { key: string(), value: string() })))).slice(
          each.name === 'lines' ? 400 : 0,
        )
        expect(stored.map(({ value }) => JSON.parse(value) as string)).toEqual(model[each.name])
      }
    }),
    { numRuns: 20 },
  )
  expect(model['lines']?.length).toBeGreaterThan(0)
})

function refuse(): never {
  throw new Error('refused')
}
