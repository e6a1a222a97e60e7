/**
 * What one commit does to the rows of stores: what changed becomes the next piece of a journal, and some of what was
 * there goes into the tree. Nothing in memory changes before the commit is durable.
 */
import { present } from '../../core/assert.ts'
import { ByteWriter, writeInt32 } from '../../core/bytes.ts'
import type { Environment, WriteTransaction } from '../environment.ts'
import type { PackedRows } from '../packed-rows.ts'
import { keyTooLong } from '../write-transaction.ts'
import { keyAfter, keyBytesMax, stateKey } from '../keys.ts'
import type { StateWriter } from '../state-rows.ts'
import { encodeHead, headKey, noRows, type RowSum, sealOf } from './head.ts'
import type { Hand } from './hand.ts'
import type { JournalRows } from './journal-rows.ts'
import { pieceOf, PieceWriter } from './piece.ts'
import { pieceOverheadBytes } from './pieces.ts'
import { pieceKey, type SealedFold, type StoreJournal } from './store-journal.ts'

/** A piece is closed when it has this many bytes. */
const pieceBytesMax = 1_048_576
/** Store and partition stand before the key of a row. */
const rowKeyBytesMax = keyBytesMax - 8
/** How many old pieces a commit removes at most, for each new one. */
const piecesRemoved = 16
/** A range of the tree is removed in pages of this many rows. */
const pageRows = 1_000
/** What stands before the key of a row in the tree: its store and its partition. */
const statePrefixBytes = 8

const keyScratch = new ByteWriter(256)

/** The key of a row in the tree; valid until the next call. */
function treeKey(storeId: number, partition: number, rows: JournalRows, entry: number): Buffer {
  keyScratch.at = statePrefixBytes
  writeInt32(keyScratch.bytes, 0, storeId)
  writeInt32(keyScratch.bytes, 4, partition)
  keyScratch.append(rows.keyBytes(entry), rows.keyStart(entry), rows.keyEnd(entry))
  return keyScratch.written
}

interface Range {
  readonly from: Buffer
  readonly to: Buffer
}

function isIn({ from, to }: Range, key: Buffer): boolean {
  return Buffer.compare(key, from) >= 0 && Buffer.compare(key, to) < 0
}

/** The changes of one store in one commit. */
class StoreCommit {
  readonly #journal: StoreJournal
  readonly #environment: Environment
  readonly #transaction: WriteTransaction
  readonly #writer = new PieceWriter()
  /** Items of pieces that are closed. */
  readonly #closed: Buffer[] = []
  #pieces: readonly Buffer[] = []
  readonly #sums: Map<number, RowSum>
  /** Not before the journal is known as a whole. */
  readonly #folds: boolean
  readonly #folded: SealedFold[] = []
  /** Where it is once everything is folded that this commit folds. */
  #hand: Hand
  /** Ranges with rows of the journal, by partition: those must not come back by being folded. */
  readonly #removed = new Map<number, Range[]>()
  #removesRanges = false
  /** Partitions with changed rows, which may be in a range that is removed. */
  readonly #changed = new Set<number>()
  #lastChanged = -1

  constructor(journal: StoreJournal, environment: Environment, transaction: WriteTransaction) {
    this.#journal = journal
    this.#environment = environment
    this.#transaction = transaction
    this.#sums = new Map(journal.head.sums)
    this.#folds = journal.isTakenOver
    this.#hand = journal.head.hand
  }

