/**
 * The directory: the file system that it is on, the space there, who may do what, and what a killed process left there.
 */
import { lstatSync, readdirSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../core/errors.ts'
import { checkIsLog, dataFileOf, incompleteCopy } from '../../storage/directory.ts'
import { isWritable, whyUnlisted } from '../../storage/lookout.ts'
import { shownBytes } from '../../inspect/amounts.ts'
import { type Finding, ok, problem, warning } from './finding.ts'

export interface FileSystemFacts {
  /** The number that the system has for its kind. */
  readonly type: number
  readonly freeBytes: number
  readonly totalBytes: number
  /** Infinity where they are not counted. */
  readonly freeFiles: number
  /** The data file of the log. */
  readonly fileBytes: number
}

export function checkDirectory(dir: string): Finding[] {
  try {
    checkIsLog(dir)
  } catch (error) {
    return [problem('directory', messageOf(error), 'name the directory of a log with --dir')]
  }
  const { type, bavail, bsize, blocks, files, ffree } = statfsSync(dir)
  const facts: FileSystemFacts = {
    type,
    freeBytes: bavail * bsize,
    totalBytes: blocks * bsize,
    freeFiles: files === 0 ? Infinity : ffree,
    fileBytes: lstatSync(dataFileOf(dir)).size,
  }
  return [...checkFileSystem(facts), checkRights(dir), ...checkOwners(dir), ...checkLeftovers(dir)]
}

/** Kinds that do not keep what a log relies on: locks between processes, and a memory map that all of them share. */
const unfit: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x01021997, '9p'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
])
const tmpfs = 0x01021994
const fuse = 0x65735546

const mebibyte = 1_048_576
/** The log refuses appends below. */
const refusedBytes = 64 * mebibyte
const scarceBytes = 1_024 * mebibyte

export function checkFileSystem(facts: FileSystemFacts): Finding[] {
  return [checkKind(facts.type), ...checkSpace(facts)]
}

function checkKind(type: number): Finding {
  // Some systems give it as a signed number of 32 bits.
  const kind = type >>> 0
  const check = 'file system'
  const name = unfit.get(kind)
  if (name !== undefined) {
    const what = `${name}, over a network: locks and memory maps are not shared there, and the log will be damaged`
    return problem(check, what, 'move the log to a local disk')
  }
  if (kind === tmpfs) return warning(check, 'tmpfs, in memory: the log is gone after a restart', 'move it to a disk')
  if (kind === fuse) {
    return warning(check, 'FUSE: whether locks, memory maps and flushes hold depends on it', 'use a local disk')
  }
  return ok(check, `local (type 0x${kind.toString(16)})`)
}

function checkSpace({ freeBytes, totalBytes, freeFiles, fileBytes }: FileSystemFacts): Finding[] {
  const what = `${shownBytes(freeBytes)} of ${shownBytes(totalBytes)} free, the file has ${shownBytes(fileBytes)}`
  const advice = 'free some space, delete records, or shorten the retention of topics'
  if (freeFiles === 0)
    return [problem('disk', `${what}; no inode is free: no process can begin a session`, 'delete files')]
  if (freeBytes < refusedBytes) return [problem('disk', `${what}: appends are refused`, advice)]
  if (freeBytes < scarceBytes) return [warning('disk', what, advice)]
  return [ok('disk', what)]
}

function checkRights(dir: string): Finding {
  const why = whyUnlisted(dir)
  if (why !== undefined) {
    const what = `this user may only look, and only while no log is open for writing: ${why}`
    return warning('rights', what, 'run it as the user who writes, or grant the right')
  }
  if (!isWritable(dataFileOf(dir)) || !isWritable(dir)) {
    return warning(
      'rights',
      'this user may look, and not write',
      'nothing, if that is meant; otherwise grant the right',
    )
  }
  return ok('rights', 'this user may read and write')
}

/** A log that was once opened as root leaves files that its own user cannot use. */
function checkOwners(dir: string): Finding[] {
  const { uid } = lstatSync(dir)
  const others = readdirSync(dir).filter((name) => lstatSync(join(dir, name), { throwIfNoEntry: false })?.uid !== uid)
  if (others.length === 0) return []
  const what = `the directory belongs to user ${uid}, and these do not: ${others.join(', ')}`
  return [warning('owner', what, `chown -R ${uid} ${dir}`)]
}

function checkLeftovers(dir: string): Finding[] {
  const left = readdirSync(dir).filter((name) => name.startsWith('new-') || name === incompleteCopy)
  if (left.length === 0) return []
  return [
    warning(
      'leftovers',
      `a process was killed while it made ${left.join(', ')}`,
      'delete it, if nothing is being made now',
    ),
  ]
}
