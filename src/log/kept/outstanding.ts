/**
 * What was asked of this log by calls that return at once, and waits for its turn because another process commits:
 * claims to transactional ids, and the topics of consumers.
 *
 * Until a claim is made, the older holder of the id may commit, and what was read of the log is outdated by that: a
 * newer holder that began at such a position would do again what the older one has done. So what a log tells of topics,
 * positions and ends comes after what was asked of it before. What answers with a promise waits for that; what answers
 * at once has it done, which blocks while another process commits.
 */
import type { Environment } from '../../storage/environment.ts'

export class Outstanding {
  readonly #environment: Pick<Environment, 'inTurn'>
  /** What waits, in the order in which it was asked for, and what does it. */
  readonly #waiting = new Map<Promise<unknown>, () => unknown>()

  constructor(environment: Pick<Environment, 'inTurn'>) {
    this.#environment = environment
  }

  /**
   * Takes a step once: at once or, while another process commits, in turn.
   *
   * @throws what `step` throws, and MillraceError `closed`, `storage_failed`; the promise rejects with it
   */
  inTurn<T>(step: () => T): T | Promise<T> {
    let taken: { readonly result: T } | undefined
    const take = (): T => (taken ??= { result: step() }).result
    const done = this.#environment.inTurn(take)
    if (done instanceof Promise) {
      const forget = (): boolean => this.#waiting.delete(done)
      this.#waiting.set(done, take)
      done.then(forget, forget)
    }
    return done
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  /** Resolves when nothing of what waits now does any longer; what fails is told to those who asked for it. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#waiting.keys())
  }

  /** Does what waits. Blocks while another process commits. */
  settleNow(): void {
    for (const [done, take] of this.#waiting) {
      try {
        take()
        this.#waiting.delete(done)
      } catch {
        // It is tried again in its turn, and what it throws then is told to those who asked for it.
      }
    }
  }
}
