// A partition as it lies on disk: its records, and its segments as they are booked and as they are counted.
import { offsetCountOf } from '../../src/log/format/header.ts'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import type { Segment } from '../../src/log/kept/partition-row.ts'
import { partitionNumberKey } from '../../src/storage/keys.ts'
import { type HexRecord, readBatch } from './batches.ts'
import type { PartitionId } from '../../src/log/format/partition-id.ts'

/** Every record that can be read, of one snapshot. */
export function recordsOf(log: EmbeddedLog, partition: PartitionId): (HexRecord & { readonly offset: number })[] {
  const { startOffset, endOffset } = log.partitions.row(partition)
  const records: (HexRecord & { readonly offset: number })[] = []
  for (let offset = startOffset; offset < endOffset;) {
    const batch = log.batchAt(partition, offset)
    if (batch === undefined) break
    for (const record of readBatch(batch.bytes, batch.baseOffset, partition))
      if (record.offset >= startOffset) records.push(record)
    offset = batch.baseOffset + offsetCountOf(batch.bytes)
  }
  return records
}

interface Books {
  readonly segments: readonly { readonly batchCount: number; readonly bytes: number }[]
  readonly bytes: number
}

/** The segments that are not being removed: what their rows say, and what their batches add up to; of one snapshot. */
export function segmentBooks(
  log: EmbeddedLog,
  partition: PartitionId,
): { readonly booked: Books; readonly counted: Books } {
  const row = log.partitions.row(partition)
  const all: Segment[] = [...log.partitions.closed.from(partition, 0, 100_000), row.active]
  const ranges = all
    .map((segment, index) => ({ segment, end: all[index + 1]?.baseOffset ?? Number.MAX_SAFE_INTEGER }))
    .filter(({ end }) => end > row.startOffset)
  const counted = ranges.map(({ segment, end }) => {
    const from = partitionNumberKey(partition.topicId, partition.partition, segment.baseOffset)
    const to = partitionNumberKey(partition.topicId, partition.partition, end)
    const batches = log.environment.range('batches', from, to, 100_000)
    return { batchCount: batches.length, bytes: batches.reduce((total, { value }) => total + value.length, 0) }
  })
  return {
    booked: { segments: ranges.map(({ segment: { batchCount, bytes } }) => ({ batchCount, bytes })), bytes: row.bytes },
    counted: { segments: counted, bytes: counted.reduce((total, { bytes }) => total + bytes, 0) },
  }
}
