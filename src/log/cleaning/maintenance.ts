/**
 * The work that a log does in the background: retention, compaction, the removal of what was deleted.
 *
 * A job is a round of steps. A step is one short transaction at most, so a producer waits for one step and no longer;
 * between two steps the runner pauses for several times as long as the last one worked. One process at a time does it,
 * by a lease that runs out; as every step looks again at what it changes, two at once do no harm. A round that is cut
 * short is begun again from what is on disk.
 */
import { type Clock, monotonicMs, yieldToEventLoop } from '../../core/clock.ts'
import { MillraceError, messageOf } from '../../core/errors.ts'
import { checkOptions, checkWhole } from '../../core/checks.ts'
import { andThen } from '../../core/promises.ts'
import type { Environment } from '../../storage/environment.ts'
import { MaintenanceLease } from './maintenance-lease.ts'

/** How often a log looks after itself. */
export interface MaintenanceOptions {
  /** The time between two rounds, in ms. Default 10,000. */
  readonly everyMs?: number | undefined
}

export interface Round {
  /** Whether a caller asked for all that can be done; else it does what is worth its while. */
  readonly isRequested: boolean
  /** Notes a failure that leaves the rest of the round possible. */
  failed(error: unknown): void
}

export interface MaintenanceJob {
  /** Does a bounded piece of work, with one short transaction at most, before each `yield`. */
  steps(round: Round): Iterable<void>
}

/** The code of the warning about maintenance that failed. */
export const maintenanceWarning = 'MILLRACE_MAINTENANCE_FAILED'

const everyMsDefault = 10_000
/** The runner pauses for this many times as long as a step has worked. */
const pauseFactor = 3
const pauseMsMin = 1

export class Maintenance {
  readonly #environment: Environment
  readonly #clock: Clock
  readonly #lease: MaintenanceLease
  readonly #jobs: MaintenanceJob[] = []
  /** Failures that were told, so that each is told once. */
  readonly #told = new Set<string>()
  #cancel: (() => void) | undefined
  #isStopped = false

  constructor(environment: Environment, clock: Clock) {
    this.#environment = environment
    this.#clock = clock
    this.#lease = new MaintenanceLease(environment, clock)
  }

  add(job: MaintenanceJob): void {
    this.#jobs.push(job)
  }

  /**
   * Does rounds in the background until {@link stop}.
   *
   * @throws MillraceError `bad_option`
   */
  start(options: MaintenanceOptions): void {
    const everyMs = checkMaintenance(options)
    const round: Round = { isRequested: false, failed: (error) => this.#tell(error) }
    let steps: Iterator<void> = this.#round(round)
    let beganMs = 0
    const step = (): boolean | undefined => {
      beganMs = this.#workMs()
      return this.#isStopped ? undefined : this.#isMore(steps)
    }
    const goOn = (isMore: boolean | undefined): void => {
      if (isMore === false) steps = this.#round(round)
      const pauseMs = Math.max(pauseMsMin, Math.ceil(pauseFactor * (this.#workMs() - beganMs)))
      if (isMore !== undefined) this.#later(isMore ? pauseMs : everyMs, begin)
    }
    // What fails here is the log itself, or it was closed: its users are told by their own calls.
    const begin = (): void => {
      try {
        const done = andThen(this.#environment.inTurn(step), goOn)
        if (done instanceof Promise) done.catch(() => undefined)
      } catch {
        // as above
      }
    }
    this.#later(everyMs, begin)
  }

  /** Time, without that in which writes waited for others: by that a busy log would be cleaned ever more slowly. */
  #workMs(): number {
    return monotonicMs() - this.#environment.waitedMs
  }

  /**
   * Goes one step on; undefined when the log itself has failed or was closed, which its users are told by their own
   * calls.
   */
  #isMore(steps: Iterator<void>): boolean | undefined {
    try {
      if (!this.#lease.isFree()) return false
      const isMore = steps.next().done !== true
      if (isMore) this.#lease.hold()
      else this.#lease.release()
      return isMore
    } catch (error) {
      if (isOfLog(error)) return undefined
      this.#tell(error)
      return false
    }
  }

  #later(delayMs: number, callback: () => void): void {
    this.#cancel = this.#clock.schedule(delayMs, callback, 'background')
  }

  *#round(round: Round): Generator<void> {
    for (const job of this.#jobs) {
      try {
        yield* job.steps(round)
      } catch (error) {
        if (isOfLog(error)) throw error
        round.failed(error)
      }
    }
  }

  #tell(error: unknown): void {
    const message = messageOf(error)
    if (this.#told.has(message)) return
    this.#told.add(message)
    process.emitWarning(`maintenance of the log: ${message}`, { type: 'MillraceWarning', code: maintenanceWarning })
  }

  /**
   * Does everything that is due now, compaction of whatever is dirty included.
   *
   * @throws what a part of it failed with, after everything else was done
   */
  async run(): Promise<void> {
    const failures: unknown[] = []
    const steps = this.#round({ isRequested: true, failed: (error) => failures.push(error) })
    const goOn = (): boolean => {
      const isMore = steps.next().done !== true
      if (isMore) this.#lease.hold()
      else this.#lease.release()
      return isMore
    }
    while (await this.#environment.inTurn(goOn)) await yieldToEventLoop()
    if (failures.length > 0) throw failures[0]
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
    this.#cancel = undefined
  }
}

/**
 * The time between two rounds, ms.
 *
 * @throws MillraceError `bad_option`
 */
export function checkMaintenance(options: MaintenanceOptions): number {
  const { everyMs = everyMsDefault } = checkOptions('maintenance', options, ['everyMs'])
  return checkWhole('maintenance.everyMs', everyMs, 1)
}

function isOfLog(error: unknown): boolean {
  return error instanceof MillraceError && (error.code === 'storage_failed' || error.code === 'closed')
}
