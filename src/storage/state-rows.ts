/**
 * The rows of state stores: (store, partition, key) to value, in one database for all stores.
 */
import type { Environment, WriteTransaction } from './environment.ts'
import { partitionKey, stateKey } from './keys.ts'

/** Changes the rows of stores, inside a commit. `key` is the row's own key; both are copied. */
export interface StateWriter {
  put(storeId: number, partition: number, key: Buffer, value: Buffer): void
  remove(storeId: number, partition: number, key: Buffer): void
}

/** Reads the rows of stores as of the last commit. */
export interface StateReader {
  get(storeId: number, partition: number, key: Uint8Array): Buffer | undefined
  /** Up to `limit` rows with from <= key, and key < to unless `to` is undefined, in byte order of their keys. */
  range(
    storeId: number,
    partition: number,
    from: Uint8Array,
    to: Uint8Array | undefined,
    limit: number,
  ): { readonly key: Buffer; readonly value: Buffer }[]
  /** The key of the last row of a partition. */
  last(storeId: number, partition: number): Buffer | undefined
}

export function stateWriter(transaction: WriteTransaction): StateWriter {
  return {
    put: (storeId, partition, key, value) =>
      transaction.put('state', stateKey(storeId, partition, key, 0, key.length), value),
    remove: (storeId, partition, key) => transaction.remove('state', stateKey(storeId, partition, key, 0, key.length)),
  }
}

export function stateReader(environment: Environment): StateReader {
  return {
    get: (storeId, partition, key) => environment.get('state', stateKey(storeId, partition, key, 0, key.length)),
    range(storeId, partition, from, to, limit) {
      const start = stateKey(storeId, partition, from, 0, from.length)
      const end =
        to === undefined ? partitionKey(storeId, partition + 1) : stateKey(storeId, partition, to, 0, to.length)
      return environment.range('state', start, end, limit).map(({ key, value }) => ({ key: key.subarray(8), value }))
    },
    last: (storeId, partition) =>
      environment
        .lastBefore('state', partitionKey(storeId, partition), partitionKey(storeId, partition + 1))
        ?.key.subarray(8),
  }
}
