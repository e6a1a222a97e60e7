/**
 * What is due besides records: releases and punctuations, in the one order that plan/operator.ts lays down.
 *
 * A task reports when something of it may be due; only those tasks are looked at. So a record costs one comparison, and
 * a task with nothing due costs nothing.
 */
import { assert } from '../core/assert.ts'
import type { Clock } from '../core/clock.ts'
import type { JobPlace } from '../plan/origin.ts'
import type { OperatorNode } from '../plan/node.ts'
import type {
  AskForRelease,
  OperatorContext,
  Punctuator,
  PunctuationType,
  Release,
  Scheduled,
} from '../plan/operator.ts'
import type { Turn } from '../plan/turn.ts'
import type { OwnJob } from './job.ts'
import type { Ledger } from './ledger.ts'
import { releaseCell } from '../core/stored-progress.ts'
import { Releases } from './releases.ts'
import { dueAfter, Schedule } from './schedule.ts'

type Node = Pick<OperatorNode, 'id' | 'index'>

/** What belongs to an operator, in the order of the nodes. */
export interface OfNode<T> {
  readonly node: Node
  readonly item: T
}

type ScheduleOptions = Parameters<OperatorContext['schedule']>[3]

/** What is due in one task. */
export class TaskAgenda {
  readonly ledger: Ledger
  /** Its place among all tasks. */
  readonly order: number
  isReported = false
  /** Whether a record came since this was last asked. */
  hadRecord = false
  /** What operators do when no more records come. */
  readonly closings: OfNode<() => void>[] = []
  readonly #agenda: Agenda
  readonly #turn: Turn
  #schedules: OfNode<Schedule>[] = []
  readonly #releases: OfNode<Releases>[] = []
  /** By stream time; may be too early, never too late. */
  #nextDueMs = Number.POSITIVE_INFINITY
  /** While the factories run, each request gets a number by which it is found again. */
  #isBeingMade = true

  constructor(agenda: Agenda, turn: Turn, ledger: Ledger, order: number) {
    this.#agenda = agenda
    this.#turn = turn
    this.ledger = ledger
    this.order = order
  }

  /** The wall clock when it was last read. */
  get clockMs(): number {
    return this.#agenda.nowMs
  }

  /** The operators exist now: what the last instance left over is due. */
  made(): void {
    this.#isBeingMade = false
    this.#agenda.report(this)
  }

