/**
 * Tells whether an owner is alive, as the operating system sees it: each open log that has members or applications
 * holds a lock on its own file, `sessions/<id>`.
 *
 * The system releases the lock of a process, a thread or a container that ends, however it ends, and keeps that of one
 * that is frozen. So a lock that can be taken, or a file that is gone, means that the owner is gone for good, which no
 * clock could tell. Any process that finds such a file removes it.
 *
 * When the file was last changed says when its owner was last well: that takes no lock and no commit, so an owner that
 * waits for others still shows it. The time of the last access, which nothing else needs, has the same moment as
 * elapsed time: that still counts after the wall clock was set back.
 */
import { randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  futimesSync,
  lstatSync,
  openSync,
  readdirSync,
  unlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { MillraceError } from '../core/errors.ts'
import { sessionsOf } from './directory.ts'
import { failureAdvice } from './failure-advice.ts'
import { logIsReadOnly } from './fail-stop.ts'
import { isDirectoryThere, makeDirectory, type Modes, modesOf } from './own-files.ts'

/** What we use of the package, which ships no declarations. */
interface FileLocks {
  /**
   * False when another open file has the lock. It belongs to the open file, not to the process, and ends with it. One
   * that is `shared` takes no more than a file that is open for reading.
   */
  readonly tryLock: (file: number, options?: { readonly shared: boolean }) => boolean
}

const { tryLock } = createRequire(import.meta.url)('fs-native-extensions') as FileLocks

/** Who holds a session. `pid` and `host` are for people; nothing depends on them. */
export interface SessionOwner {
  readonly id: string
  readonly pid: number
  readonly host: string
}

/** When an owner was last well. */
export interface SignOfLife {
  /** By the wall clock, ms since the epoch. */
  readonly atMs: number
  /** By elapsed time, which no one sets. */
  readonly elapsedMs: number
}

/** Checked because an id becomes a file name, and may come from a stored row. */
const legalId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A link in the place of a session is never followed. */
const noLink = constants.O_NOFOLLOW ?? 0
const toHold = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | noLink

export class Sessions {
  readonly #logDir: string
  readonly #dir: string
  readonly #modes: Modes
  readonly #isReadOnly: boolean
  /** The files of the sessions that were begun here. */
  readonly #held = new Map<string, number>()

  constructor(logDir: string, modes: Modes = modesOf(undefined), isReadOnly: boolean = false) {
    this.#logDir = logDir
    this.#modes = modes
    this.#isReadOnly = isReadOnly
    this.#dir = sessionsOf(logDir)
  }

  /** Whether this directory ever had a session; a restored backup had none. */
  get haveBegun(): boolean {
    return lstatSync(this.#dir, { throwIfNoEntry: false })?.isDirectory() === true
  }

  /**
   * A new session, alive until it ends or its owner does. What is left of dead ones is removed.
   *
   * @throws MillraceError `storage_failed`, `read_only`
   */
  begin(): SessionOwner {
    if (this.#isReadOnly) throw logIsReadOnly(this.#logDir)
    try {
      if (!isDirectoryThere(this.#dir)) makeDirectory(this.#dir, this.#modes)
      for (const name of readdirSync(this.#dir)) this.isAlive(name)
      for (;;) {
        const id = randomUUID()
        if (this.#hold(id)) return { id, pid: process.pid, host: hostname() }
      }
    } catch (cause) {
      if (cause instanceof MillraceError) throw cause
      const { what, remedy } = failureAdvice(this.#logDir, cause)
      throw new MillraceError('storage_failed', `cannot begin a session in ${this.#dir}: ${what}; ${remedy}`, { cause })
    }
  }

  /**
   * False when another process, cleaning up, took the new file for a dead session's before it was locked: use another
   * id.
   */
  #hold(id: string): boolean {
    const file = openSync(join(this.#dir, id), toHold, this.#modes.file)
    if (this.#modes.isExact) fchmodSync(file, this.#modes.file)
    if (tryLock(file) && fstatSync(file).nlink > 0) {
      this.#held.set(id, file)
      return true
    }
    closeSync(file)
    return false
  }

  /** Whether the file of a session that was begun here is still in its place; someone may have deleted it. */
  isInPlace(id: string): boolean {
    const file = this.#held.get(id)
    return file !== undefined && fstatSync(file).nlink > 0
  }

  /**
   * Whether the owner of a session is alive, perhaps frozen. When its file cannot be opened (it belongs to another
   * user, or too many files are open), it counts as alive. This costs an open and a lock, so call it only to wait for
   * an owner.
   */
  isAlive(id: string): boolean {
    if (this.#held.has(id)) return this.isInPlace(id)
    if (!legalId.test(id)) return false
    const path = join(this.#dir, id)
    let file: number
    try {
      file = openSync(path, (this.#isReadOnly ? constants.O_RDONLY : constants.O_RDWR) | noLink)
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== 'ENOENT'
    }
    try {
      if (!tryLock(file, { shared: this.#isReadOnly })) return true
      // Names are never reused, so this cannot be the file of another session.
      if (!this.#isReadOnly) unlinkSync(path)
      return false
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== 'ENOENT' // another was faster to remove it
    } finally {
      closeSync(file)
    }
  }

  /** Says that the owner of a session that was begun here is well. */
  sign(id: string, nowMs: number, elapsedMs: number): void {
    const file = this.#held.get(id)
    try {
      if (file !== undefined) futimesSync(file, elapsedMs / 1_000, nowMs / 1_000)
    } catch {
      // A file system that fails says so where it matters; until then others see an owner that is silent.
    }
  }

  /** When the owner of a session was last well; undefined where that cannot be seen. */
  signed(id: string): SignOfLife | undefined {
    if (!legalId.test(id)) return undefined
    try {
      const file = lstatSync(join(this.#dir, id), { throwIfNoEntry: false })
      return file && { atMs: file.mtimeMs, elapsedMs: file.atimeMs }
    } catch {
      return undefined // of another user, who lets no one look
    }
  }

  /** Ends the sessions that were begun here. */
  end(): void {
    for (const [id, file] of this.#held) {
      try {
        unlinkSync(join(this.#dir, id))
      } catch {
        // The next process that finds the file unlocked removes it.
      }
      closeSync(file)
    }
    this.#held.clear()
  }
}
