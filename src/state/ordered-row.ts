/**
 * A row of an ordered store: it knows its place, and when it is due.
 */
import type { ByteWriter } from '../core/bytes.ts'
import { readInt64, writeInt64 } from '../core/bytes.ts'
import type { OrderedRow } from '../plan/store.ts'
import type { KeyLayout, RowPlace } from './layout.ts'
import { type RowHome, StateRow } from './row.ts'

/** In a store with due times the value follows the timestamp and the due time. */
const dueAt = 8

/** What a row needs of its store. */
export interface OrderedHome<V> extends RowHome<V> {
  readonly layout: KeyLayout
  readonly valueAt: number
  readonly hasDueTimes: boolean
  /** Lists the row again at its place after its turn was undone. */
  relist(row: OrderedStateRow<V>): void
}

/**
 * It keeps its key as text alone, as the store has it, one character for each byte: most rows are never asked for the
 * bytes, and a buffer costs more than the rest of the row.
 */
export class OrderedStateRow<V> extends StateRow<V> implements OrderedRow<V>, RowPlace {
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
  isGathered = false
  /** The last entry that was made for it since the commit. */
  entry: DueEntry<V> | undefined = undefined
  #savedDue = -1
  readonly #home: OrderedHome<V>

  constructor(front: number, text: string, keyEnd: number, at: number, number: number, home: OrderedHome<V>) {
    super(front, text, home)
    this.text = text
    this.keyEnd = keyEnd
    this.at = at
    this.number = number
    this.#home = home
  }

  get isLive(): boolean {
    return this.exists
  }

  /** A new buffer each time, as of {@link storedKey}. */
  get keyBytes(): Buffer {
    return this.#home.layout.keyBytesOf(this.text, this.keyEnd)
  }

  get storedKey(): Buffer {
    return Buffer.from(this.text, 'latin1')
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

  protected get keySize(): number {
    return this.text.length
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
