/**
 * Looking at a directory without a place in LMDB's table of readers, where the right to write its lock files is not to
 * be had: on a file system that is mounted read-only, or as another user.
 *
 * Those who write do not know of such a reader, and use again the pages that it reads. So it reads only while no log is
 * open that may write, and asks again with every read (unlisted-rows.ts). Asking takes a lock for a moment, and holds
 * up no one: docs/decisions/0027-looking.md.
 */
import { accessSync, closeSync, constants } from 'node:fs'
import { join } from 'node:path'
import { MillraceError, messageOf } from '../core/errors.ts'
import { commitFile, hasWriter, isTaken } from './commit-lock.ts'
import { lockFileOf } from './directory.ts'
import { errorNumberOf, failureAdvice, isRefusal } from './failure-advice.ts'
import { isFileThere, openFileToRead } from './own-files.ts'

/** Why a directory has no place among its readers for this process; undefined when it has one. */
export function whyUnlisted(dir: string): string | undefined {
  for (const path of [lockFileOf(dir), join(dir, commitFile)]) {
    try {
      accessSync(isFileThere(path) ? path : dir, constants.R_OK | constants.W_OK)
    } catch (error) {
      if (isRefusal(errorNumberOf(error))) return `the right to write ${path} is missing (${messageOf(error)})`
      throw error
    }
  }
  return undefined
}

/** Whether this process may write a file. */
export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false // opening it all the same says why
  }
}

/** Whether some log commits or opens right now; false where this process may not know. */
export function isCommitting(dir: string): boolean {
  let file: number
  try {
    file = openFileToRead(join(dir, commitFile))
  } catch {
    return false // there is none, or it may not be read
  }
  try {
    return isTaken(file)
  } finally {
    closeSync(file)
  }
}

export class Lookout {
  readonly #dir: string
  readonly #why: string
  /** The commit lock; undefined as long as there is none, because no one has opened the directory since it was made. */
  #lockFile: number | undefined

  /** @param why there is no place among the readers */
  constructor(dir: string, why: string) {
    this.#dir = dir
    this.#why = why
  }

  /**
   * @throws MillraceError `log_in_use` while a log is open that may write, `storage_failed` when that cannot be known
   */
  check(): void {
    let isInUse: boolean
    try {
      const path = join(this.#dir, commitFile)
      if (this.#lockFile === undefined && isFileThere(path)) this.#lockFile = openFileToRead(path)
      isInUse = this.#lockFile !== undefined && hasWriter(this.#lockFile)
    } catch (cause) {
      const { what, remedy } = failureAdvice(this.#dir, cause)
      throw new MillraceError(
        'storage_failed',
        `whether another process writes to ${this.#dir} cannot be known: ${what}; ${remedy}`,
        { cause },
      )
    }
    if (isInUse) throw this.inUse('a process has it open for writing')
  }

  /** @param what is in the way of reading on */
  inUse(what: string): MillraceError {
    return new MillraceError(
      'log_in_use',
      `the log in ${this.#dir} cannot be read now: ${what}, and would not know that it is read here, because ` +
        `${this.#why}; grant that right, look as the user who writes, or wait until the log is closed there`,
    )
  }

  /** Takes a step that reads; what has come of it counts only while no one writes. */
  guard<T>(step: () => T): T {
    this.check()
    try {
      return step()
    } finally {
      this.check()
    }
  }

  close(): void {
    if (this.#lockFile !== undefined) closeSync(this.#lockFile)
    this.#lockFile = undefined
  }
}