  row(partition: number, key: Buffer, value: Buffer | undefined): void {
    if (partition !== this.#lastChanged) this.#changed.add((this.#lastChanged = partition))
    this.#writer.row(partition, key, value)
    if (this.#writer.bytes >= pieceBytesMax) this.#close()
  }

  removeRange(partition: number, from: Buffer, to: Buffer, rowsMax: number): Buffer | undefined {
    this.#removesRanges = true
    const left = this.#removeStored(partition, from, to, rowsMax)
    const end = left ?? to
    const { pieces } = this.#journal
    const rows = this.#journal.rows(partition)
    if (this.#folds && rows !== undefined && rows.between(from, end, 1, false).length > 0)
      this.#removed.set(partition, [...(this.#removed.get(partition) ?? []), { from, to: end }])
    // A row that was folded is still in its piece: a reader that begins there has to find that it was removed later.
    if (pieces.count > 0 || this.#changed.has(partition)) this.#writer.range(partition, from, end)
    return left
  }

  /** Of the tree; the key of the first row that is left. */
  #removeStored(partition: number, from: Buffer, to: Buffer, rowsMax: number): Buffer | undefined {
    const { storeId } = this.#journal
    const end = stateKey(storeId, partition, to, 0, to.length)
    let start = stateKey(storeId, partition, from, 0, from.length)
    for (let left = rowsMax; left > 0; left -= pageRows) {
      const max = Math.min(pageRows, left)
      const page = this.#environment.range('state', start, end, max)
      for (const { key, value } of page) {
        this.#transaction.remove('state', key)
        this.#add(partition, -1, -sealOf(key, value))
      }
      const last = page.at(-1)
      if (last === undefined || page.length < max) return undefined
      start = keyAfter(last.key)
    }
    const [next] = this.#environment.range('state', start, end, 1)
    return next && Buffer.from(next.key.subarray(statePrefixBytes))
  }

  #close(): void {
    if (this.#writer.bytes > 0) this.#closed.push(this.#writer.take())
  }

  /**
   * Everything that has to be read: reads look through what the transaction has written, so this is called for all
   * stores before the first one writes.
   *
   * @param bytesMax how large the journal may become
   * @param writes takes what changes in the tree
   */
  fold(bytesMax: number, writes: PackedRows): void {
    this.#close()
    if (!this.#folds) return
    const { folding, pieces } = this.#journal
    const appendedBytes = this.#closed.reduce((total, { length }) => total + length + pieceOverheadBytes, 0)
    this.#fold(folding.due(appendedBytes, pieces.bytes, bytesMax), writes)
  }

  #fold(count: number, writes: PackedRows): void {
    const { head, storeId, folding } = this.#journal
    const { folded, hand } = folding.next(head.hand, count)
    this.#hand = hand
    for (const { rows, entries } of folded) {
      const { partition } = rows
      const seals = new Int32Array(entries.length)
      const ranges = this.#removed.get(partition)
      let [rowsAdded, sealsAdded] = [0, 0]
      for (let at = 0; at < entries.length; at++) {
        const entry = entries[at] as number
        const key = treeKey(storeId, partition, rows, entry)
        const isKnown = !this.#removesRanges && rows.knowsTree(entry)
        const before = isKnown ? rows.treeSeal(entry) : this.#environment.seal('state', key)
        const isRemoved = ranges?.some((range) => isIn(range, rows.key(entry))) === true
        const after = isRemoved ? undefined : rows.write(entry, key, writes)
        if (before !== undefined) {
          rowsAdded--
          sealsAdded -= before
        }
        if (after !== undefined) {
          rowsAdded++
          sealsAdded += seals[at] = after
        } else if (before !== undefined) writes.remove(key)
      }
      this.#folded.push({ rows, entries, seals })
      this.#add(partition, rowsAdded, sealsAdded)
    }
  }

  /** Changes what a partition adds up to. */
  #add(partition: number, rowsAdded: number, sealsAdded: number): void {
    const { rows, seals } = this.#sums.get(partition) ?? noRows
    this.#sums.set(partition, { rows: rows + rowsAdded, seals: (seals + sealsAdded) >>> 0 })
  }

  write(): void {
    const { head: before, storeId, pieces } = this.#journal
    const transaction = this.#transaction
    let { first, next } = before
    const done = this.#folds ? pieces.done(piecesRemoved * Math.max(1, this.#closed.length)) : 0
    for (let left = done; left > 0; left--) transaction.remove('journal', pieceKey(storeId, first++))
    this.#pieces = this.#closed.map((items) => pieceOf(this.#hand, items))
    for (const bytes of this.#pieces) transaction.put('journal', pieceKey(storeId, next++), bytes)
    const head = { first, next, hand: this.#hand, sums: this.#sums }
    const headBytes = encodeHead(head)
    transaction.put('state', headKey(storeId), headBytes)
    transaction.onDurable(() =>
      this.#journal.committed({
        head,
        headBytes,
        pieces: this.#pieces,
        folded: this.#folded,
        removesRanges: this.#removesRanges,
      }),
    )
  }
}

export class StateCommit implements StateWriter {
  #journalOf: (storeId: number) => StoreJournal
  readonly #environment: Environment
  readonly #transaction: WriteTransaction
  readonly #writes: PackedRows
  readonly #stores = new Map<StoreJournal, StoreCommit>()
  #last: StoreJournal | undefined

  /**
   * @param writes has nothing yet, and takes what changes in the tree
   * @param journalOf gives a journal as of the transaction
   */
  constructor(
    environment: Environment,
    transaction: WriteTransaction,
    writes: PackedRows,
    journalOf: (storeId: number) => StoreJournal,
  ) {
    this.#environment = environment
    this.#transaction = transaction
    this.#writes = writes
    this.#journalOf = journalOf
  }

  put(storeId: number, partition: number, key: Buffer, value: Buffer): void {
    // It would be refused when it is folded, commits later.
    if (key.length > rowKeyBytesMax) throw keyTooLong('state', key)
    this.#store(storeId).row(partition, key, value)
  }

  remove(storeId: number, partition: number, key: Buffer): void {
    this.#store(storeId).row(partition, key, undefined)
  }

  removeRange(
    storeId: number,
    partition: number,
    from: Buffer,
    to: Buffer,
    rowsMax: number = Infinity,
  ): Buffer | undefined {
    return this.#store(storeId).removeRange(partition, from, to, rowsMax)
  }

  #store(storeId: number): StoreCommit {
    let store = this.#last?.storeId === storeId ? this.#stores.get(this.#last) : undefined
    if (store !== undefined) return store
    const journal = this.#journalOf(storeId)
    this.#last = journal
    store = this.#stores.get(journal)
    if (store === undefined) {
      store = new StoreCommit(journal, this.#environment, this.#transaction)
      this.#stores.set(journal, store)
    }
    return store
  }

  /**
   * Writes everything: the last thing done to stores in the transaction.
   *
   * @param bytesMax how large the journals of all stores may become together
   */
  end(bytesMax: number, othersBytes: (journal: StoreJournal) => number): void {
    for (const [journal, store] of this.#stores)
      store.fold(Math.max(bytesMax - othersBytes(journal), bytesMax / 16), this.#writes)
    this.#transaction.writeAll('state', this.#writes)
    for (const store of this.#stores.values()) store.write()
    // What is put from here on would be in no commit.
    this.#last = undefined
    this.#journalOf = () =>
      present<StoreJournal>(undefined, 'rows are written only inside the commit that the writer was given for')
  }
}
