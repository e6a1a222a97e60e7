/**
 * What is done when no more records come, because the input has ended or a task has had none for too long: operators
 * close what is open, in the order of the nodes, each only after everything that the one before it let go of.
 *
 * A task is idle by the clock, so with a timeout the order of jobs no longer follows from the input alone.
 */
import { Carrier } from '../plan/carrier.ts'
import type { JobPlace } from '../plan/origin.ts'
import { noHeaders } from '../core/headers.ts'
import type { OfNode, TaskAgenda } from './agenda.ts'
import type { EngineOptions } from './engine-options.ts'
import type { Letter, OwnJob } from './job.ts'
import type { Ledger } from './ledger.ts'

export class Idleness {
  readonly #timeoutMs: number
  readonly #tasks: readonly TaskAgenda[]
  /** Since when each task has had no record, by the clock's elapsed time. */
  readonly #since: number[]
  readonly #isClosed: boolean[]
  readonly #isBounded: boolean
  /** Whether a bounded input has ended. */
  hasEnded = false
  #waiting: CloseJob[] = []

  constructor(
    { idleTimeoutMs, isBounded }: Pick<EngineOptions, 'idleTimeoutMs' | 'isBounded'>,
    tasks: readonly TaskAgenda[],
    nowMs: number,
  ) {
    this.#timeoutMs = idleTimeoutMs
    this.#isBounded = isBounded
    this.#tasks = tasks
    this.#since = tasks.map(() => nowMs)
    this.#isClosed = tasks.map(() => false)
  }

  /** Takes into account which tasks had records until now: when a run begins, and when it has nothing left to do. */
  note(nowMs: number): void {
    if (this.#timeoutMs === Number.POSITIVE_INFINITY) return
    for (const [at, task] of this.#tasks.entries()) {
      if (!task.hadRecord) continue
      task.hadRecord = false
      this.#since[at] = nowMs
      this.#isClosed[at] = false
    }
  }

  /** Closes what is open in tasks that have been idle for too long. */
  look(nowMs: number): void {
    this.note(nowMs)
    if (this.nextDueMs(nowMs) > 0) return
    const idle = this.#tasks.filter((_, at) => {
      if (this.#isClosed[at] === true || nowMs - (this.#since[at] ?? nowMs) < this.#timeoutMs) return false
      return (this.#isClosed[at] = true)
    })
    this.#close(idle)
  }

  /** No records are left: true when that is the end of a bounded input, and there may be more to do. */
  drained(nowMs: number): boolean {
    this.note(nowMs)
    if (!this.#isBounded || this.hasEnded) return false
    this.#close(this.#tasks)
    return (this.hasEnded = true)
  }

  #close(tasks: readonly TaskAgenda[]): void {
    const jobs = tasks.flatMap((task) => task.closings.map((closing) => new CloseJob(task.ledger, closing)))
    // Stable, so within a node the tasks keep their order.
    this.#waiting = [...this.#waiting, ...jobs].toSorted((a, b) => a.nodeIndex - b.nodeIndex)
  }

  /** The job that goes next, when nothing is due and no regrouped records wait. */
  next(): OwnJob | undefined {
    return this.#waiting[0]
  }

  /** A job is done; the one that {@link next} gave is given no more. */
  done(job: OwnJob): void {
    if (job === this.#waiting[0]) this.#waiting.shift()
  }

  get hasDue(): boolean {
    return this.#waiting.length > 0
  }

  /** How long it is until a task has been idle for too long; Infinity: none will be. */
  nextDueMs(nowMs: number): number {
    if (this.#timeoutMs === Number.POSITIVE_INFINITY) return this.#timeoutMs
    const since = this.#since.filter((_, at) => this.#isClosed[at] === false)
    return Math.max(0, Math.min(...since) + this.#timeoutMs - nowMs)
  }
}

class CloseJob implements OwnJob {
  readonly root: Carrier
  readonly ledger: Ledger
  readonly nodeIndex: number
  readonly #close: () => void

  constructor(ledger: Ledger, { node, item }: OfNode<() => void>) {
    const place: JobPlace = { kind: 'release', operator: node.id, partition: ledger.task.partition }
    this.root = Carrier.ofJob(place, Math.max(0, ledger.time))
    this.ledger = ledger
    this.nodeIndex = node.index
    this.#close = item
  }

  run(): void {
    this.#close()
  }

  undo(): void {
    // All that it changes is part of the turn.
  }

  divide(): boolean {
    return false
  }

  /** Closing runs no code of the user's; if it fails all the same, there is no record to show. */
  passOver(): Letter {
    return { timestamp: this.root.timestamp, key: null, value: null, headers: noHeaders }
  }
}
