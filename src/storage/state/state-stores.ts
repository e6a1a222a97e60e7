/**
 * All state stores of a log.
 */
import type { Environment, WriteTransaction } from '../environment.ts'
import { PackedRows } from '../packed-rows.ts'
import type { StateReader, StoredRow } from '../state-rows.ts'
import { type ChangeVisitor, visitChanges } from './changed-rows.ts'
import { encodeHead, headKey, newHead } from './head.ts'
import { mergedGet, mergedRange } from './merged-rows.ts'
import { StateCommit } from './state-commit.ts'
import { StoreJournal } from './store-journal.ts'
import { type StoreSize, storeSize, storeSizeAbout } from './store-size.ts'

const journalBytesDefault = 32 * 1_048_576
const journalBytesMin = 4_096
const spareBytesMax = 4 * 1_048_576

export class StateStores implements StateReader {
  readonly #environment: Environment
  readonly #journals = new Map<number, StoreJournal>()
  #last: StoreJournal | undefined
  /** Its memory is used again. */
  #spare: PackedRows | undefined

  constructor(environment: Environment) {
    this.#environment = environment
  }

  /** A store without rows. */
  create(transaction: WriteTransaction, storeId: number): void {
    transaction.put('state', headKey(storeId), encodeHead(newHead))
  }

  /** The journal of a store, as of the snapshot that is read. */
  #journal(storeId: number): StoreJournal {
    let journal = this.#last
    if (journal?.storeId !== storeId) {
      journal = this.#journals.get(storeId)
      if (journal === undefined) this.#journals.set(storeId, (journal = new StoreJournal(storeId, this.#environment)))
      this.#last = journal
    }
    journal.refresh()
    return journal
  }

  get(storeId: number, partition: number, key: Uint8Array): Buffer | undefined {
    for (;;) {
      const journal = this.#journal(storeId)
      const value = mergedGet(this.#environment, journal, partition, key)
      if (journal.isCurrent) return value
    }
  }

  range(
    storeId: number,
    partition: number,
    from: Uint8Array,
    to: Uint8Array | undefined,
    limit: number,
    isReverse = false,
  ): StoredRow[] {
    for (;;) {
      const journal = this.#journal(storeId)
      journal.takeOverAll()
      const found = mergedRange(this.#environment, journal, partition, from, to, limit, isReverse)
      if (journal.isCurrent) return found
    }
  }

  /** A moment that {@link changesSince} can begin at: the commit that is read. */
  moment(storeId: number): number {
    return this.#journal(storeId).head.next
  }

  /**
   * Tells of the rows that commits have changed since a moment of this store, and of ranges that were removed.
   *
   * @returns false when that is not known any longer
   */
  changesSince(storeId: number, moment: number, visitor: ChangeVisitor): boolean {
    return visitChanges(this.#journal(storeId), moment, visitor)
  }

  /** Counts a store, a step at a time; a journal that was not read before is not kept. */
  *size(storeId: number): Generator<void, StoreSize> {
    const isRead = this.#journals.has(storeId)
    try {
      return yield* storeSize(this.#environment, storeId, () => this.#journal(storeId))
    } finally {
      if (!isRead) this.forget([storeId])
    }
  }

  /** As {@link size}, at once: where much is in the journal, from some of its newest rows. */
  sizeAbout(storeId: number): StoreSize {
    return storeSizeAbout(this.#environment, storeId, this.#journal(storeId))
  }

  /** Memory for rows of these stores that are not in their place on disk yet. */
  memoryBytes(storeIds: Iterable<number>): number {
    let bytes = 0
    for (const id of storeIds) bytes += this.#journals.get(id)?.memoryBytes ?? 0
    return bytes
  }

  /** Gives up the memory of these stores; the next read of one reads its journal again. */
  forget(storeIds: Iterable<number>): void {
    for (const id of storeIds) this.#journals.delete(id)
    this.#last = undefined
  }

  /** Writes the changes; the last that is done to stores in the transaction. */
  end(commit: StateCommit, bytesMax: number = journalBytesDefault): void {
    let bytes = 0
    for (const { pieces } of this.#journals.values()) bytes += pieces.bytes
    commit.end(Math.max(bytesMax, journalBytesMin), ({ pieces }) => bytes - pieces.bytes)
  }

  /** Begins the changes of a commit; reads go on seeing the last one. */
  begin(transaction: WriteTransaction): StateCommit {
    const writes = this.#spare ?? new PackedRows()
    this.#spare = undefined
    transaction.onDurable(() => {
      if (writes.bytes.length > spareBytesMax) return
      writes.clear()
      this.#spare = writes
    })
    return new StateCommit(this.#environment, transaction, writes, (storeId) => this.#journal(storeId))
  }
}
