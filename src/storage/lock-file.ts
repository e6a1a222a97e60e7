/**
 * Checks LMDB's lock file before LMDB opens it: when it is in use and damaged, LMDB crashes the next process that opens
 * the log. LMDB initialises a lock file that is not in use again, whatever it holds.
 */
import { closeSync, fstatSync, openSync, readdirSync, readSync, type Stats, statSync } from 'node:fs'
import { MillraceError } from '../core/errors.ts'
import { isLockedByOthers } from './commit-lock.ts'

const magic = 0xbeefc0de
/** The bits that hold the version of the lock file's format; those above them depend on the system. */
const versionMask = 0xfff
const version = 2
/** Holds a table for one reader; with less, LMDB may crash. */
const bytesMin = 4_096

const openFiles = '/proc/self/fd'

/**
 * Only under the lock of the directory.
 *
 * @throws MillraceError `storage_failed` when other processes use the file, and it is not as LMDB made it
 */
export function checkLockFile(path: string): void {
  // Closing a file gives up all locks that its process holds on it, so do not open one that is open here already. Only
  // Linux tells whether it is, and whether another process has locked it.
  const stats = statSync(path, { throwIfNoEntry: false })
  if (process.platform !== 'linux' || stats === undefined || isOpenHere(stats)) return
  const file = openSync(path, 'r+')
  try {
    const header = Buffer.alloc(8)
    readSync(file, header, 0, header.length, 0)
    const isSound =
      header.readUInt32LE(0) === magic &&
      (header.readUInt32LE(4) & versionMask) === version &&
      fstatSync(file).size >= bytesMin
    if (isSound || !isLockedByOthers(file)) return
  } finally {
    closeSync(file)
  }
  throw new MillraceError(
    'storage_failed',
    `${path} is damaged, and other processes use it: close every process that has the log open, then start again`,
  )
}

/** Whether any thread of this process has it open. */
function isOpenHere({ dev, ino }: Stats): boolean {
  return readdirSync(openFiles).some((name) => {
    const open = statSync(`${openFiles}/${name}`, { throwIfNoEntry: false })
    return open?.ino === ino && open.dev === dev
  })
}
