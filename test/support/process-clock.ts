// A clock whose process can be stopped, or die: everybody's time goes on, its own timers do not run.
import type { Clock } from 'millrace'

export class ProcessClock implements Clock {
  isStopped = false
  readonly #clock: Clock
  #missed: (() => void)[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  elapsed(): number {
    return this.#clock.elapsed()
  }

  /** What falls due while the process is stopped runs when it goes on, as with a real one. */
  schedule(delayMs: number, callback: () => void): () => void {
    return this.#clock.schedule(delayMs, () => {
      if (this.isStopped) this.#missed.push(callback)
      else callback()
    })
  }

  goOn(): void {
    this.isStopped = false
    const missed = this.#missed
    this.#missed = []
    for (const callback of missed) callback()
  }
}
