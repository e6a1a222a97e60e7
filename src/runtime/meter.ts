/**
 * The figures of one instance: how long its work takes, and how much of the time it works, by the clock that it runs
 * on.
 */
import type { Clock } from '../core/clock.ts'
import { Durations } from '../core/durations.ts'
import type { InstanceFigures } from '../core/figures.ts'
import { RecentSum } from '../core/recent-sum.ts'
import type { Engine } from './engine.ts'

const minuteMs = 60_000
const fiveMinutesMs = 5 * minuteMs
const perSecond = 1_000

export class Meter {
  readonly #clock: Clock
  readonly #engine: Engine
  readonly #turn = new Durations()
  readonly #commit = new Durations()
  readonly #records: RecentSum
  readonly #turnMs: RecentSum
  readonly #commitMs: RecentSum
  #recordsBefore = 0
  #turnsBefore: number

  constructor(clock: Clock, engine: Engine) {
    const nowMs = clock.elapsed()
    this.#clock = clock
    this.#engine = engine
    this.#records = new RecentSum(nowMs)
    this.#turnMs = new RecentSum(nowMs)
    this.#commitMs = new RecentSum(nowMs)
    this.#turnsBefore = engine.turnCount
  }

  /** A moment, for the methods below. */
  get nowMs(): number {
    return this.#clock.elapsed()
  }

  /** A stretch of work that began then is over. */
  worked(sinceMs: number): void {
    const { nowMs } = this
    const { recordCount, turnCount } = this.#engine
    this.#turnMs.add(nowMs - sinceMs, nowMs)
    this.#records.add(recordCount - this.#recordsBefore, nowMs)
    this.#recordsBefore = recordCount
    if (turnCount > this.#turnsBefore) this.#turn.record(nowMs - sinceMs, nowMs)
    this.#turnsBefore = turnCount
  }

  /** A commit that began then waits for nothing but the disk, or others. */
  wroteCommit(sinceMs: number): void {
    const { nowMs } = this
    this.#commitMs.add(nowMs - sinceMs, nowMs)
  }

  /** A commit that began then is durable. */
  committed(sinceMs: number): void {
    const { nowMs } = this
    this.#commit.record(nowMs - sinceMs, nowMs)
  }

  figures(): InstanceFigures {
    const { nowMs } = this
    const engine = this.#engine
    const turning = this.#turnMs.mean(minuteMs, nowMs)
    return {
      atMs: this.#clock.now(),
      rates: {
        oneMinute: this.#records.mean(minuteMs, nowMs) * perSecond,
        fiveMinutes: this.#records.mean(fiveMinutesMs, nowMs) * perSecond,
      },
      turn: this.#turn.figures(nowMs),
      commit: this.#commit.figures(nowMs),
      appendToCommit: engine.appendToCommit.figures(nowMs),
      busy: Math.min(1, turning + this.#commitMs.mean(minuteMs, nowMs)),
      operators: engine.operatorWork.figures(nowMs, Math.min(1, turning)),
      stores: engine.cacheFigures,
      calls: engine.asyncCalls.figures,
    }
  }
}
