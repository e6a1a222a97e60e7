/**
 * The reads of an environment. LMDB trusts its pages, so this file trusts nothing that LMDB returns: each key is
 * checked against what was asked for, each sealed row against its checksum, and any failure inside LMDB becomes a
 * `MillraceError`.
 */
import type { MillraceError } from '../core/errors.ts'
import { shownBytes } from '../core/shown.ts'
import { type DatabaseName, type Entry, fixedKeyBytes } from './databases.ts'
import type { Databases, Root } from './lmdb-databases.ts'
import { keyBytesMax } from './keys.ts'
import { dataFileOf } from './directory.ts'
import { type PendingRows, withChanges } from './pending-rows.ts'
import { damaged, readFailure, rowName } from './read-failure.ts'
import { checksumBytes, checksumOf, isSealed, sealedDatabases, sealIn, unseal, unsealedCopy } from './sealed-rows.ts'
import { countsOf, freePages, type LogStatistics, readStatistics } from './statistics.ts'

/**
 * The reads of an {@link Environment}, whose methods say what each gives: rows of the file, with the changes of a write
 * that is under way.
 */
export class StoredRows {
  /** The checksum of the sealed row that {@link get} has returned last. */
  lastSeal = 0
  readonly #dir: string
  readonly #root: Root
  readonly #databases: Databases
  readonly #pending: PendingRows
  readonly #checkUsable: () => void

  /** @param checkUsable throws when the environment is closed, or something has stopped all work */
  constructor(dir: string, root: Root, databases: Databases, pending: PendingRows, checkUsable: () => void) {
    this.#dir = dir
    this.#root = root
    this.#databases = databases
    this.#pending = pending
    this.#checkUsable = checkUsable
  }

  get(database: DatabaseName, key: Uint8Array): Buffer | undefined {
    this.#checkUsable()
    if (key.length > keyBytesMax) return undefined
    const change = this.#pending.find(database, key)
    if (change !== undefined) return change.stored && this.#valueOf(database, key, Buffer.from(change.stored))
    const isCopied = !isSealed(database, key)
    const stored = this.#read(database, key, isCopied)
    if (stored === undefined || isCopied) return stored
    if (stored.length >= checksumBytes) this.lastSeal = checksumOf(stored)
    return this.#sound(database, key, unsealedCopy(key, stored))
  }

