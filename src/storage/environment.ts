/**
 * One LMDB environment per directory: the only importer of `lmdb`, and the only place that begins a write transaction.
 *
 * Everything goes through `transactionSync`, which is atomic over all databases, rolls back on a throw and is durable when
 * it returns. After a failed commit nothing is known about the disk, so the environment is poisoned: it says why and
 * refuses all further work (fail-stop). No code of a user runs inside a transaction.
 */
import { resolve } from 'node:path'
import { type Database as LmdbDatabase, open, type RootDatabase } from 'lmdb'
import { MillraceError, messageOf } from '../core/errors.ts'
import { CommitWatch } from './commit-watch.ts'
import { checkDataFile, createDataFile, dataFileOf, fsyncDirectory, makeDirectory, makeRoom } from './directory.ts'
import { failureAdvice } from './failure-advice.ts'

/** Written into every directory; a directory with another version is refused. */
export const formatVersion = 1

/** Measured for appends, deletes and state together: docs/decisions/0002-page-size.md. */
const defaultPageSizeBytes = 16_384

/** Address space reserved for the file, not disk; LMDB reserves more when it is used up. */
const mapBytes = 64 * 2 ** 30

/** The longest key that LMDB takes with pages of this size; docs/format.md. */
export const keyBytesMax = 4_026

/** Commits between two looks for readers that are dead, which costs a few µs. */
const commitsBetweenReaderChecks = 16

const databaseNames = [
  'meta',
  'topics',
  'partitions',
  'batches',
  'times',
  'positions',
  'applications',
  'stores',
  'state',
] as const

export type DatabaseName = (typeof databaseNames)[number]

/** The right to write, valid until the callback that it was given to returns. */
export interface WriteTransaction {
  put(database: DatabaseName, key: Uint8Array, value: Uint8Array): void
  remove(database: DatabaseName, key: Uint8Array): void
}

/** A key and a value out of a range; both are copies. */
export interface Entry {
  readonly key: Buffer
  readonly value: Buffer
}

export class Environment {
  readonly dir: string
  readonly #root: RootDatabase<Buffer, Buffer>
  readonly #databases: Record<DatabaseName, LmdbDatabase<Buffer, Buffer>>
  readonly #watch: CommitWatch
  #poison: MillraceError | undefined
  #closed = false
  #commits = 0

