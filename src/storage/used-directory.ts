/**
 * A directory that an environment is opened in: checked, and with the lock that openings and commits share.
 *
 * It stands apart because waiting for that lock comes before there is an environment, and may take as long as another
 * process is frozen in its commit.
 */
import { join, resolve } from 'node:path'
import { commitFile, CommitLock } from './commit-lock.ts'
import { CommitWatch } from './commit-watch.ts'
import type { EnvironmentOptions } from './environment-options.ts'
import { type OpenDirectory, openError, openListed, openUnlisted, prepareDirectory } from './open-directory.ts'
import { type Modes, modesOf } from './own-files.ts'
import { Turns } from './turns.ts'
import { Usability } from './usability.ts'

export class UsedDirectory {
  readonly dir: string
  /** Of the files that are made for it. */
  readonly modes: Modes
  readonly watch: CommitWatch
  readonly usability: Usability
  /** Undefined where it is looked at without a place among its readers: then nothing is locked. */
  readonly #lock: CommitLock | undefined
  readonly #isReadOnly: boolean
  readonly #open: () => OpenDirectory

  /**
   * Creates it where it is missing, unless it is only read.
   *
   * @throws MillraceError as {@link open}
   */
  constructor(dir: string, options: EnvironmentOptions) {
    this.dir = resolve(dir)
    this.#isReadOnly = options.readOnly === true
    const modes = (this.modes = modesOf(options.fileMode))
    const usability = (this.usability = new Usability(this.dir))
    this.watch = new CommitWatch(join(this.dir, commitFile), () => usability.look())
    try {
      const why = prepareDirectory(this.dir, modes, options)
      if (why === undefined) {
        const lock = (this.#lock = CommitLock.open(this.dir, modes))
        this.#open = () => openListed(this.dir, modes, options, lock)
      } else this.#open = () => openUnlisted(this.dir, modes, options, why)
    } catch (cause) {
      throw openError(this.dir, cause)
    }
  }

  /** Opens it with `step`, the lock taken, when no other process commits; meanwhile the event loop goes on. */
  whenFree<T>(step: () => T): T | Promise<T> {
    const lock = this.#lock
    if (lock === undefined) return step()
    const noCommit = (): number => 0
    return new Turns(lock, this.watch, () => this.#tryTake(lock), noCommit).take(step)
  }

  /** @throws MillraceError `storage_failed` */
  #tryTake(lock: CommitLock): boolean {
    try {
      return this.#isReadOnly ? lock.tryTake() : lock.tryTakeToWrite()
    } catch (cause) {
      lock.close()
      throw openError(this.dir, cause)
    }
  }

  /**
   * Blocks while another process commits, unless it is called in {@link whenFree}.
   *
   * @throws MillraceError `log_missing`, `log_in_use`, `format_unknown`, `damaged`, `too_many_readers`,
   *   `storage_failed`; nothing stays open then
   */
  open(): OpenDirectory {
    try {
      const opened = this.#open()
      this.usability.opened(opened.standing)
      return opened
    } catch (cause) {
      throw openError(this.dir, cause)
    }
  }
}
