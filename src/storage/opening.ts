/**
 * Opening an environment: its file, its databases, and the version of the format that it must have.
 */
import { join } from 'node:path'
import { openAsClass } from 'lmdb'
import { MillraceError, messageOf } from '../core/errors.ts'
import { commitFile } from './commit-lock.ts'
import { databaseNames } from './databases.ts'
import type { EnvironmentOptions } from './environment-options.ts'
import type { Database, Databases, Root } from './lmdb-databases.ts'
import { DataFile } from './data-file.ts'
import { emptyDataFile } from './empty-file.ts'
import { createDataFile, dataFileOf, lockFileOf, makeRoom } from './directory.ts'
import { isWritable } from './lookout.ts'
import { noticeTermination, noticeTerminationOfOpening } from './lmdb-threads.ts'
import { LmdbWriter } from './lmdb-writer.ts'
import { checkLockFile } from './lock-file.ts'
import type { Modes } from './own-files.ts'
import { PendingRows } from './pending-rows.ts'
import { checkDescriptors, mapBytesFor } from './process-limits.ts'
import { damaged, readersMax } from './read-failure.ts'
import { formatKey } from './sealed-rows.ts'
import { countsOf } from './statistics.ts'

/** Written into every directory; one with another version is refused. */
export const formatVersion = 6

/** Measured for appends, deletes and state together: docs/decisions/0002-page-size.md. */
export const defaultPageSizeBytes = 16_384

/** Address space reserved for the file, not disk; LMDB reserves more when it is used up. */
const defaultMapBytes: number = 64 * 2 ** 30

/** An open directory. */
export interface Opened {
  readonly root: Root
  readonly databases: Databases
  readonly writer: LmdbWriter
  readonly file: DataFile
  /** How large the file may become: infinite, unless the process may not reserve more address space. */
  readonly bytesMax: number
}

/**
 * Creates the file where it is missing, checks it, and opens it and its databases. Only under the lock of the
 * directory, or while no one writes to it.
 *
 * @throws MillraceError `damaged`, `format_unknown`; a foreign environment is left as it was
 */
export function createAndOpen(
  dir: string,
  modes: Modes,
  options: EnvironmentOptions & { readonly isListed: boolean },
): Opened {
  const { pageSizeBytes = defaultPageSizeBytes, mapBytes: mapBytesWanted = defaultMapBytes } = options
  const { readOnly = false, throwAway = false, isListed } = options
  const path = dataFileOf(dir)
  checkDescriptors(isListed ? join(dir, commitFile) : path)
  if (isListed) makeRoom(dir, { modes, throwAway })
  if (!readOnly) createDataFile(dir, { modes, throwAway }, () => emptyDataFile(databaseNames, pageSizeBytes))
  const file = new DataFile(path, readOnly)
  let root: Root | undefined
  try {
    file.check()
    if (isListed) checkLockFile(lockFileOf(dir))
    const mapBytes = mapBytesFor(path, file.stats.size, mapBytesWanted)
    // All logs of a process share what LMDB has open, so it is opened for writing by all who could.
    const isReadOnly = readOnly && !(isListed && isWritable(path))
    const Database = openEnvironment(dir, { file: modes.file, pageSizeBytes, mapBytes, throwAway, isReadOnly })
    root = new Database(null, { ...databaseOptions, isRoot: true })
    const isStamped = checkFormat(dir, root, Database)
    const databases = Object.fromEntries(
      databaseNames.map((name) => [name, existingDatabase(Database, name)]),
    ) as Databases
    const writer = new LmdbWriter(root, databases)
    if (!isStamped && !readOnly) writeFormat(writer)
    if (!readOnly) file.sealAll()
    return { root, databases, writer, file, bytesMax: mapBytes < mapBytesWanted ? mapBytes : Infinity }
  } catch (error) {
    file.close()
    root?.close().catch(() => undefined) // the error that matters is thrown below
    throw error
  }
}