  /** A record of the task has this time; if its turn is undone, it takes that back. */
  advance(timestamp: number): void {
    const { ledger } = this
    this.hadRecord = true
    if (timestamp <= ledger.time) return
    ledger.time = timestamp
    ledger.hasChanged = true
    if (timestamp >= this.#nextDueMs) this.#agenda.report(this)
  }

  schedule(
    node: Node,
    intervalMs: number,
    type: PunctuationType,
    punctuator: Punctuator,
    { startMs }: ScheduleOptions = {},
  ): Scheduled {
    assert(Number.isSafeInteger(intervalMs) && intervalMs > 0, 'an interval is a whole number of ms above 0')
    const { ledger } = this
    const asked = { type, intervalMs, startMs: startMs ?? null }
    const before = this.#isBeingMade ? ledger.nextSchedule(node.id) : undefined
    const place: JobPlace = { kind: 'punctuation', operator: node.id, partition: ledger.task.partition }
    const firstMs = type === 'streamTime' ? (startMs ?? 0) : this.#firstOfClock(intervalMs, startMs)
    const schedule = new Schedule(this.#turn, ledger, place, asked, punctuator, before, firstMs)
    const mine = { node, item: schedule }
    insert(this.#schedules, mine)
    if (this.#isBeingMade) ledger.keep(node.id, schedule)
    else this.#turn.touch({ turn: -1, revert: () => this.#forget((one) => one === mine) })
    // The clock goes on while nothing commits, so its beginning must not wait for a record.
    if (type === 'wallClock') {
      if (this.#isBeingMade && schedule.isNew) ledger.hasChanged = true
      this.#agenda.follow(this)
    }
    this.#agenda.report(this)
    return schedule
  }

  #firstOfClock(intervalMs: number, startMs: number | undefined): number {
    const { nowMs } = this.#agenda
    if (startMs === undefined) return nowMs + intervalMs
    return startMs > nowMs ? startMs : dueAfter(nowMs, startMs, intervalMs)
  }

  release(node: Node, release: Release): AskForRelease {
    assert(this.#isBeingMade, 'releases are named in the factory')
    const { ledger } = this
    const place: JobPlace = { kind: 'release', operator: node.id, partition: ledger.task.partition }
    const count = this.#releases.filter((one) => one.node === node).length
    const releases = new Releases(ledger, place, ledger.cell(node.id, `${releaseCell}${count}`), release)
    insert(this.#releases, { node, item: releases })
    return (now) => {
      if (now !== undefined && !releases.now(now, this.#turn.releases)) return
      releases.post()
      this.#agenda.report(this)
    }
  }

  whenIdle(node: Node, close: () => void): void {
    assert(this.#isBeingMade, 'what closes is named in the factory')
    insert(this.closings, { node, item: close })
  }

  /** The next job that is due; asked for between turns. */
  next(): OwnJob | undefined {
    if (this.#schedules.some(isCancelled)) this.#forget(isCancelled)
    for (const { item } of this.#releases) if (item.isPending) return item.job()
    const nowMs = this.ledger.time
    const byRecords = this.#first('streamTime')
    if (byRecords !== undefined && byRecords.dueMs <= nowMs) return byRecords.job(nowMs)
    this.#nextDueMs = byRecords?.dueMs ?? Number.POSITIVE_INFINITY
    const byClock = this.#first('wallClock')
    if (byClock !== undefined && byClock.dueMs <= this.#agenda.nowMs) return byClock.job(this.#agenda.nowMs)
    return undefined
  }

  #forget(what: (schedule: OfNode<Schedule>) => boolean): void {
    this.#schedules = this.#schedules.filter((one) => !what(one))
  }

  #first(type: PunctuationType): Schedule | undefined {
    let first: Schedule | undefined
    for (const { item } of this.#schedules) {
      if (item.type === type && (first === undefined || item.dueMs < first.dueMs)) first = item
    }
    return first
  }

  /** When the wall clock makes something due here; never, if it does not. */
  get clockDueMs(): number {
    return this.#first('wallClock')?.dueMs ?? Number.POSITIVE_INFINITY
  }

  followClock(nowMs: number): void {
    for (const { item } of this.#schedules) if (item.type === 'wallClock') item.followClock(nowMs)
  }
}

function isCancelled({ item }: OfNode<Schedule>): boolean {
  return item.dueMs === Number.POSITIVE_INFINITY
}

function insert<T>(list: OfNode<T>[], mine: OfNode<T>): void {
  list.push(mine)
  list.sort((a, b) => a.node.index - b.node.index)
}

/** What is due in all tasks. */
export class Agenda {
  /** The wall clock when it was last read. */
  nowMs: number
  readonly #turn: Turn
  readonly #clock: Clock
  #taskCount = 0
  /** Tasks that go by the clock too. */
  readonly #clocked = new Set<TaskAgenda>()
  /** Tasks in which something may be due. */
  readonly #reported: TaskAgenda[] = []

  constructor(turn: Turn, clock: Clock) {
    this.#turn = turn
    this.#clock = clock
    this.nowMs = clock.now()
  }

  /** Called in the order of the tasks. */
  ofTask(ledger: Ledger): TaskAgenda {
    return new TaskAgenda(this, this.#turn, ledger, this.#taskCount++)
  }

  report(task: TaskAgenda): void {
    if (task.isReported) return
    task.isReported = true
    this.#reported.push(task)
  }

  follow(task: TaskAgenda): void {
    this.#clocked.add(task)
  }

  /** Takes what the clock says now into account. */
  lookAtClock(): void {
    this.nowMs = this.#clock.now()
    for (const task of this.#clocked) {
      task.followClock(this.nowMs)
      if (task.clockDueMs <= this.nowMs) this.report(task)
    }
  }

  /** How long it is until the clock makes something due. */
  get nextDueMs(): number {
    const dueMs = Math.min(...[...this.#clocked].map((task) => task.clockDueMs))
    return Math.max(0, dueMs - this.#clock.now())
  }

  /** Whether something may be due. */
  get hasDue(): boolean {
    return this.#reported.length > 0
  }

  /** The job that goes next, when no regrouped records wait. */
  next(): OwnJob | undefined {
    const reported = this.#reported
    while (reported.length > 0) {
      let at = 0
      for (let i = 1; i < reported.length; i++) {
        if ((reported[i] as TaskAgenda).order < (reported[at] as TaskAgenda).order) at = i
      }
      const task = reported[at] as TaskAgenda
      const job = task.next()
      if (job !== undefined) return job
      task.isReported = false
      reported[at] = reported.at(-1) as TaskAgenda
      reported.pop()
    }
    return undefined
  }
}
