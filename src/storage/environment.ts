/**
 * One LMDB environment per directory, and the only place that begins a write transaction.
 *
 * Everything goes through `transactionSync`, which is atomic over all databases, rolls back on a throw and is durable when
 * it returns. After a failed commit nothing is known about the disk, so the environment is poisoned: it says why and
 * refuses all further work (fail-stop). No code of a user runs inside a transaction.
 */
import { statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { monotonicMs } from '../core/clock.ts'
import { MillraceError, messageOf } from '../core/errors.ts'
import { commitFile, CommitLock } from './commit-lock.ts'
import { CommitWatch } from './commit-watch.ts'
import { DataFile } from './data-file.ts'
import type { DatabaseName, Entry } from './databases.ts'
import { checkDataFile, dataFileOf, fsyncDirectory, lockFileOf } from './directory.ts'
import { failureAdvice } from './failure-advice.ts'
import {
  createAndOpen,
  type Databases,
  defaultMapBytes,
  defaultPageSizeBytes,
  type Opened,
  openError,
  type Root,
} from './opening.ts'
import { keyBytesMax } from './keys.ts'
import { makeDirectory, type Modes, modesOf } from './own-files.ts'
import { isSealed, seal } from './sealed-rows.ts'
import { Sessions } from './sessions.ts'
import { StandingFiles } from './standing-files.ts'
import { lastTransaction, type LogStatistics } from './statistics.ts'
import { StoredRows } from './stored-rows.ts'

/** Commits between two looks for readers that are dead, which costs a few µs. */
const commitsBetweenReaderChecks = 16

/**
 * How often a log that only reads checks that its files still stand under their names; one that writes checks at each
 * commit.
 */
const lookEveryMs = 1_000

/** The right to write, valid until the callback that it was given to returns. */
export interface WriteTransaction {
  /** @throws MillraceError `bad_option` for a key of more than {@link keyBytesMax} bytes, `storage_failed` */
  put(database: DatabaseName, key: Uint8Array, value: Uint8Array): void
  remove(database: DatabaseName, key: Uint8Array): void
}

/** How a directory is opened; only `fileMode` is for users. */
export interface EnvironmentOptions {
  /** Who may read and write new files; default 0600. */
  readonly fileMode?: number | undefined
  /**
   * For a new directory; an option only for the benchmark that chose the default. With pages of less than 8 KB LMDB
   * takes keys of up to 1,978 bytes, less than {@link keyBytesMax}.
   */
  readonly pageSizeBytes?: number | undefined
  /** Address space to begin with; LMDB reserves more when it is used up. */
  readonly mapBytes?: number | undefined
  /**
   * For a log that lives as long as its test: commits are atomic and outlive the process, but are not flushed to the
   * disk, so a power cut may destroy the file.
   */
  readonly throwAway?: boolean | undefined
}

export class Environment {
  readonly dir: string
  /** Tells which of the owners that this directory knows of are alive. */
  readonly sessions: Sessions
  /** Of the files that are made for it. */
  readonly modes: Modes
  readonly #root: Root
  readonly #databases: Databases
  readonly #rows: StoredRows
  readonly #file: DataFile
  readonly #bytesMax: number
  readonly #lock: CommitLock
  readonly #watch: CommitWatch
  readonly #standing: StandingFiles
  /** Copies that are under way: the file stays open until they are done. */
  readonly #copies = new Set<Promise<void>>()
  #poison: MillraceError | undefined
  #closed = false
  #commits = 0
  #isWriting = false
  readonly #beforeWrites: (() => void)[] = []
  #lookedMs = 0

  /**
   * Opens a directory, and creates it where it is missing.
   *
   * @throws MillraceError `format_unknown` for a directory of another format, `damaged` for a file whose last commit is lost,
   *   `storage_failed` when it cannot be opened
   */
  constructor(dir: string, options: EnvironmentOptions = {}) {
    const { pageSizeBytes = defaultPageSizeBytes, mapBytes = defaultMapBytes, fileMode, throwAway = false } = options
    this.dir = resolve(dir)
    this.modes = modesOf(fileMode)
    this.sessions = new Sessions(this.dir, this.modes)
    const modes = this.modes
    this.#watch = new CommitWatch(join(this.dir, commitFile), () => this.#look())
    try {
      makeDirectory(this.dir, modes)
      checkDataFile(this.dir)
      this.#lock = new CommitLock(this.dir, modes)
    } catch (cause) {
      throw openError(this.dir, cause)
    }
    let opened: Opened | undefined
    try {
      opened = this.#lock.hold(() => createAndOpen(this.dir, { pageSizeBytes, mapBytes, modes, throwAway }))
      this.#root = opened.root
      this.#databases = opened.databases
      this.#rows = new StoredRows(this.dir, opened.root, opened.databases, () => this.#checkUsable())
      this.#file = opened.file
      this.#bytesMax = opened.bytesMax
      this.#standing = new StandingFiles(this.dir, [
        { name: commitFile, stats: this.#lock.stats },
        { name: basename(dataFileOf(this.dir)), stats: this.#file.stats },
        { name: basename(lockFileOf(this.dir)), stats: statSync(lockFileOf(this.dir)) },
      ])
      this.#look()
      this.#checkUsable()
      if (!throwAway) fsyncDirectory(this.dir)
    } catch (cause) {
      opened?.file.close()
      opened?.root.close().catch(() => undefined) // the error that matters is thrown below
      this.#lock.close()
      throw openError(this.dir, cause)
    }
  }

  /**
   * Runs `work` in the one write transaction; what it wrote is durable and visible to all processes when this returns,
   * or nothing is when it throws.
   *
   * @throws MillraceError `storage_failed` when the commit fails: the environment is poisoned from then on
   */
  write<T>(work: (transaction: WriteTransaction) => T): T {
    this.#checkUsable()
    for (const prepare of this.#beforeWrites) prepare()
    let thrownByWork: unknown
    let result: T
    try {
      // A process that is killed in the middle of a read leaves its snapshot behind, and the file grows until that is found.
      if (this.#commits++ % commitsBetweenReaderChecks === 0) this.#root.readerCheck()
      result = this.#lock.hold(() => {
        this.#look()
        this.#checkUsable()
        const done = this.#root.transactionSync(() => {
          this.#isWriting = true
          try {
            return work(this.#transaction)
          } catch (error) {
            thrownByWork = error
            throw error
          } finally {
            this.#isWriting = false
          }
        })
        this.#file.seal()
        return done
      })
    } catch (error) {
      throw error === thrownByWork ? error : this.#fail(error)
    }
    this.#lock.announce()
    this.#watch.notify()
    return result
  }

  /**
   * Calls back before each {@link write} takes the lock: the place to ask a user's code for what the transaction needs.
   */
  beforeWrite(prepare: () => void): void {
    this.#beforeWrites.push(prepare)
  }

  /** Whether a transaction is open here; all others wait meanwhile. */
  get isWriting(): boolean {
    return this.#isWriting
  }

  /**
   * Frees the places of processes that died, and returns how many there were. The snapshot of one that was killed while it read
   * would keep pages from being used again for ever; {@link write} does so every few commits.
   */
  releaseDeadReaders(): number {
    this.#checkUsable()
    return this.#root.readerCheck()
  }

  /** How long writes of this process have waited for those of others, ms in all. */
  get waitedMs(): number {
    return this.#lock.waitedMs
  }

  readonly #transaction: WriteTransaction = {
    put: (database, key, value) => {
      if (key.length > keyBytesMax) throw keyTooLong(database, key)
      const stored = isSealed(database, key) ? seal(key, value) : value
      try {
        this.#databases[database].putSync(key as Buffer, stored as Buffer)
      } catch (cause) {
        throw this.#fail(cause)
      }
    },
    remove: (database, key) => {
      if (key.length > keyBytesMax) return
      try {
        this.#databases[database].removeSync(key as Buffer)
      } catch (cause) {
        throw this.#fail(cause)
      }
    },
  }

  /** Nothing is acknowledged once the open files are no longer where they were. */
  #look(): void {
    this.#lookedMs = monotonicMs()
    if (this.#closed || this.#poison !== undefined) return
    const what = this.#standing.whatIsGone()
    if (what === undefined) return
    this.#poison = new MillraceError(
      'storage_failed',
      `the log in ${this.dir} is gone: ${what}. Nothing is acknowledged from now on, and the log refuses further work: bring back ` +
        'what was there, and start the process again',
    )
  }

  /** After a write that failed nothing is known about the disk: everything from here on is refused. */
  #fail(cause: unknown): MillraceError {
    const { what, remedy } = failureAdvice(this.dir, cause)
    return (this.#poison ??= new MillraceError(
      'storage_failed',
      `writing to ${this.dir} failed: ${what}. This commit is not acknowledged, and the log refuses further work: ` +
        `${remedy} and start the process again, it continues from the last commit`,
      { cause },
    ))
  }

  /**
   * A copy of the value, of the current snapshot or of the transaction that is open.
   *
   * @throws MillraceError `damaged`, `too_many_readers`, as every read does
   */
  get(database: DatabaseName, key: Uint8Array): Buffer | undefined {
    return this.#rows.get(database, key)
  }

  /** Up to `limit` entries with from <= key < to, in order. Never hold a snapshot longer than one call: page by key. */
  range(database: DatabaseName, from: Uint8Array, to: Uint8Array, limit: number): Entry[] {
    return this.#rows.range(database, from, to, limit)
  }

  /** The last `limit` entries with from <= key < to, last first. */
  reverseRange(database: DatabaseName, from: Uint8Array, to: Uint8Array, limit: number): Entry[] {
    return this.#rows.reverseRange(database, from, to, limit)
  }

  /** A range in pages of up to `limit` entries; each is read when it is asked for, so no snapshot is held in between. */
  pages(database: DatabaseName, from: Uint8Array, to: Uint8Array, limit: number): Generator<Entry[], undefined> {
    return this.#rows.pages(database, from, to, limit)
  }

  /** As {@link range}, with the checksums of sealed rows (sealed-rows.ts) unchecked and in place: for verification. */
  storedRange(database: DatabaseName, from: Uint8Array, to: Uint8Array, limit: number): Entry[] {
    return this.#rows.storedRange(database, from, to, limit)
  }

  /** The keys of a {@link range}, without a look at the values. */
  keys(database: DatabaseName, from: Uint8Array, to: Uint8Array, limit: number): Buffer[] {
    return this.#rows.keys(database, from, to, limit)
  }

  /** The last entry with from <= key < before. */
  lastBefore(database: DatabaseName, from: Uint8Array, before: Uint8Array): Entry | undefined {
    return this.#rows.lastBefore(database, from, before)
  }

  /** How many rows LMDB says a database has. */
  rowCount(database: DatabaseName): number {
    return this.#rows.rowCount(database)
  }

  /** Bytes of the file that hold nothing: they are used again before it grows. */
  reusableBytes(): number {
    return this.#rows.reusableBytes()
  }

  /** How the file is used, as of the newest commit of any process. */
  statistics(): LogStatistics {
    this.refresh()
    return this.#rows.statistics()
  }

  /** How much the file may still grow: infinite, unless a limit of the process (`ulimit -v`) ends it before its disk does. */
  growableBytes(): number {
    return this.#bytesMax === Infinity ? Infinity : Math.max(0, this.#bytesMax - this.#file.stats.size)
  }

  /**
   * Writes a consistent copy of the whole environment, as of the newest commit, to the file of another directory. Others go on
   * reading and writing; pages that they free meanwhile are used again only when the copy is done.
   *
   * @throws MillraceError `storage_failed`; what is in the directory is no copy then
   */
  async copyInto(dir: string): Promise<void> {
    this.#checkUsable()
    const copy = this.#root.backup(dir, true)
    this.#copies.add(copy)
    try {
      await copy
      const file = new DataFile(dataFileOf(dir))
      file.sealAll()
      file.close()
    } catch (cause) {
      throw new MillraceError('storage_failed', `copying ${this.dir} to ${dir} failed: ${messageOf(cause)}`, { cause })
    } finally {
      this.#copies.delete(copy)
    }
  }

  /** Reads from here on see the newest commit, of any process. Reads without a call in between see one snapshot. */
  refresh(): void {
    if (monotonicMs() - this.#lookedMs >= lookEveryMs) this.#look()
    this.#checkUsable()
    this.#root.resetReadTxn()
  }

  /** The number of the newest commit of any process, which is one larger with each; cheaper than a read. */
  newestCommit(): number {
    this.#checkUsable()
    return lastTransaction(this.#root)
  }

  /** Calls back soon after commits of any process, until the returned function is called. It may call back without news. */
  onCommit(listener: () => void): () => void {
    this.#checkUsable()
    return this.#watch.add(listener)
  }

  #checkUsable(): void {
    if (this.#poison !== undefined) throw this.#poison
    if (this.#closed) throw new MillraceError('closed', `the log in ${this.dir} is closed`)
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Closes the file. A poisoned environment is left as it is: closing it could hang. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#watch.close() // whoever waits finds that it is closed
    this.sessions.end()
    await Promise.allSettled(this.#copies)
    if (this.#poison !== undefined) return
    await this.#root.close()
    this.#file.close()
    this.#lock.close()
  }
}

/** Of a name without a limit of its own; nothing is wrong with the disk. */
function keyTooLong(database: DatabaseName, key: Uint8Array): MillraceError {
  return new MillraceError(
    'bad_option',
    `a key of ${key.length} bytes is too long for a row of "${database}", which takes up to ${keyBytesMax}: use a shorter name`,
  )
}