function writeFormat(writer: LmdbWriter): void {
  const changes = new PendingRows()
  changes.add('meta', formatKey, Buffer.from(JSON.stringify({ format: formatVersion })))
  writer.write(changes)
}

/**
 * Whether the environment has its format row; false when it is empty, so that the row has yet to be written.
 *
 * @throws MillraceError `format_unknown`, `damaged`
 */
function checkFormat(dir: string, root: Root, Database: DatabaseClass): boolean {
  const names = [...root.getKeys()].map((key) => key.toString().replace(/\0$/, ''))
  const { entryCount } = countsOf(root)
  if (names.length !== entryCount) {
    throw damaged(dir, `it has ${entryCount} databases, but the names of only ${names.length} can be found`)
  }
  const found = names.includes('meta') ? existingDatabase(Database, 'meta').getBinary(formatKey) : undefined
  if (found !== undefined) {
    checkVersion(dir, found)
    return true
  }
  // A directory whose creation was cut short has no version yet, but then nothing is in its databases either.
  const isOurs = (name: string): boolean => (databaseNames as readonly string[]).includes(name)
  const foreign =
    names.find((name) => !isOurs(name)) ?? names.find((name) => existingDatabase(Database, name).getKeysCount() > 0)
  if (foreign === undefined) return false
  throw new MillraceError(
    'format_unknown',
    `${dir} holds an LMDB environment that is not a millrace log (it has "${foreign}"); choose another directory`,
  )
}

/** What lmdb's class for databases takes, which its declarations do not say. */
type DatabaseClass = new (
  name: string | null,
  options: {
    readonly encoding: 'binary'
    readonly keyEncoding: 'binary'
    readonly cache: false
    readonly create: false
    /** Closing it closes the environment. */
    readonly isRoot?: boolean | undefined
  },
) => Root

const databaseOptions = { encoding: 'binary', keyEncoding: 'binary', cache: false, create: false } as const

/** The environment of a directory, as the class of its databases. */
function openEnvironment(
  path: string,
  options: {
    readonly file: number
    readonly pageSizeBytes: number
    readonly mapBytes: number
    readonly throwAway: boolean
    /** LMDB does without its lock file then, where that may not be written. */
    readonly isReadOnly: boolean
  },
): DatabaseClass {
  const { file, mapBytes, pageSizeBytes, throwAway, isReadOnly } = options
  // lmdb's code reads this option, but its declarations do not list it.
  const permissions: object = { permissionsMode: file }
  noticeTerminationOfOpening()
  const Base = openAsClass<Buffer, Buffer>({
    path,
    noSubdir: false,
    pageSize: pageSizeBytes,
    mapSize: mapBytes,
    maxDbs: 32,
    maxReaders: readersMax,
    overlappingSync: false,
    noSync: throwAway,
    readOnly: isReadOnly,
    ...permissions,
  }) as unknown as DatabaseClass
  /**
   * lmdb finds a database inside a transaction that writes, with code of its own in the middle of it, and a worker
   * thread may be terminated there. A snapshot does as well: nothing is created
   * (docs/decisions/0012-no-code-under-lmdbs-mutex.md).
   */
  return class extends Base {
    override transactionSync<T>(work: () => T): T {
      if ((this as { readonly db?: object | undefined }).db !== undefined) return super.transactionSync(work)
      this.resetReadTxn()
      noticeTermination()
      ;(this as unknown as { ensureReadTxn(): void }).ensureReadTxn()
      noticeTermination()
      return work()
    }
  }
}

/** @throws MillraceError `damaged`: a log has all of its databases from the beginning */
function existingDatabase(Database: DatabaseClass, name: string): Database {
  try {
    return new Database(name, databaseOptions)
  } catch (cause) {
    if (messageOf(cause) !== 'Database not found') throw cause
    throw new MillraceError(
      'damaged',
      `the log no longer has the database "${name}": its file is damaged; restore a backup`,
      { cause },
    )
  }
}

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
