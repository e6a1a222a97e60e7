/**
 * What deleted topics leave: their records and the positions of groups in them, removed in steps behind the deletion, by
 * whoever is open then.
 */
import { readInt32, writeInt32 } from '../../core/bytes.ts'
import type { DatabaseName } from '../../storage/databases.ts'
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import { afterPrefix, namedKey } from '../../storage/keys.ts'
import { Positions } from './positions.ts'

/** Rows that one step removes. */
const removalRows = 256

const markPrefix = Buffer.from('deleted topic\0')

/** What belongs to a topic, by keys that begin with its id. */
const topicDatabases = ['batches', 'segments', 'times'] as const satisfies readonly DatabaseName[]

/** Says that nothing of a topic is needed any more. */
export function markDeleted(transaction: WriteTransaction, topicId: number): void {
  const id = Buffer.alloc(4)
  writeInt32(id, 0, topicId)
  transaction.put('meta', namedKey('deleted topic', id), Buffer.alloc(0))
}

/** Removes what deleted topics left, a step at a time. */
export function* sweepDeletedTopics(environment: Environment): Generator<void> {
  for (;;) {
    environment.refresh()
    // Reads the value too: its checksum shows that the key is the one that was written.
    const [row] = environment.range('meta', markPrefix, afterPrefix(markPrefix), 1)
    if (row === undefined) return
    const mark = row.key
    const topicId = mark.subarray(markPrefix.length)
    for (const database of topicDatabases) yield* removeRange(environment, database, topicId, afterPrefix(topicId))
    yield* new Positions(environment).removeTopic(readInt32(topicId, 0))
    const compaction = namedKey('compaction', topicId)
    yield* removeRange(environment, 'meta', compaction, afterPrefix(compaction))
    environment.write((transaction) => transaction.remove('meta', mark))
    yield
  }
}

/** Removes every row with from <= key < to, a step at a time. */
function* removeRange(environment: Environment, database: DatabaseName, from: Buffer, to: Buffer): Generator<void> {
  for (;;) {
    environment.refresh()
    const keys = environment.keys(database, from, to, removalRows)
    if (keys.length === 0) return
    environment.write((transaction) => {
      for (const key of keys) transaction.remove(database, key)
    })
    yield
    if (keys.length < removalRows) return
  }
}
