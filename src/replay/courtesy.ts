/**
 * How a version beside the live one goes about its work: as fast as it can while that one does not run, and otherwise
 * so that the live version hardly notices.
 *
 * Where both run in one process they share the event loop, so stretches of work are short, and none begins while the
 * live version has something to do. Where they run in two they share the log, whose writers take turns, so commits are
 * small, and there is a gap after each. A live version that always has something to do stops nothing for ever: after a
 * while there is one stretch of work.
 */
import type { Clock } from '../core/clock.ts'
import type { Pace } from '../runtime/pace.ts'

const fastSliceMs = 10
const shortSliceMs = 2
/** Work that one commit holds while the live version runs. */
const commitWorkMs = 12
/** How long it waits for a live version that has something to do. */
const patienceMs = 20
/** How long it believes that the live version runs, or does not. */
const beliefMs = 100

export class Courtesy implements Pace {
  readonly #clock: Clock
  readonly #isPaused: () => boolean
  readonly #isRunning: () => boolean
  readonly #isBusy: () => boolean
  #onRest: (() => void)[] = []
  #hasCompany = false
  #lookedMs = Number.NEGATIVE_INFINITY
  /** When the gap after a commit is over. */
  #gapUntilMs = 0
  #busySinceMs: number | undefined

  /**
   * @param isRunning whether the live version runs
   * @param isBusy whether it has something to do
   * @param isPaused whether it is to rest until it is told to go on
   */
  constructor(clock: Clock, isRunning: () => boolean, isBusy: () => boolean, isPaused: () => boolean) {
    this.#clock = clock
    this.#isPaused = isPaused
    this.#isRunning = isRunning
    this.#isBusy = isBusy
  }

  get sliceMs(): number {
    return this.#hasCompany ? shortSliceMs : fastSliceMs
  }

  restMs(): number {
    if (this.#isPaused()) return Number.POSITIVE_INFINITY
    const nowMs = this.#clock.elapsed()
    if (nowMs - this.#lookedMs >= beliefMs) {
      this.#hasCompany = this.#isRunning()
      this.#lookedMs = nowMs
    }
    if (!this.#hasCompany) return 0
    if (nowMs < this.#gapUntilMs) return this.#gapUntilMs - nowMs
    if (!this.#isBusy()) {
      this.#busySinceMs = undefined
      return 0
    }
    this.#busySinceMs ??= nowMs
    const leftMs = this.#busySinceMs + patienceMs - nowMs
    if (leftMs > 0) return leftMs
    this.#busySinceMs = undefined
    return 0
  }

  /** Resolves when it rests. */
  untilRest(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRest.push(resolve)
    })
  }

  rested(): void {
    const waiting = this.#onRest
    this.#onRest = []
    for (const resolve of waiting) resolve()
  }

  isCommitDue(workMs: number): boolean {
    return this.#hasCompany && workMs >= commitWorkMs
  }

  committed(durationMs: number): void {
    this.#gapUntilMs = this.#clock.elapsed() + durationMs
  }
}
