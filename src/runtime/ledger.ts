/**
 * What a task knows of its own progress: stream times, what its operators keep and have asked for, and counters. Part
 * of every commit that the task has a part in, undone with every turn.
 */
import type { TaskId } from '../log/contract.ts'
import type { StreamTime } from '../plan/operator.ts'
import type { Turn } from '../plan/turn.ts'
import { Cell } from './cell.ts'
import {
  type Counters,
  type Counts,
  type LedgerEntries,
  noEntries,
  type ScheduleEntry,
} from '../core/stored-progress.ts'

class PersistentStreamTime implements StreamTime {
  readonly #cell: Cell

  constructor(cell: Cell) {
    this.#cell = cell
  }

  get now(): number {
    return this.#cell.value
  }

  advance(timestamp: number): number {
    if (timestamp > this.#cell.value) this.#cell.set(timestamp)
    return this.#cell.value
  }
}

class TaskTime {
  readonly #ledger: Ledger

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  get now(): number {
    return this.#ledger.time
  }
}

/** Counts what a task writes to one topic. */
export class WriteCounter {
  readonly #cell: Cell

  constructor(cell: Cell) {
    this.#cell = cell
  }

  add(): void {
    this.#cell.set(this.#cell.value + 1)
  }

  /** What was counted since the last call. */
  take(): number {
    const { value } = this.#cell
    this.#cell.value = 0
    return value
  }
}

/** What an operator's own numbers call the time up to which it has released what was due. */
export const releasedCell = '#released'

export class Ledger {
  readonly task: TaskId
  /** As of the last commit; undefined before the first. */
  committed: LedgerEntries | undefined
  /** Whether there is anything that the last commit does not hold. */
  hasChanged = false
  eventTime: number
  /**
   * The stream time of the task: a number, because a cell would cost each record more. The job that moves it takes it
   * back.
   */
  time: number
  #prepared: LedgerEntries | undefined
  readonly #turn: Turn
  readonly #streamTimes = new Map<string, Cell>()
  readonly #consumed: Map<string, number>
  readonly #produced: Map<string, number>
  readonly #writes = new Map<string, WriteCounter>()
  readonly #dropped: Map<string, Map<string, Cell>>
  readonly #failed: Map<string, Map<string, Cell>>
  readonly #cells: Map<string, Map<string, Cell>>
  readonly #schedulesBefore: ReadonlyMap<string, readonly ScheduleEntry[]>
  readonly #schedules = new Map<string, { readonly entry: ScheduleEntry }[]>()

  constructor(turn: Turn, task: TaskId, committed?: LedgerEntries) {
    const entries = committed ?? noEntries
    this.#turn = turn
    this.task = task
    this.committed = committed
    this.eventTime = entries.eventTime
    this.time = entries.time
    for (const [name, value] of Object.entries(entries.streamTimes)) this.#streamTimes.set(name, this.#newCell(value))
    this.#consumed = new Map(Object.entries(entries.consumed))
    this.#produced = new Map(Object.entries(entries.produced))
    this.#dropped = this.#cellsOf(entries.dropped)
    this.#failed = this.#cellsOf(entries.failed)
    this.#cells = this.#cellsOf(entries.cells)
    this.#schedulesBefore = new Map(Object.entries(entries.schedules))
  }

  #newCell(value: number): Cell {
    return new Cell(this.#turn, this, value)
  }

  #cellsOf(counters: Counters): Map<string, Map<string, Cell>> {
    return new Map(
      Object.entries(counters).map(([name, counts]) => [
        name,
        new Map(Object.entries(counts).map(([reason, count]) => [reason, this.#newCell(count)])),
      ]),
    )
  }

  #cellIn(group: Map<string, Map<string, Cell>>, name: string, reason: string): Cell {
    let cells = group.get(name)
    if (cells === undefined) group.set(name, (cells = new Map<string, Cell>()))
    let cell = cells.get(reason)
    if (cell === undefined) cells.set(reason, (cell = this.#newCell(0)))
    return cell
  }

  #count(into: Map<string, Map<string, Cell>>, name: string, reason: string): void {
    const cell = this.#cellIn(into, name, reason)
    cell.set(cell.value + 1)
  }

  /** A number that an operator keeps. */
  cell(operator: string, name: string): Cell {
    return this.#cellIn(this.#cells, operator, name)
  }

  /** What the last instance has left of the punctuation that an operator asks for next. */
  nextSchedule(operator: string): ScheduleEntry | undefined {
    return this.#schedulesBefore.get(operator)?.[this.#schedules.get(operator)?.length ?? 0]
  }

  /** A punctuation that an operator asked for when it was made. */
  keep(operator: string, schedule: { readonly entry: ScheduleEntry }): void {
    const list = this.#schedules.get(operator)
    if (list === undefined) this.#schedules.set(operator, [schedule])
    else list.push(schedule)
  }

  /** The stream time of one operator; operators without one do not ask. */
  streamTime(operator: string): StreamTime {
    let cell = this.#streamTimes.get(operator)
    if (cell === undefined) this.#streamTimes.set(operator, (cell = this.#newCell(-1)))
    return new PersistentStreamTime(cell)
  }

  /** How far an operator has released what was due. */
  releasedTime(operator: string): StreamTime {
    return new PersistentStreamTime(this.cell(operator, releasedCell))
  }

  /** The stream time of the task, which only its jobs move. */
  get taskTime(): Pick<StreamTime, 'now'> {
    return new TaskTime(this)
  }

  /** Counts a record that an operator dropped. */
  drop(operator: string, reason: string): void {
    this.#count(this.#dropped, operator, reason)
  }

  /** Counts a turn that failed and was passed over. */
  fail(operator: string, code: string): void {
    this.#count(this.#failed, operator, code)
  }

  /** What counts the records that the task writes to a topic. */
  writesTo(topic: string): WriteCounter {
    let counter = this.#writes.get(topic)
    if (counter === undefined) this.#writes.set(topic, (counter = new WriteCounter(this.#newCell(0))))
    return counter
  }

  /** For a commit: counts source records, which lie between two positions. */
  consume(topic: string, count: number): void {
    this.#consumed.set(topic, (this.#consumed.get(topic) ?? 0) + count)
    this.hasChanged = true
  }

  /** For a commit: what it holds of this task. */
  prepare(): LedgerEntries {
    this.#settleWrites()
    return (this.#prepared = this.entries)
  }

  /** The commit that was prepared is durable. */
  wasCommitted(): void {
    this.hasChanged = false
    this.committed = this.#prepared
  }

  /** What was written becomes what was produced. */
  #settleWrites(): void {
    for (const [topic, counter] of this.#writes) {
      const count = counter.take()
      if (count > 0) this.#produced.set(topic, (this.#produced.get(topic) ?? 0) + count)
    }
  }

  get entries(): LedgerEntries {
    return {
      eventTime: this.eventTime,
      time: this.time,
      streamTimes: valuesOf(this.#streamTimes),
      cells: countersOf(this.#cells),
      schedules: Object.fromEntries([...this.#schedules].map(([id, list]) => [id, list.map(({ entry }) => entry)])),
      consumed: Object.fromEntries(this.#consumed),
      produced: Object.fromEntries(this.#produced),
      dropped: countersOf(this.#dropped),
      failed: countersOf(this.#failed),
    }
  }
}

function countersOf(cells: Map<string, Map<string, Cell>>): Counters {
  return Object.fromEntries([...cells].map(([name, counts]) => [name, valuesOf(counts)]))
}

function valuesOf(cells: Map<string, Cell>): Counts {
  return Object.fromEntries([...cells].map(([name, { value }]) => [name, value]))
}
