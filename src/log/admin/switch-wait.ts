/**
 * Waiting in a switch for the version that comes, before and after the live version is stopped.
 *
 * Before, it is enough that it follows closely: with steady traffic, the two may never be seen at the same place, least
 * of all on a slow machine. After, the place of the live one no longer moves, and the other comes to it.
 */
import { MillraceError } from '../../core/errors.ts'
import { partitionName } from '../format/partition-id.ts'
import type { ApplicationsLog } from './application-log.ts'
import type { SwitchOutputs } from './switch-face.ts'
import { goesBack, isAtRest, lagBetween } from './switch-plan.ts'
import type { Pair } from './version-exchange.ts'

/** A wait is counted in steps of at most this: if one took longer, the process was frozen, and has not waited. */
const stepMs = 1_000
/** A version that comes to where the live one was within this time follows closely. */
const closeMs = 1_000

/** What of the options of a switch says how long it waits. */
interface WaitOptions {
  readonly outputs: SwitchOutputs
  readonly patienceMs: number
  /** Gives up. */
  readonly signal: AbortSignal | undefined
}

/** Where the live version was at a moment, by partition. */
interface Mark {
  readonly offsets: ReadonlyMap<string, number>
  readonly atMs: number
}

export class SwitchWait {
  readonly #log: ApplicationsLog
  readonly #find: () => Pair
  readonly #outputs: SwitchOutputs
  readonly #patienceMs: number
  readonly #signal: AbortSignal | undefined
  #leftMs: number
  #mark: Mark | undefined
  #isStopped = false

  constructor(log: ApplicationsLog, find: () => Pair, { outputs, patienceMs, signal }: WaitOptions) {
    this.#log = log
    this.#find = find
    this.#outputs = outputs
    this.#patienceMs = patienceMs
    this.#signal = signal
    this.#leftMs = patienceMs
  }

  /**
   * Until the version that comes follows so closely that the live one can be stopped.
   *
   * @throws MillraceError `behind`
   */
  async untilClose(): Promise<void> {
    this.#mark = undefined
    await this.#until(() => this.#isClose(this.#find()))
  }

  /** The live version has stopped: from now on it is waited for as long as the other comes closer. */
  stopped(): void {
    this.#isStopped = true
    this.#leftMs = this.#patienceMs
  }

  /**
   * Until the version that comes is where the live one has stopped, and has finished what it has read; or until that
   * one was started again.
   *
   * @param epoch that the live version got when it was stopped
   * @throws MillraceError `behind`
   */
  async untilThere(epoch: number): Promise<void> {
    let least = Number.POSITIVE_INFINITY
    await this.#until(() => {
      const { live, beside } = this.#find()
      if (live.row.epoch !== epoch || goesBack(beside, this.#outputs)) return true
      const lag = lagBetween(this.#log, live, beside)
      if (lag < least) this.#leftMs = this.#patienceMs
      least = Math.min(least, lag)
      return lag === 0 && isAtRest(this.#log, beside)
    })
  }

  /**
   * Until something has happened, or for a moment.
   *
   * @throws MillraceError `behind`
   */
  async forNews(): Promise<void> {
    let looks = 0
    await this.#until(() => looks++ > 0)
  }

  #isClose({ live, beside }: Pair): boolean {
    if (goesBack(beside, this.#outputs)) return true
    if (owes(this.#log, { live, beside }, this.#outputs)) return false
    if (lagBetween(this.#log, live, beside) === 0) return isAtRest(this.#log, beside)
    const nowMs = this.#log.clock.elapsed()
    const [there, here] = [offsetsOf(this.#log, live.name), offsetsOf(this.#log, beside.name)]
    // One that was live itself may have read more: the live one has to come first.
    if (!hasReached(there, here)) return false
    this.#mark ??= { offsets: there, atMs: nowMs }
    const { offsets, atMs } = this.#mark
    if (!hasReached(here, offsets)) return false
    this.#mark = undefined
    // The longer the wait, the longer a delay is accepted.
    return nowMs - atMs <= Math.max(closeMs, (this.#patienceMs - this.#leftMs) / 2)
  }

  async #until(isMet: () => boolean): Promise<void> {
    const { clock } = this.#log
    for (;;) {
      let wake = (): void => undefined
      const news = new Promise<void>((resolve) => {
        wake = resolve
      })
      const stop = this.#log.onCommit(wake)
      const fromMs = clock.elapsed()
      const waitMs = Math.min(stepMs, Math.max(0, this.#leftMs))
      const cancel = clock.schedule(waitMs, wake)
      this.#signal?.addEventListener('abort', wake)
      try {
        this.#signal?.throwIfAborted()
        this.#log.refresh()
        if (isMet()) return
        if (this.#leftMs <= 0) throw this.#behind()
        await news
      } finally {
        stop()
        cancel()
        this.#signal?.removeEventListener('abort', wake)
      }
      this.#leftMs -= Math.min(waitMs, clock.elapsed() - fromMs)
    }
  }

  #behind(): MillraceError {
    const { live, beside } = this.#find()
    const { applicationId, version: from } = live.row
    const { version: to } = beside.row
    const lag = lagBetween(this.#log, live, beside)
    const why =
      lag > 0
        ? `they lie ${lag} records apart`
        : 'one of them has not finished what it has read, such as calls of mapAsync'
    const whatNow = this.#isStopped
      ? `"${from}" was stopped for the switch, and nothing has been exchanged: see that "${to}" runs, and switch again, ` +
        `or start "${from}" again`
      : `Nothing has changed, and "${from}" was not stopped: see that both run, wait until "${to}" has caught up, or ` +
        'give it more patienceMs'
    return new MillraceError(
      'behind',
      `version "${to}" of "${applicationId}" did not come to where the live "${from}" is in ${this.#patienceMs} ms: ` +
        `${why}. ${whatNow}`,
    )
  }
}

/** Whether the live version has yet to write results of what it has read into topics that stay. */
export function owes(log: ApplicationsLog, { live }: Pair, outputs: SwitchOutputs): boolean {
  return outputs !== 'replace' && !isAtRest(log, live)
}

function offsetsOf(log: ApplicationsLog, keptName: string): ReadonlyMap<string, number> {
  return new Map(log.positions.list(keptName).map((one) => [partitionName(one), one.offset]))
}

/** Whether one is at least where the other is, in the partitions that both read. */
function hasReached(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): boolean {
  return [...other].every(([partition, offset]) => (one.get(partition) ?? offset) >= offset)
}
