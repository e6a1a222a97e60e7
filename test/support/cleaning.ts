// What retention and compaction do to a partition, a step at a time and by hand.
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { numberOfKey, partitionNumberKey, segmentTimeKey } from '../../src/storage/keys.ts'
import type { PartitionId } from '../../src/log/format/partition-id.ts'

/** The closed segments of a partition with the offsets after them. */
function closedOf(log: EmbeddedLog, partition: PartitionId) {
  log.refresh()
  const closed = log.partitions.closed.from(partition, 0, 1_000)
  const { active } = log.partitions.row(partition)
  return closed.map((segment, at) => ({ segment, endOffset: closed[at + 1]?.baseOffset ?? active.baseOffset }))
}

/** Closes the segment that is appended to. */
export function closeActive(log: EmbeddedLog, partition: PartitionId): void {
  log.environment.write((transaction) => {
    log.partitions.closeActive(transaction, partition, log.partitions.row(partition))
  })
}

/** Moves the beginning of a partition past its oldest closed segment that is kept; false without one. */
export function deleteOldestSegment(log: EmbeddedLog, partition: PartitionId): boolean {
  return log.environment.write((transaction) => {
    const row = log.partitions.row(partition)
    const oldest = closedOf(log, partition).find(({ endOffset }) => endOffset > row.startOffset)
    if (oldest === undefined) return false
    const { segment, endOffset } = oldest
    log.partitions.putRow(transaction, partition, {
      ...row,
      startOffset: endOffset,
      bytes: row.bytes - segment.bytes,
    })
    return true
  })
}

/** Removes some rows of the oldest segment that is deleted; false when nothing is left of any. */
export function removeDeletedRows(log: EmbeddedLog, partition: PartitionId, count: number): boolean {
  const { topicId, partition: index } = partition
  const { startOffset } = log.partitions.row(partition)
  const deleted = closedOf(log, partition).find(({ endOffset }) => endOffset <= startOffset)
  if (deleted === undefined) return false
  const { segment, endOffset } = deleted
  const from = partitionNumberKey(topicId, index, segment.baseOffset)
  const batches = log.environment.storedRange('batches', from, partitionNumberKey(topicId, index, endOffset), count)
  const timesTo = segmentTimeKey(topicId, index, segment.baseOffset + 1, 0)
  const times = log.environment.storedRange('times', from, timesTo, count)
  log.environment.write((transaction) => {
    for (const { key } of batches) transaction.remove('batches', key)
    if (batches.length > 0) return
    for (const { key } of times) transaction.remove('times', key)
    if (times.length === 0) transaction.remove('segments', from)
  })
  return true
}

/** Removes one batch of a closed segment, as compaction does with one of which nothing is left. */
export function compactAway(log: EmbeddedLog, partition: PartitionId, pick: (count: number) => number): boolean {
  const { topicId, partition: index } = partition
  return log.environment.write((transaction) => {
    const row = log.partitions.row(partition)
    const kept = closedOf(log, partition).filter(({ endOffset }) => endOffset > row.startOffset)
    const chosen = kept[pick(kept.length)]
    if (chosen === undefined) return false
    const { segment, endOffset } = chosen
    const batches = log.environment.storedRange(
      'batches',
      partitionNumberKey(topicId, index, segment.baseOffset),
      partitionNumberKey(topicId, index, endOffset),
      10_000,
    )
    const at = pick(batches.length)
    const batch = batches[at]
    if (batch === undefined || batches.length < 2) return false
    const next = batches[at + 1] === undefined ? endOffset : numberOfKey((batches[at + 1] as typeof batch).key)
    transaction.remove('batches', batch.key)
    const bytes = batch.value.length
    log.partitions.closed.put(transaction, partition, {
      ...segment,
      batchCount: segment.batchCount - 1,
      bytes: segment.bytes - bytes,
    })
    log.partitions.putRow(transaction, partition, {
      ...row,
      bytes: row.bytes - bytes,
      gapsEnd: Math.max(row.gapsEnd, next),
    })
    return true
  })
}
