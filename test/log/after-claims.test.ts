// What a log tells of positions and ends comes after the claims to transactional ids that were asked for before, also where these
// wait for another process: a newer producer never begins at a place that the older one goes past.
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Log } from '../../src/log/face.ts'
import { collect } from '../support/collect.ts'
import { holdNext } from '../support/hold-next.ts'
import { openTestLog } from '../support/open.ts'
import { StandInConsumer } from '../support/stand-in-consumer.ts'
import { lines, words } from '../support/topics.ts'

const transactionalId = 'copier-1'
const group = 'copier'
const record = { key: 'a', value: 'b', timestamp: 1 }
const assigned = { group, assign: [{ topic: lines, partition: 0 }], autoCommitMs: false } as const
const subscribed = { group, topics: [lines], autoCommitMs: false } as const

/** An older producer holds the id; a newer one has asked for it, and waits. */
async function claiming() {
  const { log, embedded, environment } = openTestLog()
  await log.producer().sendMany(lines, [record, record, record])
  await log.admin.createTopic(words)
  const older = log.producer({ transactionalId })
  const goOn = holdNext(environment)
  const newer = log.producer({ transactionalId })
  const reader = new StandInConsumer(embedded, lines, group)
  const copyTwo = () =>
    older.transaction((tx) => {
      reader.poll(2)
      tx.sendMany(words, [{ ...record, partition: 0 }])
      tx.sendOffsets(reader)
    })
  return { log, older, newer, goOn, copyTwo }
}

async function firstOffset(records: AsyncIterable<{ readonly offset: number }>) {
  return (await collect(records, 1)).map(({ offset }) => offset)
}

/** Each with what it is once the older producer has copied two. */
const waiting: readonly (readonly [what: string, ask: (log: Log) => Promise<unknown>, after: unknown])[] = [
  ['the first record of given partitions', (log) => firstOffset(log.consumer(assigned)), [2]],
  ['the first record of a member', (log) => firstOffset(log.consumer(subscribed)), [2]],
  ['what is read of a topic', (log) => firstOffset(log.read(words)), [0]],
  ['the lag of a group', async (log) => (await log.admin.lag(group)).map(({ offset }) => offset), [2]],
  ['the end of a topic', (log) => log.admin.endOffsets(words), [1, 0, 0, 0]],
  ['what came since', (log) => log.admin.offsetsForTimes(words, 1), [{ offset: 0, timestamp: 1 }, null, null, null]],
]

test.each(waiting)('%s waits for a claim that was asked for before', async (_, ask, after) => {
  const { log, older, newer, goOn, copyTwo } = await claiming()
  const answer = ask(log)
  for (let turns = 0; turns < 20; turns++) await turn() // what does not wait has looked by now
  await copyTwo()
  goOn()
  expect(await answer).toEqual(after)
  await expect(older.transaction(() => undefined)).rejects.toMatchObject({ code: 'fenced' })
  expect(await newer.transaction((tx) => tx.send(words, record))).toMatchObject([{ count: 1 }])
})

const immediate: readonly (readonly [what: string, ask: (log: Log) => unknown, after: unknown])[] = [
  ['the position of a consumer', (log) => log.consumer(assigned).position(lines, 0), 2],
  ['what is committed', (log) => log.consumer(assigned).committed(lines, 0)?.offset, 2],
  ['how far a consumer lags', (log) => log.consumer(assigned).lag(lines, 0), 1],
  ['what a consumer has', (log) => log.consumer(assigned).assignment(), [{ topic: 'lines', partition: 0 }]],
  [
    'where a consumer is sent',
    (log) => {
      const consumer = log.consumer(assigned)
      consumer.seek(lines, 0, 'end')
      return consumer.position(lines, 0)
    },
    3,
  ],
]

test.each(immediate)('%s is told at once, and the claim is made before', async (_, ask, after) => {
  const { log, older, newer, goOn, copyTwo } = await claiming()
  await copyTwo()
  expect(ask(log)).toEqual(after)
  await expect(copyTwo()).rejects.toMatchObject({ code: 'fenced' })
  goOn()
  expect(await newer.transaction((tx) => tx.send(words, record))).toMatchObject([{ count: 1 }])
  await older.close()
})

test('a consumer that was opened before a claim tells what is committed after it', async () => {
  const { log, environment } = openTestLog()
  await log.producer().send(lines, record)
  const consumer = log.consumer(assigned)
  const older = log.producer({ transactionalId })
  const goOn = holdNext(environment)
  const newer = log.producer({ transactionalId })
  expect(consumer.committed(lines, 0)).toBe(undefined)
  await expect(older.transaction(() => undefined)).rejects.toMatchObject({ code: 'fenced' })
  goOn()
  await newer.ready()
})

test('a consumer that is closed while it waits for a claim hands out nothing', async () => {
  const { log, goOn } = await claiming()
  const consumer = log.consumer(assigned)
  const records = collect(consumer)
  await turn()
  const closed = consumer.close()
  goOn()
  await closed
  expect(await records).toEqual([])
})

test('positions can be committed by hand before a consumer has begun', async () => {
  const { log, goOn } = await claiming()
  const consumer = log.consumer({ group, assign: [{ topic: 'lines', partition: 0 }], autoCommitMs: false })
  const committed = consumer.commit([{ topic: 'lines', partition: 0, offset: 1 }])
  goOn()
  await committed
  expect(consumer.committed(lines, 0)).toMatchObject({ offset: 1 })
})
