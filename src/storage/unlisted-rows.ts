/**
 * The reads of an environment that has no place in LMDB's table of readers: each is worth something only if no one has
 * written since its snapshot began, because pages that a commit frees are used again by the ones after it.
 */
import type { MillraceError } from '../core/errors.ts'
import type { DatabaseName, Entry } from './databases.ts'
import type { Databases, Root } from './lmdb-databases.ts'
import type { Lookout } from './lookout.ts'
import { PendingRows } from './pending-rows.ts'
import type { Snapshot } from './snapshot.ts'
import { lastTransaction, type LogStatistics } from './statistics.ts'
import { StoredRows } from './stored-rows.ts'

export class UnlistedRows extends StoredRows {
  readonly #root: Root
  readonly #snapshot: Snapshot
  readonly #lookout: Lookout
  /** The snapshot that is read, and the newest commit when it began. */
  #number = -1
  #commit = 0

  constructor(
    dir: string,
    opened: { readonly root: Root; readonly databases: Databases; readonly lookout: Lookout },
    snapshot: Snapshot,
    checkUsable: () => void,
  ) {
    super(dir, opened.root, opened.databases, new PendingRows(), checkUsable)
    this.#root = opened.root
    this.#snapshot = snapshot
    this.#lookout = opened.lookout
  }

  override get(database: DatabaseName, key: Uint8Array): Buffer | undefined {
    return this.#read(() => super.get(database, key))
  }

  override seal(database: DatabaseName, key: Uint8Array): number | undefined {
    return this.#read(() => super.seal(database, key))
  }

  override storedRange(database: DatabaseName, from: Uint8Array, to: Uint8Array, limit: number): Entry[] {
    return this.#read(() => super.storedRange(database, from, to, limit))
  }

  override reverseRange(database: DatabaseName, from: Uint8Array, to: Uint8Array, limit: number): Entry[] {
    return this.#read(() => super.reverseRange(database, from, to, limit))
  }

  override keys(database: DatabaseName, from: Uint8Array, to: Uint8Array, limit: number): Buffer[] {
    return this.#read(() => super.keys(database, from, to, limit))
  }

  override rowCount(database: DatabaseName): number {
    return this.#read(() => super.rowCount(database))
  }

  override reusableBytes(): number {
    return this.#read(() => super.reusableBytes())
  }

  override statistics(): LogStatistics {
    return this.#read(() => super.statistics())
  }

  override async copied(copy: () => Promise<void>): Promise<void> {
    this.#lookout.check()
    const newest = lastTransaction(this.#root)
    await copy()
    if (lastTransaction(this.#root) !== newest) throw this.#written()
  }

  #read<T>(read: () => T): T {
    this.#lookout.check()
    const newest = lastTransaction(this.#root)
    try {
      return read()
    } finally {
      this.#checkUnwritten(newest)
    }
  }

  /** Whatever a read has given or thrown, it may come from pages that were used again. */
  #checkUnwritten(newest: number): void {
    if (this.#snapshot.number !== this.#number) {
      this.#number = this.#snapshot.number
      this.#commit = newest
    }
    if (lastTransaction(this.#root) === this.#commit) return
    this.#snapshot.renew()
    throw this.#written()
  }

  #written(): MillraceError {
    return this.#lookout.inUse('a process has written to it meanwhile')
  }
}
