// Verification finds every kind of damage, names its place, and finds nothing in a sound log, whatever is done to it meanwhile.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type ProblemKind,
  startStreams,
  StreamsBuilder,
  type VerifyReport,
  type WorkProgress,
} from '../../../src/index.ts'
import { present } from '../../../src/core/assert.ts'
import { applicationKey, encodeApplication } from '../../../src/log/kept/application-rows.ts'
import { markStoreDeleted } from '../../../src/log/kept/deleted-stores.ts'
import { encodePartitionRow, type PartitionRow } from '../../../src/log/kept/partition-row.ts'
import { partitionKey, partitionNumberKey, segmentTimeKey } from '../../../src/storage/keys.ts'
import { seal } from '../../../src/storage/sealed-rows.ts'
import { closeActive, compactAway, deleteOldestSegment, removeDeletedRows } from '../../support/cleaning.ts'
import { openTestLog, type OpenedLog } from '../../support/open.ts'
import { commitPosition } from '../../support/positions.ts'
import { startProgram } from '../../support/program.ts'
import { openStored, type Stored, withBitFlipped } from '../../support/stored.ts'
import { rejectionOf } from '../../support/thrown.ts'
import { lines, words } from '../../support/topics.ts'
import type { PartitionId } from '../../../src/log/format/partition-id.ts'

interface Filled extends OpenedLog {
  readonly stored: Stored
  readonly partition: PartitionId
}

/** Lines in two segments of which the first is closed, words in gzip, an application with state, and a group. */
async function openFilled(): Promise<Filled> {
  const opened = openTestLog()
  const { log, embedded, environment, dir } = opened
  const { id: topicId } = await log.admin.createTopic(lines)
  const partition = { topic: 'lines', topicId, partition: 0 }
  const producer = log.producer()
  for (let batch = 0; batch < 6; batch++) {
    const records = Array.from({ length: 4 }, (_, i) => ({ key: 'k', value: `${batch}`, timestamp: batch * 10 + i }))
    await producer.sendMany(lines, records)
    if (batch === 3) closeActive(embedded, partition)
  }
  const zipped = log.producer({ compression: 'gzip' })
  await zipped.sendMany(
    words,
    Array.from({ length: 50 }, (_, i) => ({ key: `k${i}`, value: 'v', timestamp: i })),
  )
  const builder = new StreamsBuilder()
  builder.stream(words).groupByKey().count()
  const app = await startStreams(builder.build(), { log, applicationId: 'app' })
  await app.caughtUp()
  await app.close()
  commitPosition(embedded, 'billing', 'lines', 0, 7)
  environment.refresh()
  return { ...opened, stored: openStored(dir), partition }
}

const kindsOf = ({ problems }: VerifyReport): readonly ProblemKind[] => problems.map(({ kind }) => kind)

describe('a sound log', () => {
  test('is sound, and everything in it is counted', async () => {
    const { log } = await openFilled()
    for (const deep of [false, true]) {
      expect(await log.admin.verify({ deep })).toMatchObject({
        problems: [],
        problemCount: 0,
        topics: 2,
        partitions: 5,
        batches: 10,
        segments: 6,
        records: 74,
        positionsBeforeStart: 0,
        rows: expect.toSatisfy((rows: number) => rows > 30),
      })
    }
  })

  test('is sound while its oldest segment is deleted and others are compacted, at every step', async () => {
    const { log, embedded, partition } = await openFilled()
    const check = async (): Promise<void> => expect((await log.admin.verify({ deep: true })).problems).toEqual([])
    for (let i = 0; i < 3; i++) {
      expect(compactAway(embedded, partition, (count) => Math.min(i, count - 1))).toBe(true)
      await check()
    }
    expect(deleteOldestSegment(embedded, partition)).toBe(true)
    do await check()
    while (removeDeletedRows(embedded, partition, 1))
    expect((await log.admin.verify()).positionsBeforeStart).toBe(1)
  })

  test('is sound when a topic is deleted, and when groups have read what is gone', async () => {
    const { log, embedded } = await openFilled()
    commitPosition(embedded, 'billing', 'words', 0, 0)
    await log.admin.deleteTopic(lines)
    expect((await log.admin.verify({ deep: true })).problems).toEqual([])
  })

  test('is sound while another process appends, deletes and compacts', async () => {
    const { log, dir } = openTestLog()
    const program = startProgram('churn', [dir, '7'])
    await program.line()
    const churned = { rounds: 0 }
    const counting = (async () => {
      for (; churned.rounds < 14; churned.rounds++) await program.line()
    })()
    for (let runs = 0; churned.rounds < 14; runs++) {
      expect((await log.admin.verify({ deep: runs % 2 === 0 })).problems).toEqual([])
    }
    await counting
    const [start = 0] = await log.admin.startOffsets(words)
    expect(start).toBeGreaterThan(0)
  })
})

type Damage = (filled: Filled) => void

