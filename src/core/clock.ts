/**
 * Time comes from a clock that is passed in: the only file that touches the machine's clock and timers.
 */
import { checkedFunction, checkWhole, readField } from './checks.ts'

/**
 * Where an application, a producer and a test driver take time and timers from.
 *
 * Wall-clock time may jump when an administrator or NTP sets it; it only ever becomes a timestamp. What waits or
 * measures goes by elapsed time.
 */
export interface Clock {
  /** Wall-clock time, ms since the epoch. */
  now(): number
  /** Time elapsed since some moment, in ms; it never goes back, whatever happens to the wall clock. */
  elapsed(): number
  /**
   * Calls back once after `delayMs` have passed; the returned function cancels. Work in the `background` does not keep
   * the process alive.
   */
  schedule(delayMs: number, callback: () => void, kind?: 'background'): () => void
}

/** @throws MillraceError `bad_option` for what is not a clock */
export function checkClock(what: string, clock: Clock): Clock {
  for (const method of ['now', 'elapsed', 'schedule'] as const) {
    checkedFunction(`${what}.${method}`, Object(clock) === clock ? readField(what, clock, method) : undefined)
  }
  return clock
}

/** A timer of the machine that is longer than this fires at once. */
const timerMsMax = 2 ** 31 - 1

/** When this process began to count elapsed time, in ms since the machine started. */
const beganMs = Number(process.hrtime.bigint()) / 1e6 - monotonicMs()

/** The machine's clock: the default everywhere. Its elapsed time is the same in all processes of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => beganMs + monotonicMs(),
  schedule(delayMs, callback, kind) {
    let timer: NodeJS.Timeout
    const wait = (leftMs: number): void => {
      const stepMs = Math.min(leftMs, timerMsMax)
      timer = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : callback()), stepMs)
      if (kind === 'background') timer.unref()
    }
    wait(delayMs)
    return () => clearTimeout(timer)
  },
}

/**
 * A clock for tests that stands still until it is moved; `new ManualClock(ms)` begins at that time, or at 0.
 *
 * @example
 * ```ts
 * const clock = new ManualClock(1_000)
 * const producer = log.producer({ clock })
 * await producer.send(clicks, { key: 'a', value: { page: '/', status: 200, bytes: 0 } }) // at 1,000 ms
 * clock.advance(seconds(1))
 * ```
 */
export class ManualClock implements Clock {
  #nowMs: number
  #elapsedMs = 0
  #timers: { readonly atMs: number; readonly callback: () => void }[] = []

  constructor(nowMs: number = 0) {
    this.#nowMs = checkWhole('the time', nowMs, 0)
  }

  /** Where it stands, ms since the epoch. */
  now(): number {
    return this.#nowMs
  }

  /** Elapsed time, in ms; see {@link Clock.elapsed}. */
  elapsed(): number {
    return this.#elapsedMs
  }

  /** Calls back when {@link advance} passes the time; the returned function cancels. */
  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#elapsedMs + delayMs, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /**
   * Advances the time and runs every timer that falls due, in the order of their times.
   *
   * @throws MillraceError `bad_option` for a duration below 0, or one that would go past the largest timestamp
   */
  advance(durationMs: number): void {
    const latestMs = Math.max(this.#nowMs, this.#elapsedMs)
    checkWhole('the duration', durationMs, 0, Number.MAX_SAFE_INTEGER - latestMs)
    const untilMs = this.#elapsedMs + durationMs
    for (;;) {
      const due = this.#timers.filter((timer) => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (due === undefined) break
      this.#timers = this.#timers.filter((timer) => timer !== due)
      this.#pass(Math.max(0, due.atMs - this.#elapsedMs))
      due.callback()
    }
    this.#pass(untilMs - this.#elapsedMs)
  }

  #pass(durationMs: number): void {
    this.#elapsedMs += durationMs
    this.#nowMs += durationMs
  }

  /** Sets the wall clock, forward or back, as an administrator does: no time passes, and no timer runs. */
  jumpTo(nowMs: number): void {
    this.#nowMs = checkWhole('the time', nowMs, 0)
  }
}

/** A stopwatch for slices of work and rates; never part of a result. */
export function monotonicMs(): number {
  return performance.now()
}

/** Lets others have the event loop, and LMDB the snapshot. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
