/**
 * The rows of a partition: those of the journal and those of the tree as one.
 *
 * The journal says of rows too that they were removed, and a store whose rows come and go has many of these side by
 * side. So each side is read on from where it ended, in pages that grow, and not once more from where both have come
 * to.
 */
import type { Environment } from '../environment.ts'
import { keyAfter, partitionKey, stateKey } from '../keys.ts'
import type { StoredRow } from '../state-rows.ts'
import type { JournalRows } from './journal-rows.ts'
import { hashOf } from './piece.ts'
import { compareKeys } from './row-sort.ts'
import type { StoreJournal } from './store-journal.ts'

const storeKeyBytes = 8
const pageRowsMax = 1_024

/** A copy of the value of a row; undefined when there is none. */
export function mergedGet(
  environment: Environment,
  journal: StoreJournal,
  partition: number,
  key: Uint8Array,
): Buffer | undefined {
  const rows = journal.rows(partition)
  const hash = hashOf(key, 0, key.length)
  const entry = rows === undefined ? -1 : rows.find(key, hash)
  if (rows !== undefined && entry >= 0) return rows.copyOfValue(entry)
  const treeKey = stateKey(journal.storeId, partition, key, 0, key.length)
  const value = journal.hasTree(partition) ? environment.get('state', treeKey) : undefined
  journal.reads?.note(hash, partition, key, value && environment.lastSeal)
  return value
}

/** Up to `limit` rows with from <= key < to: the first ones or, in reverse, the last ones with the last one first. */
export function mergedRange(
  environment: Environment,
  journal: StoreJournal,
  partition: number,
  from: Uint8Array,
  to: Uint8Array | undefined,
  limit: number,
  isReverse: boolean,
): StoredRow[] {
  const rows = journal.rows(partition)
  const found: StoredRow[] = []
  const changed = new Pages<number>(
    rows === undefined ? undefined : (start, end, max) => rows.between(start, end, max, isReverse),
    { from, to, limit, isReverse },
  )
  const stored = new Pages<StoredRow>(
    journal.hasTree(partition)
      ? (start, end, max) => treeRange(environment, journal.storeId, partition, start, end, max, isReverse)
      : undefined,
    { from, to, limit, isReverse },
  )
  while (found.length < limit) {
    if (changed.isAtEnd && rows !== undefined) changed.turn((entry) => rows.key(entry))
    if (stored.isAtEnd) stored.turn(({ key }) => key)
    const entry = changed.head
    const row = stored.head
    if (entry === undefined || rows === undefined) {
      if (row === undefined) return found
      found.push(row)
      stored.advance()
      continue
    }
    const order = row === undefined ? -1 : compareTo(rows, entry, row.key) * (isReverse ? -1 : 1)
    if (order >= 0) stored.advance()
    if (order > 0 && row !== undefined) {
      found.push(row)
      continue
    }
    changed.advance()
    const value = rows.copyOfValue(entry)
    if (value !== undefined) found.push({ key: Buffer.from(rows.key(entry)), value })
  }
  return found
}

function compareTo(rows: JournalRows, entry: number, key: Uint8Array): number {
  return compareKeys(rows.keyBytes(entry), rows.keyStart(entry), rows.keyEnd(entry), key, 0, key.length)
}

/** Reads up to `max` of what is within the bounds. */
type Read<T> = (from: Uint8Array, to: Uint8Array | undefined, max: number) => readonly T[]

/** One side of a range. */
class Pages<T> {
  readonly #read: Read<T> | undefined
  readonly #isReverse: boolean
  #from: Uint8Array
  #to: Uint8Array | undefined
  #max: number
  #page: readonly T[] = []
  #at = 0
  #hasMore: boolean

  /** @param read undefined: the side has nothing */
  constructor(
    read: Read<T> | undefined,
    bounds: {
      readonly from: Uint8Array
      readonly to: Uint8Array | undefined
      readonly limit: number
      readonly isReverse: boolean
    },
  ) {
    this.#read = read
    this.#hasMore = read !== undefined
    this.#isReverse = bounds.isReverse
    this.#from = bounds.from
    this.#to = bounds.to
    this.#max = bounds.limit
  }

  get head(): T | undefined {
    return this.#page[this.#at]
  }

  advance(): void {
    this.#at++
  }

  /** Whether the next page has to be read before the head is known. */
  get isAtEnd(): boolean {
    return this.#hasMore && this.#at === this.#page.length
  }

  turn(keyOf: (one: T) => Uint8Array): void {
    const last = this.#page.at(-1)
    if (last !== undefined) {
      if (this.#isReverse) this.#to = Buffer.from(keyOf(last))
      else this.#from = keyAfter(keyOf(last))
      this.#max = Math.max(this.#max, Math.min(this.#max * 4, pageRowsMax))
    }
    this.#page = this.#read?.(this.#from, this.#to, this.#max) ?? []
    this.#at = 0
    this.#hasMore = this.#page.length === this.#max
  }
}

function treeRange(
  environment: Environment,
  storeId: number,
  partition: number,
  from: Uint8Array,
  to: Uint8Array | undefined,
  limit: number,
  reverse: boolean,
): StoredRow[] {
  const start = stateKey(storeId, partition, from, 0, from.length)
  const end = to === undefined ? partitionKey(storeId, partition + 1) : stateKey(storeId, partition, to, 0, to.length)
  const entries = reverse
    ? environment.reverseRange('state', start, end, limit)
    : environment.range('state', start, end, limit)
  return entries.map(({ key, value }) => ({ key: key.subarray(storeKeyBytes), value }))
}
