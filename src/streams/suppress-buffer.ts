/**
 * What `suppress` holds in a partition: the changes that wait, in the order in which they are due, and how many they
 * are.
 */
import { ByteWriter } from '../core/bytes.ts'
import type { Header } from '../core/headers.ts'
import type { Codec } from '../core/serde.ts'
import { sumMs } from '../core/units.ts'
import type { Carrier } from '../plan/carrier.ts'
import { lastDueCell, type OperatorContext, operatorError, type PersistentNumber } from '../plan/operator.ts'
import { type OrderedRow, ordered, type OrderedStore, type StoreSpec } from '../plan/store.ts'
import { BufferedChange } from './buffered-change.ts'

export interface BufferSpec {
  readonly store: StoreSpec
  readonly valueCodec: Codec<unknown>
  readonly maxRecords: number
  readonly maxBytes: number
  /** How long after it was due a row is remembered whose value went on; undefined: as long as it is there. */
  readonly memoryMs: number | undefined
  /** When a change is due that finds nothing waiting in its row. */
  dueOf(change: Carrier, row: BufferRow): number
  /** When the window of a row closes; undefined where rows are of no windows. */
  readonly closeOf?: ((row: BufferRow) => number) | undefined
}

export type BufferRow = OrderedRow<BufferedChange>

/** What no longer waits. */
export interface Taken {
  /** Null of a delete. */
  readonly value: Buffer | null
  readonly timestamp: number
  readonly headers: readonly Header[]
  /** What went on before. */
  readonly emitted: Buffer | null
}

/** No row is due later, and one that is due then waits for ever. Above it there is room for one more. */
const lastDue = Number.MAX_SAFE_INTEGER - 1

const scratch = new ByteWriter(1_024)

export class SuppressBuffer {
  readonly #operator: string
  readonly #spec: BufferSpec
  readonly #rows: OrderedStore<unknown, BufferedChange>
  readonly #remembers: boolean
  /** The changes that wait, and the bytes of their keys and values. */
  readonly #count: PersistentNumber
  readonly #bytes: PersistentNumber
  /** No row is due before this, less 1; 0 where none is due at all. */
  readonly #firstDue: PersistentNumber
  /** No change that waits is due later. */
  readonly #lastDue: PersistentNumber

  /** @param remembers whether it keeps what went on, as long as the row is there */
  constructor(context: OperatorContext, spec: BufferSpec, remembers: boolean) {
    this.#operator = context.operator
    this.#spec = spec
    this.#rows = ordered(context.state<unknown, BufferedChange>(spec.store))
    this.#remembers = remembers
    this.#count = context.cell('waiting')
    this.#bytes = context.cell('waiting bytes')
    this.#firstDue = context.cell('first due')
    this.#lastDue = context.cell(lastDueCell)
  }

  /** @throws MillraceError `encode_failed`, `key_too_long` */
  row(change: Carrier): BufferRow {
    try {
      return this.#rows.row(change)
    } catch (error) {
      throw operatorError(this.#operator, error)
    }
  }

  get isFull(): boolean {
    const { maxRecords, maxBytes } = this.#spec
    return this.#count.value > maxRecords || this.#bytes.value > maxBytes
  }

  /** What it holds, in words. */
  get contents(): string {
    return `${this.#count.value} changes of ${this.#bytes.value} bytes`
  }

  /** Whether it knows what went on last. */
  get remembers(): boolean {
    return this.#remembers
  }

  hasDue(now: number): boolean {
    const first = this.#firstDue.value
    return first > 0 && first - 1 <= now && first - 1 < lastDue
  }

  /**
   * Lets a change wait, in place of the one that waits; its row is due when that was.
   *
   * @throws MillraceError `encode_failed`
   */
  hold(row: BufferRow, change: Carrier): void {
    const before = row.exists ? row.value : undefined
    let after: BufferedChange
    try {
      after = BufferedChange.waiting(change, this.#spec.valueCodec, before?.emitted ?? null, scratch)
    } catch (error) {
      throw operatorError(this.#operator, error)
    }
    if (before?.isWaiting === true) {
      this.#rows.put(row, after, change.timestamp)
      this.#add(0, after.valueLength - before.valueLength)
    } else {
      this.#rows.put(row, after, change.timestamp)
      this.#setDue(row, this.#spec.dueOf(change, row))
      if (row.due > this.#lastDue.value) this.#lastDue.set(row.due)
      this.#add(1, row.keyBytes.length + after.valueLength)
    }
  }

  #setDue(row: BufferRow, dueMs: number): void {
    const due = Math.min(dueMs, lastDue)
    this.#rows.setDue(row, due)
    const first = this.#firstDue.value
    if (due >= 0 && (first === 0 || due + 1 < first)) this.#firstDue.set(due + 1)
  }

  #add(changes: number, bytes: number): void {
    if (changes !== 0) this.#count.set(this.#count.value + changes)
    if (bytes !== 0) this.#bytes.set(this.#bytes.value + bytes)
  }

  /** When the last change is due, of those that wait; now, when none does. */
  lastDue(now: number): number {
    return this.#count.value > 0 ? this.#lastDue.value : now
  }

  /** The first rows that are due, at most `max`. */
  due(now: number, max: number): readonly BufferRow[] {
    return this.#rows.dueRows(Math.min(now, lastDue - 1), max)
  }

  /** Whether a row that is due waits longer: an earlier start left it, whose windows closed earlier. */
  waitsLonger(row: BufferRow, now: number): boolean {
    const close = row.value.isWaiting ? this.#spec.closeOf?.(row) : undefined
    if (close === undefined || close <= now) return false
    this.#setDue(row, close)
    if (row.due > this.#lastDue.value) this.#lastDue.set(row.due)
    return true
  }

  /** The first rows whose changes may have to go because it is full, at most `max`. */
  oldest(max: number): readonly BufferRow[] {
    const excess = Math.max(1, this.#count.value - this.#spec.maxRecords)
    return this.#rows.dueRows(lastDue, Math.min(max, excess))
  }

  /** Takes what waits out of a row; undefined where nothing does, but the row was to be forgotten. */
  take(row: BufferRow): Taken | undefined {
    const change = row.value
    if (!change.isWaiting) {
      this.#rows.remove(row)
      return undefined
    }
    const { value, headers, emitted } = change
    const { timestamp } = row
    this.#add(-1, -row.keyBytes.length - change.valueLength)
    return { value, timestamp, headers, emitted }
  }

  /** After {@link take}: what is kept of a row is what went on last, if anything. */
  remember(row: BufferRow, emitted: Buffer | null): void {
    if (!this.#remembers || emitted === null) return this.#rows.remove(row)
    const { memoryMs } = this.#spec
    const due = memoryMs === undefined ? -1 : sumMs(row.due, memoryMs)
    this.#rows.put(row, BufferedChange.emitted(emitted, scratch), row.timestamp)
    this.#setDue(row, due)
  }

  /** After rows were let go of: when the next is due. */
  lookAhead(): void {
    const first = this.#rows.firstDue()
    this.#firstDue.set(first === undefined ? 0 : first + 1)
  }
}
