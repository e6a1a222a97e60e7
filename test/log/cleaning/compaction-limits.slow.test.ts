// What compaction keeps, it keeps as it was, whatever the times and durations: also at the limits, where a sum of two of
// them is no safe integer any more.
import fc from 'fast-check'
import { type HeaderInput, ManualClock, string, topic } from 'millrace'
import { expect, test } from 'vitest'
import { nullable } from '../../../src/core/serdes.ts'
import { collect } from '../../support/collect.ts'
import { openTestLog } from '../../support/open.ts'

const largest = Number.MAX_SAFE_INTEGER
const someDay = 1_700_000_000_000

const times = fc.oneof(fc.constantFrom(0, 1, someDay, largest - 1, largest), fc.maxSafeNat())
const durations = fc.oneof(
  fc.constantFrom(0, 1, 86_400_000, 9_000_000_000_000_000, largest - 1, largest),
  fc.maxSafeNat(),
)
const headers: fc.Arbitrary<HeaderInput[]> = fc.array(
  fc.record({ key: fc.constantFrom('trace', ''), value: fc.constantFrom('x', null) }),
  { maxLength: 2 },
)
const batches = fc.array(
  fc.array(
    fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      value: fc.constantFrom('1', '2', null),
      timestamp: times,
      headers,
    }),
    { minLength: 1, maxLength: 5 },
  ),
  { minLength: 1, maxLength: 4 },
)

test('a record that compaction keeps has its offset, timestamp, key, value and headers, whatever the settings', async () => {
  await fc.assert(
    fc.asyncProperty(
      batches,
      durations,
      fc.record({
        nowMs: fc.constantFrom(0, someDay, largest),
        laterMs: durations,
        retentionMs: fc.oneof(fc.constant(-1), durations),
        minCompactionLagMs: fc.constantFrom(0, 0, 1, largest),
        cleanupPolicy: fc.constantFrom('compact', 'compact,delete'),
        compression: fc.constantFrom('none', 'gzip'),
        messageTimestampType: fc.constantFrom('CreateTime', 'CreateTime', 'LogAppendTime'),
      }),
      async (given, deleteRetentionMs, { nowMs, laterMs, compression, ...config }) => {
        const clock = new ManualClock(nowMs)
        const { log } = openTestLog(undefined, { clock })
        const table = topic('table', { key: string(), value: nullable(string()), deleteRetentionMs, ...config })
        const producer = log.producer({ compression })
        for (const batch of given) await producer.sendMany(table, batch)
        const before = new Map((await collect(log.read(table))).map((record) => [record.offset, record]))
        const expectKept = async (): Promise<void> => {
          await log.admin.runMaintenance()
          const kept = await collect(log.read(table))
          expect(kept).toEqual(kept.map(({ offset }) => before.get(offset)))
          expect((await log.admin.verify({ deep: true })).problems).toEqual([])
        }
        await expectKept()
        clock.advance(Math.min(laterMs, largest - nowMs))
        await expectKept()
        await log.close()
      },
    ),
    { numRuns: 40 },
  )
})

test('a tombstone that is to stay for the longest time stays', async () => {
  const clock = new ManualClock(someDay)
  const { log } = openTestLog(undefined, { clock })
  const table = topic('table', {
    key: string(),
    value: nullable(string()),
    cleanupPolicy: 'compact',
    deleteRetentionMs: largest,
  })
  await log.producer().sendMany(table, [
    { key: 'a', value: '1', timestamp: 0 },
    { key: 'a', value: null, timestamp: largest },
  ])
  await log.admin.runMaintenance()
  clock.advance(largest - someDay - 1)
  await log.admin.runMaintenance()
  expect(await collect(log.read(table))).toMatchObject([{ offset: 1, timestamp: largest, value: null }])
})
