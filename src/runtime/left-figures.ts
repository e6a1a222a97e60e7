/**
 * The figures that an instance leaves in the log, for other processes: with a commit that it makes anyway, at most
 * every two seconds. When it has gone idle it leaves them a last few times by themselves, as its rates fall to nothing,
 * so that what others see does not stay what it was under load.
 */
import type { Clock } from '../core/clock.ts'
import type { InstanceFigures } from '../core/figures.ts'
import type { Session } from '../log/contract.ts'
import type { Meter } from './meter.ts'

const everyMs = 2_000
/** After the last commit: once it is idle, and when the rates over one and over five minutes are of nothing else. */
const idleMs = [everyMs, 62_000, 302_000]

export class LeftFigures {
  readonly #session: Session
  readonly #clock: Clock
  readonly #meter: Meter
  /** When it started, or committed last. */
  #workedMs: number
  #leftMs = Number.NEGATIVE_INFINITY

  constructor(session: Session, clock: Clock, meter: Meter) {
    this.#session = session
    this.#clock = clock
    this.#meter = meter
    this.#workedMs = clock.elapsed()
  }

  /** For a commit that is made now; undefined where the last ones are young enough. */
  forCommit(): InstanceFigures | undefined {
    return this.#clock.elapsed() - this.#leftMs < everyMs ? undefined : this.#meter.figures()
  }

  /** The commit is durable. */
  committed(figures: InstanceFigures | undefined): void {
    this.#workedMs = this.#clock.elapsed()
    if (figures !== undefined) this.#leftMs = this.#workedMs
  }

  /** How long it is until they are left without a commit; Infinity once others see that it is idle. */
  get restMs(): number {
    const stepMs = idleMs.find((afterMs) => this.#workedMs + afterMs > this.#leftMs)
    return stepMs === undefined ? Number.POSITIVE_INFINITY : this.#workedMs + stepMs - this.#clock.elapsed()
  }

  /** Calls back then; the returned function cancels. It keeps no process alive. */
  whenDue(callback: () => void): (() => void) | undefined {
    const { restMs } = this
    return Number.isFinite(restMs) ? this.#clock.schedule(Math.max(0, restMs), callback, 'background') : undefined
  }

  /** @throws MillraceError `storage_failed` */
  async leave(): Promise<void> {
    await this.#session.leaveFigures(this.#meter.figures())
    this.#leftMs = this.#clock.elapsed()
  }
}
