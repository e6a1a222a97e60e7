/**
 * The directory of a log and its one file, looked at before LMDB touches them.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { MillraceError } from '../core/errors.ts'
import { DataFile } from './data-file.ts'
import { isDirectoryThere, isFileThere, type Modes } from './own-files.ts'

/** How files are made. */
interface Creation {
  readonly modes: Modes
  readonly throwAway: boolean
}

/** The file of LMDB in a directory. */
export function dataFileOf(dir: string): string {
  return join(dir, 'data.mdb')
}

/** LMDB's table of readers, and its mutex. */
export function lockFileOf(dir: string): string {
  return join(dir, 'lock.mdb')
}

/** Where each open log with members or applications keeps a lock. */
export function sessionsOf(dir: string): string {
  return join(dir, 'sessions')
}

/** Where a copy grows until it is whole: a log is never opened there, nor created beside it. */
export const incompleteCopy = 'incomplete-copy'

/**
 * For those who would not create one.
 *
 * @throws MillraceError `log_missing`
 */
export function checkIsLog(dir: string): void {
  if (isFileThere(dataFileOf(dir))) return
  const what = existsSync(dir) ? `${dir} holds no log` : `there is no directory ${dir}`
  throw new MillraceError(
    'log_missing',
    `${what}; name the directory of a log, or open it without readOnly to create one`,
  )
}

/**
 * Refuses what is not a log, before anything is created in the directory.
 *
 * LMDB maps whatever it finds and crashes the process on some files that are none of its own, and on one that it may
 * not write.
 */
export function checkDataFile(dir: string, isReadOnly: boolean): void {
  isFileThere(lockFileOf(dir))
  const path = dataFileOf(dir)
  const isThere = isFileThere(path)
  const size = isThere ? statSync(path).size : 0
  if (basename(dir) === incompleteCopy || (size === 0 && existsSync(join(dir, incompleteCopy)))) {
    throw new MillraceError(
      'format_unknown',
      `${dir} holds a copy of a log that was cut short, or is being made; delete it, and copy again`,
    )
  }
  if (isDirectoryThere(sessionsOf(dir)) && !isThere) {
    throw new MillraceError(
      'damaged',
      `${path} is missing, but ${sessionsOf(dir)} shows that there was a log: restore a backup, or remove the directory to start over`,
    )
  }
  if (size > 0) new DataFile(path, isReadOnly).close()
}

/**
 * Creates the file where it is missing: in a directory beside it, and under its own name only when it is durable. A
 * power cut would leave a file that cannot be opened.
 */
export function createDataFile(dir: string, { modes, throwAway }: Creation, make: () => Buffer): void {
  if (existsSync(dataFileOf(dir))) return
  inBirthplace(dir, throwAway, (birthplace) => {
    const made = dataFileOf(birthplace)
    writeFileSync(made, make(), { mode: modes.file })
    if (modes.isExact) chmodSync(made, modes.file)
    if (!throwAway) fsyncFile(made)
    if (!putInPlace(made, dataFileOf(dir))) renameSync(made, dataFileOf(dir))
  })
}

/**
 * The directory is new, so no one else can have put anything into it. A throw-away log is made where it stays: no power
 * cut matters to it, and a test makes one after the other.
 */
function inBirthplace(dir: string, throwAway: boolean, create: (birthplace: string) => void): void {
  if (throwAway) return create(dir)
  const birthplace = mkdtempSync(join(dir, 'new-'))
  try {
    create(birthplace)
  } finally {
    rmSync(birthplace, { recursive: true, force: true })
  }
}

/** Linking neither replaces nor follows what is there already. False when the file system knows no links. */
function putInPlace(made: string, path: string): boolean {
  try {
    linkSync(made, path)
    return true
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return true // another process was faster
    if (linkRefusals.has(code)) return false
    throw error
  }
}

const linkRefusals: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/** LMDB does not flush the directory after it created its file. */
export function fsyncDirectory(dir: string): void {
  const handle = openSync(dir, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Room for more than 512 readers. LMDB takes what it finds for its table of readers. */
const lockFileBytes = 36_864

/** What a new log takes until it is ready, and some more. */
const newLogBytes = 2 ** 18

/**
 * Makes sure that a new log has room, and creates LMDB's lock file if it is missing, with all its blocks on the disk.
 *
 * On a full disk LMDB would crash the process: while it creates its data file, and also later, because it creates its
 * lock file with a hole that fills through a memory map as processes arrive. The lock file is moved into place whole,
 * since another process may create it too.
 */
export function makeRoom(dir: string, { modes, throwAway }: Creation): void {
  const lockFile = lockFileOf(dir)
  const isNew = !isFileThere(dataFileOf(dir))
  const isThere = isFileThere(lockFile)
  if (isThere) accessSync(lockFile, constants.R_OK | constants.W_OK)
  if (isThere && !isNew) return
  inBirthplace(dir, throwAway, (birthplace) => {
    const made = lockFileOf(birthplace)
    writeFileSync(made, Buffer.alloc(isNew ? newLogBytes : lockFileBytes), { mode: modes.file })
    if (modes.isExact) chmodSync(made, modes.file)
    truncateSync(made, lockFileBytes)
    putInPlace(made, lockFile)
  })
  isFileThere(lockFile)
}

export function fsyncFile(path: string): void {
  const file = openSync(path, 'r+')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
