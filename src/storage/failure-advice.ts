/**
 * Says in words what a failure of the disk is and what to do about it: LMDB reports a full disk as an I/O error,
 * because the last write that fits is cut short.
 */
import { statfsSync } from 'node:fs'
import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'
import { messageOf } from '../core/errors.ts'

const {
  EACCES,
  EDQUOT,
  EEXIST,
  EFBIG,
  EIO,
  EISDIR,
  ELOOP,
  EMFILE,
  ENAMETOOLONG,
  ENFILE,
  ENOENT,
  ENOSPC,
  ENOTDIR,
  EPERM,
  EROFS,
} = constants.errno

/** What to do about a path that cannot be used. */
const pathRemedies: ReadonlyMap<number, string> = new Map([
  [EEXIST, 'a file is in the way: choose another path'],
  [ENOTDIR, 'a file is in the way: choose another path'],
  [EISDIR, 'a directory is in the way: choose another path'],
  [ELOOP, 'choose a path without a loop of symbolic links'],
  [ENAMETOOLONG, 'choose a shorter path'],
  [ENOENT, 'choose a path where directories can be made'],
])

/** With less than this free, an I/O error is taken for a disk that is full. */
const fullBytes = 2 ** 20

export interface FailureAdvice {
  readonly what: string
  readonly remedy: string
}

export function failureAdvice(dir: string, cause: unknown): FailureAdvice {
  const message = messageOf(cause)
  const code = errorNumberOf(cause)
  if (code === undefined) return { what: message, remedy: 'check the disk' }
  if (isDamage(cause)) return { what: `the file is damaged (${message})`, remedy: 'restore a backup' }
  const freeBytes = freeBytesOf(dir)
  if (code === ENOSPC || code === EDQUOT || (code === EIO && freeBytes !== undefined && freeBytes < fullBytes)) {
    const free = freeBytes === undefined ? '' : `, ${freeBytes} bytes are free`
    return { what: `the disk is full (${message}${free})`, remedy: 'free some space' }
  }
  if (code === EFBIG) return { what: message, remedy: 'raise the limit on the size of files' }
  if (code === EMFILE || code === ENFILE) {
    return { what: message, remedy: 'raise the limit on open files (ulimit -n), or close some' }
  }
  if (code === EROFS) return { what: message, remedy: 'mount the file system for writing' }
  if (code === EACCES || code === EPERM) {
    return { what: message, remedy: 'give the process the right to write to the directory and the files in it' }
  }
  return { what: message, remedy: pathRemedies.get(code) ?? 'check the disk' }
}

/** MDB_PAGE_NOTFOUND, _CORRUPTED, _PANIC, _CURSOR_FULL, _PAGE_FULL, _INCOMPATIBLE, _BAD_TXN, _BAD_VALSIZE, _BAD_DBI. */
const damageCodes: ReadonlySet<unknown> = new Set([
  -30_797, -30_796, -30_795, -30_787, -30_786, -30_784, -30_782, -30_781, -30_780,
])

/** Whether LMDB itself has found its pages inconsistent. */
export function isDamage(cause: unknown): boolean {
  return damageCodes.has((cause as { readonly code?: unknown } | undefined)?.code)
}

/** Whether the system refused what another user, or another mount, would be allowed to do. */
export function isRefusal(code: number | undefined): boolean {
  return code === EACCES || code === EPERM || code === EROFS
}

/** LMDB gives the system's error number, or only its text; Node gives the negative number. */
export function errorNumberOf(cause: unknown): number | undefined {
  if (!(cause instanceof Error)) return undefined
  const { code, errno } = cause as { readonly code?: unknown; readonly errno?: unknown }
  if (typeof errno === 'number') return Math.abs(errno)
  return typeof code === 'number' ? code : numberOfWords(cause.message.toLowerCase())
}

function numberOfWords(words: string): number | undefined {
  for (const [number, [, meaning]] of getSystemErrorMap()) if (meaning === words) return Math.abs(number)
  return undefined
}

function freeBytesOf(dir: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(dir)
    return bavail * bsize
  } catch {
    return undefined // the directory could not be made: nothing is known of its file system
  }
}
