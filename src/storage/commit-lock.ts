/**
 * One lock for a directory, held by whoever commits to it or opens it; the system takes it back from a process that dies.
 *
 * LMDB has a mutex for its writers, but opening an environment stands outside of it: it reads the number of the last
 * transaction from the file and, some microseconds later, writes it to where the next writer looks. A commit in between is
 * forgotten: the next one takes its number and its place (docs/decisions/0006-commit-lock.md).
 */
import { closeSync, fstatSync, type Stats, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { monotonicMs } from '../core/clock.ts'
import { type Modes, openOrMakeFile } from './own-files.ts'

/** What we use of the package, which ships no declarations. */
interface FileLocks {
  /** Blocks until the lock on the whole file is ours. A lock belongs to the open file, not to the process. */
  readonly waitForLockSync: (file: number) => void
  readonly unlock: (file: number) => void
  /** False when another process has locked one of these bytes. */
  readonly tryLock: (file: number, offset: number, length: number) => boolean
}

/** The name of the file that is locked, and written to after every commit for those that watch it. */
export const commitFile = 'commit.lock'

const mark = Buffer.of(0)

const { tryLock, unlock, waitForLockSync } = createRequire(import.meta.url)('fs-native-extensions') as FileLocks

/**
 * Whether another process has LMDB's lock on its lock file. Close the file soon after asking, which releases our own
 * lock.
 */
export function isLockedByOthers(lockFile: number): boolean {
  return !tryLock(lockFile, 0, 1)
}

export class CommitLock {
  readonly #file: number
  #waitedMs = 0

  constructor(dir: string, modes: Modes) {
    this.#file = openOrMakeFile(join(dir, commitFile), modes)
  }

  /** Waits until nobody else commits or opens, and runs `work`. Not to be called inside of itself. */
  hold<T>(work: () => T): T {
    const askedMs = monotonicMs()
    waitForLockSync(this.#file)
    this.#waitedMs += monotonicMs() - askedMs
    try {
      return work()
    } finally {
      unlock(this.#file)
    }
  }

  /** How long this process has waited for others, ms in all. */
  get waitedMs(): number {
    return this.#waitedMs
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

  close(): void {
    closeSync(this.#file)
  }
}
