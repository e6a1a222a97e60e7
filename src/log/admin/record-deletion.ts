/**
 * Deleting records on request, before an offset.
 */
import { yieldToEventLoop } from '../../core/clock.ts'
import { checkList, checkOptions, checkWhole } from '../../core/checks.ts'
import type { Offset } from '../../core/units.ts'
import { partitionAt } from '../format/partition-id.ts'
import type { Retention } from '../cleaning/retention.ts'
import type { TopicDescription } from '../kept/topic-row.ts'

/** What {@link Admin.deleteRecords} deletes in a partition. */
export interface RecordDeletion {
  /** From 0. */
  readonly partition: number
  /** The first offset that stays; the end of the partition to delete all. */
  readonly beforeOffset: number
}

/**
 * Moves the beginnings of all partitions at once; then what lies before is removed in steps that others can write
 * between.
 */
export async function deleteRecords(
  retention: Retention,
  topic: TopicDescription,
  deletions: readonly RecordDeletion[],
): Promise<readonly Offset[]> {
  const checked = checkList('the list of deletions', deletions).map((deletion) => {
    const { partition, beforeOffset } = checkOptions('deleteRecords', deletion, ['partition', 'beforeOffset'])
    return { partition: partitionAt(topic, partition), beforeOffset: checkWhole('beforeOffset', beforeOffset, 0) }
  })
  const startOffsets = retention.deleteBefore(checked) as Offset[]
  for (const { partition } of checked) for (const _ of retention.removeDeleted(partition)) await yieldToEventLoop()
  return startOffsets
}
