/**
 * Whether the files that are open still stand under their names: a directory that is removed, renamed or replaced takes
 * commits that nobody will ever find, and two processes with two lock files overwrite each other's.
 */
import { type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { monotonicMs } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'

/** A directory changes its time when a name in it comes or goes; two changes that are as close as this may share one time. */
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
  /** Until then the time of the directory says nothing. */
  #unsettledUntilMs: number

  constructor(dir: string, files: readonly OpenedFile[]) {
    this.#dir = dir
    this.#files = files
    this.#directory = statSync(dir)
    this.#unsettledUntilMs = monotonicMs() + tickMs
  }

  /** What has become of them, once one is not where it was; undefined while all are. It costs some 2 µs. */
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