const rowOf = ({ embedded, partition }: Filled): PartitionRow => embedded.partitions.row(partition)
const batchKey = ({ partition }: Filled, offset: number): Buffer => partitionNumberKey(partition.topicId, 0, offset)
const valueOf = ({ stored }: Filled, database: string, key: Buffer): Buffer =>
  stored.rows(database).find((row) => row.key.equals(key))?.value ?? Buffer.of()
const changingRow =
  (change: (row: PartitionRow) => Partial<PartitionRow>): Damage =>
  (filled) => {
    const key = partitionKey(filled.partition.topicId, 0)
    const row = rowOf(filled)
    filled.stored.put('partitions', key, encodePartitionRow(key, { ...row, ...change(row) }))
  }
const sealing = (filled: Filled, database: string, key: Buffer, value: Buffer): void =>
  filled.stored.put(database, key, seal(key, value))
const number64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}

const damages: readonly (readonly [string, ProblemKind, Damage])[] = [
  [
    'a batch of which a bit is flipped',
    'damaged_batch',
    (filled) =>
      filled.stored.put(
        'batches',
        batchKey(filled, 4),
        withBitFlipped(valueOf(filled, 'batches', batchKey(filled, 4)), 600),
      ),
  ],
  [
    'a batch that is cut off',
    'damaged_batch',
    (filled) => filled.stored.put('batches', batchKey(filled, 4), Buffer.of(1)),
  ],
  ['a batch that is missing', 'missing_batch', (filled) => filled.stored.remove('batches', batchKey(filled, 4))],
  ['the last batch missing', 'missing_batch', (filled) => filled.stored.remove('batches', batchKey(filled, 20))],
  ['the first batch missing', 'missing_batch', (filled) => filled.stored.remove('batches', batchKey(filled, 0))],
  [
    'a batch behind the end',
    'misplaced_batch',
    (filled) => filled.stored.put('batches', batchKey(filled, 24), valueOf(filled, 'batches', batchKey(filled, 20))),
  ],
  [
    'a batch before the first segment',
    'misplaced_batch',
    (filled) => filled.stored.remove('segments', batchKey(filled, 0)),
  ],
  ['a partition that says that it ends earlier', 'misplaced_batch', changingRow(() => ({ endOffset: 20 }))],
  ['a partition that says that it ends later', 'missing_batch', changingRow(() => ({ endOffset: 28 }))],
  ['a partition that begins behind its end', 'wrong_partition', changingRow(() => ({ startOffset: 99 }))],
  ['a partition with other bytes', 'wrong_partition', changingRow(({ bytes }) => ({ bytes: bytes + 1 }))],
  [
    'a partition without a row',
    'wrong_partition',
    (filled) => filled.stored.remove('partitions', partitionKey(filled.partition.topicId, 0)),
  ],
  [
    'a segment with other counts',
    'wrong_segment',
    changingRow(({ active }) => ({ active: { ...active, batchCount: 3 } })),
  ],
  [
    'a segment with another largest timestamp',
    'wrong_timestamp',
    changingRow(({ active }) => ({ active: { ...active, maxTimestamp: 99 } })),
  ],
  [
    'an index by time that leads behind a record',
    'wrong_time_index',
    (filled) => sealing(filled, 'times', segmentTimeKey(filled.partition.topicId, 0, 0, 13), number64(8)),
  ],
  [
    'an index by time without an entry',
    'wrong_time_index',
    (filled) => filled.stored.remove('times', segmentTimeKey(filled.partition.topicId, 0, 0, 13)),
  ],
  [
    'an index by time of a segment that is not there',
    'wrong_time_index',
    (filled) => sealing(filled, 'times', segmentTimeKey(filled.partition.topicId, 0, 5, 13), number64(5)),
  ],
  [
    'a position behind the end',
    'wrong_position',
    ({ embedded }) => commitPosition(embedded, 'billing', 'lines', 0, 25),
  ],
  [
    'a position in a topic that never was',
    'wrong_position',
    (filled) =>
      sealing(filled, 'positions', Buffer.concat([Buffer.from('billing\0'), partitionKey(999, 0)]), Buffer.alloc(16)),
  ],
  [
    'batches of a topic that is not there',
    'orphan',
    (filled) =>
      filled.stored.put('batches', partitionNumberKey(998, 0, 0), valueOf(filled, 'batches', batchKey(filled, 0))),
  ],
  [
    'a partition that its topic does not have',
    'orphan',
    (filled) => filled.stored.put('partitions', partitionKey(filled.partition.topicId, 1), Buffer.alloc(84)),
  ],
  [
    'an application of which only the plan and its stores are left',
    'orphan',
    ({ environment }) => environment.write((transaction) => transaction.remove('applications', applicationKey('app'))),
  ],
  [
    'an application that was switched, and has no row of it',
    'wrong_state',
    ({ environment, embedded }) =>
      environment.write((transaction) => {
        const row = present(embedded.applications.find('app'), 'it was started')
        transaction.put('applications', applicationKey('app'), encodeApplication({ ...row, switches: 1 }))
      }),
  ],
  [
    'a store that has a name, and is marked as deleted',
    'wrong_state',
    ({ environment, embedded }) =>
      environment.write((transaction) =>
        markStoreDeleted(transaction, embedded.applications.storeId(transaction, 'app', 'count')),
      ),
  ],
  [
    'a topic that describes another one',
    'damaged_row',
    (filled) =>
      sealing(
        filled,
        'topics',
        Buffer.from('lines'),
        Buffer.from('{"name":"other","id":1,"partitions":1,"config":{}}'),
      ),
  ],
  [
    'a topic with a setting that is none',
    'damaged_row',
    ({ environment }) =>
      environment.write((transaction) => {
        const key = Buffer.from('lines')
        const topic = JSON.parse(environment.get('topics', key)?.toString() ?? '') as object
        transaction.put('topics', key, Buffer.from(JSON.stringify({ ...topic, config: { cleanupPolicy: 'never' } })))
      }),
  ],
  [
    'the plan of an application that is no JSON',
    'damaged_row',
    (filled) => sealing(filled, 'applications', Buffer.from('app\0plan'), Buffer.from('{')),
  ],
  [
    'the row of an application that never started',
    'damaged_row',
    (filled) => sealing(filled, 'applications', Buffer.from('app\0'), Buffer.alloc(8)),
  ],
  [
    'a row that no application has',
    'damaged_row',
    (filled) => sealing(filled, 'applications', Buffer.from('app\0name'), Buffer.from('{}')),
  ],
  [
    'a switch that is none',
    'damaged_row',
    (filled) => sealing(filled, 'applications', Buffer.from('app\0switch\0\0\0\0\x01'), Buffer.from('{"number":1}')),
  ],
  [
    'an id of a store that was never given',
    'damaged_row',
    (filled) => sealing(filled, 'stores', Buffer.from('app\0store'), Buffer.of(0, 0, 9, 9)),
  ],
  [
    'a row of a store that is too short',
    'damaged_row',
    (filled) => {
      const storeId = filled.stored.rows('stores')[0]?.value.readUInt32BE() ?? 0
      filled.stored.put('state', partitionKey(storeId, 0), Buffer.of(1))
    },
  ],
]

