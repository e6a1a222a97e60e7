/**
 * One LMDB environment per directory, and the only place that begins a write transaction.
 *
 * A write is atomic over all databases, keeps nothing when its work throws, and is durable when it returns. Its work
 * runs under the lock of the directory and only notes its changes; LMDB gets them all at once (lmdb-writer.ts). After a
 * failed commit nothing is known about the disk, so the environment is poisoned: it says why and refuses all further
 * work (fail-stop). No code of a user runs inside a write.
 */
import { assert } from '../core/assert.ts'
import type { CommitLock } from './commit-lock.ts'
import type { CommitWatch } from './commit-watch.ts'
import type { DataFile } from './data-file.ts'
import { Copies } from './copies.ts'
import type { DatabaseName, Entry } from './databases.ts'
import { closeRoot, type Root } from './lmdb-databases.ts'
import type { EnvironmentOptions } from './environment-options.ts'
import { logIsClosed, logIsReadOnly } from './fail-stop.ts'
import type { Lookout } from './lookout.ts'
import { noticeTermination } from './lmdb-threads.ts'
import type { LmdbWriter } from './lmdb-writer.ts'
import type { Modes } from './own-files.ts'
import { PendingRows } from './pending-rows.ts'
import { Sessions } from './sessions.ts'
import { Snapshot } from './snapshot.ts'
import { lastTransaction, type LogStatistics } from './statistics.ts'
import { StoredRows } from './stored-rows.ts'
import { Turns } from './turns.ts'
import { UnlistedRows } from './unlisted-rows.ts'
import type { Usability } from './usability.ts'
import { UsedDirectory } from './used-directory.ts'
import { NotingTransaction, type WriteTransaction } from './write-transaction.ts'

export type { EnvironmentOptions } from './environment-options.ts'
export type { WriteTransaction } from './write-transaction.ts'

/** Commits between two checks for dead readers, each of which costs a few µs. */
const commitsBetweenReaderChecks = 16

export class Environment {
  readonly dir: string
  /** Tells which of the owners that this directory knows of are alive. */
  readonly sessions: Sessions
  /** Of the files that are made for it. */
  readonly modes: Modes
  /** Every write is refused. */
  readonly isReadOnly: boolean
  readonly #root: Root
  readonly #writer: LmdbWriter
  readonly #snapshot: Snapshot
  readonly #rows: StoredRows
  readonly #file: DataFile
  readonly #bytesMax: number
  readonly #lock: CommitLock
  readonly #lookout: Lookout | undefined
  readonly #watch: CommitWatch
  readonly #turns: Turns
  readonly #usability: Usability
  /** What the write under way has changed. */
  readonly #pending = new PendingRows()
  readonly #copies = new Copies()
  #commits = 0
  #isWriting = false
  /** While the lock of the directory is ours. */
  #hasTurn = false
  /** Whether something was committed in this turn. */
  #hasNews = false
  readonly #beforeWrites: (() => void)[] = []

