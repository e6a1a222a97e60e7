// Reads beyond the contract of every log (test/contract/log): stored batches, an empty topic, and times in whatever order.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { string } from '../../../src/core/serdes.ts'
import { topic } from '../../../src/core/topic.ts'
import { collect } from '../../support/collect.ts'
import { openTestLog, type OpenedLog } from '../../support/open.ts'
import { lines, words } from '../../support/topics.ts'

/** Ten records in batches of 1, 2, 3 and 4. */
async function tenLines(): Promise<OpenedLog> {
  const opened = openTestLog()
  const producer = opened.log.producer()
  let next = 0
  for (const size of [1, 2, 3, 4]) {
    const batch = Array.from({ length: size }, () => ({ key: 'k', value: String(next), timestamp: 100 * next++ }))
    await producer.sendMany(lines, batch)
  }
  return opened
}

test('a read by batches gives the records as they are stored together', async () => {
  const { log } = await tenLines()
  const batches = await collect(log.read(lines, { from: 2 }).batches())
  expect(batches.map(({ topic: name, partition, records }) => [name, partition, records.length])).toEqual([
    ['lines', 0, 1],
    ['lines', 0, 3],
    ['lines', 0, 4],
  ])
})

test('the end of an empty topic is its beginning', async () => {
  const { log } = openTestLog()
  await log.admin.createTopic(lines)
  expect(await collect(log.read(lines, { from: 0 }))).toEqual([])
  expect(await collect(log.read(lines, { from: { time: 0 } }))).toEqual([])
  await expect(collect(log.read(lines, { from: 1 }))).rejects.toMatchObject({ code: 'position_lost' })
})

test('a partition that the topic does not have is refused by the first read', async () => {
  const { log } = openTestLog()
  await log.admin.createTopic(words)
  await expect(collect(log.read(words, { partition: 4 }))).rejects.toMatchObject({
    code: 'bad_option',
    message: 'the partition is 4; expected a whole number from 0 to 3',
  })
})

test('a read from a time begins, in each partition, at the first record of at least that time, in whatever order the times came', async () => {
  const { log } = openTestLog()
  const entries = fc.array(fc.record({ timestamp: fc.nat({ max: 20 }), key: fc.constantFrom('a', 'b', 'c', 'd') }), {
    minLength: 1,
    maxLength: 8,
  })
  const batchBytes = fc.constantFrom(1, 80, 10_000)
  const flushes = fc.array(fc.record({ entries, batchBytes }), { minLength: 1, maxLength: 5 })
  let runs = 0
  await fc.assert(
    fc.asyncProperty(flushes, async (list) => {
      const runTopic = topic(`run-${runs++}`, { key: string(), value: string(), partitions: 3 })
      for (const flush of list) {
        const records = flush.entries.map((entry) => ({ ...entry, value: '' }))
        await log.producer({ batchBytes: flush.batchBytes }).sendMany(runTopic, records)
      }
      const all = await collect(log.read(runTopic))
      for (let partition = 0; partition < 3; partition++) {
        const here = all.filter((record) => record.partition === partition)
        for (let time = 0; time <= 21; time++) {
          const first = here.findIndex(({ timestamp }) => timestamp >= time)
          const read = await collect(log.read(runTopic, { partition, from: { time } }))
          expect(read).toEqual(first < 0 ? [] : here.slice(first))
        }
      }
      const time = 10
      const together = await collect(log.read(runTopic, { from: { time } }))
      const alone = [0, 1, 2].map((partition) => collect(log.read(runTopic, { partition, from: { time } })))
      expect(together).toHaveLength((await Promise.all(alone)).flat().length)
    }),
    { numRuns: 20 },
  )
})
