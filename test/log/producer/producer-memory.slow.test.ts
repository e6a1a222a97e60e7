// A producer costs what it has to write, and little beside: one that is dropped without being closed is gone, and loses nothing;
// typed constants that a program makes anew are forgotten.
import { expect, test } from 'vitest'
import { string } from '../../../src/core/serdes.ts'
import { topic, type Topic } from '../../../src/core/topic.ts'
import { openLog } from '../../../src/log/log.ts'
import { collect } from '../../support/collect.ts'
import { collectAllGarbage, collectGarbage } from '../../support/garbage.ts'
import { openTestLog } from '../../support/open.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { lines } from '../../support/topics.ts'

function survivorsOf(made: readonly WeakRef<object>[]): number {
  return made.filter((one) => one.deref() !== undefined).length
}

const record = { key: 'a', value: 'b' }

test('a producer that is dropped when its records are written is collected', async () => {
  const { log } = openTestLog()
  const dropped: WeakRef<object>[] = []
  for (let i = 0; i < 10; i++) {
    const producer = log.producer()
    await producer.send(lines, record)
    dropped.push(new WeakRef(producer))
  }
  await collectAllGarbage()
  expect(survivorsOf(dropped)).toBeLessThan(3)
})

test('a producer that is dropped before writes its records all the same, at the latest when the log closes', async () => {
  const dir = temporaryDirectory()
  const log = await openLog(dir, { maintenance: false })
  await log.producer({ acks: 1, lingerMs: 100_000 }).send(lines, record)
  await collectAllGarbage()
  await log.close()
  expect(await collect(openTestLog(dir).log.read(lines))).toHaveLength(1)
})

test('what a producer that is dropped has lost is told when the log closes', async () => {
  const { log } = openTestLog()
  const dropped: WeakRef<object>[] = []
  for (let i = 0; i < 10; i++) {
    const producer = log.producer({ acks: 0 })
    await producer.send(lines, i === 0 ? { key: 'a', value: 5 as never } : record)
    dropped.push(new WeakRef(producer))
  }
  await collectAllGarbage()
  expect(dropped[0]?.deref()).toBeUndefined()
  await expect(log.close()).rejects.toMatchObject({ code: 'encode_failed' })
})

test('a typed constant that is made for one send is forgotten with it', async () => {
  const { log } = openTestLog()
  await log.admin.createTopic(lines)
  const linesAnew = (): Topic<string, string> => topic(lines.name, { key: string(), value: string() })
  const producer = log.producer({ lingerMs: 60_000 })
  void producer.send(lines, record) // something waits all the time, so nothing is looked up again
  const constants = Array.from({ length: 50 }, () => {
    const constant = linesAnew()
    void producer.send(constant, record).catch(() => undefined)
    return new WeakRef(constant)
  })
  expect(producer.metrics().pendingRecords).toBe(51)
  await producer.flush()
  void producer.send(lines, record)
  await collectAllGarbage()
  expect(survivorsOf(constants)).toBeLessThan(3)
  await producer.flush()
  expect(await log.admin.endOffsets(lines)).toEqual([52])
})

test('large records that went to many partitions leave no more memory held than bufferBytes', async () => {
  const { log } = openTestLog()
  const wide = topic('wide', { key: string(), value: string(), partitions: 64 })
  const bufferBytes = 8_388_608
  const producer = log.producer({ bufferBytes })
  const value = 'v'.repeat(1_000_000)
  collectGarbage()
  const before = process.memoryUsage().arrayBuffers
  for (let partition = 0; partition < 64; partition++) await producer.send(wide, { key: 'a', value, partition })
  await collectAllGarbage()
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(bufferBytes + 2 * value.length)
})

test('a topic of 1,024 partitions takes memory only where records are', async () => {
  const { log } = openTestLog()
  const wide = topic('wide', { key: string(), value: string(), partitions: 1_024 })
  await log.admin.createTopic(wide)
  const producers = Array.from({ length: 10 }, () => log.producer({ lingerMs: 60_000 }))
  collectGarbage()
  const before = process.memoryUsage().arrayBuffers
  const sent = producers.map((producer) => producer.send(wide, { key: 'a', value: 'b' }))
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_048_576)
  await Promise.all([...producers.map((producer) => producer.flush()), ...sent])
})
