/**
 * What an application knows of its own way: stream times and counters. Part of every commit, undone with every turn.
 */
import type { StreamTime } from '../plan/operator.ts'
import type { Revertible, Turn } from '../plan/turn.ts'

/** A number that a turn may raise. */
class Cell implements Revertible {
  value: number
  turn = -1
  #saved = 0
  readonly #turn: Turn

  constructor(turn: Turn, value: number) {
    this.#turn = turn
    this.value = value
  }

  set(value: number): void {
    if (this.turn !== this.#turn.number) {
      this.#saved = this.value
      this.#turn.touch(this)
    }
    this.value = value
  }

  revert(): void {
    this.value = this.#saved
  }
}

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

/** Counts since the application first started, by operator or topic, then by what is counted. */
export type Counters = Readonly<Record<string, Readonly<Record<string, number>>>>

interface Stored {
  readonly eventTime: number
  readonly streamTimes: Readonly<Record<string, number>>
  readonly consumed: Readonly<Record<string, number>>
  readonly produced: Readonly<Record<string, number>>
  readonly dropped: Counters
  readonly failed: Counters
}

const nothing: Stored = { eventTime: -1, streamTimes: {}, consumed: {}, produced: {}, dropped: {}, failed: {} }

export class Progress {
  /** The largest timestamp of a source record that was worked on; -1 before the first. */
  eventTime: number
  readonly #turn: Turn
  readonly #streamTimes = new Map<string, Cell>()
  readonly #dropped = new Map<string, Map<string, Cell>>()
  readonly #failed = new Map<string, Map<string, Cell>>()
  readonly consumed: Map<string, number> = new Map()
  readonly produced: Map<string, number> = new Map()

  constructor(turn: Turn, stored: Buffer | undefined) {
    this.#turn = turn
    const before = stored === undefined ? nothing : (JSON.parse(stored.toString()) as Stored)
    this.eventTime = before.eventTime
    for (const [name, value] of Object.entries(before.streamTimes)) this.#streamTimes.set(name, new Cell(turn, value))
    for (const [topic, count] of Object.entries(before.consumed)) this.consumed.set(topic, count)
    for (const [topic, count] of Object.entries(before.produced)) this.produced.set(topic, count)
    this.#restore(this.#dropped, before.dropped)
    this.#restore(this.#failed, before.failed)
  }

  #restore(into: Map<string, Map<string, Cell>>, counters: Counters): void {
    for (const [name, counts] of Object.entries(counters)) {
      for (const [reason, count] of Object.entries(counts)) this.#cell(into, name, reason).value = count
    }
  }

  #cell(of: Map<string, Map<string, Cell>>, name: string, reason: string): Cell {
    let cells = of.get(name)
    if (cells === undefined) {
      cells = new Map<string, Cell>()
      of.set(name, cells)
    }
    let cell = cells.get(reason)
    if (cell === undefined) cells.set(reason, (cell = new Cell(this.#turn, 0)))
    return cell
  }

  /** The stream time of one operator in one partition; operators without one do not ask. */
  streamTime(operator: string, partition: number): StreamTime {
    const name = `${operator}/${partition}`
    let cell = this.#streamTimes.get(name)
    if (cell === undefined) this.#streamTimes.set(name, (cell = new Cell(this.#turn, -1)))
    return new PersistentStreamTime(cell)
  }

  /** Counts a record that an operator dropped. */
  drop(operator: string, reason: string): void {
    const cell = this.#cell(this.#dropped, operator, reason)
    cell.set(cell.value + 1)
  }

  /** Counts a turn that failed and was passed over. */
  fail(operator: string, code: string): void {
    const cell = this.#cell(this.#failed, operator, code)
    cell.set(cell.value + 1)
  }

  static add(counts: Map<string, number>, topic: string, count: number): void {
    counts.set(topic, (counts.get(topic) ?? 0) + count)
  }

  get streamTimes(): Readonly<Record<string, number>> {
    return valuesOf(this.#streamTimes)
  }

  get dropped(): Counters {
    return countersOf(this.#dropped)
  }

  get failed(): Counters {
    return countersOf(this.#failed)
  }

  encode(): Buffer {
    const stored: Stored = {
      eventTime: this.eventTime,
      streamTimes: this.streamTimes,
      consumed: Object.fromEntries(this.consumed),
      produced: Object.fromEntries(this.produced),
      dropped: this.dropped,
      failed: this.failed,
    }
    return Buffer.from(JSON.stringify(stored))
  }
}

function countersOf(cells: Map<string, Map<string, Cell>>): Counters {
  return Object.fromEntries([...cells].map(([name, counts]) => [name, valuesOf(counts)]))
}

function valuesOf(cells: Map<string, Cell>): Record<string, number> {
  return Object.fromEntries([...cells].map(([name, { value }]) => [name, value]))
}
