/**
 * Whether an environment may still be used. After a failed commit nothing is known about the disk, and commits to a
 * directory that is gone would never be found: from then on everything is refused, for that reason (fail-stop).
 */
import { monotonicMs } from '../core/clock.ts'
import type { MillraceError } from '../core/errors.ts'
import { commitFailed, logIsClosed, logIsGone } from './fail-stop.ts'
import type { StandingFiles } from './standing-files.ts'

/** How often a log checks that its files still stand under their names; each commit checks too. */
const lookEveryMs = 1_000

export class Usability {
  readonly #dir: string
  #standing: StandingFiles | undefined
  #failure: MillraceError | undefined
  #isClosed = false
  #lookedMs = 0

  constructor(dir: string) {
    this.#dir = dir
  }

  /** It is open, with these files, which are in their places. */
  opened(standing: StandingFiles): void {
    this.#standing = standing
    this.#lookedMs = monotonicMs()
  }

  closed(): void {
    this.#isClosed = true
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  /** @throws MillraceError `storage_failed`, `closed` */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#isClosed) throw logIsClosed(this.#dir)
  }

  /** Nothing is acknowledged once the open files are no longer where they were. */
  look(): void {
    this.#lookedMs = monotonicMs()
    if (this.#isClosed || this.#failure !== undefined) return
    const what = this.#standing?.whatIsGone()
    if (what !== undefined) this.#failure = logIsGone(this.#dir, what)
  }

  /** {@link look}, unless it was done a moment ago. */
  lookNowAndThen(): void {
    if (monotonicMs() - this.#lookedMs >= lookEveryMs) this.look()
  }

  /** A step of a write: when it throws, the environment has failed. */
  orFail<T>(step: () => T): T {
    try {
      return step()
    } catch (cause) {
      throw (this.#failure ??= commitFailed(this.#dir, cause))
    }
  }
}
