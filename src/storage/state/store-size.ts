/**
 * How much a store holds, without reading all of it: its head counts the rows of the tree, and only what the journal
 * changes about that number is looked up.
 */
import type { Environment } from '../environment.ts'
import { partitionKey, stateKey } from '../keys.ts'
import { isRemoved, keyAt, walkPiece } from './piece.ts'
import type { StoreJournal } from './store-journal.ts'

/** What a store holds. */
export interface StoreSize {
  readonly rows: number
  /** Of keys and values in the tree, about, and of the journal. */
  readonly bytes: number
}

/** The size of a row is the mean of this many, the first ones of the partition. */
const countedRows = 256
/** Pauses after this many rows of the journal. */
const stepRows = 1_024
/** What is told at once looks at no more rows than this of each partition, and of the journal. */
const aboutRows = 64

/**
 * Counts a store, a step at a time. Others may commit between two steps: what they change may be counted or not.
 *
 * @param journalNow the journal as of the snapshot that is read
 */
export function* storeSize(
  environment: Environment,
  storeId: number,
  journalNow: () => StoreJournal,
): Generator<void, StoreSize> {
  const journal = journalNow()
  let { rows, bytes } = treeSize(environment, storeId, journal, countedRows)
  bytes += journal.pieces.bytes
  const { first, next } = journal.head
  for (let sequence = next - 1, seen = 0; sequence >= first; sequence--) {
    // Another commit may have removed it: its rows are in the tree, or in a newer piece.
    const piece = journal.pieces.find(sequence)
    if (piece === undefined) break
    for (const { partition, at } of rowsOf(piece.bytes)) {
      if (++seen % stepRows === 0) {
        yield
        journalNow()
      }
      const key = keyAt(piece.bytes, at)
      if (journal.rows(partition)?.isNewest(key, at, sequence) !== true) continue
      const isInTree = environment.seal('state', stateKey(storeId, partition, key, 0, key.length)) !== undefined
      if (isRemoved(piece.bytes, at) === isInTree) rows += isInTree ? -1 : 1
    }
  }
  return { rows: Math.max(0, rows), bytes: Math.round(bytes) }
}

/** Where the rows of a piece begin in it. */
function rowsOf(bytes: Buffer): { readonly partition: number; readonly at: number }[] {
  const places: { readonly partition: number; readonly at: number }[] = []
  walkPiece(bytes, { row: (partition, _, at) => places.push({ partition, at }), range: () => undefined })
  return places
}

/** About as much as a {@link storeSize}, at once. */
export function storeSizeAbout(environment: Environment, storeId: number, journal: StoreJournal): StoreSize {
  const { rows, bytes } = treeSize(environment, storeId, journal, aboutRows)
  const { looked, live, more } = journalSample(environment, storeId, journal)
  const inJournal = looked === 0 ? 0 : Math.round((more / looked) * live)
  return { rows: Math.max(0, rows + inJournal), bytes: Math.round(bytes + journal.pieces.bytes) }
}

/** Of some of the newest rows: by how many the store has more than the tree; and how many rows the journal has. */
function journalSample(environment: Environment, storeId: number, journal: StoreJournal) {
  const { first, next } = journal.head
  let [looked, live, more] = [0, 0, 0]
  for (let sequence = next - 1; sequence >= first; sequence--) {
    const piece = journal.pieces.find(sequence)
    if (piece === undefined) break
    live += piece.live
    if (looked >= aboutRows || piece.live === 0) continue
    for (const { partition, at } of rowsOf(piece.bytes)) {
      if (looked === aboutRows) break
      const key = keyAt(piece.bytes, at)
      if (journal.rows(partition)?.isNewest(key, at, sequence) !== true) continue
      looked++
      const isInTree = environment.seal('state', stateKey(storeId, partition, key, 0, key.length)) !== undefined
      if (isRemoved(piece.bytes, at) === isInTree) more += isInTree ? -1 : 1
    }
  }
  return { looked, live, more }
}

function treeSize(environment: Environment, storeId: number, { head }: StoreJournal, sampledRows: number): StoreSize {
  let [rows, bytes] = [0, 0]
  for (const [partition, sum] of head.sums) {
    rows += sum.rows
    const [from, to] = [partitionKey(storeId, partition), partitionKey(storeId, partition + 1)]
    const sample = environment.range('state', from, to, sampledRows)
    const sampledBytes = sample.reduce((total, { key, value }) => total + key.length + value.length, 0)
    if (sample.length > 0) bytes += (sampledBytes / sample.length) * sum.rows
  }
  return { rows, bytes }
}
