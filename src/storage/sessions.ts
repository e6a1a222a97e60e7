/**
 * Whether the owner of something lives, as the system sees it: each open log that has members or applications holds a lock on
 * a file of its own, `sessions/<id>`.
 *
 * The system takes a lock back from a process, a thread or a container that ends, however it ends, and keeps it for one that
 * stands still. So a lock that can be taken, or a file that is gone, means that the owner is gone for good; a clock never could say
 * that. Whoever finds it removes the file.
 */
import { randomUUID } from 'node:crypto'
import { closeSync, constants, fchmodSync, fstatSync, lstatSync, openSync, readdirSync, unlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { MillraceError } from '../core/errors.ts'
import { failureAdvice } from './failure-advice.ts'
import { makeDirectory, type Modes, modesOf } from './own-files.ts'

/** What is used of the package, which brings no declarations of its own. */
interface FileLocks {
  /** False when another open file has the lock. It belongs to the open file, not to the process, and ends with it. */
  readonly tryLock: (file: number) => boolean
}

const { tryLock } = createRequire(import.meta.url)('fs-native-extensions') as FileLocks

/** Who holds a session; `pid` and `host` are for people, and nothing is decided by them. */
export interface SessionOwner {
  readonly id: string
  readonly pid: number
  readonly host: string
}

/** An id becomes the name of a file, and may come from a row. */
const legalId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A link in the place of a session is never followed. */
const openFlags = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0)

export class Sessions {
  readonly #logDir: string
  readonly #dir: string
  readonly #modes: Modes
  /** The files of those that were begun here. */
  readonly #held = new Map<string, number>()

  constructor(logDir: string, modes: Modes = modesOf(undefined)) {
    this.#logDir = logDir
    this.#modes = modes
    this.#dir = join(logDir, 'sessions')
  }

  /** Whether there ever was a session in this directory: not in one that a backup was brought back to. */
  get haveBegun(): boolean {
    return lstatSync(this.#dir, { throwIfNoEntry: false })?.isDirectory() === true
  }

  /**
   * A new session, alive until it ends or its owner does. What is left of dead ones is removed.
   *
   * @throws MillraceError `storage_failed`
   */
  begin(): SessionOwner {
    try {
      this.#makeDirectory()
      for (const name of readdirSync(this.#dir)) this.isAlive(name)
      for (;;) {
        const id = randomUUID()
        if (this.#hold(id)) return { id, pid: process.pid, host: hostname() }
      }
    } catch (cause) {
      const { what, remedy } = failureAdvice(this.#logDir, cause)
      throw new MillraceError('storage_failed', `cannot begin a session in ${this.#dir}: ${what}; ${remedy}`, { cause })
    }
  }

  #makeDirectory(): void {
    makeDirectory(this.#dir, this.#modes)
    if (!this.haveBegun) throw new Error('something that is no directory is in its place')
  }

  /** The id is nobody's yet: false when somebody who cleans up took the file for a dead one's before it was locked. */
  #hold(id: string): boolean {
    const file = openSync(join(this.#dir, id), openFlags | constants.O_CREAT | constants.O_EXCL, this.#modes.file)
    if (this.#modes.isExact) fchmodSync(file, this.#modes.file)
    if (tryLock(file) && fstatSync(file).nlink > 0) {
      this.#held.set(id, file)
      return true
    }
    closeSync(file)
    return false
  }

  /** Whether the file of a session that was begun here is still in its place: what else has it deleted it? */
  isInPlace(id: string): boolean {
    const file = this.#held.get(id)
    return file !== undefined && fstatSync(file).nlink > 0
  }

  /**
   * Whether the owner of a session is alive, perhaps frozen. One that cannot be looked at (the file of another user, too many open
   * files) counts as alive. It costs an open and a lock: for whoever waits for someone.
   */
  isAlive(id: string): boolean {
    if (this.#held.has(id)) return this.isInPlace(id)
    if (!legalId.test(id)) return false
    const path = join(this.#dir, id)
    let file: number
    try {
      file = openSync(path, openFlags)
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== 'ENOENT'
    }
    try {
      if (!tryLock(file)) return true
      // The name is never used again, so this cannot be anybody else's.
      unlinkSync(path)
      return false
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== 'ENOENT' // another was faster to remove it
    } finally {
      closeSync(file)
    }
  }

  /** Ends those that were begun here. */
  end(): void {
    for (const [id, file] of this.#held) {
      try {
        unlinkSync(join(this.#dir, id))
      } catch {
        // Whoever finds the file without its lock removes it.
      }
      closeSync(file)
    }
    this.#held.clear()
  }
}
