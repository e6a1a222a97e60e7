/**
 * A row of an ordered store: it knows its place, and when it is due.
 */
import type { ByteWriter } from '../core/bytes.ts'
import { readInt64, writeInt64 } from '../core/bytes.ts'
import { bytesAsText } from '../core/text.ts'
import type { OrderedRow } from '../plan/store.ts'
import type { RowPlace } from './layout.ts'
import { type RowHome, StateRow } from './row.ts'

/** In a store with due times the value follows the timestamp and the due time. */
const dueAt = 8

/** What a row needs of its store. */
export interface OrderedHome<V> extends RowHome<V> {
  readonly valueAt: number
  readonly hasDueTimes: boolean
  /** Lists the row again at its place after its turn was undone. */
  relist(row: OrderedStateRow<V>): void
}

export class OrderedStateRow<V> extends StateRow<V> implements OrderedRow<V>, RowPlace {
  /** The key as the store has it, also one character for each byte. */
  readonly storedKey: Buffer
  readonly text: string
  readonly keyEnd: number
  readonly at: number
  readonly number: number
  due = -1
  /** As of the last commit. */
  committedDue = -1
  /** Whether the store knows this row by its key: one that a range found is only kept when it changes. */
  isKept = false
  /** Whether it is among the changed rows, in the order of keys. */
  isListed = false
  /** Whether it is among the recent rows of its key. */
  isRecent = false
  /** The last entry that was made for it since the commit. */
  entry: DueEntry<V> | undefined = undefined
  #savedDue = -1
  readonly #home: OrderedHome<V>

  constructor(front: number, text: string, storedKey: Buffer, place: RowPlace, home: OrderedHome<V>) {
    super(front, text, place.keyBytes, home)
    this.storedKey = storedKey
    this.text = text
    this.keyEnd = place.keyEnd
    this.at = place.at
    this.number = place.number
    this.#home = home
  }

  get isLive(): boolean {
    return this.exists
  }

  /** The key alone, one character for each byte. */
  get keyText(): string {
    return bytesAsText(this.keyBytes, 0, this.keyEnd)
  }

  override save(turn: number): void {
    super.save(turn)
    this.#savedDue = this.due
  }

  override revert(): void {
    super.revert()
    this.due = this.#savedDue
    this.#home.relist(this)
  }

  override clear(): void {
    super.clear()
    this.due = -1
  }

  override load(stored: Buffer): void {
    super.load(stored, this.#home.valueAt)
    if (this.#home.hasDueTimes) this.due = this.committedDue = readInt64(stored, dueAt)
  }

  protected override writeValue(out: ByteWriter): void {
    if (this.#home.hasDueTimes) {
      writeInt64(out.bytes, out.at, this.due)
      out.at += 8
    }
    super.writeValue(out)
  }

  override committed(): void {
    super.committed()
    this.committedDue = this.due
    this.isListed = false
    this.entry = undefined
  }

  override get memoryBytes(): number {
    return super.memoryBytes + this.storedKey.length + this.text.length
  }
}

/** The entry of a row in the order of due times. */
export class DueEntry<V> {
  readonly row: OrderedStateRow<V>
  readonly due: number
  readonly text: string
  isListed = false

  constructor(row: OrderedStateRow<V>, due: number, text: string) {
    this.row = row
    this.due = due
    this.text = text
  }

  get isLive(): boolean {
    return this.row.exists && this.row.due === this.due
  }
}
