/**
 * The rows of state stores: (store, partition, key) to value, in one database for all stores.
 *
 * This is all that is known of state above the storage. A row's key is the store's own, in any layout (src/state/layout.ts);
 * rows are ordered by its bytes.
 */
import type { Environment, WriteTransaction } from './environment.ts'
import { partitionKey, stateKey } from './keys.ts'

/**
 * Changes the rows of stores, inside a commit. Keys and values are copied.
 *
 * A commit names a row at most once, and puts none into a range that it removes. So the order of its calls means nothing, and
 * neither side reads back what the commit has written.
 */
export interface StateWriter {
  put(storeId: number, partition: number, key: Buffer, value: Buffer): void
  /** There need not be such a row. */
  remove(storeId: number, partition: number, key: Buffer): void
  /** Removes the rows that were there before the commit with from <= key < to. */
  removeRange(storeId: number, partition: number, from: Buffer, to: Buffer): void
}

/** A row as it is stored: its key within the store, and its value. */
export interface StoredRow {
  readonly key: Buffer
  readonly value: Buffer
}

/**
 * Reads the rows of stores as of the last commit: all of a commit or nothing of it. Reads see one snapshot until this process
 * commits or refreshes. What they return is the caller's own.
 */
export interface StateReader {
  get(storeId: number, partition: number, key: Uint8Array): Buffer | undefined
  /**
   * The first rows with from <= key, and key < to unless `to` is undefined, in byte order of their keys, at most `limit`; the last
   * ones, last first, when `isReverse`.
   */
  range(
    storeId: number,
    partition: number,
    from: Uint8Array,
    to: Uint8Array | undefined,
    limit: number,
    isReverse?: boolean,
  ): StoredRow[]
}

/** Rows are removed in pages of this size. */
const removedPageRows = 1_000

/** The writer of a commit over an environment, whose transaction is open. */
export function stateWriter(environment: Environment, transaction: WriteTransaction): StateWriter {
  return {
    put: (storeId, partition, key, value) =>
      transaction.put('state', stateKey(storeId, partition, key, 0, key.length), value),
    remove: (storeId, partition, key) => transaction.remove('state', stateKey(storeId, partition, key, 0, key.length)),
    removeRange(storeId, partition, from, to) {
      const end = stateKey(storeId, partition, to, 0, to.length)
      for (let start = stateKey(storeId, partition, from, 0, from.length); ;) {
        const keys = environment.keys('state', start, end, removedPageRows)
        for (const key of keys) transaction.remove('state', key)
        const last = keys.at(-1)
        if (last === undefined || keys.length < removedPageRows) return
        start = Buffer.concat([last, Buffer.of(0)])
      }
    },
  }
}

export function stateReader(environment: Environment): StateReader {
  return {
    get: (storeId, partition, key) => environment.get('state', stateKey(storeId, partition, key, 0, key.length)),
    range(storeId, partition, from, to, limit, isReverse = false) {
      const start = stateKey(storeId, partition, from, 0, from.length)
      const end =
        to === undefined ? partitionKey(storeId, partition + 1) : stateKey(storeId, partition, to, 0, to.length)
      const found = isReverse
        ? environment.reverseRange('state', start, end, limit)
        : environment.range('state', start, end, limit)
      return found.map(({ key, value }) => ({ key: key.subarray(8), value }))
    },
  }
}
