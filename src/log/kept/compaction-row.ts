/**
 * What is stored about a partition that was compacted.
 */
import { writeInt32 } from '../../core/bytes.ts'
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import { afterPrefix, namedKey, partitionKey } from '../../storage/keys.ts'
import type { PartitionNumbers } from '../format/partition-id.ts'

export interface CompactionState {
  /** Passes have come this far. */
  readonly cleanedTo: number
  /** When the first of the tombstones that are left falls due; null without any. */
  readonly tombstonesDueMs: number | null
}

const name = 'compaction'

export function readCompaction(environment: Environment, partition: PartitionNumbers): CompactionState {
  const stored = environment.get('meta', keyOf(partition))
  return stored === undefined
    ? { cleanedTo: 0, tombstonesDueMs: null }
    : (JSON.parse(stored.toString()) as CompactionState)
}

export function putCompaction(
  transaction: WriteTransaction,
  partition: PartitionNumbers,
  state: CompactionState,
): void {
  transaction.put('meta', keyOf(partition), Buffer.from(JSON.stringify(state)))
}

/** The keys of all partitions of a topic: from <= key < to. */
export function compactionRange(topicId: number): readonly [from: Buffer, to: Buffer] {
  const id = Buffer.alloc(4)
  writeInt32(id, 0, topicId)
  const from = namedKey(name, id)
  return [from, afterPrefix(from)]
}

function keyOf({ topicId, partition }: PartitionNumbers): Buffer {
  return namedKey(name, partitionKey(topicId, partition))
}