  /** Private, so that what users compile against names no type of lmdb. */
  private constructor(directory: UsedDirectory, { readOnly = false }: EnvironmentOptions) {
    const { modes, usability } = directory
    this.dir = directory.dir
    this.isReadOnly = readOnly
    this.modes = modes
    this.sessions = new Sessions(this.dir, modes, this.isReadOnly)
    this.#watch = directory.watch
    this.#usability = usability
    const opened = directory.open()
    const { root, databases, lookout } = opened
    const newest = (): number => lastTransaction(root)
    this.#lock = opened.lock
    this.#lookout = lookout
    this.#turns = new Turns(this.#lock, this.#watch, () => this.#tryTake(), newest)
    this.#root = root
    this.#writer = opened.writer
    this.#file = opened.file
    this.#bytesMax = opened.bytesMax
    const checkUsable = (): void => usability.check()
    const snapshot = (this.#snapshot = new Snapshot(root, databases))
    this.#rows =
      lookout === undefined
        ? new StoredRows(this.dir, root, databases, this.#pending, checkUsable)
        : new UnlistedRows(this.dir, { root, databases, lookout }, snapshot, checkUsable)
  }

  /**
   * Opens a directory, and creates it where it is missing, unless it is only read.
   *
   * @throws MillraceError `log_missing`, `log_in_use` for one that is only read while others write, without the right
   *   to write its lock files, `format_unknown` for a directory of another format, `damaged` for a file whose last
   *   commit is lost, `storage_failed` when it cannot be opened
   */
  static openNow(dir: string, options: EnvironmentOptions = {}): Environment {
    return new Environment(new UsedDirectory(dir, options), options)
  }

  /** As {@link openNow}, but the event loop goes on while another process commits. */
  static async open(dir: string, options: EnvironmentOptions = {}): Promise<Environment> {
    const directory = new UsedDirectory(dir, options)
    return directory.whenFree(() => new Environment(directory, options))
  }

  /**
   * Runs `work` as the only write of anyone; what it wrote is durable and visible to all processes when this returns,
   * or nothing is when it throws. Blocks while others commit, unless it is called {@link inTurn}.
   *
   * @throws MillraceError `storage_failed` when the commit fails: the environment is poisoned from then on; `defect`
   *   inside another write
   */
  write<T>(work: (transaction: WriteTransaction) => T): T {
    this.#prepare()
    if (this.#hasTurn) return this.#commit(work)
    this.#usability.orFail(() => this.#lock.take())
    return this.#holding(() => this.#commit(work))
  }

  /**
   * As {@link write}, but the event loop goes on while others commit: returns what `work` returns when no other
   * commits, which is almost always, and a promise of it when it has to wait. Waiting calls go on in their order.
   *
   * @throws MillraceError as {@link write}; the promise rejects with it
   */
  writeInTurn<T>(work: (transaction: WriteTransaction) => T): T | Promise<T> {
    return this.inTurn(() => this.write(work))
  }

  /**
   * Runs a step that writes, once or several times, without blocking the event loop while others commit: at once when
   * none does, or when they are done. No other process commits while it runs, so it should be short.
   *
   * @throws MillraceError as {@link write}, and what `step` throws; the promise rejects with it
   */
  inTurn<T>(step: () => T): T | Promise<T> {
    if (this.#hasTurn) return step()
    this.checkWritable()
    this.#usability.check()
    assert(!this.#isWriting, 'no turn begins inside of a write')
    return this.#turns.take(() => this.#holding(step))
  }

  /** With the lock of the directory taken, which is released; others are told of what is new after that. */
  #holding<T>(step: () => T): T {
    this.#hasTurn = true
    try {
      return step()
    } finally {
      this.#hasTurn = false
      this.#lock.release()
      if (this.#hasNews) this.#tell()
    }
  }

  #prepare(): void {
    this.#usability.check()
    this.checkWritable()
    assert(!this.#isWriting, 'no write begins inside of another one')
    for (const prepare of this.#beforeWrites) prepare()
    // A process that is killed in the middle of a read leaves its snapshot, and the file grows until that is found.
    if (this.#commits++ % commitsBetweenReaderChecks === 0) this.#usability.orFail(() => this.releaseDeadReaders())
  }

  #commit<T>(work: (transaction: WriteTransaction) => T): T {
    this.#usability.look()
    this.#usability.check()
    try {
      const { result, durable } = this.#note(work)
      if (this.#pending.count > 0) {
        this.#usability.orFail(() => this.#writer.write(this.#pending))
        this.#file.seal()
        this.#hasNews = true
      }
      for (const callback of durable) callback()
      return result
    } finally {
      this.#pending.clear()
      this.#snapshot.next()
    }
  }

  /** Reads of the work see the newest commit of anyone, and what the work itself has written. */
  #note<T>(work: (transaction: WriteTransaction) => T): { result: T; durable: readonly (() => void)[] } {
    this.#usability.orFail(() => this.#writer.begin())
    this.#snapshot.renew()
    const transaction = new NotingTransaction(this.#pending)
    this.#isWriting = true
    try {
      return { result: work(transaction), durable: transaction.durable }
    } finally {
      this.#isWriting = false
      transaction.end()
    }
  }

  #tryTake(): boolean {
    this.#usability.check()
    return this.#usability.orFail(() => this.#lock.tryTake())
  }

  /** Calls back before each write asks for the lock: the place to ask a user's code for what it needs. */
  beforeWrite(prepare: () => void): void {
    this.#beforeWrites.push(prepare)
  }

  /** Whether the work of a write runs here. */
  get isWriting(): boolean {
    return this.#isWriting
  }

  /**
   * Frees the places of processes that died, and returns how many there were. The snapshot of one that was killed while
   * it read would keep pages from being used again for ever; {@link write} does so every few commits.
   */
  releaseDeadReaders(): number {
    this.#usability.check()
    noticeTermination()
    return this.#root.readerCheck()
  }

  /** How long writes have waited for those of other processes, ms in all. */
  get waitedMs(): number {
    return this.#lock.waitedMs
  }

  /**
   * A copy of the value, of the current snapshot or of the transaction that is open.
   *
   * @throws MillraceError `damaged`, `too_many_readers`, as every read does
   */
  get(database: DatabaseName, key: Uint8Array): Buffer | undefined {
    return this.#rows.get(database, key)
  }

  /** The checksum of the sealed row that {@link get} has returned last. */
  get lastSeal(): number {
    return this.#rows.lastSeal
  }

  /** The checksum of a sealed row, as {@link get} reads it; undefined when there is no row. */
  seal(database: DatabaseName, key: Uint8Array): number | undefined {
    return this.#rows.seal(database, key)
  }

  /** Up to `limit` entries with from <= key < to, in order. Never hold a snapshot longer than one call: page by key. */
  range(database: DatabaseName, from: Uint8Array, to: Uint8Array, limit: number): Entry[] {
    return this.#rows.range(database, from, to, limit)
  }

  /** The last `limit` entries with from <= key < to, last first. */
  reverseRange(database: DatabaseName, from: Uint8Array, to: Uint8Array, limit: number): Entry[] {
    return this.#rows.reverseRange(database, from, to, limit)
  }

  /** A range in pages of up to `limit` entries, each read when it is asked for: no snapshot is held in between. */
  pages(database: DatabaseName, from: Uint8Array, to: Uint8Array, limit: number): Generator<Entry[], undefined> {
    return this.#rows.pages(database, from, to, limit)
  }

  /** As {@link range}, with the checksums of sealed rows (sealed-rows.ts) unchecked and in place: for verification. */
  storedRange(database: DatabaseName, from: Uint8Array, to: Uint8Array, limit: number): Entry[] {
    return this.#rows.storedRange(database, from, to, limit)
  }

  /** The keys of a {@link range}, without reading the values. */
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

  /** How much the file may still grow: infinite, unless a limit of the process (`ulimit -v`) ends before the disk. */
  growableBytes(): number {
    return this.#bytesMax === Infinity ? Infinity : Math.max(0, this.#bytesMax - this.#file.stats.size)
  }

  /**
   * Writes a consistent copy of the whole environment, as of the newest commit, to the file of another directory.
   * Others go on reading and writing; pages that they free meanwhile are used again only when the copy is done.
   *
   * @throws MillraceError `storage_failed`; what is in the directory is no copy then
   */
  async copyInto(dir: string): Promise<void> {
    this.#usability.check()
    await this.#rows.copied(() => this.#copies.into(dir, this.#root))
  }

  /** Reads from here on see the newest commit, of any process. Reads without a call in between see one snapshot. */
  refresh(): void {
    this.#usability.lookNowAndThen()
    this.#usability.check()
    this.#snapshot.renew()
  }

  /** Another number for each snapshot that is read, and for a transaction that is open. */
  get snapshot(): number {
    return this.#snapshot.number
  }

  #tell(): void {
    this.#hasNews = false
    this.#lock.announce()
    this.#watch.notify()
  }

  /** The number of the newest commit of any process, which is one larger with each; cheaper than a read. */
  newestCommit(): number {
    this.#usability.check()
    return lastTransaction(this.#root)
  }

  /** Calls back soon after commits of any process, perhaps without news, until the returned function is called. */
  onCommit(listener: () => void): () => void {
    this.#usability.check()
    return this.#watch.add(listener)
  }

  /** @throws MillraceError `read_only` */
  checkWritable(): void {
    if (this.isReadOnly) throw logIsReadOnly(this.dir)
  }

  get isClosed(): boolean {
    return this.#usability.isClosed
  }

  /** At once, where nothing is under way. A poisoned environment is left as it is: closing it could hang. */
  async close(): Promise<void> {
    if (this.#usability.isClosed) return
    this.#usability.closed()
    this.#watch.close() // what waits finds that it is closed
    this.#turns.close(logIsClosed(this.dir))
    this.sessions.end()
    const copied = this.#copies.settled()
    if (copied !== undefined) await copied
    if (this.#usability.hasFailed) return
    if (this.#writer.isBusy) await this.#writer.settled()
    const closing = closeRoot(this.#root)
    if (closing !== undefined) await closing
    this.#file.close()
    this.#lock.close()
    this.#lookout?.close()
  }
}
