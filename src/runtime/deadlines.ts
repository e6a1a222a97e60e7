/**
 * When the calls of one operator time out. All of them may take equally long, so the one that began first is due first,
 * and one timer serves them all.
 */
import type { Clock } from '../core/clock.ts'
import { Chain, type Link } from './chain.ts'

/** What may take too long. */
export interface Timed {
  /** When it does, by elapsed time; only for {@link Deadlines} to set. */
  dueMs: number
  /** It has taken too long, and is no longer waited for. */
  timeOut(): void
}

export class Deadlines {
  readonly timeoutMs: number
  readonly #clock: Clock
  /** The one that is due first comes first. */
  readonly #open = new Chain<Timed>()
  #cancelTimer: (() => void) | undefined

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.timeoutMs = timeoutMs
  }

  /** It begins now. */
  add(timed: Timed): Link<Timed> {
    timed.dueMs = this.#clock.elapsed() + this.timeoutMs
    this.#cancelTimer ??= this.#clock.schedule(this.timeoutMs, () => this.#look())
    return this.#open.add(timed)
  }

  /** It has ended in time. A timer for nothing would keep the process alive. */
  delete(link: Link<Timed>): void {
    this.#open.remove(link)
    if (this.#open.size > 0) return
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  #look(): void {
    this.#cancelTimer = undefined
    const nowMs = this.#clock.elapsed()
    for (let { first } = this.#open; first !== undefined; { first } = this.#open) {
      if (first.dueMs > nowMs) {
        this.#cancelTimer ??= this.#clock.schedule(Math.ceil(first.dueMs - nowMs), () => this.#look())
        return
      }
      this.#open.shift()
      first.timeOut()
    }
  }
}
