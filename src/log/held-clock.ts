/**
 * The clock of a log, which stands still inside a transaction: the clock may be the user's code, and no user code runs
 * while others wait for the lock.
 */
import type { Clock } from '../core/clock.ts'
import type { Environment } from '../storage/environment.ts'

export class HeldClock implements Clock {
  readonly #clock: Clock
  readonly #environment: Environment
  #nowMs = 0
  #elapsedMs = 0

  constructor(clock: Clock, environment: Environment) {
    this.#clock = clock
    this.#environment = environment
    environment.beforeWrite(() => {
      this.#nowMs = clock.now()
      this.#elapsedMs = clock.elapsed()
    })
  }

  now(): number {
    return this.#environment.isWriting ? this.#nowMs : this.#clock.now()
  }

  elapsed(): number {
    return this.#environment.isWriting ? this.#elapsedMs : this.#clock.elapsed()
  }

  schedule(delayMs: number, callback: () => void, kind?: 'background'): () => void {
    return this.#clock.schedule(delayMs, callback, kind)
  }
}
