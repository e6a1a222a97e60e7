/**
 * Opening an environment: its file, its databases, and the version of the format that it must have.
 */
import { join } from 'node:path'
import { type Database as LmdbDatabase, open, type RootDatabase } from 'lmdb'
import { MillraceError, messageOf } from '../core/errors.ts'
import { commitFile } from './commit-lock.ts'
import { type DatabaseName, databaseNames } from './databases.ts'
import { DataFile } from './data-file.ts'
import { createDataFile, dataFileOf, lockFileOf, makeRoom } from './directory.ts'
import { failureAdvice, isDamage } from './failure-advice.ts'
import { checkLockFile } from './lock-file.ts'
import type { Modes } from './own-files.ts'
import { checkDescriptors, mapBytesFor } from './process-limits.ts'
import { damaged, isReadersFull, readersMax, tooManyReaders } from './read-failure.ts'
import { formatKey } from './sealed-rows.ts'

/** Written into every directory; one with another version is refused. */
export const formatVersion = 4

/** Measured for appends, deletes and state together: docs/decisions/0002-page-size.md. */
export const defaultPageSizeBytes = 16_384

/** Address space reserved for the file, not disk; LMDB reserves more when it is used up. */
export const defaultMapBytes: number = 64 * 2 ** 30

export type Root = RootDatabase<Buffer, Buffer>
export type Databases = Readonly<Record<DatabaseName, LmdbDatabase<Buffer, Buffer>>>

/** How a directory is opened. */
export interface OpeningOptions {
  /** Of a new file. */
  readonly pageSizeBytes: number
  readonly modes: Modes
  /** How much address space to reserve, where there is enough. */
  readonly mapBytes: number
  /** Nothing is flushed to the disk. */
  readonly throwAway: boolean
}

/** An open directory. */
export interface Opened {
  readonly root: Root
  readonly databases: Databases
  readonly file: DataFile
  /** How large the file may become: infinite, unless the process may not reserve more address space. */
  readonly bytesMax: number
}

/**
 * Creates the file and its databases where they are missing, checks it, and opens it. Only under the lock of the directory.
 *
 * @throws MillraceError `damaged`, `format_unknown`; a foreign environment is left as it was
 */
export function createAndOpen(dir: string, options: OpeningOptions): Opened {
  const { modes } = options
  checkDescriptors(join(dir, commitFile))
  makeRoom(dir, modes)
  createDataFile(dir, modes, (birthplace) => {
    const root = openRoot(birthplace, options, mapBytesFor(birthplace, 0, options.mapBytes))
    openDatabase(root, 'meta') // creating one is a commit of its own
    void root.close() // nothing is under way, so it is closed when the call returns
  })
  const file = new DataFile(dataFileOf(dir))
  let root: Root | undefined
  try {
    file.check()
    checkLockFile(lockFileOf(dir))
    const mapBytes = mapBytesFor(dataFileOf(dir), file.stats.size, options.mapBytes)
    root = openRoot(dir, options, mapBytes)
    const databases = openDatabases(dir, root)
    file.sealAll()
    return { root, databases, file, bytesMax: mapBytes < options.mapBytes ? mapBytes : Infinity }
  } catch (error) {
    file.close()
    root?.close().catch(() => undefined) // the error that matters is thrown below
    throw error
  }
}

/** The databases of an environment, created where they are missing. */
function openDatabases(dir: string, root: Root): Databases {
  const isStamped = checkFormat(dir, root)
  const open = isStamped ? existingDatabase : openDatabase
  const databases = Object.fromEntries(databaseNames.map((name) => [name, open(root, name)])) as Databases
  if (!isStamped) {
    root.transactionSync(() => {
      databases.meta.putSync(formatKey, Buffer.from(JSON.stringify({ format: formatVersion })))
    })
  }
  return databases
}

/** Whether the environment has its format row; false when it is empty, so that the row has yet to be written. */
function checkFormat(dir: string, root: Root): boolean {
  const names = [...root.getKeys()].map((key) => key.toString().replace(/\0$/, ''))
  const { entryCount } = root.getStats() as { readonly entryCount: number }
  if (names.length !== entryCount) {
    throw damaged(dir, `it has ${entryCount} databases, but the names of only ${names.length} can be found`)
  }
  const found = names.includes('meta') ? openDatabase(root, 'meta').getBinary(formatKey) : undefined
  if (found !== undefined) {
    checkVersion(dir, found)
    return true
  }
  // A directory whose creation was cut short has no version yet, but then nothing is in its databases either.
  const isOurs = (name: string): boolean => (databaseNames as readonly string[]).includes(name)
  const foreign =
    names.find((name) => !isOurs(name)) ?? names.find((name) => openDatabase(root, name).getKeysCount() > 0)
  if (foreign === undefined) return false
  throw new MillraceError(
    'format_unknown',
    `${dir} holds an LMDB environment that is not a millrace log (it has "${foreign}"); choose another directory`,
  )
}

function openRoot(path: string, { pageSizeBytes, modes, throwAway }: OpeningOptions, mapSize: number): Root {
  // lmdb's code reads this option, but its declarations do not list it.
  const permissions: object = { permissionsMode: modes.file }
  return open<Buffer, Buffer>({
    path,
    noSubdir: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    pageSize: pageSizeBytes,
    mapSize,
    maxDbs: 32,
    maxReaders: readersMax,
    overlappingSync: false,
    noSync: throwAway,
    cache: false,
    ...permissions,
  })
}

function openDatabase(root: RootDatabase<Buffer, Buffer>, name: string): LmdbDatabase<Buffer, Buffer> {
  return root.openDB({ name, encoding: 'binary', keyEncoding: 'binary', cache: false })
}

/**
 * A log that has its format row has all of its databases: one that cannot be found is damage, and is not created again.
 */
function existingDatabase(root: RootDatabase<Buffer, Buffer>, name: string): LmdbDatabase<Buffer, Buffer> {
  const options = { name, encoding: 'binary', keyEncoding: 'binary', cache: false, create: false } as const
  const database = root.openDB<Buffer, Buffer>(options) as LmdbDatabase<Buffer, Buffer> | undefined
  if (database !== undefined) return database
  throw new MillraceError(
    'damaged',
    `the log has no database "${name}" any more: its file is damaged; restore a backup`,
  )
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

export function openError(dir: string, cause: unknown): MillraceError {
  if (cause instanceof MillraceError) return cause
  if (isReadersFull(cause)) return tooManyReaders(dir, cause)
  const message = messageOf(cause)
  if (/MDB_INVALID|MDB_VERSION_MISMATCH|not an LMDB file/i.test(message)) {
    return new MillraceError('format_unknown', `${dir} does not hold a log that millrace can read: ${message}`, {
      cause,
    })
  }
  if (isDamage(cause)) return damaged(dir, `it cannot be opened (${message})`, cause)
  const { what, remedy } = failureAdvice(dir, cause)
  return new MillraceError('storage_failed', `cannot open the log in ${dir}: ${what}; ${remedy}, then start again`, {
    cause,
  })
}
