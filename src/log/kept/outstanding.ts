/**
 * Work that calls of this log have left to its turn, because another process commits: claims to transactional ids, and
 * the creation of a consumer's topics.
 *
 * Until a claim is made, the older holder of the id may commit, and a position that was read before that is out of
 * date: a newer holder that began there would do again what the older one has done. So what a log tells of topics,
 * positions and ends comes after what was asked of it before. What answers with a promise waits for that; what answers
 * at once does the work itself, which blocks while another process commits.
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

  /** Resolves when all that waits now is done or has failed; failures are told to those who asked for the work. */
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
        // It is tried again in its turn; what it throws then goes to those who asked for it.
      }
    }
  }
}