  /** What LMDB has under a key: a copy, or in a buffer of lmdb's, until the next read. */
  #read(database: DatabaseName, key: Uint8Array, isCopied: boolean): Buffer | undefined {
    const rows = this.#databases[database]
    try {
      return isCopied ? rows.getBinary(key as Buffer) : rows.getBinaryFast(key as Buffer)
    } catch (cause) {
      throw this.#readFailed(rowName(database, key), cause)
    }
  }

  seal(database: DatabaseName, key: Uint8Array): number | undefined {
    this.#checkUsable()
    const change = this.#pending.find(database, key)
    const sealed = change === undefined ? this.#read(database, key, false) : change.stored
    return sealed && this.#sound(database, key, sealIn(key, sealed))
  }

  #valueOf(database: DatabaseName, key: Uint8Array, stored: Buffer): Buffer {
    if (!isSealed(database, key)) return stored
    return this.#sound(database, key, unseal(key, stored))
  }

  #sound<T>(database: DatabaseName, key: Uint8Array, found: T | undefined): T {
    if (found !== undefined) return found
    throw damaged(this.#dir, `${rowName(database, key)} has a wrong checksum`)
  }

  range(database: DatabaseName, from: Uint8Array, to: Uint8Array, limit: number): Entry[] {
    const stored = this.storedRange(database, from, to, limit)
    if (!sealedDatabases.has(database)) return stored
    return stored.map(({ key, value }) => ({ key, value: this.#valueOf(database, key, value) }))
  }

  reverseRange(database: DatabaseName, from: Uint8Array, to: Uint8Array, limit: number): Entry[] {
    const changes = this.#pending.within(database, from, to)
    const { start, exclusiveStart, end, inclusiveEnd } = forwards(from, to)
    const options = {
      start: end,
      exclusiveStart: !inclusiveEnd,
      end: start,
      inclusiveEnd: !exclusiveStart,
      reverse: true,
      limit: limit + changes.length,
    }
    const rows = this.#walk(database, from, to, (stored) => stored.getRange(options), keyOfEntry, true)
    const found = changes.length === 0 ? rows : withChanges(rows.toReversed(), changes).toReversed().slice(0, limit)
    return found.map(({ key, value }) => ({ key, value: this.#valueOf(database, key, value) }))
  }

  *pages(database: DatabaseName, from: Uint8Array, to: Uint8Array, limit: number): Generator<Entry[], undefined> {
    for (let start = from; ;) {
      const page = this.range(database, start, to, limit)
      yield page
      const last = page.at(-1)
      if (last === undefined || page.length < limit) return undefined
      start = Buffer.concat([last.key, Buffer.of(0)])
    }
  }

  storedRange(database: DatabaseName, from: Uint8Array, to: Uint8Array, limit: number): Entry[] {
    const changes = this.#pending.within(database, from, to)
    // Each change may take a row away.
    const options = { ...forwards(from, to), limit: limit + changes.length }
    const rows = this.#walk(database, from, to, (stored) => stored.getRange(options), keyOfEntry)
    return changes.length === 0 ? rows : withChanges(rows, changes).slice(0, limit)
  }

  keys(database: DatabaseName, from: Uint8Array, to: Uint8Array, limit: number): Buffer[] {
    if (this.#pending.within(database, from, to).length > 0) {
      return this.storedRange(database, from, to, limit).map(keyOfEntry)
    }
    const options = { ...forwards(from, to), limit }
    return this.#walk(database, from, to, (stored) => stored.getKeys(options), itself)
  }

  lastBefore(database: DatabaseName, from: Uint8Array, before: Uint8Array): Entry | undefined {
    return this.reverseRange(database, from, before, 1)[0]
  }

  /**
   * All that LMDB returns for a range. When its pages are damaged those may be other entries: each key is checked
   * against the range and against the key before it.
   */
  #walk<T>(
    database: DatabaseName,
    from: Uint8Array,
    to: Uint8Array,
    begin: (stored: Databases[DatabaseName]) => Iterable<T>,
    keyOf: (found: T) => Buffer,
    isReverse = false,
  ): T[] {
    this.#checkUsable()
    const found: T[] = []
    let walk: Iterator<T> | undefined
    try {
      walk = begin(this.#databases[database])[Symbol.iterator]()
      for (let next = walk.next(); next.done !== true; next = walk.next()) found.push(next.value)
    } catch (cause) {
      walk?.return?.() // LMDB does not know that the walk has ended, and would keep its snapshot
      throw this.#readFailed(`"${database}" from ${shownBytes(from)} on`, cause)
    }
    const keyBytes = fixedKeyBytes[database]
    let before = from
    const rising = isReverse ? found.toReversed() : found
    for (let at = 0; at < found.length; at++) {
      const key = keyOf(rising[at] as T)
      const order = Buffer.compare(before, key)
      const isInOrder = order < 0 || (order === 0 && at === 0)
      if (!isInOrder || (keyBytes ?? key.length) !== key.length) throw this.#misplaced(database, key)
      before = key
    }
    if (found.length > 0 && Buffer.compare(before, to) >= 0) throw this.#misplaced(database, before)
    return found
  }

  #misplaced(database: DatabaseName, key: Uint8Array): MillraceError {
    return damaged(this.#dir, `LMDB returned ${rowName(database, key)} where it cannot be`)
  }

  /** Turns a failure inside LMDB into a `MillraceError`, and gives up the snapshot: LMDB refuses to read on in it. */
  #readFailed(what: string, cause: unknown): MillraceError {
    try {
      this.#root.resetReadTxn()
    } catch {
      // There is none when it could not be taken; the failure below says why.
    }
    return readFailure(this.#dir, what, cause)
  }

  rowCount(database: DatabaseName): number {
    this.#checkUsable()
    try {
      return countsOf(this.#databases[database]).entryCount
    } catch (cause) {
      throw this.#readFailed(`how many rows "${database}" has`, cause)
    }
  }

  reusableBytes(): number {
    this.#checkUsable()
    try {
      return freePages(this.#root, Object.values(this.#databases)).bytes
    } catch (cause) {
      throw this.#readFailed('how much of the file is used', cause)
    }
  }

  /** Has a copy of the whole file made. */
  copied(copy: () => Promise<void>): Promise<void> {
    return copy()
  }

  statistics(): LogStatistics {
    this.#checkUsable()
    try {
      return readStatistics(dataFileOf(this.#dir), this.#root, Object.values(this.#databases))
    } catch (cause) {
      throw this.#readFailed('how the file is used', cause)
    }
  }
}

const keyOfEntry = ({ key }: Entry): Buffer => key
const itself = (key: Buffer): Buffer => key

/** The keys with from <= key < to, as LMDB asks for them. */
interface Bounds {
  readonly start: Buffer
  readonly exclusiveStart: boolean
  readonly end: Buffer
  readonly inclusiveEnd: boolean
}

/**
 * LMDB takes no bound that is longer than its keys, and no stored key is longer: those before a longer bound are those
 * up to the bound that is cut to that length, itself included.
 */
function forwards(from: Uint8Array, to: Uint8Array): Bounds {
  return {
    start: cut(from),
    exclusiveStart: from.length > keyBytesMax,
    end: cut(to),
    inclusiveEnd: to.length > keyBytesMax,
  }
}

function cut(key: Uint8Array): Buffer {
  return (key.length > keyBytesMax ? key.subarray(0, keyBytesMax) : key) as Buffer
}
