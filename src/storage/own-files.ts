/**
 * Creates and opens the files of a log: private to their owner unless the user says otherwise, and never something that
 * stands in their place, such as a link, a pipe or a device.
 */
import { chmodSync, constants, existsSync, fchmodSync, lstatSync, mkdirSync, openSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import { MillraceError } from '../core/errors.ts'
import { checkWhole } from '../core/checks.ts'

/** Who may read and write what a log makes. */
export interface Modes {
  readonly file: number
  readonly directory: number
  /** The user chose the mode, so the umask of the process does not narrow it. */
  readonly isExact: boolean
}

/** @throws MillraceError `bad_option` for an invalid mode, or one that locks out the owner */
export function checkFileMode(fileMode: number): void {
  checkWhole('fileMode', fileMode, 0o600, 0o777)
  if ((fileMode & 0o600) === 0o600 && (fileMode & 0o111) === 0) return
  throw new MillraceError(
    'bad_option',
    `fileMode 0o${fileMode.toString(8)} must let the owner read and write, and no one execute; use 0o600, 0o640 or 0o660, for instance`,
  )
}

/** Only the owner, unless `fileMode` says otherwise; anyone who may read the files may also enter their directory. */
export function modesOf(fileMode: number | undefined): Modes {
  if (fileMode === undefined) return { file: 0o600, directory: 0o700, isExact: false }
  return { file: fileMode, directory: fileMode | ((fileMode & 0o444) >> 2), isExact: true }
}

/**
 * Creates a directory and its parents where they are missing.
 *
 * Node's own `recursive` never returns when the system says that an existing parent does not exist, as /proc does.
 */
export function makeDirectory(dir: string, modes: Modes): void {
  const parent = dirname(dir)
  if (!existsSync(parent)) makeDirectory(parent, modes)
  try {
    mkdirSync(dir, modes.directory)
  } catch (error) {
    // It is there already, or another process has made it meanwhile; a file in its place is refused when it is opened.
    if (existsSync(dir)) return
    throw error
  }
  if (modes.isExact) chmodSync(dir, modes.directory)
}

/**
 * Whether there is a file of this name.
 *
 * @throws MillraceError `storage_failed` when something else is there: LMDB would follow it, wait for it or crash on it
 */
export function isFileThere(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return false
  if (stats.isFile()) return true
  throw new MillraceError(
    'storage_failed',
    `${path} is ${kindOf(stats)}, but a log needs a regular file there: move it away, then start again`,
  )
}

/**
 * Whether there is a directory of this name.
 *
 * @throws MillraceError `storage_failed` when something else is there
 */
export function isDirectoryThere(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return false
  if (stats.isDirectory()) return true
  throw new MillraceError(
    'storage_failed',
    `${path} is ${kindOf(stats)}, and a log has a directory of its own there: move it away, then start again`,
  )
}

function kindOf(stats: Stats): string {
  if (stats.isFile()) return 'a file'
  if (stats.isDirectory()) return 'a directory'
  if (stats.isSymbolicLink()) return 'a symbolic link'
  if (stats.isFIFO()) return 'a named pipe'
  if (stats.isSocket()) return 'a socket'
  return 'a device'
}

/** Opens a file for reading and writing; neither follows a link nor waits for a pipe. */
export function openFile(path: string): number {
  return openSync(path, constants.O_RDWR | openFlags)
}

/** As {@link openFile}, for reading only. */
export function openFileToRead(path: string): number {
  return openSync(path, constants.O_RDONLY | openFlags)
}

const openFlags = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** As {@link openFile}; a file that is missing is made. */
export function openOrMakeFile(path: string, modes: Modes): number {
  if (isFileThere(path)) return openFile(path)
  try {
    const file = openSync(path, 'wx+', modes.file)
    if (modes.isExact) fchmodSync(file, modes.file)
    return file
  } catch (error) {
    // Another process was faster.
    if (isFileThere(path)) return openFile(path)
    throw error
  }
}
