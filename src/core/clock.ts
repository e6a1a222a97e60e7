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

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}

/** A clock for tests that stands still until it is moved. */
export class ManualClock implements Clock {
  #nowMs: number
  #timers: { readonly atMs: number; readonly callback: () => void }[] = []

  constructor(nowMs: number = 0) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Moves the time on and runs every timer that falls due, in the order of their times. */
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
