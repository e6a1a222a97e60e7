/**
 * The rows of state stores, (store, partition, key) to value, as those who keep state see them. What is below:
 * src/storage/state.
 *
 * This is all that is known of state above the storage. A row's key is the store's own, in any layout
 * (src/state/layout.ts); rows are ordered by its bytes.
 */

/**
 * Changes the rows of stores, inside a commit. Keys and values are copied.
 *
 * A commit names a row at most once, and puts none into a range that it removes. So the order of its calls means
 * nothing, and neither side reads back what the commit has written.
 */
export interface StateWriter {
  put(storeId: number, partition: number, key: Buffer, value: Buffer): void
  /** There need not be such a row. */
  remove(storeId: number, partition: number, key: Buffer): void
  /**
   * Removes the rows that were there before the commit with from <= key < to: all of them, or about `rowsMax`, so that
   * the commit stays small. Returns where those begin that are left; undefined when none is.
   */
  removeRange(storeId: number, partition: number, from: Buffer, to: Buffer, rowsMax?: number): Buffer | undefined
}

/** A row as it is stored: its key within the store, and its value. */
export interface StoredRow {
  readonly key: Buffer
  readonly value: Buffer
}

/**
 * Reads the rows of stores as of the last commit: all of a commit or nothing of it, also while one is being written.
 * Reads see one snapshot until this process commits or refreshes. What they return is the caller's own.
 */
export interface StateReader {
  get(storeId: number, partition: number, key: Uint8Array): Buffer | undefined
  /**
   * The first rows with from <= key, and key < to unless `to` is undefined, in byte order of their keys, at most
   * `limit`; the last ones, last first, when `isReverse`.
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
