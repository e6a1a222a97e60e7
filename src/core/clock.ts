/**
 * Time comes from a clock that is passed in: the only file that touches the machine's clock and timers.
 */
import { checkWhole } from './names.ts'

/** Where an application, a producer and a test driver take wall-clock time and timers from. */
export interface Clock {
  /** Wall-clock time, ms since the epoch. */
  now(): number
  /** Calls back once after `delayMs`; the returned function cancels. */
  schedule(delayMs: number, callback: () => void): () => void
}

/** The machine's clock: the default everywhere. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}

/**
 * A clock for tests that stands still until it is moved; `new ManualClock(ms)` begins at that time, or at 0.
 *
 * @example
 * ```ts
 * const clock = new ManualClock(1_000)
 * await log.producer({ clock }).send(clicks, { key: 'a', value: { page: '/', status: 200, bytes: 0 } }) // at 1,000 ms
 * clock.advance(seconds(1))
 * ```
 */
export class ManualClock implements Clock {
  #nowMs: number
  #timers: { readonly atMs: number; readonly callback: () => void }[] = []

  constructor(nowMs: number = 0) {
    this.#nowMs = nowMs
  }

  /** Where it stands, ms since the epoch. */
  now(): number {
    return this.#nowMs
  }

  /** Calls back when {@link advance} passes the time; the returned function cancels. */
  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Moves the time on and runs every timer that falls due, in the order of their times. A duration below 0 is a `bad_option`. */
  advance(durationMs: number): void {
    checkWhole('the duration', durationMs, 0)
    const untilMs = this.#nowMs + durationMs
    for (;;) {
      const due = this.#timers.filter((timer) => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (due === undefined) break
      this.#timers = this.#timers.filter((timer) => timer !== due)
      this.#nowMs = Math.max(this.#nowMs, due.atMs)
      due.callback()
    }
    this.#nowMs = untilMs
  }
}

/** A stopwatch for slices of work and rates; never part of a result. */
export function monotonicMs(): number {
  return performance.now()
}
