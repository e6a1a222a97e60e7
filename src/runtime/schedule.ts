/**
 * One punctuation that an operator asked for: when it is due, and the job that it is then.
 */
import { Carrier } from '../plan/carrier.ts'
import type { JobPlace } from '../plan/origin.ts'
import { operatorError, type PunctuationType, type Punctuator, type Scheduled } from '../plan/operator.ts'
import type { Revertible, Turn } from '../plan/turn.ts'
import { noHeaders } from '../core/headers.ts'
import type { Letter, OwnJob } from './job.ts'
import type { Ledger } from './ledger.ts'
import type { ScheduleEntry } from '../core/stored-progress.ts'

/** What was asked for; if it differs, a schedule from before does not continue. */
export interface Asked {
  readonly type: PunctuationType
  readonly intervalMs: number
  readonly startMs: number | null
}

export class Schedule implements Revertible, Scheduled {
  turn = -1
  readonly type: PunctuationType
  readonly place: JobPlace
  /** Whether it begins, and does not go on from what the last instance has left. */
  readonly isNew: boolean
  readonly #asked: Asked
  readonly #turn: Turn
  readonly #ledger: Ledger
  readonly #punctuator: Punctuator
  #dueMs: number
  #count: number
  #isCancelled: boolean
  #saved = { dueMs: 0, count: 0, isCancelled: false }

  /**
   * @param before what the last instance has left of it
   * @param firstMs when it is due first, if there is nothing to go on from
   */
  constructor(
    turn: Turn,
    ledger: Ledger,
    place: JobPlace,
    asked: Asked,
    punctuator: Punctuator,
    before: ScheduleEntry | undefined,
    firstMs: number,
  ) {
    this.#turn = turn
    this.#ledger = ledger
    this.place = place
    this.type = asked.type
    this.#asked = asked
    this.#punctuator = punctuator
    const goesOn = before !== undefined && isSame(before, asked)
    this.isNew = !goesOn
    this.#dueMs = goesOn ? before.dueMs : firstMs
    this.#count = goesOn ? before.count : 0
    this.#isCancelled = goesOn && before.isCancelled
  }

  /** When it comes next; never, once it is cancelled. */
  get dueMs(): number {
    return this.#isCancelled ? Number.POSITIVE_INFINITY : this.#dueMs
  }

  get entry(): ScheduleEntry {
    return { ...this.#asked, dueMs: this.#dueMs, count: this.#count, isCancelled: this.#isCancelled }
  }

  cancel(): void {
    this.#touch()
    this.#isCancelled = true
  }

  /** Moves on to the first due time after `nowMs`. */
  passed(nowMs: number): void {
    this.#touch()
    this.#dueMs = dueAfter(nowMs, this.#dueMs, this.#asked.intervalMs)
    this.#count++
  }

  /**
   * A wall clock that was set back would make it wait for longer than its interval. Then the due time goes back too.
   *
   * Only once it has come for the first time: its beginning may lie as far ahead as the operator likes.
   */
  followClock(nowMs: number): void {
    const { intervalMs } = this.#asked
    if (this.#count === 0 || this.#dueMs - nowMs <= intervalMs) return
    this.#touch()
    this.#dueMs = dueAfter(nowMs, this.#dueMs, intervalMs)
  }

  punctuate(nowMs: number, job: Carrier): void {
    try {
      this.#punctuator(nowMs, job)
    } catch (error) {
      throw operatorError(this.place.operator, error)
    }
  }

  job(nowMs: number): OwnJob {
    return new Punctuation(this, this.#ledger, nowMs)
  }

  #touch(): void {
    if (this.turn === this.#turn.number) return
    this.#saved = { dueMs: this.#dueMs, count: this.#count, isCancelled: this.#isCancelled }
    this.#ledger.hasChanged = true
    this.#turn.touch(this)
  }

  revert(): void {
    this.#dueMs = this.#saved.dueMs
    this.#count = this.#saved.count
    this.#isCancelled = this.#saved.isCancelled
  }
}

class Punctuation implements OwnJob {
  readonly root: Carrier
  readonly ledger: Ledger
  readonly #schedule: Schedule
  readonly #nowMs: number

  constructor(schedule: Schedule, ledger: Ledger, nowMs: number) {
    this.root = Carrier.ofJob(schedule.place, nowMs)
    this.ledger = ledger
    this.#schedule = schedule
    this.#nowMs = nowMs
  }

  run(): void {
    this.#schedule.passed(this.#nowMs)
    this.#schedule.punctuate(this.#nowMs, this.root)
  }

  undo(): void {
    // All that it changes is part of the turn.
  }

  divide(): boolean {
    return false
  }

  /** It comes again one interval later. */
  passOver(): Letter {
    this.#schedule.passed(this.#nowMs)
    return { timestamp: this.#nowMs, key: null, value: null, headers: noHeaders }
  }
}

/** The first time after `nowMs` on the grid that a due time lies on. */
export function dueAfter(nowMs: number, dueMs: number, intervalMs: number): number {
  return dueMs + (Math.floor((nowMs - dueMs) / intervalMs) + 1) * intervalMs
}

function isSame(before: Asked, asked: Asked): boolean {
  return before.type === asked.type && before.intervalMs === asked.intervalMs && before.startMs === asked.startMs
}
