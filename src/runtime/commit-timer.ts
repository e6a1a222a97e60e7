/**
 * Says when an application's commit falls due: a fixed time after its first record, or, by default, as soon as there is
 * nothing more to work on, as long as commits take a small share of the time.
 *
 * When a commit is made never changes the final result, so the time that one took may decide about the next.
 */
import type { Clock } from '../core/clock.ts'

/** By default nothing waits for its commit longer than this. */
const latestMs = 100

/**
 * This many times the duration of a commit pass before the next one begins early, so commits take a sixth of the time
 * at most.
 */
const pauses = 5

export class CommitTimer {
  readonly #clock: Clock
  /** How long after its first record a commit is due; undefined where the timer decides by itself. */
  readonly #everyMs: number | undefined
  /** When the first record came that waits for a commit. */
  #sinceMs: number | undefined
  #startedMs = 0
  /** From when on a commit may begin early. */
  #restedMs = 0

  constructor(clock: Clock, everyMs: number | undefined) {
    this.#clock = clock
    this.#everyMs = everyMs
  }

  /** There is work that waits for a commit. */
  worked(): void {
    this.#sinceMs ??= this.#clock.elapsed()
  }

  /** A commit begins. */
  begin(): void {
    this.#startedMs = this.#clock.elapsed()
  }

  /** The commit is durable, and nothing waits. */
  end(): void {
    const nowMs = this.#clock.elapsed()
    this.#restedMs = nowMs + pauses * (nowMs - this.#startedMs)
    this.#sinceMs = undefined
  }

  /** How long until a commit is due, in ms: 0 or less when it is, infinity when nothing waits. */
  leftMs(isDrained: boolean): number {
    if (this.#sinceMs === undefined) return Number.POSITIVE_INFINITY
    const dueMs = this.#sinceMs + (this.#everyMs ?? latestMs)
    const isEarly = this.#everyMs === undefined && isDrained
    return (isEarly ? Math.min(dueMs, this.#restedMs) : dueMs) - this.#clock.elapsed()
  }
}
