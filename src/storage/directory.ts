/**
 * The directory of a log and its one file, looked at before LMDB touches them.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { MillraceError } from '../core/errors.ts'
import { DataFile } from './data-file.ts'

/** The file of LMDB in a directory. */
export function dataFileOf(dir: string): string {
  return join(dir, 'data.mdb')
}

/**
 * Creates a directory with its parents, where it is missing.
 *
 * Node's own `recursive` never returns where the system says that a parent which is there does not exist, as /proc does.
 */
export function makeDirectory(dir: string): void {
  const parent = dirname(dir)
  if (!existsSync(parent)) makeDirectory(parent)
  try {
    mkdirSync(dir)
  } catch (error) {
    // It is there already, or another process has made it meanwhile; a file in its place is refused when it is opened.
    if (!existsSync(dir)) throw error
  }
}

/** Where a copy grows until it is whole: a log is never opened there, nor created beside it. */
export const incompleteCopy = 'incomplete-copy'

/**
 * Refuses what is no log, before anything is made in the directory.
 *
 * LMDB maps whatever it finds and crashes the process on some files that are none of its own, and on one that it may not
 * write.
 */
export function checkDataFile(dir: string): void {
  const path = dataFileOf(dir)
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (basename(dir) === incompleteCopy || (size === 0 && existsSync(join(dir, incompleteCopy)))) {
    throw new MillraceError(
      'format_unknown',
      `${dir} holds a copy of a log that was cut short, or is being made; delete it, and copy again`,
    )
  }
  if (size > 0) new DataFile(path).close()
}

/**
 * Creates the file where it is missing: in a directory beside it, by `create`, and under its own name only when it is durable.
 *
 * LMDB writes the first pages of a file before it flushes anything: a power cut there leaves a file that nobody can open.
 */
export function createDataFile(dir: string, create: (birthplace: string) => void): void {
  if (existsSync(dataFileOf(dir))) return
  const birthplace = mkdtempSync(join(dir, 'new-'))
  try {
    create(birthplace)
    linkSync(dataFileOf(birthplace), dataFileOf(dir))
  } catch (error) {
    // Another process was faster, or the file system knows no links: then LMDB creates the file in its place.
    if (!linkRefusals.has((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    rmSync(birthplace, { recursive: true, force: true })
  }
}

const linkRefusals: ReadonlySet<string> = new Set(['EEXIST', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

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
 * Makes sure of room for a log that is new, and makes LMDB's lock file where it is missing, with all its blocks on the disk.
 *
 * On a full disk LMDB would end the process: while it creates its data file, and also later, because it makes its lock file
 * with a hole that fills through a memory map as processes come. The lock file comes into place whole, since another process
 * may make it too.
 */
export function makeRoom(dir: string): void {
  const lockFile = join(dir, 'lock.mdb')
  const isNew = (statSync(dataFileOf(dir), { throwIfNoEntry: false })?.size ?? 0) === 0
  if (existsSync(lockFile)) {
    accessSync(lockFile, constants.R_OK | constants.W_OK)
    if (!isNew) return
  }
  const temporary = `${lockFile}.${process.pid}`
  try {
    writeFileSync(temporary, Buffer.alloc(isNew ? newLogBytes : lockFileBytes), { mode: 0o664 })
    truncateSync(temporary, lockFileBytes)
    putInPlace(temporary, lockFile)
  } finally {
    rmSync(temporary, { force: true })
  }
}

function putInPlace(temporary: string, path: string): void {
  try {
    linkSync(temporary, path)
  } catch {
    // It is there, or the file system has no links: there is room, so LMDB may make its own.
  }
}

export function fsyncFile(path: string): void {
  const file = openSync(path, 'r+')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
