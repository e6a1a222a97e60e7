/**
 * When the calls of one operator time out. All of them may take equally long, so the one that began first is due first,
 * and one timer serves them all.
 */
import type { Clock } from '../core/clock.ts'

/** What may take too long. */
export interface Timed {
  /** It was not taken out in time, and is no longer here. */
  timeOut(): void
}

export class Deadlines {
  readonly timeoutMs: number
  readonly #clock: Clock
  /** When each is due, by elapsed time; the first one first. */
  readonly #due = new Map<Timed, number>()
  #cancelTimer: (() => void) | undefined

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.timeoutMs = timeoutMs
  }

  /** Something that is not here begins now. */
  add(timed: Timed): void {
    this.#due.set(timed, this.#clock.elapsed() + this.timeoutMs)
    this.#cancelTimer ??= this.#clock.schedule(this.timeoutMs, () => this.#look())
  }

  /** It has ended. A timer for nothing would keep the process alive. */
  delete(timed: Timed): void {
    if (!this.#due.delete(timed) || this.#due.size > 0) return
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  #look(): void {
    this.#cancelTimer = undefined
    const nowMs = this.#clock.elapsed()
    for (const [timed, dueMs] of this.#due) {
      if (dueMs > nowMs) {
        this.#cancelTimer = this.#clock.schedule(Math.ceil(dueMs - nowMs), () => this.#look())
        return
      }
      this.#due.delete(timed)
      timed.timeOut()
    }
  }
}