  /**
   * Opens a directory, and creates it where it is missing.
   *
   * @param options `pageSizeBytes` of a new directory is for the benchmark that decides it: with pages of less than 8 KB
   *   LMDB takes keys of up to 1,978 bytes, less than {@link keyBytesMax}
   * @throws MillraceError `format_unknown` for a directory of another format, `storage_failed` when it cannot be opened
   */
  constructor(dir: string, { pageSizeBytes = defaultPageSizeBytes }: { readonly pageSizeBytes?: number } = {}) {
    this.dir = resolve(dir)
    this.#watch = new CommitWatch(dataFileOf(this.dir))
    try {
      makeDirectory(this.dir)
      checkDataFile(this.dir)
      makeRoom(this.dir)
      createDataFile(this.dir, (birthplace) => {
        const root = openRoot(birthplace, pageSizeBytes)
        openDatabase(root, 'meta') // creating one is a durable commit
        void root.close() // nothing is under way, so it is closed when the call returns
      })
      this.#root = openRoot(this.dir, pageSizeBytes)
    } catch (cause) {
      throw openError(this.dir, cause)
    }
    try {
      this.#checkFormat()
      this.#databases = Object.fromEntries(
        databaseNames.map((name) => [name, openDatabase(this.#root, name)]),
      ) as Record<DatabaseName, LmdbDatabase<Buffer, Buffer>>
      this.#stampFormat()
      fsyncDirectory(this.dir)
    } catch (cause) {
      this.#root.close().catch(() => undefined) // the error that matters is thrown below
      throw openError(this.dir, cause)
    }
  }

  /** Looks before any database of ours is created, so that a foreign environment stays as it was. */
  #checkFormat(): void {
    if (this.#foreignDatabase() === undefined) return
    // Another process may be creating the log at this moment: what looked foreign has a version by now.
    this.#root.resetReadTxn()
    const some = this.#foreignDatabase()
    if (some === undefined) return
    throw new MillraceError(
      'format_unknown',
      `${this.dir} holds an LMDB environment that is not a millrace log (it has "${some}"); choose another directory`,
    )
  }

  /**
   * The name of something that is not ours, in an environment without a version of ours.
   *
   * @throws MillraceError `format_unknown` for another version
   */
  #foreignDatabase(): string | undefined {
    const names = [...this.#root.getKeys()].map((key) => key.toString().replace(/\0$/, ''))
    if (names.includes('meta')) {
      const found = openDatabase(this.#root, 'meta').getBinary(formatKey)
      if (found !== undefined) {
        checkVersion(this.dir, found)
        return undefined
      }
    }
    // A directory whose creation was cut short has no version yet, but then nothing is in its databases either.
    const isOurs = (name: string): boolean => (databaseNames as readonly string[]).includes(name)
    return (
      names.find((name) => !isOurs(name)) ?? names.find((name) => openDatabase(this.#root, name).getKeysCount() > 0)
    )
  }

  #stampFormat(): void {
    this.write((transaction) => {
      const found = this.get('meta', formatKey)
      if (found === undefined) {
        transaction.put('meta', formatKey, Buffer.from(JSON.stringify({ format: formatVersion })))
        return
      }
      checkVersion(this.dir, found)
    })
  }

  /**
   * Runs `work` in the one write transaction; what it wrote is durable and visible to all processes when this returns,
   * or nothing is when it throws.
   *
   * @throws MillraceError `storage_failed` when the commit fails: the environment is poisoned from then on
   */
  write<T>(work: (transaction: WriteTransaction) => T): T {
    this.#checkUsable()
    let thrownByWork: unknown
    let result: T
    try {
      // A process that is killed in the middle of a read leaves its snapshot behind, and the file grows until that is found.
      if (this.#commits++ % commitsBetweenReaderChecks === 0) this.#root.readerCheck()
      result = this.#root.transactionSync(() => {
        try {
          return work(this.#transaction)
        } catch (error) {
          thrownByWork = error
          throw error
        }
      })
    } catch (error) {
      throw error === thrownByWork ? error : this.#fail(error)
    }
    this.#watch.notify()
    return result
  }

  readonly #transaction: WriteTransaction = {
    put: (database, key, value) => {
      try {
        this.#databases[database].putSync(key as Buffer, value as Buffer)
      } catch (cause) {
        throw this.#fail(cause)
      }
    },
    remove: (database, key) => {
      try {
        this.#databases[database].removeSync(key as Buffer)
      } catch (cause) {
        throw this.#fail(cause)
      }
    },
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

  /** A copy of the value, of the current snapshot or of the transaction that is open. */
  get(database: DatabaseName, key: Uint8Array): Buffer | undefined {
    this.#checkUsable()
    if (key.length > keyBytesMax) return undefined
    return this.#databases[database].getBinary(key as Buffer)
  }

  /** Up to `limit` entries with from <= key < to, in order. Never hold a snapshot longer than one call: page by key. */
  range(database: DatabaseName, from: Uint8Array, to: Uint8Array, limit: number): Entry[] {
    this.#checkUsable()
    return [...this.#databases[database].getRange({ start: asBound(from), end: asBound(to), limit })]
  }

  /** The last entry with from <= key < before. */
  lastBefore(database: DatabaseName, from: Uint8Array, before: Uint8Array): Entry | undefined {
    this.#checkUsable()
    const range = {
      start: asBound(before),
      exclusiveStart: true,
      end: asBound(from),
      inclusiveEnd: true,
      reverse: true,
      limit: 1,
    }
    return [...this.#databases[database].getRange(range)][0]
  }

  /** Reads from here on see the newest commit, of any process. Reads without a call in between see one snapshot. */
  refresh(): void {
    this.#checkUsable()
    this.#root.resetReadTxn()
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
    if (this.#poison === undefined) await this.#root.close()
  }
}

function openRoot(path: string, pageSize: number): RootDatabase<Buffer, Buffer> {
  return open<Buffer, Buffer>({
    path,
    noSubdir: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    pageSize,
    mapSize: mapBytes,
    maxDbs: 32,
    maxReaders: 512,
    overlappingSync: false,
    cache: false,
  })
}

function openDatabase(root: RootDatabase<Buffer, Buffer>, name: string): LmdbDatabase<Buffer, Buffer> {
  return root.openDB({ name, encoding: 'binary', keyEncoding: 'binary', cache: false })
}

/** No stored key is longer than LMDB allows, so a bound that is has the same keys before it as its beginning. */
function asBound(key: Uint8Array): Buffer {
  return (key.length > keyBytesMax ? key.subarray(0, keyBytesMax) : key) as Buffer
}

const formatKey = Buffer.from('format')

function checkVersion(dir: string, stored: Buffer): void {
  const version = readVersion(stored)
  if (version === formatVersion) return
  throw new MillraceError(
    'format_unknown',
    `${dir} has log format ${String(version)}, this version of millrace reads format ${formatVersion}; ` +
      'use the version of millrace that wrote it',
  )
}

function readVersion(stored: Buffer): unknown {
  try {
    return (JSON.parse(stored.toString()) as { format?: unknown }).format
  } catch {
    return 'unreadable' // reported as the unknown format that it is
  }
}

function openError(dir: string, cause: unknown): MillraceError {
  if (cause instanceof MillraceError) return cause
  const message = messageOf(cause)
  if (/MDB_INVALID|MDB_VERSION_MISMATCH|not an LMDB file/i.test(message)) {
    return new MillraceError('format_unknown', `${dir} does not hold a log that millrace can read: ${message}`, {
      cause,
    })
  }
  const { what, remedy } = failureAdvice(dir, cause)
  return new MillraceError('storage_failed', `cannot open the log in ${dir}: ${what}; ${remedy}, then start again`, {
    cause,
  })
}
