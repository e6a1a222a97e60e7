/**
 * Whether the open files still stand under their names. A directory that was removed, renamed or replaced still takes
 * commits, but nothing will ever find them; and two processes with different lock files overwrite each other's commits.
 */
import { type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { monotonicMs } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'

/**
 * The mtime of a directory changes when a name in it appears or disappears; two changes this close may share one mtime.
 */
const tickMs = 1_000

/** A file that is open, as it was when it was opened. */
export interface OpenedFile {
  readonly name: string
  readonly stats: Stats
}

export class StandingFiles {
  readonly #dir: string
  readonly #files: readonly OpenedFile[]
  #directory: Stats
  /** Until then the mtime of the directory says nothing. */
  #unsettledUntilMs: number

  /** @param files of the directory */
  constructor(dir: string, files: readonly OpenedFile[]) {
    this.#dir = dir
    this.#files = files
    this.#directory = statSync(dir)
    this.#unsettledUntilMs = monotonicMs() + tickMs
  }

  /** What happened to a file that is not where it was; undefined while all are in place. It costs about 2 µs. */
  whatIsGone(): string | undefined {
    try {
      const directory = statSync(this.#dir)
      if (!isSame(directory, this.#directory)) return `${this.#dir} was replaced by another directory`
      const nowMs = monotonicMs()
      if (directory.mtimeMs !== this.#directory.mtimeMs) {
        this.#directory = directory
        this.#unsettledUntilMs = nowMs + tickMs
      } else if (nowMs >= this.#unsettledUntilMs) return undefined
      const replaced = this.#files.find(({ name, stats }) => !isSame(statSync(join(this.#dir, name)), stats))
      return replaced === undefined ? undefined : `${replaced.name} was replaced by another file`
    } catch (error) {
      return `its directory, or a file in it, was removed or renamed (${messageOf(error)})`
    }
  }
}

function isSame(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev
}