describe('damage', () => {
  test.each(damages)('is found: %s is a %s', async (_, kind, damage) => {
    const filled = await openFilled()
    damage(filled)
    filled.environment.refresh()
    const report = await filled.log.admin.verify({ deep: true })
    expect(kindsOf(report)).toContain(kind)
    expect(report.problemCount).toBe(report.problems.length)
  })

  test('of a batch is told with its place, once, and everything else is looked at', async () => {
    const filled = await openFilled()
    filled.stored.put(
      'batches',
      batchKey(filled, 4),
      withBitFlipped(valueOf(filled, 'batches', batchKey(filled, 4)), 600),
    )
    const report = await filled.log.admin.verify()
    expect(report).toMatchObject({ batches: 10, records: 70, partitions: 5 })
    const corrupt = report.problems.filter(({ kind }) => kind === 'damaged_batch')
    expect(corrupt).toMatchObject([{ topic: 'lines', partition: 0, offset: 4 }])
    expect(corrupt[0]?.message).toContain('lines[0]')
  })

  const databases = [
    'batches',
    'partitions',
    'segments',
    'topics',
    'times',
    'positions',
    'applications',
    'stores',
    'meta',
  ]

  test.each(databases)('of any bit of any value of "%s" is found', async (database) => {
    const { log, stored } = await openFilled()
    const rows = stored.rows(database).filter(({ key }) => key.toString() !== 'format')
    expect(rows.length).toBeGreaterThan(0)
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), async (row, bit) => {
        const { key, value } = rows[row % rows.length] as (typeof rows)[number]
        stored.put(database, key, withBitFlipped(value, bit % (value.length * 8)))
        expect((await log.admin.verify()).problemCount).toBeGreaterThan(0)
        stored.put(database, key, value)
      }),
      { numRuns: 40 },
    )
    expect((await log.admin.verify()).problems).toEqual([])
  })
})

describe('verify', () => {
  test('tells how far it is, and at the end that it is done', async () => {
    const { log } = await openFilled()
    const told: WorkProgress[] = []
    const { bytes } = await log.admin.verify({ onProgress: (progress) => told.push(progress) })
    expect(told.at(-1)).toMatchObject({ doneBytes: bytes, totalBytes: bytes, leftMs: 0 })
    expect(told.every(({ doneBytes, totalBytes }) => doneBytes <= totalBytes)).toBe(true)
  })

  test('ends when it is told to, with the reason', async () => {
    const { log } = await openFilled()
    const reason = new Error('enough')
    await expect(log.admin.verify({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  test('refuses an option that there is not', async () => {
    const { log } = openTestLog()
    expect(await rejectionOf(log.admin.verify({ fast: true } as object))).toMatchObject({ code: 'bad_option' })
  })
})
