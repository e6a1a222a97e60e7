/**
 * Deleting records on request, before an offset.
 */
import { yieldToEventLoop } from '../../core/clock.ts'
import { checkList, checkOptions, checkWhole } from '../../core/checks.ts'
import type { Offset } from '../../core/units.ts'
import type { EmbeddedLog } from '../embedded-log.ts'

/** What {@link Admin.deleteRecords} deletes in a partition. */
export interface RecordDeletion {
  /** From 0. */
  readonly partition: number
  /** The first offset that stays; the end of the partition to delete all. */
  readonly beforeOffset: number
}

/** Moves the beginnings of all partitions at once; then what lies before is removed in steps that others can write between. */
export async function deleteRecords(
  log: EmbeddedLog,
  name: string,
  deletions: readonly RecordDeletion[],
): Promise<readonly Offset[]> {
  const { id: topicId, partitions } = log.topics.describe(name)
  const checked = checkList('the list of deletions', deletions).map((deletion) => {
    const { partition, beforeOffset } = checkOptions('deleteRecords', deletion, ['partition', 'beforeOffset'])
    checkWhole('the partition', partition, 0, partitions - 1)
    checkWhole('beforeOffset', beforeOffset, 0)
    return { partition: { topic: name, topicId, partition }, beforeOffset }
  })
  const startOffsets = log.retention.deleteBefore(checked) as Offset[]
  for (const { partition } of checked) for (const _ of log.retention.removeDeleted(partition)) await yieldToEventLoop()
  return startOffsets
}
