/**
 * One lock for a directory, held while a process commits to it or opens it; the system releases the lock of a process
 * that dies.
 *
 * LMDB has a mutex for its writers, but opening an environment stands outside it: it reads the number of the last
 * transaction from the file and, some microseconds later, writes it to where the next writer looks. A commit in between
 * is forgotten: the next one takes its number and its place (docs/decisions/0006-commit-lock.md).
 */
import { randomInt } from 'node:crypto'
import { closeSync, fstatSync, type Stats, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { monotonicMs } from '../core/clock.ts'
import { type Modes, openOrMakeFile } from './own-files.ts'

/** What we use of the package, which ships no declarations. */
interface FileLocks {
  /** Blocks until the lock on these bytes is ours. A lock belongs to the open file, not to the process. */
  readonly waitForLockSync: (file: number, offset: number, length: number) => void
  readonly unlock: (file: number, offset: number, length: number) => void
  /** False when another open file has locked one of these bytes; locks that are `shared` go together. */
  readonly tryLock: (file: number, offset: number, length: number, options?: { readonly shared: boolean }) => boolean
}

/** The byte that is locked for a commit or an opening. */
const commitByte = 0
/** The byte that all those share who wait for the other one without blocking. */
const waitByte = 1
/**
 * Each log that may write keeps one of these locked, which it draws by lot. So there is none while all of them can be
 * shared, and that takes no more than the right to read the file.
 */
const writerBytes = { from: 2, count: 2 ** 47 } as const

/** The name of the file that is locked, and written to after every commit for those that watch it. */
export const commitFile = 'commit.lock'

const mark = Buffer.of(0)
const noFile = -1

const { tryLock, unlock, waitForLockSync } = createRequire(import.meta.url)('fs-native-extensions') as FileLocks

function writerByte(): number {
  return writerBytes.from + randomInt(writerBytes.count)
}

/**
 * Whether another process has LMDB's lock on its lock file. Close the file soon after asking, which releases our own
 * lock.
 */
export function isLockedByOthers(lockFile: number): boolean {
  return !tryLock(lockFile, 0, 1)
}

/** Whether a log is open that may write; the lock file need only be open for reading. */
export function hasWriter(lockFile: number): boolean {
  const { from, count } = writerBytes
  if (!tryLock(lockFile, from, count, { shared: true })) return true
  unlock(lockFile, from, count)
  return false
}

/** Whether some log commits or opens right now; the lock file need only be open for reading. */
export function isTaken(lockFile: number): boolean {
  if (!tryLock(lockFile, commitByte, 1, { shared: true })) return true
  unlock(lockFile, commitByte, 1)
  return false
}

export class CommitLock {
  readonly #file: number
  #waitedMs = 0
  #isTaken = false
  #showsWriting = false
  #isWaiting = false

  private constructor(file: number) {
    this.#file = file
  }

  static open(dir: string, modes: Modes): CommitLock {
    return new CommitLock(openOrMakeFile(join(dir, commitFile), modes))
  }

  /** For a directory that is only looked at, without the right to lock anything: it can only be closed. */
  static none(): CommitLock {
    return new CommitLock(noFile)
  }

  /** Shows {@link hasWriter} that there is one, until this is closed. Blocks while someone asks. */
  showWriting(): void {
    if (this.#showsWriting) return
    waitForLockSync(this.#file, writerByte(), 1)
    this.#showsWriting = true
  }

  /** Blocks until no other process commits or opens, and takes the lock, unless it is taken already. */
  take(): void {
    if (this.#isTaken) return
    const askedMs = monotonicMs()
    waitForLockSync(this.#file, commitByte, 1)
    this.#waitedMs += monotonicMs() - askedMs
    this.#isTaken = true
  }

  /** Runs a step while no other process commits or opens. */
  hold<T>(step: () => T): T {
    this.take()
    try {
      return step()
    } finally {
      this.release()
    }
  }

  /** Takes the lock if it is free. */
  tryTake(): boolean {
    return (this.#isTaken = tryLock(this.#file, commitByte, 1))
  }

  /** {@link tryTake} and {@link showWriting} in one: both or none, because one who asks may be frozen. */
  tryTakeToWrite(): boolean {
    if (!this.tryTake()) return false
    this.#showsWriting ||= tryLock(this.#file, writerByte(), 1)
    if (!this.#showsWriting) this.release()
    return this.#showsWriting
  }

  release(): void {
    unlock(this.#file, commitByte, 1)
    this.#isTaken = false
  }

  /** Shows others that someone here waits for the lock, or no longer does. */
  showWaiting(isWaiting: boolean): void {
    if (isWaiting === this.#isWaiting) return
    if (isWaiting) this.#isWaiting = tryLock(this.#file, waitByte, 1, { shared: true })
    else {
      unlock(this.#file, waitByte, 1)
      this.#isWaiting = false
    }
  }

  /** Whether someone waits for the lock elsewhere. */
  get othersWait(): boolean {
    if (!tryLock(this.#file, waitByte, 1)) return true
    // No one else has the byte, so now it is ours alone: it goes back to what it was.
    if (this.#isWaiting) tryLock(this.#file, waitByte, 1, { shared: true })
    else unlock(this.#file, waitByte, 1)
    return false
  }

  /** How long this process has waited for others, ms in all. */
  get waitedMs(): number {
    return this.#waitedMs
  }

  /** Counts what was waited without blocking. */
  addWaited(ms: number): void {
    this.#waitedMs += ms
  }

  /** Of the file that is locked. */
  get stats(): Stats {
    return fstatSync(this.#file)
  }

  /** Tells those who watch the file that a commit is visible. */
  announce(): void {
    try {
      writeSync(this.#file, mark, 0, mark.length, 0)
    } catch {
      // The commit is durable whatever becomes of this: those who wait find it by their poll.
    }
  }

  /** Whatever of it was locked is free then. */
  close(): void {
    this.#isWaiting = false
    if (this.#file !== noFile) closeSync(this.#file)
  }
}
