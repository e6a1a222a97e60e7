/**
 * What deleted stores leave: their rows and journals, removed in steps after the deletion, by any log that is open.
 */
import { readInt32, writeInt32 } from '../../core/bytes.ts'
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import { afterPrefix, namedKey } from '../../storage/keys.ts'
import { headKey } from '../../storage/state/head.ts'
import { removeRange } from './remove-range.ts'

/**
 * Rows of state are small, and whatever a step removes, its commit writes the list of all free pages: fewer steps write
 * less, and one of this size takes a few ms.
 */
const stateRows = 1_024

const markName = 'deleted store'
const markPrefix = namedKey(markName, '')
/** All marks: from <= key < to. */
export const deletedStoresRange: readonly [from: Buffer, to: Buffer] = [markPrefix, afterPrefix(markPrefix)]

/** Says that nothing of a store is needed. Nothing names it any longer: its id is never used again. */
export function markStoreDeleted(transaction: WriteTransaction, storeId: number): void {
  const id = Buffer.alloc(4)
  writeInt32(id, 0, storeId)
  transaction.put('meta', namedKey(markName, id), Buffer.alloc(0))
}

/** The id of the store that a mark says was deleted. */
export function deletedStoreId(mark: Buffer): number {
  return readInt32(mark, markPrefix.length) >>> 0
}

/** Removes what deleted stores left, a step at a time. */
export function* sweepDeletedStores(environment: Environment): Generator<void> {
  for (;;) {
    environment.refresh()
    // Reads the value too: its checksum shows that the key is the one that was written.
    const [row] = environment.range('meta', ...deletedStoresRange, 1)
    if (row === undefined) return
    const first = headKey(deletedStoreId(row.key))
    yield* removeRange(environment, 'state', first, afterPrefix(first), stateRows)
    yield* removeRange(environment, 'journal', first, afterPrefix(first))
    environment.write((transaction) => transaction.remove('meta', row.key))
    yield
  }
}
