/**
 * What deleted topics leave: their records and the positions of groups in them, removed in steps after the deletion, by
 * any log that is open then.
 */
import { readInt32, writeInt32 } from '../../core/bytes.ts'
import type { DatabaseName } from '../../storage/databases.ts'
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import { afterPrefix, namedKey, partitionKey } from '../../storage/keys.ts'
import { compactionRange } from './compaction-row.ts'
import { Positions } from './positions.ts'
import { removeRange } from './remove-range.ts'

const markName = 'deleted topic'
const markPrefix = namedKey(markName, '')
/** All marks: from <= key < to. */
export const deletedRange: readonly [from: Buffer, to: Buffer] = [markPrefix, afterPrefix(markPrefix)]

/** What belongs to a topic, by keys that begin with its id. */
const topicDatabases = ['batches', 'segments', 'times'] as const satisfies readonly DatabaseName[]

/** Says that nothing of a topic is needed. */
export function markDeleted(transaction: WriteTransaction, topicId: number): void {
  const id = Buffer.alloc(4)
  writeInt32(id, 0, topicId)
  transaction.put('meta', namedKey(markName, id), Buffer.alloc(0))
}

/** The id of the topic that a mark says was deleted. */
export function deletedTopicId(mark: Buffer): number {
  return readInt32(mark, markPrefix.length)
}

/** Removes what deleted topics left, a step at a time. */
export function* sweepDeletedTopics(environment: Environment): Generator<void> {
  for (;;) {
    environment.refresh()
    // Reads the value too: its checksum shows that the key is the one that was written.
    const [row] = environment.range('meta', ...deletedRange, 1)
    if (row === undefined) return
    const mark = row.key
    const topicId = deletedTopicId(mark)
    for (const database of topicDatabases) {
      yield* removeRange(environment, database, partitionKey(topicId, 0), partitionKey(topicId + 1, 0))
    }
    yield* new Positions(environment).removeTopic(topicId)
    yield* removeRange(environment, 'meta', ...compactionRange(topicId))
    environment.write((transaction) => transaction.remove('meta', mark))
    yield
  }
}
