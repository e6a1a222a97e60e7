/**
 * Deleting records on request, before an offset.
 */
import { checkList, checkOptions, checkWhole } from '../../core/checks.ts'
import type { Offset } from '../../core/units.ts'
import type { Environment } from '../../storage/environment.ts'
import { partitionAt } from '../format/partition-id.ts'
import type { Retention } from '../cleaning/retention.ts'
import { stepsInTurn } from '../kept/steps-in-turn.ts'
import type { TopicDescription } from '../kept/topic-row.ts'

/** What {@link Admin.deleteRecords} deletes in a partition. */
export interface RecordDeletion {
  /** From 0. */
  readonly partition: number
  /** The first offset that stays; the end of the partition to delete all. */
  readonly beforeOffset: number
}

/** What it takes of a log. */
export interface RetainedLog {
  readonly environment: Pick<Environment, 'inTurn'>
  readonly retention: Retention
}

/**
 * Moves the beginnings of all partitions at once; then what lies before is removed in steps that others can write
 * between.
 */
export async function deleteRecords(
  log: RetainedLog,
  topic: TopicDescription,
  deletions: readonly RecordDeletion[],
): Promise<readonly Offset[]> {
  const checked = checkList('the list of deletions', deletions).map((deletion) => {
    const { partition, beforeOffset } = checkOptions('deleteRecords', deletion, ['partition', 'beforeOffset'])
    return { partition: partitionAt(topic, partition), beforeOffset: checkWhole('beforeOffset', beforeOffset, 0) }
  })
  const { environment, retention } = log
  const startOffsets = (await environment.inTurn(() => retention.deleteBefore(checked))) as Offset[]
  for (const { partition } of checked) await stepsInTurn(environment, retention.removeDeleted(partition))
  return startOffsets
}
