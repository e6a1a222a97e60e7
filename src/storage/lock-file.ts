/**
 * The lock file of LMDB, looked at before LMDB does: where it is in use and damaged, LMDB crashes whoever opens the log next.
 * One that nobody uses is made anew, whatever it holds.
 */
import { closeSync, fstatSync, openSync, readdirSync, readSync, type Stats, statSync } from 'node:fs'
import { MillraceError } from '../core/errors.ts'
import { isLockedByOthers } from './commit-lock.ts'

const magic = 0xbeefc0de
/** Of the format of the lock file; what is above these bits depends on the system. */
const versionMask = 0xfff
const version = 2
/** A table for one reader, which is more than LMDB needs to crash on. */
const bytesMin = 4_096

const openFiles = '/proc/self/fd'

/**
 * Only under the lock of the directory.
 *
 * @throws MillraceError `storage_failed` when other processes use the file, and it is not as LMDB made it
 */
export function checkLockFile(path: string): void {
  // Whoever closes a file gives up all locks of its process on it, so one that is open here must not be opened again. Only Linux says
  // so, and who else has locked it.
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

/** By any thread of this process. */
function isOpenHere({ dev, ino }: Stats): boolean {
  return readdirSync(openFiles).some((name) => {
    const open = statSync(`${openFiles}/${name}`, { throwIfNoEntry: false })
    return open?.ino === ino && open.dev === dev
  })
}
