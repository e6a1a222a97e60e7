/**
 * The figures of a running application from one look to the next.
 */
import type { Clock } from '../../core/clock.ts'
import type { Metrics } from '../../runtime/metrics.ts'

/** How a running application is doing at a moment; `--json` prints it as it is. */
export interface Figures extends Metrics {
  readonly applicationId: string
  /** How long this run has taken so far. */
  readonly runningMs: number
  /** Source records per second since the moment before. */
  readonly consumedPerSecond: number
  /** Records written per second since the moment before. */
  readonly producedPerSecond: number
}

export class FiguresOverTime {
  readonly #applicationId: string
  readonly #clock: Clock
  readonly #startedMs: number
  #lastMs: number
  #consumed: number
  #produced: number

  /** @param before what the application has done in earlier runs */
  constructor(applicationId: string, clock: Clock, before: Metrics) {
    this.#applicationId = applicationId
    this.#clock = clock
    this.#startedMs = this.#lastMs = clock.elapsed()
    this.#consumed = total(before.consumed)
    this.#produced = total(before.produced)
  }

  next(metrics: Metrics): Figures {
    const nowMs = this.#clock.elapsed()
    const seconds = (nowMs - this.#lastMs) / 1_000
    const consumed = total(metrics.consumed)
    const produced = total(metrics.produced)
    const rate = (records: number): number => (seconds > 0 ? Math.round(records / seconds) : 0)
    const figures = {
      ...metrics,
      applicationId: this.#applicationId,
      atMs: this.#clock.now(),
      runningMs: Math.round(nowMs - this.#startedMs),
      consumedPerSecond: rate(consumed - this.#consumed),
      producedPerSecond: rate(produced - this.#produced),
    }
    this.#lastMs = nowMs
    this.#consumed = consumed
    this.#produced = produced
    return figures
  }
}

export function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}
