/**
 * Opening a directory for an environment: what must be there or is made, the locks, and the file.
 */
import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { MillraceError, messageOf } from '../core/errors.ts'
import { commitFile, CommitLock } from './commit-lock.ts'
import { checkDataFile, checkIsLog, dataFileOf, fsyncDirectory, lockFileOf } from './directory.ts'
import type { EnvironmentOptions } from './environment-options.ts'
import { logIsGone } from './fail-stop.ts'
import { failureAdvice, isDamage } from './failure-advice.ts'
import { Lookout, whyUnlisted } from './lookout.ts'
import { createAndOpen, type Opened } from './opening.ts'
import { makeDirectory, type Modes } from './own-files.ts'
import { damaged, isReadersFull, tooManyReaders } from './read-failure.ts'
import { type OpenedFile, StandingFiles } from './standing-files.ts'

/** An open directory. */
export interface OpenDirectory extends Opened {
  readonly lock: CommitLock
  /** Whether others write: for one that is read without a place among its readers, and has to ask. */
  readonly lookout: Lookout | undefined
  readonly standing: StandingFiles
}

/**
 * What must be there, or is made. Returns why a directory that is only looked at has no place among its readers;
 * undefined when it has one.
 */
export function prepareDirectory(
  dir: string,
  modes: Modes,
  { readOnly = false }: EnvironmentOptions,
): string | undefined {
  if (readOnly) checkIsLog(dir)
  else makeDirectory(dir, modes)
  checkDataFile(dir, readOnly)
  return readOnly ? whyUnlisted(dir) : undefined
}

/** Nothing stays open when it throws, the lock neither. */
export function openListed(dir: string, modes: Modes, options: EnvironmentOptions, lock: CommitLock): OpenDirectory {
  const { readOnly = false, throwAway = false } = options
  let opened: Opened | undefined
  try {
    if (!readOnly) lock.showWriting()
    opened = lock.hold(() => createAndOpen(dir, modes, { ...options, isListed: true }))
    const standing = standingFiles(dir, [
      { name: commitFile, stats: lock.stats },
      { name: basename(dataFileOf(dir)), stats: opened.file.stats },
      { name: basename(lockFileOf(dir)), stats: statSync(lockFileOf(dir)) },
    ])
    if (!throwAway && !readOnly) fsyncDirectory(dir)
    return { ...opened, lock, lookout: undefined, standing }
  } catch (cause) {
    closeOpened(opened)
    lock.close()
    throw cause
  }
}

/** As {@link openListed}. */
export function openUnlisted(dir: string, modes: Modes, options: EnvironmentOptions, why: string): OpenDirectory {
  const lookout = new Lookout(dir, why)
  let opened: Opened | undefined
  try {
    opened = lookout.guard(() => createAndOpen(dir, modes, { ...options, isListed: false }))
    const standing = standingFiles(dir, [{ name: basename(dataFileOf(dir)), stats: opened.file.stats }])
    return { ...opened, lock: CommitLock.none(), lookout, standing }
  } catch (cause) {
    closeOpened(opened)
    lookout.close()
    throw cause
  }
}

/** @throws MillraceError `storage_failed` when one of them is not in its place any longer */
function standingFiles(dir: string, files: readonly OpenedFile[]): StandingFiles {
  const standing = new StandingFiles(dir, files)
  const what = standing.whatIsGone()
  if (what !== undefined) throw logIsGone(dir, what)
  return standing
}

function closeOpened(opened: Opened | undefined): void {
  opened?.file.close()
  opened?.root.close().catch(() => undefined) // the error that matters is thrown by the caller
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
