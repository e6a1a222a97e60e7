// The proof that the checks of the cleaner's kill loop can fail.
import { expect, test } from 'vitest'
import type { WriteTransaction } from '../../src/storage/environment.ts'
import { type OpenedLog, openDurableLog } from '../support/open.ts'
import { keyCount, ring, table } from './cleaned-topics.ts'
import { cleaningViolations } from './cleaning-checks.ts'
import type { PartitionId } from '../../src/log/format/partition-id.ts'

const end = 200
const acked = { table: end, ring: end }

async function cleanedLog(): Promise<OpenedLog> {
  const opened = openDurableLog()
  for (const topic of [table, ring]) {
    const records = Array.from({ length: end }, (_, index) => ({ key: `${index % keyCount}`, value: `${index}` }))
    await opened.log.producer({ batchBytes: 1 }).sendMany(topic, records)
  }
  await opened.log.admin.runMaintenance()
  opened.environment.refresh()
  return opened
}

const doctored: Readonly<
  Record<string, (log: OpenedLog, partition: PartitionId, transaction: WriteTransaction) => void>
> = {
  'ends at 150, but 200 was acknowledged': ({ embedded }, partition, transaction) =>
    embedded.partitions.putRow(transaction, partition, { ...embedded.partitions.row(partition), endOffset: 150 }),
  'offset 190 is missing': ({ environment, embedded }, partition, transaction) => {
    const [key] = environment.keys('batches', Buffer.of(0), Buffer.alloc(16, 255), 100).slice(40)
    if (key !== undefined) transaction.remove('batches', key)
    // The books say nothing of it: or else the read itself would.
    const segment = embedded.partitions.closed.at(partition, 190)
    if (segment !== undefined) {
      embedded.partitions.closed.put(transaction, partition, { ...segment, batchCount: segment.batchCount - 1 })
    }
    const row = embedded.partitions.row(partition)
    embedded.partitions.putRow(transaction, partition, { ...row, gapsEnd: end })
  },
  'booked are': ({ embedded }, partition, transaction) => {
    const row = embedded.partitions.row(partition)
    embedded.partitions.putRow(transaction, partition, { ...row, bytes: row.bytes + 1 })
  },
  'its beginning was deleted': ({ embedded }, partition, transaction) => {
    const row = embedded.partitions.row(partition)
    embedded.partitions.putRow(transaction, partition, { ...row, startOffset: 151 })
  },
}

test('a sound log has no violations', async () => {
  expect(cleaningViolations((await cleanedLog()).embedded, acked)).toEqual([])
})

test.each(Object.entries(doctored))('a log of which "%s" is true is told from a sound one', async (what, doctor) => {
  const opened = await cleanedLog()
  const { embedded, environment } = opened
  const partition = { topic: 'table', topicId: embedded.topics.describe('table').id, partition: 0 }
  environment.write((transaction) => doctor(opened, partition, transaction))
  environment.refresh()
  expect(cleaningViolations(embedded, acked)).toContainEqual(
    expect.stringContaining(`table: it ${what}`.replace(/it (offset|booked|its)/, '$1')),
  )
})
