// What an administrator asks of a topic: where it begins and ends, where a time is, and how much it holds.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../../src/core/clock.ts'
import { collect } from '../../support/collect.ts'
import { openTestLog } from '../../support/open.ts'
import { rejectionOf } from '../../support/thrown.ts'
import { lines, words } from '../../support/topics.ts'

const at = (timestamp: number): { key: string; value: string; timestamp: number } => ({
  key: 'k',
  value: 'v',
  timestamp,
})

describe('offsetsForTimes', () => {
  test('finds the first record that is not before the time, in whatever order times came', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(40), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 12 }),
        async (batches) => {
          const { log } = openTestLog()
          for (const times of batches) await log.producer().sendMany(lines, times.map(at))
          const records = await collect(log.read(lines))
          for (let time = 0; time <= 41; time++) {
            const first = records.find(({ timestamp }) => timestamp >= time)
            const expected = first === undefined ? null : { offset: first.offset, timestamp: first.timestamp }
            expect(await log.admin.offsetsForTimes(lines, time)).toEqual([expected])
          }
          await log.close()
        },
      ),
      { numRuns: 12 },
    )
  })

  test('answers for each partition, and with null for one that holds nothing so late', async () => {
    const { log } = openTestLog()
    await log.producer().sendMany(words, [{ key: 'a', value: 'v', timestamp: 7 }])
    const found = await log.admin.offsetsForTimes('words', 5)
    expect(found.filter((one) => one !== null)).toEqual([{ offset: 0, timestamp: 7 }])
    expect(found).toHaveLength(4)
    expect(await log.admin.offsetsForTimes(words, 8)).toEqual([null, null, null, null])
  })

  test('refuses what is no time, and a topic that is not there', async () => {
    const { log } = openTestLog()
    await log.admin.createTopic(lines)
    expect(await rejectionOf(log.admin.offsetsForTimes(lines, -1))).toMatchObject({ code: 'bad_option' })
    expect(await rejectionOf(log.admin.offsetsForTimes('line', 1))).toMatchObject({ code: 'topic_unknown' })
  })
})

test('start and end offsets are told by partition', async () => {
  const { log, embedded, environment } = openTestLog()
  await log.producer().sendMany(lines, [at(1), at(2), at(3)])
  const partition = { topic: 'lines', topicId: embedded.describeTopic('lines').id, partition: 0 }
  environment.write((transaction) =>
    embedded.partitions.putRow(transaction, partition, { ...embedded.partitions.row(partition), startOffset: 2 }),
  )
  expect(await log.admin.startOffsets(lines)).toEqual([2])
  expect(await log.admin.endOffsets('lines')).toEqual([3])
  expect(await rejectionOf(log.admin.startOffsets('line'))).toMatchObject({ code: 'topic_unknown' })
})

describe('logSizes', () => {
  test('tells bytes, offsets, segments and times of what is stored', async () => {
    const clock = new ManualClock(1_000)
    const { log, embedded, environment } = openTestLog(undefined, { clock })
    const producer = log.producer({ clock })
    for (let batch = 0; batch < 1_030; batch++) {
      const sent = producer.send(lines, at(batch === 5 ? 9_999 : batch))
      await producer.flush()
      await sent
      clock.advance(1)
    }
    const { id } = embedded.describeTopic('lines')
    const bytes = environment
      .storedRange('batches', Buffer.alloc(16), Buffer.alloc(16, 255), 2_000)
      .reduce((total, { value }) => total + value.length, 0)
    const partition = {
      partition: 0,
      bytes,
      records: 1_030,
      startOffset: 0,
      endOffset: 1_030,
      segments: 2,
      oldestSegmentTimestamp: 9_999,
      newestTimestamp: 9_999,
      firstAppendMs: 1_000,
      lastAppendMs: 2_029,
    }
    expect(id).toBeGreaterThan(0)
    expect(await log.admin.logSizes()).toEqual([{ topic: 'lines', bytes, records: 1_030, partitions: [partition] }])
  })

  test('knows no times of what is empty, and only the topics that are asked for', async () => {
    const { log } = openTestLog()
    await log.admin.createTopic(words)
    await log.admin.createTopic(lines)
    const [size, ...others] = await log.admin.logSizes([lines])
    expect(others).toEqual([])
    expect(size?.partitions[0]).toMatchObject({
      bytes: 0,
      segments: 0,
      oldestSegmentTimestamp: null,
      newestTimestamp: null,
      firstAppendMs: null,
      lastAppendMs: null,
    })
    expect(await rejectionOf(log.admin.logSizes(['other']))).toMatchObject({ code: 'topic_unknown' })
  })
})
